"""Questions of your own: polynomial objectives, linear moment constraints, supports; certified answers.

S, T = plane_symbols()
answer = ask(in_the_plane(16, S * (S + T), nonnegative=[32 - S - T]))
answer.status, answer.value, answer.describe()
"""

from zotheory.programs.question.answer import Answer
from zotheory.programs.question.asking import ask, ask_each
from zotheory.programs.question.faults import Infeasible, Unbounded
from zotheory.programs.question.question import (
    Moment,
    Question,
    Region,
    in_the_plane,
    of_vectors,
    plane_symbols,
    vector_symbols,
)

__all__ = [
    "Answer",
    "Infeasible",
    "Moment",
    "Question",
    "Region",
    "Unbounded",
    "ask",
    "ask_each",
    "in_the_plane",
    "of_vectors",
    "plane_symbols",
    "vector_symbols",
]
