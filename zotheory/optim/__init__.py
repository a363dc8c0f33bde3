"""Zeroth-order optimizers for torch; needs the extra `zotheory[torch]`."""
