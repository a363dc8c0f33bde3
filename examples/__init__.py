"""Worked examples; each is a script, and a module that its test imports."""
