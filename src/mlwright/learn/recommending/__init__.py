"""Choosing what recommends: trials on earlier moments of the log, blends of what was tried, and a second stage."""
