"""Errors of questions that have no answer."""

from zotheory.errors import ZotheoryError


class Unbounded(ZotheoryError):
    """No lower bound was found: the objective is, or may be, unbounded below."""


class Infeasible(ZotheoryError):
    """No law on the support has the moments that are asked for."""
