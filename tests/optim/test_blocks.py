"""Blocks from module trees: every trainable parameter in exactly one, or a clear error."""

import dataclasses

import pytest
import torch
from torch import nn

from zotheory.errors import InvalidArgument
from zotheory.optim import ModuleBlock, module_blocks


class Layer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x):
        return x + self.mlp(self.norm(x))


class Language(nn.Module):
    """Embedding, layers, final norm, and a head that is the embedding or not."""

    def __init__(self, depth=3, *, tied=True, width=4, words=7):
        super().__init__()
        self.embedding = nn.Embedding(words, width)
        self.layers = nn.ModuleList(Layer(width) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, words, bias=False)
        if tied:
            self.head.weight = self.embedding.weight

    def forward(self, tokens):
        x = self.embedding(tokens)
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x))


LAYER = 2 * 4 + (4 * 8 + 8) + (8 * 4 + 4)


def check_partition(model, blocks):
    """Every trainable parameter in exactly one block, sizes right; sizes by another route than names."""
    held = [name for block in blocks for name in block.parameters]
    trainable = {n for n, p in model.named_parameters() if p.requires_grad and p.numel()}
    assert len(held) == len(set(held))
    assert set(held) == trainable
    named = dict(model.named_parameters())
    for block in blocks:
        assert block.size == sum(len(named[name].detach().reshape(-1)) for name in block.parameters) > 0


def summary(blocks):
    return [(block.name, block.size) for block in blocks]


def test_tied_language_model():
    model = Language()
    blocks = module_blocks(model)
    check_partition(model, blocks)
    assert summary(blocks) == [
        ("before layers", 28),
        *[(f"layers.{k}", LAYER) for k in range(3)],
        ("after layers", 8),
    ]
    assert blocks[0].parameters == ("embedding.weight",)
    assert blocks[2].parameters == tuple(f"layers.1.{n}" for n, _ in model.layers[1].named_parameters())
    with pytest.raises(dataclasses.FrozenInstanceError):
        blocks[0].size = 3


def test_untied_head_is_after_the_layers():
    blocks = module_blocks(Language(tied=False))
    assert blocks[-1].parameters == ("norm.weight", "norm.bias", "head.weight")
    assert blocks[-1].size == 8 + 28


def test_order_of_registration_decides():
    # As some language models do, the final norm is registered before the layers.
    model = Language()
    early = nn.Module()
    for name in ("embedding", "norm", "layers", "head"):
        setattr(early, name, getattr(model, name))
    blocks = module_blocks(early)
    assert [block.name for block in blocks] == ["before layers", "layers.0", "layers.1", "layers.2"]
    assert blocks[0].parameters == ("embedding.weight", "norm.weight", "norm.bias")


@pytest.mark.parametrize(
    ("together", "names"),
    [
        (2, ["layers.0 to layers.1", "layers.2 to layers.3", "layers.4"]),
        (5, ["layers.0 to layers.4"]),
        (9, ["layers.0 to layers.4"]),
    ],
)
def test_several_layers_a_block(together, names):
    model = Language(5)
    blocks = module_blocks(model, together)
    check_partition(model, blocks)
    assert [block.name for block in blocks] == ["before layers", *names, "after layers"]
    assert sum(block.size for block in blocks[1:-1]) == 5 * LAYER


def test_sequential():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4), nn.Flatten(), nn.Linear(4, 1))
    check_partition(model, module_blocks(model))
    assert summary(module_blocks(model)) == [("0", 9), ("2", 16), ("4", 5)]
    assert summary(module_blocks(model, 2)) == [("0 to 2", 25), ("4", 5)]


def test_longest_list_and_those_with_half_its_entries():
    # Lists of two, three and two, with 4, 12 and 180 entries: the second is the longest, and the third has
    # more than half as many entries. Without an element the second is not the longest any more.
    model = nn.Module()
    model.small = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
    model.three = nn.ModuleList(nn.Linear(1, 2) for _ in range(3))
    model.large = nn.ModuleList([nn.Linear(9, 9), nn.Linear(9, 9)])
    assert [b.name for b in module_blocks(model)] == [
        "before three", "three.0", "three.1", "three.2", "large.0", "large.1",
    ]  # fmt: skip
    # An element without trainable parameters does not count.
    model.three[0].requires_grad_(False)
    assert [b.name for b in module_blocks(model)] == ["before large", "large.0", "large.1"]
    check_partition(model, module_blocks(model))


def test_encoder_and_decoder():
    model = nn.Module()
    model.shared = nn.Embedding(5, 2)
    for name, depth in (("encoder", 2), ("decoder", 3)):
        part = nn.Module()
        part.embedding = model.shared
        part.block = nn.ModuleList(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)) for _ in range(depth))
        part.norm = nn.LayerNorm(2)
        setattr(model, name, part)
    model.head = nn.Sequential(nn.Linear(2, 1), nn.Linear(1, 1))  # a list too, and small
    blocks = module_blocks(model)
    check_partition(model, blocks)
    assert summary(blocks) == [
        ("before encoder.block", 10),
        ("encoder.block.0", 12),
        ("encoder.block.1", 12),
        ("before decoder.block", 4),
        ("decoder.block.0", 12),
        ("decoder.block.1", 12),
        ("decoder.block.2", 12),
        ("after decoder.block", 4 + 3 + 2),
    ]
    pairs = [block.name for block in module_blocks(model, 2) if "block." in block.name]
    assert pairs == [
        "encoder.block.0 to encoder.block.1",
        "decoder.block.0 to decoder.block.1",
        "decoder.block.2",
    ]


