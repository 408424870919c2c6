"""Learn again when it is needed, prove it, promote it safely, and roll it back."""
