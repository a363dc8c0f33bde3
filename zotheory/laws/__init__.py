"""Perturbation laws with exact moments, one family a file.

Laws that hold arrays (DAP, TwoAtom, Guided, Empirical, Shells) are equal only to themselves; the others
compare by their arguments.
"""

from zotheory.laws.aligned import DAP
from zotheory.laws.base import Law, require_unbiased
from zotheory.laws.coordinatewise import Coordinate, Rademacher
from zotheory.laws.empirical import Empirical
from zotheory.laws.frame import OrthonormalFrame
from zotheory.laws.gradient import Alignment
from zotheory.laws.importance_blocks import ImportanceBlocks
from zotheory.laws.isotropic import Gaussian, Sphere
from zotheory.laws.low_rank import LowRank
from zotheory.laws.mixture import Mixture
from zotheory.laws.partition import Axis, Contiguous, Eigenspaces, FirstAxis, Partition, Whole
from zotheory.laws.random_block import RandomBlock
from zotheory.laws.shells import Shells
from zotheory.laws.sparse_mask import SparseMask
from zotheory.laws.two_atom import Guided, TwoAtom

__all__ = [
    "DAP",
    "Alignment",
    "Axis",
    "Contiguous",
    "Coordinate",
    "Eigenspaces",
    "Empirical",
    "FirstAxis",
    "Gaussian",
    "Guided",
    "ImportanceBlocks",
    "Law",
    "LowRank",
    "Mixture",
    "OrthonormalFrame",
    "Partition",
    "Rademacher",
    "RandomBlock",
    "Shells",
    "SparseMask",
    "Sphere",
    "TwoAtom",
    "Whole",
    "require_unbiased",
]
