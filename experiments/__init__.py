"""Experiments, one a folder: what is measured, at which settings, and against which theory."""
