"""Sentences of a dozen words whose class is in the words, and models that know them, written to folders."""

import csv
from typing import Any

import numpy as np

WORDS = {0: ["dull", "flat", "poor"], 1: ["bright", "fine", "rich"]}


def sentences(count: int, seed: int) -> list[tuple[str, int]]:
    rng = np.random.default_rng(seed)
    fill = ["a", "film", "of", "the", "kind"]
    made = []
    for n in range(count):
        label = n % 2
        told = [*rng.choice(fill, rng.integers(1, 6)), *rng.choice(WORDS[label], 2)]
        made.append((" ".join(rng.permutation(told)), label))
    return made


def write_data(folder, **parts):
    folder.mkdir()
    for name, rows in parts.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("sentence", "label"), *rows])
    return str(folder)


def save_model(folder, model):
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = ["<pad>", "<unk>", "It", "was", "terrible", "great", *WORDS[0], *WORDS[1]]
    words += ["a", "film", "of", "the", "kind"]
    tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()  # pyright: ignore[reportAttributeAccessIssue]
    made = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", pad_token="<pad>")
    made.save_pretrained(folder)
    model.save_pretrained(folder)
    return str(folder)


def save_opt(folder):
    """Save an untrained OPT of two layers."""
    import torch
    from transformers import OPTConfig, OPTForCausalLM

    sizes: dict[str, Any] = {
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "ffn_dim": 32,
        "max_position_embeddings": 32,
    }
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = OPTForCausalLM(
            OPTConfig(vocab_size=17, hidden_size=16, word_embed_proj_dim=8, dropout=0.0, **sizes)
        )
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.4)
    return save_model(folder, model)
