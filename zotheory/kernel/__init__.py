"""Coq scripts of claims: formulas as Coq terms, theorems about them, and what `coqc` says of both."""
