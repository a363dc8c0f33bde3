"""From floating-point multipliers to a certificate: rational multipliers and a rational law."""

from fractions import Fraction
from itertools import product

from zotheory.errors import SolverFailure
from zotheory.programs.certificate import (
    Certificate,
    is_feasible,
    ray_polynomial,
    residual_is_nonnegative,
)
from zotheory.programs.columns import Columns
from zotheory.programs.polish import Optimum, polish
from zotheory.programs.polynomial import nonnegative_on
from zotheory.programs.scaled import Atom, Duals, Scaled

# How far a multiplier is moved to make an inequality hold exactly: first not at all, then by this
# fraction of itself, growing a thousandfold until it does.
FIRST_SHIFT, LAST_SHIFT, GROWTH = Fraction(1, 10**50), Fraction(1, 10**5), 1000
MASS_BITS = 220


def certify(scaled: Scaled, columns: Columns) -> Certificate:
    """Return the certificate that the result of column generation leads to.

    Raises:
        SolverFailure: no rational multipliers near the solver's could be certified.
    """
    if scaled.covariance:
        duals, atoms = _covariance_duals(scaled, columns), _merged_atom(scaled)
    else:
        optimum = polish(scaled, columns.duals)
        duals, atoms = _ray_duals(scaled, optimum), _ray_atoms(scaled, optimum)
    upper = sum((atom.mass * scaled.cost(atom.energies) for atom in atoms), Fraction(0))
    return Certificate(scaled, duals, scaled.dual_value(duals), atoms, upper)


def _ray_atoms(scaled: Scaled, optimum: Optimum) -> tuple[Atom, ...]:
    masses = _masses(scaled, optimum)
    # Rounding can break the budget or a cap by one part in 10^60. The masses m_i / d (fixed length)
    # satisfy both strictly, or are the only ones that do; all constraints are convex in the masses.
    target = [Fraction(m, scaled.dim) for m in scaled.sizes]
    shift = Fraction(0)
    while True:
        mixed = [(1 - shift) * w + shift * t for w, t in zip(masses, target, strict=True)]
        atoms = tuple(_ray_atom(scaled, i, mass) for i, mass in enumerate(mixed) if mass > 0)
        if is_feasible(scaled, atoms):
            return atoms
        shift = shift * GROWTH if shift else FIRST_SHIFT
        if scaled.escaping or shift > LAST_SHIFT:
            raise SolverFailure(
                "no feasible law near the solver's could be made exact: try the other solver"
            )


def _masses(scaled: Scaled, optimum: Optimum) -> list[Fraction]:
    # Masses m_i / n_i, made to sum to one exactly; then n_i = m_i / mass_i is exact. Blocks at the cap
    # keep their mass m_i / cap if there are others; these are rounded, and the largest fills the rest.
    masses = [
        Fraction(0) if n is None else Fraction(m) / n
        for m, n in zip(scaled.sizes, optimum.lengths, strict=True)
    ]
    present = [i for i, n in enumerate(optimum.lengths) if n is not None]
    free = [i for i in present if optimum.lengths[i] != scaled.cap] or present
    if sum(masses) != 1:
        largest = max(free, key=lambda i: masses[i])
        masses = [_rounded(mass) if i in free else mass for i, mass in enumerate(masses)]
        masses[largest] += 1 - sum(masses)
    return masses


def _rounded(x: Fraction) -> Fraction:
    # To MASS_BITS binary digits: the sum of many such numbers has no huge denominator.
    scale = Fraction(2) ** (MASS_BITS - x.numerator.bit_length() + x.denominator.bit_length())
    return round(x * scale) / scale


def _ray_atom(scaled: Scaled, block: int, mass: Fraction) -> Atom:
    energies = [Fraction(0)] * len(scaled.sizes)
    energies[block] = scaled.sizes[block] / mass
    return Atom(tuple(energies), mass)


