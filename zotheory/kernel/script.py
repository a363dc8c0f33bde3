"""A claim's Coq script: its formulas, definitions of laws and their moments, and theorems with proofs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from zotheory.errors import InvalidArgument
from zotheory.kernel.coqc import CAN_HOLD, STANDARD_AXIOMS
from zotheory.kernel.reading import refuse_other_sentences

# The name under which evidence from scripts stands beside the claim's own routes.
ROUTE = "Coq"
# What the theorem is called in a file that shows where another one's hypotheses hold.
SATISFIABLE = "_satisfiable"
LIBRARY = Path(__file__).parent / "library"
# What each part of the library needs, in the order in which it is read.
PARTS: dict[str, tuple[str, ...]] = {
    "laws": (),
    "hypotheses": ("laws",),
    "axis": ("laws",),
    "expectation": ("laws", "axis"),
    "draws": ("laws",),
    "fourth": ("laws",),
}


@dataclass(frozen=True)
class CoqProof:
    """What has a kernel check a claim: a file of theorems, and the formulas that they are about.

    Attributes:
        file: a file of Coq beside the claim's, with theorems and their proofs. It speaks of the formula
            "at one" as `claimed_at_one`, a function of its arguments; what that is, the claim alone says.
        formulas: names in `Claim.formulas`, each with the names of its symbols in the order of the
            arguments, "d delta". A dot leads into a formula that is a dictionary: "contact.near".
        theorems: the theorems that count, each with the parts of the claim it speaks about.
        detail: what the theorems say, and what of the claim they leave to other routes, in words.
        library: which definitions and lemmas they use: laws, axis, expectation, draws, fourth.
        refuting: those of the theorems that contradict the claim.
        without_formulas: those of the theorems that speak of no formula, so that Coq has nothing of the
            claim to hold them against.
    """

    file: str
    formulas: Mapping[str, str]
    theorems: Mapping[str, tuple[str, ...]]
    detail: str
    library: tuple[str, ...] = ("axis",)
    refuting: tuple[str, ...] = field(default=())
    without_formulas: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if not self.formulas or not self.theorems:
            raise InvalidArgument("proof", self.file, "name at least one formula and one theorem")
        for name in self.library:
            if name not in PARTS:
                raise InvalidArgument("library", name, f"give one of {', '.join(PARTS)}")
        for argument in ("refuting", "without_formulas"):
            for name in getattr(self, argument):
                if name not in self.theorems:
                    raise InvalidArgument(argument, name, "name one of the theorems")


def script(proof: CoqProof | None, formulas: Mapping[str, Any], folder: Path, title: str) -> str:
    """Return the script that `coqc` is to read: nothing but Coq's standard library is needed beside it.

    Args:
        proof: what it is to prove; None is refused.
        formulas: the claim's formulas.
        folder: where the proof's file lies.
        title: a line for the reader, put into a comment.

    Raises:
        InvalidArgument: there is no proof; a formula that does not exist or cannot be printed; a file that
            cannot be read, that assumes something, does not use a formula, or does not state a theorem.
    """
    if proof is None:
        raise InvalidArgument("coq", title, "this claim has no theorems for Coq; claims with `coq=` have")
    theorems = read_theorems(proof, folder)
    definitions = [
        definition(proof, name, formula) for name, formula in claimed_formulas(proof, formulas).items()
    ]
    # Coq answers with the axioms below all of them, which takes as long as below one.
    names = [*proof.theorems, *(f"{CAN_HOLD}{name}" for name in proof.theorems)]
    used = " ".join(f"let _ := @{name} in" for name in names)
    together = [
        *(_can_hold(name, theorems) for name in proof.theorems),
        # Without notation, which could hide some of them.
        f"Definition all_theorems : Coq.Init.Logic.True := {used} Coq.Init.Logic.I.",
        "Print Assumptions all_theorems.",
    ]
    return "\n".join(
        [
            f"(* {_comment(title)} *)\n",
            *library_texts(proof.library),
            "(* The formulas of the claim. *)\n",
            *definitions,
            "",
            theorems,
            *together,
            "",
        ]
    )


def _can_hold(name: str, theorems: str) -> str:
    """Return the statement, made by Coq of the theorem's own, that something satisfies its hypotheses."""
    point = f"{name}{SATISFIABLE}"
    stated = re.search(
        rf"^ *(?:Theorem|Lemma) {re.escape(point)}\b", without_comments(theorems), re.MULTILINE
    )
    proof = f"exact {point}" if stated else "easily"
    return f"Definition {CAN_HOLD}{name} : ltac:(hypotheses_of (@{name})).\nProof. {proof}. Qed."


