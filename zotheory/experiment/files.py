"""Files that appear at one stroke, whole or not at all."""

import contextlib
import errno
import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

from zotheory.errors import InvalidArgument
from zotheory.experiment.faults import StoreError

# Where results are, unless told otherwise.
DEFAULT_STORE = Path("results")
TEMPORARY = ".tmp"


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file under another name, wait until it is on the disk, and give it its name.

    A reader, or another writer of the same file, sees the old content or the new one, never a part.

    Raises:
        StoreError: the folder cannot be written, or the disk is full; nothing has changed then.
    """
    temporary = path.parent / f".{path.name}.{uuid.uuid4().hex}{TEMPORARY}"
    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                _write(file.fileno(), data)
            os.replace(temporary, path)
        except BaseException:  # an interrupt too
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise


def require_writable(folder: Path) -> None:
    """Check that files can be made in a folder, before hours go into what is to be kept there.

    Raises:
        StoreError: they cannot.
    """
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(TEMPORARY, ".", folder)
        os.close(descriptor)
        remove(Path(name))


def require_folder(path: Path) -> None:
    """Check that a store is a folder, or is not there yet.

    Raises:
        InvalidArgument: it is a file.
    """
    if path.exists() and not path.is_dir():
        raise InvalidArgument("store", path.name, f"{path} is a file: give a folder")


def remove(path: Path) -> None:
    """Remove a file, if it is there and may be removed."""
    with contextlib.suppress(OSError):
        path.unlink()


@contextlib.contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turn what the system says about writing a path into a `StoreError`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise StoreError(
            f"{path} cannot be written ({reason}); what is in the store is kept: "
            f"{'make room' if full else 'make the folder writable'} or give another --store, and run the "
            "same command again"
        ) from error


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    os.fsync(descriptor)
