"""Finding claims: from folders and files to claims that fit together, and files that do not load."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from zotheory.errors import ClaimError, InvalidArgument
from zotheory.ledger.claim import Claim
from zotheory.ledger.faults import line_in, name_and_message
from zotheory.ledger.graph import (
    require_known_dependencies,
    require_no_cycle,
    require_unique_ids,
)
from zotheory.ledger.loading import load_claim


@dataclass(frozen=True)
class LoadFailure:
    """A claim file that could not be loaded.

    Attributes:
        path: the file.
        message: one line with the line number, the exception and what to do about it.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


def discover(paths: Sequence[str | Path]) -> tuple[list[Claim], list[LoadFailure]]:
    """Load the claims in folders and files.

    Args:
        paths: each a claim file, or a folder of which every `*.py` below is a claim file, except
            where its name or that of a folder on the way begins with "_" or ".".

    Returns:
        The claims, sorted by path within each folder, and the files that could not be loaded.

    Raises:
        InvalidArgument: a path that does not exist, or no claim file in any of them.
        ClaimError: two claims with one id, an unknown dependency, or a cycle of dependencies.
            The dependencies of a claim whose file is given by itself may lie elsewhere.
    """
    files: dict[Path, bool] = {}
    for path in map(Path, paths):
        if not path.exists():
            # The whole path goes into the remedy, since long values are cut short.
            remedy = f"{path} does not exist; give a claim file or a folder"
            raise InvalidArgument("path", path.name, remedy)
        for file in _claim_files(path) if path.is_dir() else [path]:
            files[file] = files.get(file, False) or path.is_dir()
    if not files:
        raise InvalidArgument(
            "paths",
            [Path(path).name for path in paths],
            f"no claim file in {', '.join(map(str, paths))}; a claim file ends in .py and does not "
            "begin with _",
        )
    loaded: list[tuple[str, Claim]] = []
    from_folders: list[Claim] = []
    failures: list[LoadFailure] = []
    seen: set[Path] = set()
    for file, in_folder in files.items():
        if file.resolve() in seen:  # the same file under two spellings
            continue
        seen.add(file.resolve())
        found = _load(file)
        if isinstance(found, LoadFailure):
            failures.append(found)
            continue
        loaded.append((str(file), found))
        if in_folder:
            from_folders.append(found)
    claims = [claim for _, claim in loaded]
    require_unique_ids(loaded)
    if not failures:  # a file that did not load may define the missing id
        require_known_dependencies(from_folders, (claim.id for claim in claims))
    require_no_cycle(claims)
    return claims, failures


def _claim_files(folder: Path) -> Iterable[Path]:
    for file in sorted(folder.rglob("*.py")):
        inside = file.relative_to(folder).parts
        if file.is_file() and not any(part.startswith(("_", ".")) for part in inside):
            yield file


def _load(file: Path) -> Claim | LoadFailure:
    # SystemExit too: a script that calls sys.exit() must not end the run of the other claims.
    try:
        return load_claim(file)
    except ClaimError as error:
        line = line_in(error, file)
        where = f"line {line}: " if line else ""
        return LoadFailure(str(file), f"{where}{error}")
    except (Exception, SystemExit) as error:
        line = line_in(error, file)
        where = f"line {line}: " if line else ""
        remedy = "correct the file, or begin its name with _ to leave it out"
        return LoadFailure(str(file), f"{where}{name_and_message(error)}; {remedy}")
