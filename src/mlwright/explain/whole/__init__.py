"""The whole model: what moves its answers, which columns work together, its rules in short, its curves."""
