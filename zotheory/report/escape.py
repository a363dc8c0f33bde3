"""Plain text to LaTeX: special characters escaped, the letters of mathematics by their commands."""

import unicodedata

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\ensuremath{<}",
    ">": r"\ensuremath{>}",
    "|": r"\ensuremath{|}",
} | {letter: f"\\{letter}" for letter in "&%$#_{}"}

_SYMBOLS: dict[str, str] = {
    pair.split()[0]: pair.split()[1]
    for pair in r"""
    ≤ \le;≥ \ge;≠ \ne;≈ \approx;≡ \equiv;∼ \sim;≪ \ll;≫ \gg;∝ \propto;⪯ \preceq;⪰ \succeq;≺ \prec
    ≻ \succ;± \pm;∓ \mp;× \times;÷ \div;· \cdot;⋅ \cdot;∘ \circ;⊗ \otimes;⊕ \oplus;⊙ \odot;√ \surd
    ∞ \infty;∂ \partial;∇ \nabla;∑ \sum;∏ \prod;∫ \int;∈ \in;∉ \notin;⊂ \subset;⊆ \subseteq
    ∪ \cup;∩ \cap;∅ \emptyset;∀ \forall;∃ \exists;¬ \neg;∧ \wedge;∨ \vee;→ \to;← \leftarrow
    ↔ \leftrightarrow;⇒ \Rightarrow;⇐ \Leftarrow;⇔ \Leftrightarrow;↦ \mapsto;⟂ \perp;⊥ \perp
    ⊤ \top;∥ \|;‖ \|;⟨ \langle;⟩ \rangle;⌈ \lceil;⌉ \rceil;⌊ \lfloor;⌋ \rfloor;− -;∗ *;′ '
    ℓ \ell;… \ldots;⋯ \cdots;° ^\circ;ϵ \epsilon;ϕ \phi;φ \varphi;ϑ \vartheta;ϱ \varrho;ς \varsigma
    ε \varepsilon;∎ \bullet;• \bullet;✓ \surd;✗ \times;≔ :=;≜ \overset{\triangle}{=};∣ \mid
    """.replace("\n", ";").split(";")
    if pair.strip()
}

_TEXT = {
    "–": "--", "—": "---", "‘": "`", "’": "'", "“": "``", "”": "''", "\u00a0": "~", "\u2009": r"\,",
    "\u202f": r"\,", "ß": r"\ss{}", "ø": r"\o{}", "Ø": r"\O{}", "ł": r"\l{}", "Ł": r"\L{}",
    "æ": r"\ae{}", "œ": r"\oe{}", "ı": r"\i{}", "§": r"\S{}",
}  # fmt: skip

_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c", "\u0328": "k",
}  # fmt: skip

_GREEK = frozenset({
    "ALPHA", "BETA", "GAMMA", "DELTA", "EPSILON", "ZETA", "ETA", "THETA", "IOTA", "KAPPA", "LAMBDA",
    "MU", "NU", "XI", "OMICRON", "PI", "RHO", "SIGMA", "TAU", "UPSILON", "PHI", "CHI", "PSI",
    "OMEGA",
})  # fmt: skip

# Capital Greek letters that look like Latin ones have no command of their own.
_LATIN_CAPITALS = {
    "ALPHA": "A", "BETA": "B", "EPSILON": "E", "ZETA": "Z", "ETA": "H", "IOTA": "I", "KAPPA": "K",
    "MU": "M", "NU": "N", "OMICRON": "O", "RHO": "P", "TAU": "T", "CHI": "X",
}  # fmt: skip


def escape_latex(text: str) -> str:
    """Return plain text as LaTeX in ASCII that prints the same; runs of whitespace are folded."""
    folded = " ".join(text.split())
    return "".join(_SPECIAL.get(letter) or ascii_latex(letter) for letter in folded)


def ascii_latex(text: str) -> str:
    """Return LaTeX in ASCII: commands stay as they are, other characters become commands.

    The result works in text and within mathematics alike.
    """
    return "".join(letter if letter.isascii() else _command(letter) for letter in text)


def _command(letter: str) -> str:
    if letter in _TEXT:
        return _TEXT[letter]
    symbol = _SYMBOLS.get(letter) or _greek(letter)
    if symbol:
        return f"\\ensuremath{{{symbol}}}"
    kind, _, codes = unicodedata.decomposition(letter).partition(" ")
    if kind in ("<super>", "<sub>", "<font>"):
        # The empty group keeps two in a row, as in x²³, from being a double superscript.
        base = ascii_latex("".join(chr(int(code, 16)) for code in codes.split()))
        command = {"<super>": "{}^", "<sub>": "{}_", "<font>": "\\mathbf"}[kind]
        return f"\\ensuremath{{{command}{{{base}}}}}"
    if letter in _ACCENTS:  # an accent on its own, after the letter it belongs to
        return f"\\{_ACCENTS[letter]}{{}}"
    parts = unicodedata.normalize("NFKD", letter)
    if len(parts) == 2 and parts[0].isascii() and parts[1] in _ACCENTS:
        return f"\\{_ACCENTS[parts[1]]}{{{parts[0]}}}"
    if parts != letter:
        return ascii_latex(parts)
    return f"[U+{ord(letter):04X}]"  # better seen than silently lost


def _greek(letter: str) -> str | None:
    words = unicodedata.name(letter, "").split()
    if len(words) != 4 or words[0] != "GREEK" or words[2] != "LETTER":
        return None
    name = "LAMBDA" if words[3] == "LAMDA" else words[3]  # Unicode spells it so
    if name not in _GREEK:  # digamma and others that LaTeX does not know
        return None
    if words[1] == "SMALL":
        return "o" if name == "OMICRON" else f"\\{name.lower()}"
    return _LATIN_CAPITALS.get(name, f"\\{name.capitalize()}")
