"""Perturbations aligned with an estimate of the gradient, and how well an estimate is aligned.

The alignment of a direction e with the gradient a is rho = |e.a| / (|e| |a|).
"""

from math import comb
from typing import Any

import sympy
from sympy import Expr

from zotheory.derive.moments import gaussian_moment, sphere_moment


def complement_fourth(dim: Any, complement: str = "sphere") -> Expr:
    """Return k4 = E[w_1^4] of the complement of an aligned law with delta = 1.

    Args:
        dim: d, at least 2 or a symbol.
        complement: "sphere" (|w|^2 = d - 1 in d - 1 dimensions) or "gaussian".
    """
    m = sympy.sympify(dim) - 1
    return gaussian_moment((4,)) if complement == "gaussian" else sympy.cancel(sphere_moment((4,), m, m))


def aligned_directional_moment(rho2: Any, fourth: Any) -> Expr:
    """Return E[s^2] for v = x e + w with x^2 = 1, E[w_1^2] = 1 and E[w_1^4] = fourth.

    Args:
        rho2: squared alignment of e with the gradient.
        fourth: E[w_1^4] along any direction of the complement.
    """
    # a/|a| = rho e + sigma u with u orthogonal to e: s = (rho x + sigma w_u)^2, and odd powers vanish.
    rho2, across = sympy.sympify(rho2), 1 - sympy.sympify(rho2)
    moments = {0: sympy.Integer(1), 2: sympy.Integer(1), 4: sympy.sympify(fourth)}
    return sympy.Add(
        *(comb(4, j) * rho2 ** ((4 - j) // 2) * across ** (j // 2) * moments[j] for j in (0, 2, 4))
    )


def beta_moment(first: Any, second: Any, power: int) -> Expr:
    """Return E[y^power] of the Beta(first, second) law."""
    # B(a + p, b) / B(a, b) = a (a + 1) ... (a + p - 1) / ((a + b) ... (a + b + p - 1)).
    first, total = sympy.sympify(first), sympy.sympify(first) + second
    return sympy.Mul(*((first + j) / (total + j) for j in range(power)))


def gaussian_probe_alignment(dim: Any, probes: Any, power: int = 1) -> Expr:
    """Return E[rho^{2 power}] of the mean of k estimates z (z.a), z Gaussian.

    With y_i = z_i.a/|a|, a N(0, 1) variable, the sum is |y|^2 along a and sum y_i z_i' across; given y
    that is |y| g with g ~ N(0, I_{d-1}). So rho^2 = |y|^2 / (|y|^2 + |g|^2), a ratio of independent
    chi-squared variables with k and d - 1 degrees of freedom: the Beta(k/2, (d-1)/2) law.
    """
    half = sympy.Rational(1, 2)
    return sympy.cancel(beta_moment(half * probes, half * (dim - 1), power))


def pair_alignment(dim: Any, power: int = 1) -> Expr:
    """Return E[rho^{2 power}] of the mean of two estimates u (u.a), u uniform on the sphere.

    With t = (u_1.a, u_2.a)/|a| and c = u_1.u_2 the sum t_1 u_1 + t_2 u_2 has squared length
    |t|^2 + 2 c t_1 t_2 and component |t|^2 along a. In an orthonormal basis of the plane of u_1 and u_2
    that diagonalises K = [[1, c], [c, 1]], t = sqrt(K) y with y the projection of a/|a| on the plane:
    y = r (cos, sin) with a uniform angle, independent of c, and r^2 of the Beta(1, (d-2)/2) law. So
        rho^2 = r^2 (1 + c x)^2 / (1 + c^2 + 2 c x),   x the cosine of a uniform angle.

    Args:
        dim: d, at least 2 or a symbol.
        power: 1 or 2.
    """
    c2 = sympy.Symbol("c2")
    radius = beta_moment(1, (sympy.sympify(dim) - 2) / 2, power)
    inner = sympy.Poly(pair_angle_mean(c2, power), c2)
    mean = sympy.Add(*(value * sphere_moment((2 * j,), dim) for (j,), value in inner.terms()))
    return sympy.cancel(radius * mean)


def pair_angle_mean(c2: Any, power: int) -> Expr:
    """Return the mean over a uniform angle of ((1 + c x)^2 / N)^power, N = 1 + c^2 + 2 c x, c2 = c^2.

    (1 + c x) = (N + e)/2 with e = 1 - c^2, so only powers of N from -power to power occur.
    """
    n = sympy.Symbol("N")
    e = 1 - c2
    # 1 + c x + ... : N = (1 + c^2) + 2 c x with E[x] = 0 and E[x^2] = 1/2; E[1/N] = 1/e and
    # E[1/N^2] = (1 + c^2)/e^3 because (1 + c^2)^2 - (2c)^2 = e^2 (the integral of 1/(A + B cos)).
    means = {2: (1 + c2) ** 2 + 2 * c2, 1: 1 + c2, 0: 1, -1: 1 / e, -2: (1 + c2) / e**3}
    expanded = sympy.expand(((n + e) / 2) ** (2 * power) / n**power)
    terms = (expanded.coeff(n, j) * means[j] for j in range(-power, power + 1))
    return sympy.cancel(sympy.Add(*terms))


def circle_harmonics(probes: Any) -> tuple[Expr, Expr]:
    """Return (E cos 2 phi, E cos 4 phi), phi the angle between a and k sphere probes' mean, d = 2.

    u (u.a) = (a + r)/2 where r, the reflection of a, is uniform on the circle (the angle of u doubled).
    With a = 1 in the complex plane the sum is parallel to 1 + w, w = (r_1 + ... + r_k)/k, |w| <= 1, and
    e^{2 i phi} = (1 + w)/(1 + conj w). For fixed |w| < 1 only terms with equal powers of w and conj w
    survive the mean over its phase.
    """
    k = sympy.sympify(probes)
    square = 1 / k  # E|w|^2 = k / k^2
    fourth = (2 * k**2 - k) / k**4  # E|r_1 + ... + r_k|^4 = k + 2 k (k - 1)
    # (1 + w) sum_j (-conj w)^j: 1 - |w|^2; (1 + w)^2 sum_j (j + 1)(-conj w)^j: 1 - 4|w|^2 + 3|w|^4.
    return sympy.expand(1 - square), sympy.expand(1 - 4 * square + 3 * fourth)


def circle_alignment(probes: Any, power: int = 1) -> Expr:
    """Return E[rho^{2 power}] of the mean of k estimates u (u.a), u uniform on the circle (d = 2)."""
    double, quadruple = circle_harmonics(probes)
    # cos^2 = (1 + cos 2 phi)/2, cos^4 = (3 + 4 cos 2 phi + cos 4 phi)/8.
    return sympy.cancel((1 + double) / 2 if power == 1 else (3 + 4 * double + quadruple) / 8)


def averaged(polynomial: Any, symbol: Any, moments: tuple[Any, ...]) -> Expr:
    """Return the mean of a polynomial in ``symbol``, given E[symbol], E[symbol^2], ...

    Args:
        polynomial: of a degree of at most the number of moments.
        symbol: the random variable in it.
        moments: E[symbol^j] for j = 1, 2, ...
    """
    values = (sympy.Integer(1), *moments)
    terms = sympy.Poly(sympy.expand(polynomial), symbol).terms()
    return sympy.cancel(sympy.Add(*(coefficient * values[power] for (power,), coefficient in terms)))
