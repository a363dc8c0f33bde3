"""Coq scripts of claims: formulas as Coq terms, theorems about them, and what `coqc` says of both."""

from zotheory.kernel.script import CoqProof

__all__ = ["CoqProof"]
