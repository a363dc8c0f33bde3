"""Figures, one a file: `zotheory figures` draws them from the store of results."""
