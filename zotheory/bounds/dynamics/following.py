"""Perturbations that turn with the gradient: a law's direction is chosen anew at every point."""

from dataclasses import dataclass

from zotheory.errors import InvalidArgument
from zotheory.laws import Alignment, Axis, Guided
from zotheory.laws.block_isotropic import BlockIsotropic
from zotheory.types import Scalar
from zotheory.validation import check_fraction, numeric_dim, quotient


@dataclass(frozen=True)
class Following:
    """A law with a direction (`DAP`, `TwoAtom`, `Guided`) whose direction follows the gradient.

    Whose gradient, where it carries noise, is said by what takes the law: `QuadraticDynamics` turns it
    with the sampled one, noise included, and `simulate_descent` with that or the exact one, as asked.
    Turned with a gradient a the direction is e = rho a/|a| + sqrt(1 - rho^2) u with a fair sign and u
    uniform on the unit sphere orthogonal to a, drawn anew for each draw. rho = 1 is along a itself. The
    law itself, with its own fixed direction, is another thing: give it to `QuadraticDynamics` as it is.
    A function "gradient to law" is not taken: in general its dynamics do not close in E[x x^T].

    Args:
        law: a template; its own direction is ignored, for example ``DAP(FirstAxis(dim))``.
        alignment: rho in [0, 1]; if None, a `Guided` law's own alignment, and 1 for the others.

    Raises:
        InvalidArgument: a law without a direction and an isotropic complement, or rho outside [0, 1].

    >>> from zotheory.laws import DAP, FirstAxis
    >>> Following(DAP(FirstAxis(5), delta=3)).coefficients()
    (9, 0)
    """

    law: BlockIsotropic
    alignment: Scalar = None

    def __post_init__(self) -> None:
        if not (isinstance(self.law, BlockIsotropic) and isinstance(self.law.partition, Axis)):
            raise InvalidArgument("law", self.law, "give a law with one direction: DAP, TwoAtom or Guided")
        rho = self.alignment
        if rho is None:
            rho = self.law.alignment if isinstance(self.law, Guided) else 1
        object.__setattr__(self, "alignment", check_fraction(rho, "alignment", open_interval=False))

    @property
    def dim(self) -> Scalar:
        """Dimension of the space."""
        return self.law.dim

    @property
    def delta(self) -> Scalar:
        """Scale of the law."""
        return self.law.delta

    def coefficients(self) -> tuple[Scalar, Scalar]:
        """Return (alpha, beta) of E[v v^T a a^T v v^T] = alpha |a|^2 I + beta a a^T.

        The left side commutes with the rotations about a, hence this form. Its trace and its value along a,
        in units of |a|^2, are d alpha + beta = E[s n] and alpha + beta = E[s^2], s = (a.v)^2/|a|^2.
        For a DAP and rho = 1 both coefficients do not depend on the complement: (delta^2, 0). For
        the two-atom law and rho = 1 they are (0, delta^2/p).
        """
        at = Alignment(self.alignment)
        along = self.law.directional_fourth_moment(at)
        dim = numeric_dim(self.dim)
        if dim == 1:
            return 0 * along, along
        total = self.law.dimension_factor(at) * self.delta**2
        alpha = quotient(total - along, dim - 1)
        return alpha, along - alpha