def claimed_name(name: str) -> str:
    """Return what a script calls a formula."""
    from zotheory.kernel.printing import coq_name

    return f"claimed_{coq_name(name)}"


def claimed_formulas(proof: CoqProof, formulas: Mapping[str, Any]) -> dict[str, Any]:
    """Return the formulas that a proof is about, by their names."""
    return {name: _formula(formulas, name) for name in proof.formulas}


def definition(proof: CoqProof, name: str, formula: Any) -> str:
    """Return the definition of a formula, or of another one in its place."""
    from zotheory.kernel.printing import coq_definition

    return coq_definition(claimed_name(name), formula, proof.formulas[name].split())


def read_theorems(proof: CoqProof, folder: Path) -> str:
    """Return the text of the file of theorems.

    Raises:
        InvalidArgument: as `script` says.
    """
    try:
        text = (folder / proof.file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidArgument("file", proof.file, f"it cannot be read in {folder} ({error})") from error
    code = without_comments(text)
    assumed = re.search(r"\b(Axioms?|Parameters?|Conjectures?|Admitted|admit|give_up)\b", code)
    if assumed:
        raise InvalidArgument("file", proof.file, f"it says {assumed[1]}: prove it, or leave it out")
    # Coq does not say whose an axiom is: an assumption of the same name would pass for the library's.
    taken = re.search(rf"\b({'|'.join(sorted(_AXIOMS))})\b", code)
    if taken:
        raise InvalidArgument(
            "file", proof.file, f"it says {taken[1]}, an axiom's name: use lemmas instead"
        )
    bound = _REBOUND.search(code)
    if bound:
        raise InvalidArgument("file", proof.file, f"it says {bound[0]!r}: only the claim says what that is")
    renamed = _REDEFINED.search(code)
    if renamed:
        raise InvalidArgument("file", proof.file, f"it says {renamed[0]!r}: that name is the library's")
    refuse_other_sentences(code, proof.file, proof.theorems, "\n".join(map(_read, PARTS)))
    for name in proof.formulas:
        if not re.search(rf"\b{claimed_name(name)}\b", code):
            remedy = f"{proof.file} does not speak of {claimed_name(name)}: leave it out"
            raise InvalidArgument("formulas", name, remedy)
    return text


_AXIOMS = {name.rpartition(".")[2] for name in STANDARD_AXIOMS}
# A formula's name where Coq would give it another meaning: as what is defined, in a binder, in a notation.
_REBOUND = re.compile(
    r"\b(?:Definition|Let|Fixpoint|Inductive|Record|Notation|Variables?|Hypothes[ie]s|Context|Theorem|Lemma|Fact"
    r"|Remark|Corollary|Proposition|Example|Module|forall|exists|fun|fix|let)\b[\w\s']*\bclaimed_\w+"
    r"|\bclaimed_\w+[\w\s']*:(?!=)"
    r"|\"[^\"]*claimed_[^\"]*\""
)


# What a theorem's hypotheses are is Coq's word alone.
_REDEFINED = re.compile(rf"\bLtac\s+hypotheses_\w+|\b{CAN_HOLD}\w+")


def without_comments(text: str) -> str:
    """Return the text without its comments, which nest; in one, as outside, a string hides their marks."""
    kept, depth = [], 0
    for piece in re.split(r"(\(\*|\*\)|\"(?:[^\"]|\"\")*\")", text):
        if piece == "(*":
            depth += 1
        elif piece == "*)" and depth:
            depth -= 1
            kept.append(" ")  # a comment separates words
        elif not depth:
            kept.append(piece)
    return "".join(kept)


def _formula(formulas: Mapping[str, Any], name: str) -> Any:
    found: Any = formulas
    for key in [name] if name in formulas else name.split("."):
        if not isinstance(found, Mapping) or key not in found:
            raise InvalidArgument("formulas", name, f"the claim has {', '.join(map(str, formulas))}")
        found = found[key]
    return found


def library_texts(names: tuple[str, ...]) -> list[str]:
    """Return the parts of the library with what they need, in order."""
    wanted = {"laws", "hypotheses", *names, *(below for name in names for below in PARTS[name])}
    return [_read(name) for name in PARTS if name in wanted]


@cache
def _read(name: str) -> str:
    return (LIBRARY / f"{name}.v").read_text(encoding="utf-8")


def _comment(text: str) -> str:
    # A star and a parenthesis, or a quotation mark, would end the comment or open a string in it.
    return text.replace("*", "×").replace('"', "'")
