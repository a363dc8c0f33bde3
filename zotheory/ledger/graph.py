"""Whether a set of claims fits together: one file an id, and dependencies that exist and end."""

import difflib
from collections.abc import Iterable, Sequence

from zotheory.errors import ClaimError
from zotheory.ledger.claim import Claim


def require_unique_ids(claims: Iterable[tuple[str, Claim]]) -> None:
    """Check that no two files define claims with the same id.

    Args:
        claims: the file and the claim, for each claim.

    Raises:
        ClaimError: two do; the message names both files.
    """
    files: dict[str, str] = {}
    for file, claim in claims:
        if claim.id in files:
            raise ClaimError(
                f"claim id {claim.id!r} is defined in {files[claim.id]} and in {file}: rename one"
            )
        files[claim.id] = file


def require_known_dependencies(claims: Iterable[Claim], known: Iterable[str]) -> None:
    """Check that every dependency is the id of a known claim.

    Raises:
        ClaimError: one is not; the message names the file and the nearest ids.
    """
    ids = list(known)
    for claim in claims:
        for name in claim.depends:
            if name not in ids:
                raise ClaimError(
                    f"{claim.file}: claim {claim.id} depends on {name!r}, which no file given "
                    f"defines{nearest(name, ids)}; correct the id or give its file too"
                )


def require_no_cycle(claims: Sequence[Claim]) -> None:
    """Check that no claim rests on itself, directly or through others.

    Raises:
        ClaimError: one does; the message shows the cycle with its files.
    """
    by_id = {claim.id: claim for claim in claims}
    done: set[str] = set()
    for claim in claims:
        _walk(claim.id, by_id, [], done)


def _walk(name: str, by_id: dict[str, Claim], path: list[str], done: set[str]) -> None:
    if name in done or name not in by_id:
        return
    if name in path:
        cycle = path[path.index(name) :]
        shown = " -> ".join(f"{item} ({by_id[item].file})" for item in cycle)
        raise ClaimError(f"claims rest on each other: {shown} -> {name}: remove one `depends`")
    for dependency in by_id[name].depends:
        _walk(dependency, by_id, [*path, name], done)
    done.add(name)


def nearest(name: str, ids: Iterable[str]) -> str:
    """Return ' (nearest: A1, A4)' for the ids most like a name, or nothing where none is."""
    # Compared in lower case, so that "a4" finds "A4".
    lowered = {item.lower(): item for item in ids}
    close = difflib.get_close_matches(name.lower(), lowered, n=3, cutoff=0.5)
    return f" (nearest: {', '.join(lowered[item] for item in close)})" if close else ""
