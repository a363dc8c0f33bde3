"""What is sent to workers: objects pickled with the modules that define them, by value."""

import functools
import importlib
import io
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any


def packed(value: Any, modules: Sequence[ModuleType]) -> bytes:
    """Return a pickle of a value; what is defined in ``modules`` goes with it, other modules by name.

    Functions under `functools.lru_cache` too, which cloudpickle alone sends by name. Their caches begin
    empty in each worker.
    """
    import cloudpickle

    names = {module.__name__ for module in modules}

    class Pickler(cloudpickle.Pickler):
        def reducer_override(self, obj: Any) -> Any:
            if isinstance(obj, functools._lru_cache_wrapper) and obj.__module__ in names:
                return cached, (obj.__wrapped__, obj.cache_parameters())
            # Modules of a type of their own, such as torch's settings: cloudpickle cannot send them, and
            # meets them where a function uses the names that such a module, if imported, is called by.
            if isinstance(obj, ModuleType) and type(obj) is not ModuleType and obj.__name__ not in names:
                return importlib.import_module, (obj.__name__,)
            return super().reducer_override(obj)

    for module in modules:
        cloudpickle.register_pickle_by_value(module)
    try:
        text = io.BytesIO()
        Pickler(text).dump(value)
    finally:
        for module in modules:
            cloudpickle.unregister_pickle_by_value(module)
    return text.getvalue()


def cached(function: Callable[..., Any], parameters: Mapping[str, Any]) -> Callable[..., Any]:
    """Return a function under an empty `functools.lru_cache` with given parameters."""
    return functools.lru_cache(**parameters)(function)
