"""What detectors measure with: how far out a value is, how alike two texts are, how much a column tells of another."""
