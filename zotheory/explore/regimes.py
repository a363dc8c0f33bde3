"""Regimes: where the optimal law has one atom along an axis and one across it, with exact multipliers.

In units |a| = 1 a law that is isotropic across the axis has energies s along it and n in all, means delta
and delta d, and costs w0 s n + w1 (n - s) n. Its two atoms have s = n = n0 with mass delta/n0, and s = 0,
n = n1 with mass delta m/n1, m = d - 1. With the multiplier -l of the mass, beta of the budget E[n^2] and
l_i of the means the residual satisfies
    n r = s P0(n) + (n - s) P1(n),   P_i(n) = (w_i + beta) n^2 - l_i n + l.
An atom inside touches, P_i(n) = (w_i + beta)(n - n_i)^2, so that l = (w_i + beta) n_i^2. One at the cap R^2
leaves P_i(n) = w_i (R^2 - n)^2 + (l/R^2 - w_i R^2)(R^2 - n), which needs l >= w_i R^4.

Every regime is parametrised by positive symbols, in which all of its quantities are rational: then signs
follow from the form of expressions, and square roots in a formula become squares that can be compared.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from zotheory.explore.family import Parameters


@dataclass(frozen=True)
class Regime:
    """One way in which two atoms are optimal, parametrised.

    Attributes:
        parameters: what the parameters of the family are in the regime's positive symbols.
        delta, across: delta, and m = d - 1.
        weights: w0, w1, the eigenvalues of A.
        lengths: n0, n1.
        beta: multiplier of the budget.
        cap: R^2, or None where it is not tight.
        capped: which atom sits at the cap, or None.
        budget: bound on E[n^2], or None where it is not tight.
    """

    parameters: Mapping[str, Any]
    delta: Any
    across: Any
    weights: tuple[Any, Any]
    lengths: tuple[Any, Any]
    beta: Any = 0
    cap: Any = None
    capped: int | None = None
    budget: Any = None

    @property
    def masses(self) -> tuple[Any, Any]:
        """delta/n0 and delta m/n1."""
        return self.delta / self.lengths[0], self.delta * self.across / self.lengths[1]

    @property
    def level(self) -> Any:
        """l, which an atom that the cap does not stop sets."""
        free = 1 if self.capped == 0 else 0
        return (self.weights[free] + self.beta) * self.lengths[free] ** 2

    @property
    def slopes(self) -> tuple[Any, Any]:
        """l0 and l1: P_i vanishes at n_i."""
        pairs = zip(self.weights, self.lengths, strict=True)
        first, second = ((w + self.beta) * n + self.level / n for w, n in pairs)
        return first, second


@dataclass(frozen=True)
class LevelRegime:
    """Where the law that has s = delta and n = delta d for certain is optimal, and with it all on a level.

    The residual cost - gamma s (n - s) + l - l0 s - l1 (n - s) is weight times the square of ``level``.

    Attributes:
        parameters: what the parameters of the family are in the regime's symbols.
        delta, across: delta, and m = d - 1.
        symbols: s and n.
        cost: the objective in them.
        gamma: multiplier of E[s (n - s)] >= delta^2 m.
        multipliers: l, l0, l1.
        weight, level: of the square.
    """

    parameters: Mapping[str, Any]
    delta: Any
    across: Any
    symbols: tuple[Any, Any]
    cost: Any
    gamma: int
    multipliers: tuple[Any, Any, Any]
    weight: Any
    level: Any


def regime_of(name: str, fixed: Parameters) -> Regime | LevelRegime | None:
    """Return a regime by its name with some parameters set to numbers; None where they cannot be."""
    import sympy

    if name in LEVELS:  # no other parameter matters
        number = sympy.Rational(str(fixed["delta"])) if "delta" in fixed else None
        dim = sympy.Integer(str(fixed["dim"])) if "dim" in fixed else None
        return LEVELS[name](number, dim)
    build = REGIMES[name]
    regime = build(sympy.Rational(str(fixed.get("delta", 1))) if "delta" in fixed else None)
    for key, value in fixed.items():
        if key == "delta" or key not in regime.parameters:
            continue
        if key == "dim" and regime.across.is_Symbol:
            regime = _with_number(regime, regime.across, int(value) - 1)
            continue
        return None
    return regime


def name_of(phase: str, parameters: Parameters) -> str | None:
    """Return the name of the regime of a phase, or None if there is none for it."""
    others = {"prior", "geometric", "smoothing", "mu"} & parameters.keys()
    if others:
        return None
    if parameters.get("knowledge") == "blind":
        return "blind" if phase.startswith("fixed length") else None
    if parameters.get("require", "nothing") != "nothing":
        return "aligned" if phase == "aligned, nonnegative_covariance tight" else None
    guide = "guide, " if "rho" in parameters else ""
    name = guide + phase.replace("two-atom, ", "").replace("importance", "free")
    return name if name in REGIMES else None


def _with_number(regime: Regime, symbol: Any, number: int) -> Regime:
    import sympy

    put = lambda x: None if x is None else sympy.sympify(x).subs(symbol, number)  # noqa: E731
    return Regime(
        {name: put(value) for name, value in regime.parameters.items()},
        put(regime.delta),
        put(regime.across),
        (put(regime.weights[0]), put(regime.weights[1])),
        (put(regime.lengths[0]), put(regime.lengths[1])),
        put(regime.beta),
        put(regime.cap),
        regime.capped,
        put(regime.budget),
    )


def _symbols(delta: Any) -> tuple[Any, ...]:
    import sympy

    m, x, e = sympy.symbols("m x e", positive=True)
    return m, x, e, sympy.Symbol("delta", positive=True) if delta is None else delta


def _capped(delta: Any) -> Regime:
    """Known gradient, E[s n] under |v|^2 <= R^2 = delta d + x."""
    m, x, _, delta = _symbols(delta)
    cap = delta * (m + 1) + x
    lengths = (delta * cap / (delta + x), cap)
    known = {"dim": m + 1, "delta": delta, "norm_cap": cap, "cap_ratio": cap / (delta * (m + 1))}
    return Regime(known, delta, m, (1, 0), lengths, cap=cap, capped=1)


def _budgeted(delta: Any) -> Regime:
    """Known gradient, E[n^2] <= kappa delta^2 d^2, used up at mass p = (1 + x)/(1 + x + m), above 1/d."""
    import sympy

    m, x, _, delta = _symbols(delta)
    lengths = (delta * (1 + x + m) / (1 + x), delta * (1 + x + m))
    used = delta * lengths[0] + delta * m * lengths[1]
    known = {"dim": m + 1, "delta": delta, "kappa": used / (delta * (m + 1)) ** 2}
    beta = lengths[0] ** 2 / (lengths[1] ** 2 - lengths[0] ** 2)
    return Regime(known, delta, m, (1, 0), lengths, beta=sympy.factor(beta), budget=used)


def _guided(delta: Any) -> Regime:
    """A guide, nothing tight: rho = 1/(1 + x), and e stands for sqrt((1 - rho^2)(d - 1))."""
    _, x, rest, delta = _symbols(delta)
    rho = 1 / (1 + x)
    m = rest**2 * (1 + x) ** 2 / (x * (x + 2))
    lengths = (delta * (rho + rest) / rho, delta * m * (rho + rest) / rest)
    known = {"dim": m + 1, "delta": delta, "rho": rho}
    return Regime(known, delta, m, (rho**2, rest**2 / m**2), lengths)


def _guided_capped(delta: Any, capped: int) -> Regime:
    """A guide under |v|^2 <= R^2 = delta d + x that stops one atom; e > 0 is how far beyond."""
    import sympy

    m, x, e, delta = _symbols(delta)
    cap = delta * (m + 1) + x
    lengths = (delta * cap / (delta + x), cap) if capped == 1 else (cap, delta * m * cap / (cap - delta))
    # l >= w R^4 of the atom at the cap bounds w0/w1 = m odds, odds = rho^2/(1 - rho^2).
    odds = (lengths[1] / lengths[0]) ** 2 / m * ((1 + e) if capped == 1 else 1 / (1 + e))
    square: Any = sympy.factor(odds / (1 + odds))
    known = {"dim": m + 1, "delta": delta, "rho": sympy.sqrt(square), "norm_cap": cap}
    known["cap_ratio"] = cap / (delta * (m + 1))
    weights = (square, sympy.factor((1 - square) / m))
    return Regime(known, delta, m, weights, lengths, cap=cap, capped=capped)


def _aligned(delta: Any, dim: Any) -> LevelRegime:
    """Known gradient, Cov(s, n - s) >= 0: the residual is (s - delta)^2."""
    m, _, _, delta = _symbols(delta)
    m, (s, n) = m if dim is None else dim - 1, _energies()
    known = {"dim": m + 1, "delta": delta}
    return LevelRegime(known, delta, m, (s, n), s * n, 1, (delta**2, 2 * delta, 0), 1, s - delta)


def _blind(delta: Any, dim: Any) -> LevelRegime:
    """Gradient unknown: the worst case is at least the mean over directions, E[n^2]/d."""
    m, _, _, delta = _symbols(delta)
    m, (s, n) = m if dim is None else dim - 1, _energies()
    known, d = {"dim": m + 1, "delta": delta}, m + 1
    slopes = (delta**2 * d, 2 * delta, 2 * delta)
    return LevelRegime(known, delta, m, (s, n), n**2 / d, 0, slopes, 1 / d, n - delta * d)


def _energies() -> tuple[Any, Any]:
    import sympy

    s, n = sympy.symbols("s n", positive=True)
    return s, n


LEVELS: Mapping[str, Callable[[Any, Any], LevelRegime]] = {"aligned": _aligned, "blind": _blind}
REGIMES: Mapping[str, Callable[[Any], Regime]] = {
    "norm_cap tight across": _capped,
    "fourth_moment tight": _budgeted,
    "guide, free": _guided,
    "guide, norm_cap tight across": lambda delta: _guided_capped(delta, 1),
    "guide, norm_cap tight along": lambda delta: _guided_capped(delta, 0),
}
