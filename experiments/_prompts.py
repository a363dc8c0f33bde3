"""Sentences as a language model reads them: a template and one word for each class."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from zotheory.errors import InvalidArgument


@dataclass(frozen=True)
class Prompt:
    """How a sentence is asked about.

    Attributes:
        template: with "{text}" in it.
        words: what follows, of the classes 0 and 1.
    """

    template: str
    words: tuple[str, str]


# "it-was" is that of arXiv 2305.17333 for SST-2.
PROMPTS = {
    "it-was": Prompt("{text} It was", (" terrible", " great")),
    "review": Prompt("Review: {text}\nSentiment:", (" negative", " positive")),
    "quoted-review": Prompt('Review: "{text}"\nSentiment:', (" negative", " positive")),
    "sentiment-is": Prompt("Review: {text}\nThe sentiment of this review is", (" negative", " positive")),
}


def word_tokens(tokenizer: Any, prompt: Prompt) -> list[int]:
    """Return the token of each word.

    Raises:
        InvalidArgument: a word that is not a single token, or unknown, or the same one for both classes.
    """
    found = []
    for word in prompt.words:
        tokens = tokenizer.encode(word, add_special_tokens=False)
        if len(tokens) != 1 or tokens[0] == tokenizer.unk_token_id:
            remedy = f"this tokenizer makes {tokens} of it: give a word that is a single known token"
            raise InvalidArgument("verbalizer", word, remedy)
        found.append(tokens[0])
    if found[0] == found[1]:
        raise InvalidArgument("verbalizer", prompt.words, "give two words with different tokens")
    return found


def encoded(tokenizer: Any, prompt: Prompt, texts: Sequence[str], limit: int) -> list[torch.Tensor]:
    """Return the tokens of every sentence in its template, one tensor each.

    Args:
        tokenizer: of transformers.
        prompt: the template.
        texts: sentences.
        limit: of the model, in tokens.

    Raises:
        InvalidArgument: a sentence that makes more tokens than that.
    """
    made = tokenizer([prompt.template.format(text=text) for text in texts])["input_ids"]
    for text, tokens in zip(texts, made, strict=True):
        if len(tokens) > limit:
            remedy = f"it makes {len(tokens)} tokens, the model takes {limit}: leave it out or shorten it"
            raise InvalidArgument("text", text, remedy)
    return [torch.tensor(tokens) for tokens in made]


def padded(rows: Sequence[torch.Tensor], value: float = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Return rows padded on the left, (n, longest, ...), and the mask of what is there, (n, longest)."""
    longest = max(len(row) for row in rows)
    if all(len(row) == longest for row in rows):  # as cached activations are: many times faster
        mask = torch.ones(len(rows), longest, dtype=torch.long, device=rows[0].device)
        return torch.stack(list(rows)), mask
    whole = rows[0].new_full((len(rows), longest, *rows[0].shape[1:]), value)
    mask = torch.zeros(len(rows), longest, dtype=torch.long, device=rows[0].device)
    for number, row in enumerate(rows):
        whole[number, longest - len(row) :] = row
        mask[number, longest - len(row) :] = 1
    return whole, mask
