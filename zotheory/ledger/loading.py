"""Loading one claim file by its path, with the helper modules beside it importable."""

import contextlib
import hashlib
import importlib
import importlib.util
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from zotheory.errors import ClaimError
from zotheory.ledger.claim import Claim


def load_claim(path: Path) -> Claim:
    """Run a claim file and return the claim that it defines.

    Args:
        path: the file; it must define a variable `claim`.

    Returns:
        Claim: the claim, with `file` set to the path as given, and `digest` to what was loaded.

    Raises:
        ClaimError: the file defines no `claim`, or one that is not a Claim.
        Exception: whatever the file itself raises.
    """
    with neighbours_importable(path), quiet():
        text = path.read_bytes()
        module = _execute(path, text)
    if not hasattr(module, "claim"):
        raise ClaimError("defines no `claim`: end the file with one, or begin its name with _")
    claim = module.claim
    if not isinstance(claim, Claim):
        raise ClaimError(f"its `claim` is a {type(claim).__name__}, not a zotheory.ledger.Claim")
    claim.file, claim.digest = str(path), hashlib.sha256(text).hexdigest()
    return claim


@contextlib.contextmanager
def neighbours_importable(path: Path) -> Iterator[None]:
    """Let a claim file import the modules beside it, as pytest's "prepend" mode does.

    In a package `from package._shared import ...` works (and the relative form of it), in a plain
    folder `from _shared import ...`. sys.path is put back afterwards; imports that a check makes
    while it runs therefore need this too.
    """
    root, package = import_root(path)
    _forget_namesakes(root, package)
    importlib.invalidate_caches()
    sys.path.insert(0, str(root))
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(str(root))


@contextlib.contextmanager
def quiet() -> Iterator[list[warnings.WarningMessage]]:
    """Collect warnings instead of showing them, and send prints to standard error.

    Standard output belongs to the report, which may be read by another program.
    """
    with (
        _stdout_descriptor_to_stderr(),
        contextlib.redirect_stdout(sys.stderr),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("default")
        yield caught


@contextlib.contextmanager
def _stdout_descriptor_to_stderr() -> Iterator[None]:
    """Do for solvers that write from C, past sys.stdout, what redirect_stdout does for Python."""
    try:
        sys.stdout.flush()
        kept = os.dup(1)
    except (OSError, ValueError, AttributeError):  # no standard output to protect
        yield
        return
    try:
        os.dup2(2, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def import_root(path: Path) -> tuple[Path, str]:
    """Return the folder that belongs on sys.path for a file, and the package the file lies in."""
    folder, names = path.resolve().parent, []
    while (folder / "__init__.py").is_file():
        names.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(names)


def _forget_namesakes(root: Path, package: str) -> None:
    """Drop imported modules that came from another folder but have the name of a neighbour.

    Without this, a copy of a claim folder would silently use the helpers of the original.
    """
    tops = {package.split(".")[0]} if package else {file.stem for file in root.glob("_*.py")}
    for top in tops - sys.stdlib_module_names:
        origin = getattr(sys.modules.get(top), "__file__", None)
        if origin is not None and not Path(origin).resolve().is_relative_to(root):
            for name in [n for n in sys.modules if n == top or n.startswith(top + ".")]:
                del sys.modules[name]


def _execute(path: Path, text: bytes) -> ModuleType:
    _, package = import_root(path)
    # The hash keeps files with the same name apart; the package makes relative imports work.
    tag = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    name = f"{path.stem}__claim_{tag}"
    spec = importlib.util.spec_from_file_location(f"{package}.{name}" if package else name, path)
    if spec is None:
        raise ClaimError("is not a Python file: give a file that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    # Compiled from source every time: cached bytecode is matched by whole seconds and file size,
    # so a constant changed right after a run could be missed.
    try:
        exec(compile(text, str(path), "exec", dont_inherit=True), module.__dict__)
    except BaseException:
        del sys.modules[spec.name]
        raise
    return module
