"""What a rough direction costs: total error and error along the gradient, in closed form.

All errors are those of one draw g = (v.a + eps) v of delta = 1, eps the noise of the difference quotient,
of variance sigma^2 and independent of v: E|g - a|^2 = (E[s n] - 1) |a|^2 + sigma^2 d, and along the
gradient E[(g - a).a]^2 / |a|^2 = (E[s^2] - 1) |a|^2 + sigma^2. With |a|^2 = theta and sigma^2 = 1 - theta:
    total = theta (E[s n] - 1) + (1 - theta) d,    along = theta (E[s^2] - 1) + 1 - theta.
"""

import math

from scipy import integrate

from experiments import _rough_direction as rough


def errors(law: str, dim: int, r1: float, r2: float, p: float, theta: float) -> tuple[float, float]:
    """Return (total, along) of a law, given r1 = E rho^2 and r2 = E rho^4 of its direction.

    Args:
        law: "sphere", "gaussian", "aligned-sphere", "aligned-gaussian" (by complement), or a guided one.
        dim: d.
        r1: E rho^2.
        r2: E rho^4.
        p: probability with which a guided law probes along its direction.
        theta: |a|^2.
    """
    if law == "sphere":
        product, fourth = float(dim), 3 * dim / (dim + 2)
    elif law == "gaussian":
        product, fourth = dim + 2.0, 3.0
    elif law.startswith("aligned"):
        product, fourth = rough.aligned_moments(dim, r1, r2, law.removeprefix("aligned-"))
    else:
        product, fourth = rough.guided_moments(dim, r1, r2, p)
    return theta * (product - 1) + (1 - theta) * dim, theta * (fourth - 1) + 1 - theta


def break_even(dim: int) -> tuple[float, float]:
    """Return the rho^2 between which aligned draws (spherical complement) lose to the sphere along a.

    Their error 2 (1 - r)((d+4) r + d - 2)/(d+1) equals the sphere's, 2 (d-1)/(d+2), where
    (d+4) r^2 - 6 r + 3/(d+2) = 0: r = (3 -+ sqrt(6 (d+1)/(d+2))) / (d+4).
    """
    root = math.sqrt(6 * (dim + 1) / (dim + 2))
    return (3 - root) / (dim + 4), (3 + root) / (dim + 4)


def noisy_alignment(dim: int, probes: int, theta: float) -> tuple[float, float]:
    """Return E rho^2 and E rho^4 of sum_i z_i q_i, q_i = z_i.a + eps_i, z_i standard normal.

    q_i has variance 1, and z_i.a/|a| = sqrt(theta) q_i + sqrt(1-theta) h_i with h_i independent of q_i. So
    rho^2 = N/(N+Q), N = (sqrt(theta) R + sqrt(1-theta) g)^2 with R chi (k degrees of freedom), g ~ N(0, 1),
    and Q chi-squared (d-1). With y = 1 + 2 t and w = theta + (1-theta) y
        E exp(-t N) = w^((k-1)/2) y^(-k/2) =: M,   E exp(-t Q) = y^(-(d-1)/2).
    Because 1/X^j = int t^(j-1) exp(-t X) dt for j = 1, 2,
        E rho^2 = -int M' E exp(-t Q) dt,   E rho^4 = int t M'' E exp(-t Q) dt,
    and x = 1/y, v = theta x + 1 - theta, makes them integrals over (0, 1):
        E rho^2 = int x^(d/2-1) v^((k-3)/2) (k v - (k-1)(1-theta)) / 2 dx,
        E rho^4 = int (1-x) x^(d/2-1) v^((k-5)/2) (k (k+2) v^2 - 2 k (k-1)(1-theta) v
                      + (k-1)(k-3)(1-theta)^2) / 4 dx.
    At theta = 1 they are k/(k+d-1) and k (k+2)/((k+d-1)(k+d+1)); at theta = 0, 1/d and 3/(d (d+2)).
    """
    k, rest = probes, 1 - theta

    def first(x: float) -> float:
        v = theta * x + rest
        return x ** (dim / 2 - 1) * v ** ((k - 3) / 2) * (k * v - (k - 1) * rest) / 2

    def second(x: float) -> float:
        v = theta * x + rest
        square = k * (k + 2) * v**2 - 2 * k * (k - 1) * rest * v + (k - 1) * (k - 3) * rest**2
        return (1 - x) * x ** (dim / 2 - 1) * v ** ((k - 5) / 2) * square / 4

    r1, r2 = (float(integrate.quad(f, 0, 1, epsabs=1e-12)[0]) for f in (first, second))
    return r1, r2
