"""How much each of two stages counts in their combination."""

from typing import Any

from zotheory.errors import InvalidArgument
from zotheory.estimators.arguments import frame_size
from zotheory.laws import Gaussian, Law
from zotheory.laws.aligned_rows import Complement
from zotheory.types import Scalar
from zotheory.validation import as_real, check_fraction, is_symbolic, quotient

COMBINATIONS = ("second", "average", "optimal")


def first_weight(combination: Any, law: Law, first: int, second: int, complement: Complement) -> Scalar:
    """Return the weight w of stage 1; stage 2 has 1 - w.

    Any w keeps the estimate unbiased as mu -> 0, because each stage is. Given stage 1, stage 2 is
    unbiased too, so the two errors are uncorrelated, and the combination has the error
        w^2 M1 + (1 - w)^2 M2,   least at w = M2 / (M1 + M2), weights inverse to the errors.
    In units of delta^2 |a|^2, as mu -> 0,
        M1 = (nu - 1) / k            (independent draws; d/k - 1 for a frame of k),
        M2 = (nu2 - 1) / m,   nu2 = d                    for the spherical complement, always,
                              nu2 = d + 2 (1 - E rho^2)  for the Gaussian one,
    with rho the alignment of the rough estimate with the gradient. nu2 is d plus twice the share of
    the gradient in the complement, where w_perp is N(0, delta I) and pays 2 (theory of `laws.DAP`).
    For k Gaussian probes E rho^2 = k / (k + d - 1); no such value is built in for other laws.

    Args:
        combination: "second" (w = 0), "average" (w = k / (k + m)), "optimal", or w itself in [0, 1].
        law: law of stage 1.
        first: k, its number of perturbations.
        second: m, that of stage 2.
        complement: of stage 2.

    Raises:
        InvalidArgument: another combination; or "optimal" where the errors are not known.
    """
    share = quotient(first, first + second)
    if isinstance(combination, str) and combination in COMBINATIONS:
        if combination == "second":
            return 0
        return share if combination == "average" else _optimal(law, first, second, complement, share)
    number = as_real(combination)
    if number is None or is_symbolic(number):
        raise InvalidArgument(
            "combination",
            combination,
            f"give one of {', '.join(COMBINATIONS)}, or stage 1's weight in [0, 1]",
        )
    return check_fraction(number, "combination", open_interval=False)


def _optimal(law: Law, first: int, second: int, complement: Complement, share: Scalar) -> Scalar:
    frame = frame_size(law)
    try:
        factor = law.batch_mse_factor(None, frame) if frame > 1 else law.batch_mse_factor(None)
    except InvalidArgument as error:
        raise InvalidArgument(
            "combination",
            "optimal",
            "this law's error depends on the gradient: give stage 1's weight itself",
        ) from error
    error1 = quotient(factor * frame, first)
    factor2 = law.dim - 1
    if complement == "gaussian" and law.dim > 1:
        if not isinstance(law, Gaussian):
            raise InvalidArgument(
                "combination",
                "optimal",
                'with complement="gaussian" the weight is known for a Gaussian law only: give it, or '
                'complement="sphere"',
            )
        factor2 += quotient(2 * (law.dim - 1), first + law.dim - 1)  # 2 (1 - E rho^2)
    error2 = quotient(factor2, second)
    # Two stages without error (dimension one): any weights do.
    return share if error1 + error2 == 0 else quotient(error2, error1 + error2)