def test_a_layer_used_twice_counts_once():
    shared = nn.Linear(2, 2)
    model = nn.Sequential(shared, nn.Tanh(), nn.Linear(2, 2), shared)
    assert summary(module_blocks(model)) == [("0", 6), ("2", 6)]


def test_frozen_parameters_are_in_no_block():
    model = Language()
    model.embedding.requires_grad_(False)
    model.layers[1].norm.requires_grad_(False)
    model.layers[2].mlp[0].bias.requires_grad_(False)
    blocks = module_blocks(model)
    check_partition(model, blocks)
    assert summary(blocks) == [
        ("layers.0", LAYER), ("layers.1", LAYER - 8), ("layers.2", LAYER - 8), ("after layers", 8),
    ]  # fmt: skip


def test_some_of_the_parameters():
    model = Language()
    among = [p for n, p in model.named_parameters() if "norm" in n]
    assert summary(module_blocks(model, params=among)) == [
        *[(f"layers.{k}", 8) for k in range(3)],
        ("after layers", 8),
    ]


def test_explicit_blocks():
    model = Language(tied=False)
    first, second = ["embedding", model.head], ["layers.2", "layers.1.mlp"]
    blocks = module_blocks(model, [first, model.layers[0], second, "layers.1.norm", "norm"])
    check_partition(model, blocks)
    assert summary(blocks) == [
        ("embedding to head", 56),
        ("layers.0", LAYER),
        ("layers.2 to layers.1.mlp", 2 * LAYER - 8),
        ("layers.1.norm", 8),
        ("norm", 8),
    ]
    assert blocks[0].parameters == ("embedding.weight", "head.weight")
    # A name is no beginning of another word, and an iterator will do.
    deep = nn.Sequential(*[nn.Linear(1, 1) for _ in range(12)])
    assert [b.size for b in module_blocks(deep, iter(["1", [str(k) for k in range(12) if k != 1]]))] == [
        2,
        22,
    ]
    assert module_blocks(deep, deep) == module_blocks(deep)


def test_blocks_made_before():
    model = Language()
    once = module_blocks(model, 2)
    assert module_blocks(model, once) == once
    joined = module_blocks(model, [[once[0], once[-1]], *once[1:-1]])
    assert joined[0].parameters == ("embedding.weight", "norm.weight", "norm.bias")
    assert [b.size for b in joined] == [36, 2 * LAYER, LAYER]


def test_either_name_of_a_tied_parameter():
    model = Language()
    rest = ["layers.0", "layers.1", "layers.2", "norm"]
    for first in ("embedding", "head", "head.weight", model.head, ["embedding", "head"]):
        assert module_blocks(model, [first, *rest])[0].parameters == ("embedding.weight",)


FIVE = ["embedding", "layers.0", "layers.1", "layers.2", "norm"]


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        (["embeding", *FIVE[1:]], r"^blocks\[0\] = 'embeding': .*near it: embedding"),
        ([["embedding", "layers.3"], *FIVE[1:]], r"^blocks\[0\] = 'layers.3': .*layers\.\d"),
        ([*FIVE, ModuleBlock("old", ("layers.7.weight",), 3)], r"^blocks\[5\] = 'layers.7.weight'"),
        (["", *FIVE], r"^blocks\[0\] = ''"),
        ([*FIVE, "layers.1.norm"], r"^blocks\[5\] = 'layers.1.norm.weight': it is in block 2 too"),
        ([*FIVE, "head"], r"^blocks\[5\] = 'embedding.weight': it is in block 0 too.*other uses"),
        (FIVE[:-1], r"^blocks = 'norm.weight': no block holds it \(and 1 more\)"),
        ([*FIVE[1:-1], "norm"], r"^blocks = 'embedding.weight': no block holds it: add"),
        ([FIVE], "all parameters are in one block.*MeZO or ZOSGD"),
        ([*FIVE, nn.Linear(2, 2)], r"^blocks\[5\] = 'Linear': it is no module of the model"),
        ([*FIVE, []], r"^blocks\[5\] = \[\]: it has no trainable parameter"),
        ([*FIVE, 3], r"^blocks\[5\] = 3"),
        ([*FIVE, [["norm"]]], r"^blocks\[5\] = \['norm'\]"),
        ("layers", r"^blocks = 'layers': give None"),
        (0, r"^blocks = 0: give an integer"),
        (-2, r"^blocks = -2"),
        (True, r"^blocks = True"),
        (1.5, r"^blocks = 1.5"),
        ([], r"^blocks = 'embedding.weight': no block holds it"),
    ],
)
def test_bad_blocks(blocks, message):
    with pytest.raises(InvalidArgument, match=message):
        module_blocks(Language(), blocks)


def test_bad_models():
    with pytest.raises(InvalidArgument, match=r"^model = 'layers'"):
        module_blocks("layers")
    with pytest.raises(InvalidArgument, match=r"^blocks = None: no nn.ModuleList.*list the blocks"):
        module_blocks(nn.Linear(2, 2))
    with pytest.raises(InvalidArgument, match="all parameters are in one block"):
        module_blocks(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), 2)
    with pytest.raises(InvalidArgument, match=r"^model = 'Language': it has no trainable parameter"):
        module_blocks(Language().requires_grad_(False))
    model = Language()
    model.embedding.requires_grad_(False)
    with pytest.raises(InvalidArgument, match=r"^blocks\[0\] = \['embedding'\]: it has no trainable"):
        module_blocks(model, FIVE)
    with pytest.raises(InvalidArgument, match=r"^model = 'Language': it has no trainable"):
        module_blocks(model, params=[torch.nn.Parameter(torch.ones(2))])
