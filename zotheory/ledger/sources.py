"""What the findings of a claim file follow from: the code and data of its checks, and a hash of all."""

import ast
import hashlib
import platform
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import zotheory
from zotheory.ledger.loading import import_root

# Packages whose versions are part of the hash: what is imported, and the name it is installed by.
PACKAGES = {
    "numpy": "numpy",
    "scipy": "scipy",
    "sympy": "sympy",
    "mpmath": "mpmath",
    "flint": "python-flint",
    "cvxpy": "cvxpy",
    "highspy": "highspy",
    "clarabel": "clarabel",
    "pyarrow": "pyarrow",
}
PACKAGE_FOLDER = Path(zotheory.__file__).resolve().parent
# Modules are imported once: of a file that changed after the package was first imported, this process may
# hold the old code, and of a module imported even before that nothing is known.
STARTED = zotheory._STARTED
LOADED_BEFORE = zotheory._LOADED_BEFORE


@dataclass(frozen=True)
class Source:
    """A file as it was when it was read, or a folder of data as it was when it was listed.

    Attributes:
        path: where it is.
        digest: SHA-256 of its bytes; of a folder's list of names.
        stamp: times of its last change and of the last change of its entry, in nanoseconds, and its size.
        outdated: whether importing it may give older code than the file holds.
        modules: names of the modules that it imports: relative ones begin with dots.
    """

    path: Path
    digest: str
    stamp: tuple[int, int, int]
    outdated: bool
    modules: tuple[str, ...] = ()

    @property
    def unchanged(self) -> bool:
        """Whether the file still is what was read."""
        try:
            return _stamp(self.path) == self.stamp
        except OSError:
            return False


@dataclass(frozen=True)
class Fingerprint:
    """The name of everything that the findings of a claim follow from.

    Attributes:
        key: SHA-256 of the claim's file, its local modules, its data, zotheory and the packages below it.
        sources: the files behind it; the claim's own first.
    """

    key: str
    sources: tuple[Source, ...]

    @property
    def unchanged(self) -> bool:
        """Whether every file still is what was hashed."""
        return all(source.unchanged for source in self.sources)


class Sources:
    """Hashes of claim files; each file is read once."""

    def __init__(self) -> None:
        self._read: dict[Path, Source] = {}

    def fingerprint(self, file: Path, data: Iterable[str] = ()) -> Fingerprint | None:
        """Return the fingerprint of a claim file, or None where its findings cannot be told from the code.

        That is where it imports, itself or through local modules, something else than the standard
        library, zotheory, its own folder and `PACKAGES`; where a file or something of ``data`` is absent or
        cannot be read; and where this process may hold other code of a module than its file. Not seen at
        all are files that a claim reads but does not name among its ``data``, modules that it imports by
        computed names, environment variables, what a program replaces in modules that it has imported, and
        bytecode that did not fit its file when it was imported but was put right before this is called.

        Args:
            file: the claim file.
            data: files and folders that its checks read, relative to its folder; of a folder everything in
                it counts, except names that begin with ".".
        """
        file = file.resolve()
        try:
            local, known = self._local_modules(file)
            package = self._package
            read = [source for name in data for source in self._data(file.parent / name)]
        except (OSError, SyntaxError, ValueError, RecursionError):  # ValueError: bytes that are no text
            return None
        modules = [*local, *package]
        if not known or any(source.outdated or source.path in self._loaded_before for source in modules):
            return None
        own = self._source(file)
        lines = [*self._environment, str(file), own.digest]
        lines += [f"{source.path} {source.digest}" for source in [*modules, *read]]
        key = hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
        return Fingerprint(key, (own, *modules, *read))

    @cached_property
    def _package(self) -> list[Source]:
        return [self._source(path) for path in sorted(PACKAGE_FOLDER.rglob("*.py"))]

    @cached_property
    def _loaded_before(self) -> set[Path]:
        files = (getattr(sys.modules.get(name), "__file__", None) for name in LOADED_BEFORE)
        return {Path(file).resolve() for file in files if file}

    @cached_property
    def _environment(self) -> list[str]:
        return environment()

    def _local_modules(self, file: Path) -> tuple[list[Source], bool]:
        # The helpers beside the file, and whatever it imports from its own folders, at any remove; and
        # whether everything else that is imported is known.
        root, _ = import_root(file)
        reached, known, waiting = set(), True, [file]
        while waiting:
            importer = waiting.pop()
            for module in self._source(importer, parse=True).modules:
                if module.split(".")[0] == PACKAGE_FOLDER.name:  # hashed whole
                    continue
                found = _located(module, importer, root)
                known = known and (bool(found) or _is_known(module))
                waiting += [path for path in found if path not in reached]
                reached.update(found)
        helpers = {path for path in file.parent.glob("_*.py") if path.is_file()}
        return [self._source(path) for path in sorted((reached | helpers) - {file})], known

    def _data(self, path: Path) -> list[Source]:
        # A folder counts itself: its time changes with what is in it.
        path, found = path.resolve(), []
        stamp = _stamp(path)
        if path.is_dir():
            inside = sorted(item for item in path.iterdir() if not item.name.startswith("."))
            text = "\n".join(item.name for item in inside).encode("utf-8", "surrogateescape")
            found = [source for item in inside for source in self._data(item)]
        else:
            text = path.read_bytes()
        return [Source(path, hashlib.sha256(text).hexdigest(), stamp, outdated=False), *found]

    def _source(self, path: Path, parse: bool = False) -> Source:
        known = self._read.get(path)
        if known is None or (parse and not known.modules):
            stamp, text = _stamp(path), path.read_bytes()  # a change in between is noticed later
            modules = tuple(_imported(ast.parse(text))) if parse else ()
            outdated = max(stamp[:2]) / 1e9 > STARTED or not _runs_as_written(path, text)
            known = Source(path, hashlib.sha256(text).hexdigest(), stamp, outdated, modules)
            self._read[path] = known
        return known


