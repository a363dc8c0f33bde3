"""What a file of theorems may consist of: statements with proofs, definitions and sections."""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from functools import cache

from zotheory.errors import InvalidArgument

_STATING = ("Theorem", "Lemma", "Fact", "Remark", "Corollary", "Proposition")
_DEFINING = ("Definition", "Fixpoint", "Let")
_ASSUMING = ("Variable", "Variables", "Hypothesis", "Hypotheses")
_OTHERS = ("Proof", "Qed", "Defined", "Section", "End", "Require")
# Whatever else Coq knows (notations, modules, axioms, tactics, loaded files, switched-off checks, a proof
# that is given up) could make a text that reads like a theorem mean another one, or none.
SENTENCES = (*_STATING, *_DEFINING, *_ASSUMING, *_OTHERS)
# Modules of Coq's standard library that add no notation and no plugin to those of our own.
STANDARD_MODULES = frozenset(
    {"Reals", "List", "Lra", "Lia", "Psatz", "Arith", "FunctionalExtensionality", "Ranalysis", "Rfunctions"}
)
_REFUSED_WORDS = re.compile(
    r"\b(Abort|Admit|Fail|Undo|Restart|Reset|Back|BackTo|Quit|Drop|Load|Cd|Redirect|LoadPath|ML|Notation|Infix"
    r"|Reserved|Class|Instance|Coercion|Canonical|Declare|Module|Context|Axioms?|Parameters?|Conjectures?"
    r"|Admitted|Unset|Obligations?|Program|Ltac2?|Derive|Extraction)\b"
)
# Names of Coq's own whose meaning a statement takes for granted.
_STANDARD_NAMES = re.compile(
    "R|Z|nat|bool|list|prod|Prop|Type|Set|True|False|eq|and|or|not|iff|ex|ex_intro|id|I|conj|O|S|nil|cons|fst"
    "|snd|pair|map|app|In|Forall|Exists|nth|length|repeat|seq|negb|Rle|Rlt|Rge|Rgt|Rplus|Rmult|Rminus|Rdiv|Rinv"
    "|Ropp|R0|R1|Rsqr|Rabs|Rmax|Rmin|Rpower|pow|powerRZ|sqrt|exp|ln|sin|cos|tan|PI|INR|IZR|sum_f_R0"
    "|derivable_pt_lim|continuity|le|lt|ge|gt|plus|mult|minus"
)
_OWN_NAMES = re.compile(r"claimed_\w+|can_hold_\w+|hypotheses_\w+|all_theorems")
_DECLARED = re.compile(
    rf"(?:{'|'.join((*_STATING, *_DEFINING))}|Ltac|Record|Inductive)\s+([A-Za-z_][\w']*)"
)
_NAMES = r"[A-Za-z_][\w']*(?:\s+[A-Za-z_][\w']*)*"


def refuse_other_sentences(code: str, file: str, theorems: Collection[str], library: str) -> None:
    """Refuse a file that says more than statements with proofs, definitions and sections.

    Args:
        code: the file's text without comments.
        file: its name, for the message.
        theorems: those that count: each is declared once, by a sentence that begins with "Theorem".
        library: text of the library, whose names the file must not give away.

    Raises:
        InvalidArgument: naming the word that is refused.
    """
    if word := _REFUSED_WORDS.search(code):
        raise _refused(file, word[0])
    if odd := re.search(r"[^\x20-\x7e\n\t]|\"|#|\]\s*:\s*\{", code):
        raise _refused(file, odd[0])
    declared: Counter[str] = Counter()
    stated: set[str] = set()
    depth = 0
    for sentence in _sentences(code):
        found = re.search(r"[A-Za-z_][\w']*", sentence)
        head = found[0] if found else ""
        if not head[:1].isupper():
            continue  # a tactic
        if head not in SENTENCES:
            raise _refused(file, head)
        if head in _ASSUMING and depth == 0:
            raise InvalidArgument("file", file, f"it says {head} outside a section: that is an axiom")
        if head == "Require":
            _require(sentence, file)
        depth += {"Section": 1, "End": -1}.get(head, 0)
        names = list(_declared(sentence, head, file))
        for name in names:
            if _OWN_NAMES.fullmatch(name) or _STANDARD_NAMES.fullmatch(name) or name in _names_of(library):
                raise InvalidArgument("file", file, f"it declares {name}: that name is the library's")
        declared.update(names)
        if head == "Theorem":
            stated.update(names)
    if depth != 0:
        raise InvalidArgument("file", file, "a section in it has no end")
    for name in theorems:
        if name not in stated:
            raise InvalidArgument("theorems", name, f'{file} has no line that begins with "Theorem {name}"')
        if declared[name] != 1:
            raise InvalidArgument("theorems", name, f"{file} declares it {declared[name]} times: once only")


def _sentences(code: str) -> Iterator[str]:
    # Coq ends a sentence at a full stop before white space.
    yield from re.split(r"(?<=\.)\s+", code)


def _declared(sentence: str, head: str, file: str) -> Iterator[str]:
    """Return the names that a sentence gives to something."""
    if head in _ASSUMING:
        bare = re.match(rf"\W*{head}\s+({_NAMES})\s*:", sentence)
        for names in [bare[1]] if bare else re.findall(rf"\(\s*({_NAMES})\s*:", sentence):
            yield from names.split()
    elif head in (*_STATING, *_DEFINING):
        if len(re.findall(r"\bwith\b", sentence)) > len(re.findall(r"\bmatch\b", sentence)):
            raise InvalidArgument("file", file, "it declares several names at once (with): one at a time")
        statement = re.sub(r"ltac:\(hypotheses_of @?[\w']+\)", "", sentence)
        if head in _STATING and re.search(r"\bltac\s*:", statement):
            raise InvalidArgument("file", file, "it says ltac: in a statement: write out what is stated")
        found = re.match(rf"\W*{head}\s+([A-Za-z_][\w']*)", sentence)
        if found is None or found[1] in SENTENCES:
            raise _refused(file, sentence.strip().splitlines()[0])
        yield found[1]


def _require(sentence: str, file: str) -> None:
    found = re.fullmatch(r"\W*Require\s+(?:Import\s+)?([\w.\s]+)\.", sentence.rstrip())
    for name in found[1].split() if found else ["Require"]:
        if name not in STANDARD_MODULES:
            remedy = f"it requires {name}: only {', '.join(sorted(STANDARD_MODULES))} may be required"
            raise InvalidArgument("file", file, remedy)


def _refused(file: str, word: str) -> InvalidArgument:
    return InvalidArgument(
        "file", file, f"it says {word}: its sentences may begin with {', '.join(SENTENCES)}"
    )


@cache
def _names_of(library: str) -> frozenset[str]:
    fields = re.findall(r"^\s+(\w+) :", library, re.MULTILINE)
    return frozenset(_DECLARED.findall(library)) | frozenset(fields)
