"""The dense reference and small models; one thread for speed (that it changes nothing is tested)."""

import importlib
from pathlib import Path

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def dense():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parent)
        yield importlib.import_module("dense")


@pytest.fixture
def parameters(dense):
    """Function of a long vector and a type: parameters of several shapes that hold its entries."""

    def make(start, dtype=torch.float32):
        pieces = torch.as_tensor(start).split(dense.SIZES)
        return [
            torch.nn.Parameter(p.to(dtype).reshape(shape))
            for p, shape in zip(pieces, dense.SHAPES, strict=True)
        ]

    return make


@pytest.fixture(scope="session")
def joined():
    """Function of tensors: their entries as one numpy vector."""
    return lambda tensors: torch.cat([p.detach().reshape(-1) for p in tensors]).numpy()


@pytest.fixture(scope="session")
def bits():
    """Function of tensors: copies that compare equal only if every bit is."""
    widths = {2: torch.int16, 4: torch.int32, 8: torch.int64}
    return lambda tensors: [p.detach().clone().view(widths[p.element_size()]).tolist() for p in tensors]
