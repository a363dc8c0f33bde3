"""Zeroth-order optimizers for torch; needs the extra `zotheory[torch]`."""

try:
    import torch as _torch  # noqa: F401
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise ModuleNotFoundError(
        'zotheory.optim needs torch: pip install "zotheory[torch]"', name="torch"
    ) from error

from zotheory.optim.adaptive import RAdaZO, ZOAdaMM
from zotheory.optim.aligned import DAPSGD
from zotheory.optim.base import ZerothOrderOptimizer
from zotheory.optim.block_descent import MeZOBCD
from zotheory.optim.blocks import ModuleBlock, module_blocks
from zotheory.optim.directions import Combination, Direction
from zotheory.optim.distributed import DataParallel, QueryParallel, RankError, ReplicaError
from zotheory.optim.guided import GuidedSGD
from zotheory.optim.layout import Layout
from zotheory.optim.loss import LossError
from zotheory.optim.perturbations import (
    Block,
    Coordinate,
    Gaussian,
    LowRank,
    Perturbation,
    Rademacher,
    Sphere,
)
from zotheory.optim.recommended import ProblemFacts, Recommendation, recommended
from zotheory.optim.sgd import ZOSGD, MeZO, ZOSignSGD
from zotheory.optim.stream import Stream

__all__ = [
    "DAPSGD",
    "ZOSGD",
    "Block",
    "Combination",
    "Coordinate",
    "DataParallel",
    "Direction",
    "Gaussian",
    "GuidedSGD",
    "Layout",
    "LossError",
    "LowRank",
    "MeZO",
    "MeZOBCD",
    "ModuleBlock",
    "Perturbation",
    "ProblemFacts",
    "QueryParallel",
    "RAdaZO",
    "Rademacher",
    "RankError",
    "Recommendation",
    "ReplicaError",
    "Sphere",
    "Stream",
    "ZOAdaMM",
    "ZOSignSGD",
    "ZerothOrderOptimizer",
    "module_blocks",
    "recommended",
]
