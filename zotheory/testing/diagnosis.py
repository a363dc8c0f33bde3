"""Why E[v v^T] is not delta I: which direction or entry, by how much, and what to do about it.

The directions are the eigenvectors of the second moment of one half of the draws; the other half
measures along them, so that choosing the worst direction does not flatter the measurement.
"""

import math
from collections.abc import Iterable
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from zotheory.types import FloatArray

# Entries of a direction that are printed in full, and directions that are named.
_LONGEST, _MOST = 8, 3
# Below this share of delta a direction counts as never probed; agreement up to rounding.
_NEVER, _ROUNDING = 1e-9, 1e-9
# A direction with an entry above this is a coordinate axis.
_AXIS = 0.999


class Estimate(NamedTuple):
    """A sample mean with the half-width of its interval."""

    mean: float
    width: float

    def agrees(self, value: float, more: float = 0.0) -> bool:
        """Return whether the interval, widened by ``more``, holds the value."""
        return abs(self.mean - value) <= self.width + more + _ROUNDING * max(abs(value), abs(self.mean))

    def __str__(self) -> str:
        if self.width <= _ROUNDING * abs(self.mean):
            return f"{self.mean:.4g}"
        return f"{self.mean:.4g} (between {self.mean - self.width:.4g} and {self.mean + self.width:.4g})"


def estimate(values: FloatArray, standard_errors: float) -> Estimate:
    """Return the mean of independent draws, give or take so many standard errors."""
    return Estimate(float(values.mean()), standard_errors * float(values.std()) / math.sqrt(len(values)))


def standard_errors(false_alarm: float, statements: int) -> float:
    """Return how many standard errors hold for all the statements but at a rate ``false_alarm``."""
    return NormalDist().inv_cdf(1 - false_alarm / (2 * statements))


def name_direction(u: FloatArray) -> str:
    """Return a direction as text: a coordinate axis by its number, others by their entries."""
    top = int(np.abs(u).argmax())
    if abs(u[top]) > _AXIS:
        return f"e_{top + 1}"
    shown = " ".join(f"{0.0 if abs(x) < 0.01 else x:.2g}" for x in u[:_LONGEST])  # as found from draws
    return f"[{shown}{' ...' if u.size > _LONGEST else ''}]"


def snapped(basis: FloatArray) -> FloatArray:
    """Return the columns with their largest entry positive; those that are axes but for noise, exactly."""
    columns = []
    for u in basis.T:
        top = int(np.abs(u).argmax())
        columns.append(np.eye(1, u.size, top)[0] if abs(u[top]) > _AXIS else u * np.sign(u[top]))
    return np.stack(columns, axis=1)


class Diagnosis(NamedTuple):
    """What is wrong and what to do; no findings where the draws do not show it."""

    findings: list[str]
    remedy: str