def _ray_duals(scaled: Scaled, optimum: Optimum) -> Duals:
    # Given l and beta, the best lambda_i is the minimum over n of theta n^2 + (w_i + beta) n + l / n.
    means = []
    for i, n in enumerate(optimum.lengths):
        curvature = scaled.weights[i] + optimum.budget
        best = Fraction(0) if n is None else (scaled.theta * n + curvature) * n + optimum.level / n
        shift = Fraction(0)
        while True:
            value = best * (1 - shift)
            trial = Duals(-optimum.level, tuple([value] * len(scaled.sizes)), optimum.budget)
            if nonnegative_on(ray_polynomial(scaled, i, trial), Fraction(0), scaled.cap):
                break
            shift = shift * GROWTH if shift else FIRST_SHIFT
            if shift > LAST_SHIFT:
                raise SolverFailure("the solver's multipliers could not be certified: try the other solver")
        means.append(value)
    return Duals(-optimum.level, tuple(means), optimum.budget)


def _merged_atom(scaled: Scaled) -> tuple[Atom, ...]:
    # All mass at the mean energies q = m: fixed length and aligned, feasible for every program.
    return (Atom(tuple(Fraction(m) for m in scaled.sizes), Fraction(1)),)


def _covariance_duals(scaled: Scaled, columns: Columns) -> Duals:
    """Return the best certified multipliers among roundings of the solver's.

    For each rounding of (gamma, beta) the means' multipliers are either the solver's own or those
    that make the residual stationary at the mean energies; lambda_0 follows by exact checking. The
    optimal multipliers need not be unique and a solver stops at the edge of their set, where rounding
    may leave it: gamma = 1 and beta = 0, in its middle, are tried first.
    """
    best: Duals | None = None
    gammas = [Fraction(1), *_roundings(columns.duals.covariance)]
    betas = [Fraction(0), *(_roundings(columns.duals.budget) if scaled.budget is not None else [])]
    for gamma, beta in product(dict.fromkeys(gammas), dict.fromkeys(betas)):
        if scaled.escaping:
            gamma = min(gamma, Fraction(1))
        if gamma <= 0:
            continue
        solver_means = [_roundings(x)[0] for x in columns.duals.means]
        for means in (_stationary_means(scaled, gamma, beta), tuple(solver_means)):
            if scaled.escaping:
                means = (means[0], min(means[1], Fraction(0)))
            duals = _raise_constant(scaled, Duals(Fraction(0), means, beta, gamma))
            if duals and (best is None or scaled.dual_value(duals) > scaled.dual_value(best)):
                best = duals
    if best is None:
        raise SolverFailure("the solver's multipliers could not be certified: try the other solver")
    return best


def _roundings(x: float) -> list[Fraction]:
    return [Fraction(x).limit_denominator(10**k) for k in (0, 2, 4, 8, 15)]


def _stationary_means(scaled: Scaled, gamma: Fraction, beta: Fraction) -> tuple[Fraction, ...]:
    # d/ds and d/dt of s n + theta n^3 + beta n^2 - gamma s t at s = 1, t = d - 1, n = d.
    s, t, n = Fraction(1), Fraction(scaled.dim - 1), Fraction(scaled.dim)
    radial = 3 * scaled.theta * n**2 + 2 * beta * n
    return (n + s - gamma * t + radial, s - gamma * s + radial)


def _raise_constant(scaled: Scaled, duals: Duals) -> Duals | None:
    # The residual at the mean energies bounds lambda_0 from above; try it, then a little less.
    mean = tuple(Fraction(m) for m in scaled.sizes)
    top = scaled.residual(mean, duals)
    shift = Fraction(0)
    while shift <= LAST_SHIFT:
        constant = top - shift * max(abs(top), Fraction(1))
        trial = Duals(constant, duals.means, duals.budget, duals.covariance)
        if residual_is_nonnegative(scaled, trial):
            return trial
        shift = shift * 10**12 if shift else FIRST_SHIFT
    return None
