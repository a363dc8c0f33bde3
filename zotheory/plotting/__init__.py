"""Figures of solved programs, for reading at the width of a column."""
