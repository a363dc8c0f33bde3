"""The proof assistant of `--kernel`: where it is, and what is said where it is not."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

from zotheory.cli.common import KernelName
from zotheory.errors import InvalidArgument

if TYPE_CHECKING:
    from zotheory.kernel.coqc import Coqc
    from zotheory.ledger.run import Result


def compiler_of(kernel: KernelName | None) -> tuple[Coqc | None, str]:
    """Return the compiler that was asked for, or None and why there is none; empty if none is asked for."""
    from zotheory.kernel.coqc import find_coqc

    if kernel is None:
        return None, ""
    try:
        return find_coqc(), ""
    except InvalidArgument as error:
        if shutil.which("coqc") is None:
            return None, "no coqc on the PATH (Debian: apt-get install coq)"
        return None, str(error)


def unread(results: Sequence[Result], lacking: str) -> list[str]:
    """Return a line that says how many scripts were not read for lack of a compiler, if any were to be."""
    from zotheory.report.summary import plural

    count = sum(result.scripted for result in results)
    return [f"{plural(count, 'Coq script')} not read: {lacking}"] if lacking and count else []
