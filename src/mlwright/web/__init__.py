"""The pages that a person watches models with: how they are doing, what is wrong, and what was done about it."""
