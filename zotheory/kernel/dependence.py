"""Whether theorems depend on the formulas that they speak of: Coq must refuse them with other ones."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from zotheory.kernel.coqc import Coqc, names_found
from zotheory.kernel.script import (
    CoqProof,
    claimed_formulas,
    claimed_name,
    definition,
    library_texts,
    read_theorems,
    without_comments,
)

# Seconds for one sentence: a search for a proof that does not exist may take long.
_SENTENCE = 10


class _Change(NamedTuple):
    """Another formula in place of one of the claim's; `entry` says which one of a tuple's it changes."""

    name: str
    entry: str
    formula: Any


def complaint(proof: CoqProof, formulas: Mapping[str, Any], folder: Path, coqc: Coqc) -> str:
    """Return what is wrong with the theorems, "" if nothing: the script itself must have been accepted.

    A theorem is held against every formula that its statement speaks of, by itself or through definitions:
    the file is read again with f + 1, and where that changes nothing with -f - 1, in place of f. Every
    formula must have a theorem that then fails, and every theorem a formula. A theorem that is true of all
    formulas has none. This is necessary, not sufficient: a theorem may be weaker than the claim, and what
    fails is the proof that stands there.

    Args:
        proof: the theorems and which formulas they are about.
        formulas: the claim's.
        folder: where the proof's file lies.
        coqc: the compiler.
    """
    parts = _parts(without_comments(read_theorems(proof, folder)))
    spoken = {theorem: _formulas_in(theorem, parts, proof) for theorem in proof.theorems}
    for theorem, names in spoken.items():
        if not names and theorem not in proof.without_formulas:
            return (
                f"theorem {theorem} speaks of no formula of the claim: state it with claimed_..., or name "
                "it in without_formulas"
            )
        if names and theorem in proof.without_formulas:
            return f"theorem {theorem} speaks of {', '.join(names)}: take it out of without_formulas"
    claimed = claimed_formulas(proof, formulas)
    refused: dict[tuple[str, str], set[str]] = {}
    for change in (lambda f: f + 1, lambda f: -f - 1):
        changes = [
            item
            for name, formula in claimed.items()
            for item in _changes(name, formula, change)
            if _open(item, refused, spoken)
        ]
        if not changes:
            break
        found = names_found(_text(proof, claimed, parts, changes), coqc)
        for number, item in enumerate(changes):
            if f"Changed_{number}.reached" not in found:
                return f"coqtop does not say whether the theorems hold with another formula {item.name}"
            about = {theorem for theorem, names in spoken.items() if item.name in names}
            wrong = {theorem for theorem in about if f"Changed_{number}.{theorem}" not in found}
            # What was not read again with the change does not speak of it in the way that Coq understands.
            wrong &= _read_again(parts, item.name)
            refused.setdefault((item.name, item.entry), set()).update(wrong)
    for (name, entry), theorems in refused.items():
        if not theorems:
            return f"the theorems do not depend on formula {name}{entry}: they hold with another one too"
    for theorem, names in spoken.items():
        if names and not any(theorem in theorems for theorems in refused.values()):
            return (
                f"theorem {theorem} does not depend on formula {', '.join(names)}: it holds with others too"
            )
    return ""


def _open(
    item: _Change, refused: Mapping[tuple[str, str], set[str]], spoken: Mapping[str, Sequence[str]]
) -> bool:
    """Return whether a change can still show something, of its formula or of a theorem about it."""
    failed = set().union(*refused.values()) if refused else set()
    return not refused.get((item.name, item.entry)) or any(
        item.name in names and theorem not in failed for theorem, names in spoken.items()
    )


def _changes(name: str, formula: Any, change: Any) -> Iterator[_Change]:
    import sympy as sp

    if not isinstance(formula, (tuple, list, sp.Tuple)):
        yield _Change(name, "", change(sp.sympify(formula)))
        return
    for place in range(len(formula)):
        other = tuple(change(sp.sympify(f)) if i == place else f for i, f in enumerate(formula))
        yield _Change(name, f" (entry {place + 1})", other)


@dataclass(frozen=True)
class _Part:
    """A statement with its proof, or a section as a whole, or any other sentence.

    Attributes:
        text: its sentences.
        accepted: the same with a proof left out that the compiler has read already.
        names: what it defines.
        statements: the sentence that states each name.
        words: all names that occur in it.
    """

    text: str
    accepted: str
    names: tuple[str, ...]
    statements: Mapping[str, str]
    words: frozenset[str]


_WORD = re.compile(r"[A-Za-z_][\w']*")
_STATES = re.compile(
    r"^(?:Local |Global )?(?:Theorem|Lemma|Fact|Remark|Corollary|Proposition|Example|Let|Definition"
    r"|Fixpoint|Inductive|Record|Ltac) +([\w']+)"
)


def _parts(code: str) -> list[_Part]:
    """Return the parts of a file without comments."""
    sentences = [s for s in re.split(r"(?<=\.)(?=\s)", code) if s.strip()]
    proofs = [bool(re.match(r"\s*Proof\b", s)) for s in sentences]
    ends = [bool(re.match(r"\s*(Qed|Defined)\.", s)) for s in sentences]
    # A proof without the word Proof cannot be told from other sentences: then the file is one part.
    whole = sum(proofs) != sum(ends)
    groups: list[list[str]] = []
    depth, proving = 0, False
    for sentence, begins, finishes in zip(sentences, proofs, ends, strict=True):
        plain = sentence.strip()
        if not groups or not (depth or proving or begins or whole):
            groups.append([])
        # What a failed proof leaves open is given up, so that the next one can begin.
        groups[-1].append(f"{sentence} Abort All." if finishes else sentence)
        proving = (proving or begins) and not finishes
        if re.match(r"(Section|Module) [\w']+\.$", plain):
            depth += 1
        elif re.match(r"End [\w']+\.$", plain):
            depth -= 1
    return [_part(group) for group in groups]


def _part(sentences: Sequence[str]) -> _Part:
    stated = {
        match[1]: sentence
        for sentence in sentences
        if (match := _STATES.match(sentence.strip())) is not None
    }
    text = "".join(sentences)
    # Which assumptions of a section a lemma takes along depends on its proof; `Defined` keeps it for use.
    alone = len(stated) == 1 and len(sentences) > 1 and re.search(r"\bQed\. Abort All\.$", text)
    accepted = f"{sentences[0]} Admitted." if alone and _STATES.match(sentences[0].strip()) else text
    return _Part(text, accepted, tuple(stated), stated, frozenset(_WORD.findall(text)))


def _formulas_in(theorem: str, parts: Sequence[_Part], proof: CoqProof) -> tuple[str, ...]:
    """Return the formulas that a theorem's statement speaks of, by itself or through what it is made of."""
    stated = {name: text for part in parts for name, text in part.statements.items()}
    seen, left = set[str](), {theorem}
    while left:
        seen |= left
        words = {word for name in left for word in _WORD.findall(stated.get(name, ""))}
        left = words - seen
    return tuple(name for name in proof.formulas if claimed_name(name) in seen)


