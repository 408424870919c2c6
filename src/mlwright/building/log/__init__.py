"""From a log of who took what to a model that recommends."""
