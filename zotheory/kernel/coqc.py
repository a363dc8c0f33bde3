"""Coq's compiler: whether it is there, and what it says of a script."""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from zotheory.errors import InvalidArgument

# Seconds after which a script counts as not accepted; ours take about two.
TIMEOUT = 120.0
# The axioms on which Coq's own real numbers and functions rest. Anything else is refused, `Admitted` too.
STANDARD_AXIOMS = frozenset(
    {
        "ClassicalDedekindReals.sig_forall_dec",
        "ClassicalDedekindReals.sig_not_dec",
        "FunctionalExtensionality.functional_extensionality_dep",
        "functional_extensionality_dep",
        "Classical_Prop.classic",
    }
)
# What a script calls the statement that a theorem's hypotheses hold somewhere, before the theorem's name.
CAN_HOLD = "can_hold_"
HOW_TO_INSTALL = (
    "coqc is not on the PATH: install Coq (Debian and Ubuntu: apt-get install --no-install-recommends coq)"
)


@dataclass(frozen=True)
class Coqc:
    """The compiler.

    Attributes:
        path: of the program.
        version: as it says itself, such as "8.16.1".
        toplevel: path of the interactive program that goes on after an error.
    """

    path: str
    version: str
    toplevel: str = "coqtop"


@dataclass(frozen=True)
class Answer:
    """What the compiler says of a script.

    Attributes:
        accepted: whether every theorem in it is proved from the standard axioms alone.
        detail: the axioms that were used, or what is wrong, in a line.
        seconds: how long it took.
    """

    accepted: bool
    detail: str
    seconds: float


def find_coqc() -> Coqc:
    """Return the compiler on the PATH.

    Raises:
        InvalidArgument: there is none, or it does not say its version; the remedy names Debian's package.
    """
    path = shutil.which("coqc")
    if path is None:
        raise InvalidArgument("kernel", "coq", HOW_TO_INSTALL)
    try:
        said = subprocess.run([path, "--print-version"], capture_output=True, text=True, timeout=TIMEOUT)
        version = re.match(r"\d+(\.\w+)*", said.stdout)
    except (OSError, subprocess.TimeoutExpired):
        version = None
    if version is None:
        raise InvalidArgument("kernel", "coq", f"{path} --print-version gives no version: {HOW_TO_INSTALL}")
    beside = Path(path).with_name("coqtop")
    toplevel = str(beside) if beside.exists() else shutil.which("coqtop")
    if toplevel is None:
        raise InvalidArgument(
            "kernel", "coq", f"coqtop, which belongs to {path}, is not there: {HOW_TO_INSTALL}"
        )
    return Coqc(path, version.group(), toplevel)


def names_found(text: str, coqc: Coqc, timeout: float | None = None) -> frozenset[str]:
    """Return the names that `Check NAME.` finds in a script whose errors are passed over.

    What is wrong with a proof leaves its theorem undefined, and the script goes on.

    Args:
        text: sentences of Coq.
        coqc: the compiler; its interactive program is used.
        timeout: in seconds, after which nothing is found; None for TIMEOUT.
    """
    with tempfile.TemporaryDirectory(prefix="zotheory-coq-") as folder:
        try:
            said = subprocess.run(
                [coqc.toplevel, "-q"],
                cwd=folder,
                env=_environment(),
                input=f"Set Silent.\n{text}\n",
                capture_output=True,
                text=True,
                timeout=TIMEOUT if timeout is None else timeout,
            )
        except (subprocess.TimeoutExpired, OSError):
            return frozenset()
    return frozenset(re.findall(r"^([\w.]+)$(?=\n +: )", said.stdout, re.MULTILINE))


def compile_script(text: str, coqc: Coqc, timeout: float = TIMEOUT) -> Answer:
    """Have a script read, in a folder of its own that is removed afterwards.

    Args:
        text: as `zotheory.kernel.script.script` writes it: it ends with one question for the axioms.
        coqc: the compiler.
        timeout: in seconds, after which it is stopped.
    """
    start = perf_counter()
    with tempfile.TemporaryDirectory(prefix="zotheory-coq-") as folder:
        (Path(folder) / "Claim.v").write_text(text, encoding="utf-8")
        try:
            said = subprocess.run(
                [coqc.path, "-q", "Claim.v"],
                cwd=folder,
                env=_environment(),
                capture_output=True,
                text=True,
                timeout=timeout,
            )
        except subprocess.TimeoutExpired:
            return Answer(False, f"coqc was stopped after {timeout:g} s", perf_counter() - start)
        except OSError as error:
            return Answer(False, f"coqc could not run ({error.strerror})", perf_counter() - start)
    seconds = perf_counter() - start
    if said.returncode != 0:
        return Answer(False, _complaint(said.stderr, text), seconds)
    axioms = _axioms(said.stdout)
    if axioms is None:
        return Answer(False, f"coqc does not say what it rests on: {_line(said.stdout)}", seconds)
    foreign = sorted(axioms - STANDARD_AXIOMS)
    if foreign:
        return Answer(False, f"it rests on {', '.join(foreign)}, which is not proved", seconds)
    used = ", ".join(sorted(name.rpartition(".")[2] for name in axioms)) or "none"
    return Answer(True, f"axioms of the standard library that it uses: {used}", seconds)


def _environment() -> dict[str, str]:
    """Return the environment without what a user has installed for Coq: nothing of it may take part."""
    return {name: value for name, value in os.environ.items() if name not in ("COQPATH", "ROCQPATH")}


def _axioms(output: str) -> set[str] | None:
    """Return the names in the answer to `Print Assumptions`; None if that is not all that was printed."""
    lines = [line for line in output.splitlines() if line.strip()]
    if lines == ["Closed under the global context"]:
        return set()
    if not lines or lines[0] != "Axioms:":
        return None
    # A name begins a line, and its type goes on in indented ones. Checks that were switched off are listed
    # likewise.
    return {line.split()[0] for line in lines[1:] if not line[0].isspace()}


def _complaint(stderr: str, text: str) -> str:
    """Return the first error with the line of the script that it is about."""
    found = re.search(r"line (\d+), characters [\d-]+:\s*Error:\s*(.*)", stderr, re.DOTALL)
    if found is None:
        return f"coqc fails: {_line(stderr)}"
    lines, number = text.splitlines(), int(found[1])
    shown = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    above = next(
        (match[1] for line in reversed(lines[:number]) if (match := _STATEMENT.match(line))), "the script"
    )
    if CAN_HOLD in above:
        name = above.rpartition(CAN_HOLD)[2]
        return (
            f"coqc finds no point at which the hypotheses of {name} hold: prove Theorem "
            f"{name}_satisfiable : ltac:(hypotheses_of {name}) beside it, or mend them ({_line(found[2])})"
        )
    return f"coqc refuses {above} (line {number}, {_line(shown)!r}): {_line(found[2])}"


_STATEMENT = re.compile(r"\s*((?:Theorem|Lemma|Let|Definition) \w+)")


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else line[:197] + "..."
