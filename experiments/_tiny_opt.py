"""A model of OPT's architecture, small enough for tests: trained here, first order, in under a minute."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch

from experiments._text_data import load_data
from zotheory.rng import stream

TEMPLATE, WORDS = "{text} It was", (" terrible", " great")
_VOCABULARY, _TRAIN, _BATCH, _RATE = 6000, 4990, 32, 1e-3


def tiny_opt(folder: Path, cache: Path | None = None, steps: int = 250) -> None:
    """Train the model on movie-snippets-seen and save it with a tokenizer of whole words.

    AdamW on the cross-entropy of the two verbalizers after "It was", 250 steps of 32 sentences.

    Args:
        folder: where to.
        cache: folder for what is fetched.
        steps: of training.

    Raises:
        NotAvailable: the sentences are not on this machine and cannot be fetched.
    """
    from transformers import OPTConfig, OPTForCausalLM, PreTrainedTokenizerFast

    data = load_data("movie-snippets-seen", train=_TRAIN, dev=10, cache=cache).train
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=_words(list(data.texts)),
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        padding_side="left",
    )
    special: dict[str, Any] = {
        name: getattr(tokenizer, name) for name in ("pad_token_id", "bos_token_id", "eos_token_id")
    }
    config = OPTConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        word_embed_proj_dim=128,
        num_hidden_layers=4,
        num_attention_heads=4,
        ffn_dim=512,
        max_position_embeddings=96,
        dropout=0.0,
        **special,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = OPTForCausalLM(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=0.01)
    words = torch.tensor([tokenizer.encode(word, add_special_tokens=False)[0] for word in WORDS])
    labels = torch.as_tensor(data.labels)
    order = np.concatenate(
        [stream(0, "opt-tiny", n).permutation(len(data)) for n in range(1 + steps * _BATCH // _TRAIN)]
    )
    for step in range(steps):
        rows = order[step * _BATCH : (step + 1) * _BATCH]
        batch = tokenizer(
            [TEMPLATE.format(text=data.texts[i]) for i in rows], padding=True, return_tensors="pt"
        )
        inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
        logits = model(**inputs, logits_to_keep=1, use_cache=False).logits[:, -1, words]
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(logits, labels[rows]).backward()
        for group in optimizer.param_groups:
            group["lr"] = _RATE * min(1.0, (step + 1) / 20)
        optimizer.step()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _words(texts: list[str]) -> Any:
    # The most frequent words, and what the prompts need.
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    counts = Counter(word for text in texts for word in _split(text))
    needed = [
        word
        for text in (TEMPLATE.format(text=""), *WORDS, "Review : Sentiment : positive negative")
        for word in _split(text)
    ]
    frequent = [word for word, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    kept = list(dict.fromkeys(["<s>", "<pad>", "</s>", "<unk>", *needed, *frequent]))[:_VOCABULARY]
    tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(kept)}, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()  # pyright: ignore[reportAttributeAccessIssue]
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()  # pyright: ignore[reportAttributeAccessIssue]
    return tokenizer


def _split(text: str) -> list[str]:
    from tokenizers import pre_tokenizers

    return [word.lower() for word, _ in pre_tokenizers.Whitespace().pre_tokenize_str(text)]