def _affected(parts: Sequence[_Part], name: str) -> list[_Part]:
    """Return the parts that a formula enters, by itself or through earlier ones."""
    found: list[_Part] = []
    names = {claimed_name(name)}
    everything = False
    for part in parts:
        if everything or names & part.words:
            found.append(part)
            names.update(part.names)
            # A notation or a hint has no name by which later parts speak of it.
            everything = everything or not part.names
    return found


def _read_again(parts: Sequence[_Part], name: str) -> set[str]:
    return {defined for part in _affected(parts, name) for defined in part.names}


def _text(
    proof: CoqProof, claimed: Mapping[str, Any], parts: Sequence[_Part], changes: Sequence[_Change]
) -> str:
    """Return the script: all as it is, then a module for each change, and questions for what has held."""
    lines = [
        *(part.accepted for part in _parts(without_comments("\n".join(library_texts(proof.library))))),
        *(definition(proof, name, formula) for name, formula in claimed.items()),
        *(part.accepted for part in parts),
        f"Set Default Timeout {_SENTENCE}.",
    ]
    for number, item in enumerate(changes):
        module = f"Changed_{number}"
        lines += [
            f"Module {module}.",
            definition(proof, item.name, item.formula),
            *(part.text for part in _affected(parts, item.name)),
            "Definition reached := tt.",
            f"End {module}.",
            *(f"Check {module}.{theorem}." for theorem in (*proof.theorems, "reached")),
        ]
    return "\n".join(lines)