def environment() -> list[str]:
    """Return the versions of everything below the claims, and how Python was called."""
    versions = [f"{name} {_version(name)}" for name in PACKAGES.values()]
    # Without assertions (python -O) other code runs.
    python = [sys.version, platform.machine(), sys.platform, f"-O {sys.flags.optimize}"]
    return [f"zotheory {zotheory.__version__}", *python, *versions]


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    # A copy may keep the first time; on Unix nothing but the system sets the second.
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size


class _Bytecode(SourceFileLoader):
    """What an import would run without compiling the file: None if it would compile it. Writes nothing."""

    def source_to_code(self, *args: Any, **options: Any) -> Any:
        return None

    def set_data(self, *args: Any, **options: Any) -> None:
        pass


def _runs_as_written(path: Path, text: bytes) -> bool:
    """Return whether importing a file gives the code that is written in it.

    Python takes bytecode for that of a file of this size changed in this second: it may be that of an
    earlier version, if a file was changed twice in a second or if a copy kept the time of the original.
    """
    try:
        code = _Bytecode("module", str(path)).get_code("module")
        return code is None or code == compile(text, str(path), "exec", dont_inherit=True)
    except (ImportError, EOFError, SyntaxError, ValueError, TypeError):  # neither of them can be run
        return False


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            yield base
            # What is imported from a package may be a module of it.
            yield from (base + ("." if node.module else "") + name.name for name in node.names)


def _located(module: str, importer: Path, root: Path) -> list[Path]:
    """Return the files below ``root`` that importing a module runs; none if it is not there."""
    names = module.lstrip(".")
    folder, dots = root, len(module) - len(names)
    if dots:
        folder = importer.parent
        for _ in range(dots - 1):
            folder = folder.parent
    # The packages above a relative import ran before; their files count too.
    above = [root, *(root / part for part in _parents(folder, root))]
    found = [path / "__init__.py" for path in above[1:]]
    for name in filter(None, names.split(".")):
        here = [folder / f"{name}.py", folder / name / "__init__.py"]
        # A mere folder gives way to an installed package of its name.
        if not dots and folder == root and not any(path.is_file() for path in here):
            return []
        found += here
        folder = folder / name
    return [path for path in found if path.is_file()]


def _parents(folder: Path, root: Path) -> list[Path]:
    if not folder.is_relative_to(root):
        return []
    parts = folder.relative_to(root).parts
    return [Path(*parts[: count + 1]) for count in range(len(parts))]


def _is_known(module: str) -> bool:
    top = module.split(".")[0]
    return top in sys.stdlib_module_names or top in PACKAGES