def diagnose(v: FloatArray, delta: float, false_alarm: float) -> Diagnosis:
    """Say in words how the second moment of draws, shape (n, dim), differs from delta I."""
    dim = v.shape[1]
    score = standard_errors(false_alarm, 2 * dim + dim**2)
    pilot, rest = v[: len(v) // 2], v[len(v) // 2 :]
    basis = snapped(np.linalg.eigh(pilot.T @ pilot / len(pilot))[1])
    squares = (rest @ basis) ** 2
    along = [estimate(squares[:, i], score) for i in range(dim)]
    total = estimate((rest**2).sum(axis=1) / dim, score)
    wrong = [i for i in range(dim) if not along[i].agrees(delta)]
    if all(part.agrees(total.mean, total.width) for part in along):
        return _scale(total, dim, delta)
    pair = _dependent_pair(along, wrong, basis, delta)
    entry = _worst_entry(rest, score, delta) if pair is None else None
    if pair is not None:
        p, q = pair
        return _dependence(
            f"p = {name_direction(p)}", f"q = {name_direction(q)}", rest @ p, rest @ q, score
        )
    if entry is not None:
        i, j = entry
        return _dependence(f"p = e_{i + 1}", f"q = e_{j + 1}", rest[:, i], rest[:, j], score)
    alone = _isolated(squares, along, score, delta)
    if alone is not None:
        return _one_direction(basis[:, alone[0]], along[alone[0]], alone[1], dim, delta)
    return _several(wrong, along, basis, delta)


def _scale(total: Estimate, dim: int, delta: float) -> Diagnosis:
    if total.agrees(delta):
        return Diagnosis([], "")
    if total.mean <= _NEVER * delta:
        return Diagnosis(["E|v|^2 = 0: every draw is zero"], "return perturbations")
    factors = {"delta": delta, "dim": dim, "delta * dim": delta * dim}
    found = [f"E|v|^2 / dim = {total}, claimed delta = {delta:.4g}; every direction is off by that factor"]
    return Diagnosis(found, "multiply v by " + _factor(total, delta, factors))


def _factor(found: Estimate, delta: float, candidates: dict[str, float]) -> str:
    # sqrt(delta / found), with the factor that the square was probably multiplied or divided by.
    text = f"sqrt({delta:.4g} / {found.mean:.4g}) = {math.sqrt(delta / found.mean):.4g}"
    for name, size in candidates.items():
        if not math.isclose(size, 1.0, rel_tol=0.05):
            if found.agrees(delta / size):
                return f"{text} (a factor sqrt({name}) seems to be missing)"
            if found.agrees(delta * size):
                return f"{text} (a factor sqrt({name}) seems to be too many)"
    return text


def _dependent_pair(
    along: list[Estimate], wrong: list[int], basis: FloatArray, delta: float
) -> tuple[FloatArray, FloatArray] | None:
    # Eigenvalues delta (1 + c) and delta (1 - c) along (p + q) / sqrt 2 and (p - q) / sqrt 2, the rest
    # right: then p.v and q.v have the right size and E[(p.v)(q.v)] = delta c. If the eigenvectors are
    # axes themselves, it is simpler to speak of them.
    if len(wrong) != 2:
        return None
    (i, j) = wrong
    mean, width = (along[i].mean + along[j].mean) / 2, (along[i].width + along[j].width) / 2
    axes = max(np.abs(basis[:, i]).max(), np.abs(basis[:, j]).max()) > _AXIS
    if axes or not Estimate(mean, width).agrees(delta):
        return None
    both = np.stack([basis[:, i] + basis[:, j], basis[:, i] - basis[:, j]], axis=1) / math.sqrt(2)
    p, q = sorted(snapped(both).T, key=lambda u: int(np.abs(u).argmax()))
    return p, q


def _worst_entry(rest: FloatArray, score: float, delta: float) -> tuple[int, int] | None:
    # The largest off-diagonal entry of E[v v^T], if the diagonal is right.
    dim = rest.shape[1]
    if any(not estimate(rest[:, i] ** 2, score).agrees(delta) for i in range(dim)):
        return None
    moment = np.abs(rest.T @ rest) / len(rest)
    np.fill_diagonal(moment, 0)
    i, j = divmod(int(moment.argmax()), dim)
    return None if estimate(rest[:, i] * rest[:, j], score).agrees(0) else (min(i, j), max(i, j))


def _dependence(p: str, q: str, first: FloatArray, second: FloatArray, score: float) -> Diagnosis:
    product = estimate(first * second, score)
    found = [
        f"E[(p.v)(q.v)] = {product}, claimed 0, for {p} and {q}: the components of v along p and q "
        f"are of the right size but depend on each other"
    ]
    return Diagnosis(
        found, "give one of the two a fair sign of its own, independent of the other component"
    )


def _isolated(
    squares: FloatArray, along: list[Estimate], score: float, delta: float
) -> tuple[int, Estimate] | None:
    # An extreme eigenvector whose complement has one size throughout, and that size; if there are two,
    # the one that is wrong by itself.
    total, found = squares.sum(axis=1), []
    for alone in (len(along) - 1, 0):
        rest = estimate((total - squares[:, alone]) / (len(along) - 1), score)
        others = [part for i, part in enumerate(along) if i != alone]
        if all(part.agrees(rest.mean, rest.width) for part in others):
            found.append((alone, rest))
    return min(found, key=lambda pair: not pair[1].agrees(delta), default=None)


def _one_direction(u: FloatArray, along: Estimate, across: Estimate, dim: int, delta: float) -> Diagnosis:
    findings, remedies = [], []
    parts = (
        ("along u", "E[(u.v)^2]", along, "of v along u", {"delta": delta, "dim": dim}),
        (
            "orthogonal to u",
            "E[(w.v)^2] for unit w",
            across,
            "of v orthogonal to u",
            {"delta": delta, "dim - 1": dim - 1, "dim": dim},
        ),
    )
    for where, what, part, component, factors in parts:
        if part.agrees(delta):
            findings.append(f"{where}: {what} = {part}, as claimed")
            continue
        findings.append(f"{where}: {what} = {part}, claimed {delta:.4g}")
        if part.mean <= _NEVER * delta:
            remedies.append(f"let v have a component {component.removeprefix('of v ')}: it has none")
        else:
            remedies.append(f"multiply the component {component} by {_factor(part, delta, factors)}")
    findings[0] = f"with u = {name_direction(u)}, {findings[0]}"
    return Diagnosis(findings, "; ".join(remedies))


def _several(wrong: Iterable[int], along: list[Estimate], basis: FloatArray, delta: float) -> Diagnosis:
    worst = sorted(wrong, key=lambda i: -abs(along[i].mean - delta))
    findings = [
        f"with u = {name_direction(basis[:, i])}, along u: E[(u.v)^2] = {along[i]}, claimed {delta:.4g}"
        for i in worst[:_MOST]
    ]
    if len(worst) > _MOST:
        findings.append(f"and {len(worst) - _MOST} more directions")
    if any(along[i].mean <= _NEVER * delta for i in worst):
        return Diagnosis(findings, "let v have a component along every direction: along u it has none")
    return Diagnosis(findings, "multiply v by sqrt(delta) E[v v^T]^(-1/2), or draw isotropically there")
