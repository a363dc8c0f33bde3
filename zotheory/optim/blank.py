"""What stands for a tensor that is not kept: it has a shape and a type, and no entries."""

from typing import Any

import torch
from torch.utils._pytree import tree_leaves


class Touched(BaseException):
    """The entries of a blank were asked for; not an Exception, so that no model catches it."""


class Blank(torch.Tensor):
    """A tensor without memory, of which nothing but its description can be read.

    Shape, strides, type, device and what follows from them answer as those of the tensor it stands for, and
    operations that would return that tensor itself, such as ``contiguous()``, return the blank. Everything
    else, writing included, raises `Touched`.
    """

    touched: list[Any]

    @staticmethod
    def like(tensor: torch.Tensor, touched: list[Any]) -> "Blank":
        """Return a blank for a tensor; ``touched`` gets an entry when the blank is computed with."""
        blank = torch.Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            Blank,
            tensor.shape,
            strides=tensor.stride(),
            dtype=tensor.dtype,
            device=tensor.device,
            requires_grad=tensor.requires_grad,
        )
        blank.touched = touched
        return blank

    # Python's functions pass; the entries are reached through operators, and through these.
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        # In inference mode ``contiguous()`` and its like come here before they are seen to change nothing.
        found = func.decompose(*args, **kwargs)
        if found is not NotImplemented:
            return found
        # A bare `except:` would swallow the exception, so it is noted besides.
        for leaf in tree_leaves((args, kwargs)):
            if isinstance(leaf, Blank):
                leaf.touched.append(func)
        raise Touched

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        self.touched.append(None)
        raise Touched

    tolist = numpy = data_ptr = untyped_storage = __array__ = __dlpack__ = _refuse  # type: ignore[assignment]
