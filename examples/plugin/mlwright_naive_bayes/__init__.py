"""Gaussian naive Bayes for mlwright."""
