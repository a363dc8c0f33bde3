"""Whether the code that measured results is still the code that is here."""

import ast
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from zotheory.experiment.discovery import own_files
from zotheory.experiment.environment import git
from zotheory.experiment.experiment import Experiment

# Of an Experiment: what does not reach its cells.
_ABOUT = ("title", "presets", "source")


def changed_since(experiment: Experiment[Any], environments: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what of an experiment's own code differs from that which measured results; empty if nothing.

    Its own code is what its folder holds and imports from beside it, at any remove. Where git can tell,
    comments, docstrings and layout do not count, and neither do presets: results are kept by the values of
    their configuration.

    Args:
        experiment: as it is here.
        environments: of the measurements, with "commit" and "code", its digest.

    Returns:
        The changed files, relative to the folder of experiments; where only the digest tells, a sentence.
    """
    found: list[str] = []
    made = {(fact.get("commit"), fact.get("code")) for fact in environments}
    for commit, code in sorted(made, key=str):
        if code != experiment.code:
            found += _changed(Path(experiment.folder), str(commit or ""))
    return sorted(set(found))


def _changed(folder: Path, commit: str) -> list[str]:
    unknown = "its code has another digest, and git cannot tell what changed"
    if not commit or "+" in commit:
        return [unknown]
    changed, above = [], folder.parent
    try:
        git(folder, "cat-file", "-e", f"{commit}^{{commit}}")
        for path in own_files(folder):
            name = path.relative_to(above).as_posix()
            before = git(above, "show", f"{commit}:./{name}") if _existed(above, commit, name) else None
            if before is None or _code(before) != _code(path.read_text(encoding="utf-8")):
                changed.append(name)
    except (OSError, subprocess.SubprocessError, SyntaxError):
        return [unknown]
    return changed


def _existed(folder: Path, commit: str, name: str) -> bool:
    return bool(git(folder, "ls-tree", commit, "--", f"./{name}"))


def _code(text: str) -> str:
    """Return code without comments, docstrings, layout, presets, title and source."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            first = body[0].value
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                body[0] = ast.Pass()
    for line in tree.body:
        if (
            _assigned(line) == "EXPERIMENT"
            and isinstance(line, ast.Assign)
            and isinstance(line.value, ast.Call)
        ):
            line.value.keywords = [item for item in line.value.keywords if item.arg not in _ABOUT]
            _drop_unread(tree)
    return ast.dump(tree)


def _drop_unread(tree: ast.Module) -> None:
    """Drop top-level assignments to private names that nothing reads any more, such as parts of presets."""
    while True:
        read = {
            item.id
            for item in ast.walk(tree)
            if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Load)
        }
        kept = [line for line in tree.body if not _private(_assigned(line)) or _assigned(line) in read]
        if len(kept) == len(tree.body):
            return
        tree.body = kept


def _assigned(line: ast.stmt) -> str:
    """Return the one name that a line gives a value to, or nothing."""
    targets = line.targets if isinstance(line, ast.Assign) else []
    targets = [line.target] if isinstance(line, ast.AnnAssign) else targets
    return targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else ""


def _private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")
