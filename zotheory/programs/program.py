"""The constrained functional variance problem: what is minimised, over which laws."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from zotheory.errors import InvalidArgument, Unsupported
from zotheory.laws.freezing import frozen
from zotheory.laws.partition import Axis, Contiguous, Eigenspaces, FirstAxis, Partition, Whole
from zotheory.programs.reading import group_eigenvalues, is_rounded, read_number, read_prior
from zotheory.types import Matrix, Vector
from zotheory.validation import check_dim, check_positive, check_vector

# A cap or budget computed in floating point, such as 0.3 * 3, is taken to be its smallest feasible
# value if it lies this little below or above it (relative). Exact numbers are taken as they are.
ROUNDING_BELOW, ROUNDING_ABOVE = Fraction(1, 10**12), Fraction(4, 2**52)
# Digits of the longest repetition in a prior: the eigenvalues are held one by one.
LONGEST_REPETITION = 7


@dataclass(frozen=True)
class Block:
    """An eigenspace of the gradient's second moment A: eigenvalue and dimension."""

    weight: Fraction
    size: int


@dataclass(frozen=True, eq=False)
class Program:
    """Minimise E[(v^T A v) n] + smoothing E[n^3] over laws with E[v v^T] = delta I, n = |v|^2.

    A = E[u u^T] is what is known of the gradient's direction u (source: arXiv 2510.19975, Theorem 2.2
    and its Eq. 3 for a known gradient; priors, guides and budgets are derived here):
        default      known gradient, A = a a^T / |a|^2, the objective is V = E[s n];
        blind        the law may not depend on the gradient, worst case over a;
        alignment    a guide e with |e.u| = rho, the rest isotropic;
        prior        any A, positive semidefinite with trace one.

    Numbers are read exactly: a float as the decimal that it prints as (0.1 is 1/10), fractions and
    strings such as "1/3" as they are.

    Args:
        dim: dimension d, at least 1.
        delta: scale, E[v v^T] = delta I, above 0.
        norm_cap: R^2, the support lies in |v|^2 <= R^2; at least delta d.
        fourth_moment: kappa, E[n^2] <= kappa delta^2 d^2; at least 1.
        nonnegative_covariance: require Cov(s, t) >= 0 for s along the gradient and t = n - s; for a
            known gradient only.
        blind: see above.
        alignment: rho in [0, 1]; needs dim >= 2 (in dimension one only rho = 1 exists).
        prior: eigenvalues of A, or A itself; trace one.
        smoothing: theta >= 0; theta = mu^2 L^2 / (4 |a|^2) is the effect of a finite smoothing radius.
        direction: the gradient (known) or the guide (alignment) as a vector, for laws given in R^d
            and for the full route; the first axis if not given.

    Raises:
        InvalidArgument: an argument outside its range.
        Unsupported: a combination for which nothing is certified here.
    """

    dim: int
    delta: Any = 1
    norm_cap: Any = None
    fourth_moment: Any = None
    nonnegative_covariance: bool = False
    blind: bool = False
    alignment: Any = None
    prior: Any = None
    smoothing: Any = 0
    direction: Any = None

    def __post_init__(self) -> None:
        put = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        put("dim", check_dim(self.dim))
        if not isinstance(self.dim, int):
            raise InvalidArgument("dim", self.dim, "give an integer")
        put("delta", read_number(self.delta, "delta"))
        if self.delta <= 0:
            raise InvalidArgument("delta", str(self.delta), "give a number above 0")
        check_positive(self.delta, "delta")
        put("smoothing", read_number(self.smoothing, "smoothing"))
        if self.smoothing < 0:
            raise InvalidArgument("smoothing", str(self.smoothing), "give a number of at least 0")
        self._read_knowledge(put)
        mean = self.delta * self.dim
        if self.norm_cap is not None:
            remedy = f"E|v|^2 = delta dim = {mean}, so give a cap R^2 of at least that"
            put("norm_cap", _at_least(self.norm_cap, mean, "norm_cap", remedy))
        if self.fourth_moment is not None:
            remedy = "E[n^2] >= (E n)^2 = delta^2 dim^2, so give kappa of at least 1"
            put("fourth_moment", _at_least(self.fourth_moment, Fraction(1), "fourth_moment", remedy))

    def _read_knowledge(self, put: Any) -> None:
        for name in ("nonnegative_covariance", "blind"):
            if not isinstance(getattr(self, name), (bool, np.bool_)):
                raise InvalidArgument(name, getattr(self, name), "give True or False")
            put(name, bool(getattr(self, name)))
        given = {"blind": self.blind, "alignment": self.alignment is not None}
        given["prior"] = self.prior is not None
        named = [name for name, present in given.items() if present]
        if len(named) > 1:
            raise Unsupported(f"{' and '.join(named)} are different states of knowledge: give one")
        if named and self.nonnegative_covariance:
            raise Unsupported(
                f"nonnegative_covariance speaks of the direction of a known gradient and is not "
                f"supported together with {named[0]}: drop one of them"
            )
        if self.alignment is not None:
            rho = read_number(self.alignment, "alignment")
            if not 0 <= rho <= 1:
                raise InvalidArgument("alignment", str(rho), "give a number in [0, 1]")
            if self.dim == 1 and rho != 1:
                raise InvalidArgument("alignment", str(rho), "in dimension one only 1 exists")
            put("alignment", rho)
        if self.prior is not None:
            put("prior", read_prior(self.prior, self.dim))
        if self.direction is not None:
            if self.blind or self.prior is not None:
                raise Unsupported("direction belongs to a known gradient or a guide: drop it")
            put("direction", frozen(check_vector(self.direction, "direction", self.dim)))

    def __eq__(self, other: object) -> bool:
        return self._key == other._key if isinstance(other, Program) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key)

    @cached_property
    def _key(self) -> tuple[Any, ...]:
        values, basis = (None, None) if self.prior is None else self.prior
        arrays = tuple(None if x is None else tuple(x.flat) for x in (basis, self.direction))
        limits = (self.norm_cap, self.fourth_moment, self.nonnegative_covariance, self.smoothing)
        return (self.dim, self.delta, *limits, self.blind, self.alignment, values, *arrays)

    @property
    def knowledge(self) -> str:
        """ "known", "blind", "alignment" or "prior"."""
        if self.blind:
            return "blind"
        if self.alignment is not None:
            return "alignment"
        return "known" if self.prior is None else "prior"

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Eigenvalues of A with their multiplicities; for axis-like knowledge the axis comes first."""
        d = self.dim
        if self.knowledge == "blind":
            return (Block(Fraction(1, d), d),)
        if self.knowledge == "prior":
            values, sizes, _ = group_eigenvalues(self.prior)
            return tuple(Block(value, size) for value, size in zip(values, sizes, strict=True))
        along = Fraction(1) if self.knowledge == "known" else self.alignment**2
        if d == 1:
            return (Block(along, 1),)
        across = (1 - along) / (d - 1)
        if across == along:  # the guide says nothing: A = I / d
            return (Block(along, d),)
        return (Block(along, 1), Block(across, d - 1))

    @property
    def partition(self) -> Partition:
        """The eigenspaces of A in R^d, in the order of `blocks`."""
        if len(self.blocks) == 1:
            return Whole(self.dim)
        if self.knowledge == "prior":
            _, sizes, basis = group_eigenvalues(self.prior)
            return Contiguous(sizes) if basis is None else Eigenspaces(basis, sizes)
        return Axis(FirstAxis(self.dim) if self.direction is None else self.direction)

    @property
    def gradient_moment(self) -> Matrix:
        """A as a float matrix, shape (dim, dim)."""
        parts = zip(self.blocks, self.partition.projectors(), strict=True)
        return np.sum([float(b.weight) * np.asarray(p, dtype=float) for b, p in parts], axis=0)

    @property
    def axis(self) -> Vector:
        """Unit vector of the gradient or guide."""
        axis = Axis(FirstAxis(self.dim) if self.direction is None else self.direction)
        e = np.asarray(axis.direction, dtype=float)
        return e / np.linalg.norm(e)

    @property
    def coercive(self) -> bool:
        """Whether the objective or a constraint keeps |v| from escaping to infinity."""
        bounded = self.norm_cap is not None or self.fourth_moment is not None or self.smoothing > 0
        return bounded or all(block.weight > 0 for block in self.blocks)


def check_program(program: Any) -> Program:
    """Return a program.

    Raises:
        InvalidArgument: anything else.
    """
    if not isinstance(program, Program):
        raise InvalidArgument("program", program, "give a Program, such as Program(dim=16, norm_cap=32)")
    return program


def _at_least(given: Any, least: Fraction, name: str, remedy: str) -> Fraction:
    value = read_number(given, name)
    if is_rounded(given) and least * (1 - ROUNDING_BELOW) <= value <= least * (1 + ROUNDING_ABOVE):
        return least
    if value < least:
        raise InvalidArgument(name, given, remedy)
    return value


def parse_prior(text: str) -> Sequence[Fraction]:
    """Read eigenvalues written as "1/2,0.1*5": comma-separated, ``*m`` repeats m times.

    Raises:
        InvalidArgument: a part that is not a number or a repetition.

    >>> [str(x) for x in parse_prior("1/2,1/4*2")]
    ['1/2', '1/4', '1/4']
    """
    values: list[Fraction] = []
    for part in text.split(","):
        number, star, times = part.partition("*")
        if star and not (times.strip().isdecimal() and len(times.strip()) <= LONGEST_REPETITION):
            raise InvalidArgument("prior", text, 'write eigenvalues as "0.5,0.1*5"')
        values += [read_number(number.strip(), "prior")] * (int(times) if star else 1)
    return values
