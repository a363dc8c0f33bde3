"""Coq scripts of claims: formulas printed as Coq terms, theorems about them, and what `coqc` says of both."""
