"""Parts of a causal language model that are tuned as a classifier, on inputs that are computed once.

A sentence's class is read off the logits of two words after it. Where the lowest layers are not tuned, what
they give is computed once for every sentence (`Classifier.inputs`); only the layers above run in a step.
"""

import contextlib
import copy
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from experiments._memory import in_parts
from experiments._prompts import padded
from zotheory.errors import InvalidArgument

# What transformers calls the list of a model's layers, and the norm after them.
_LAYERS, _FINAL_NORMS = ("layers", "h"), ("norm", "final_layer_norm", "final_layernorm", "ln_f")
# What adapters are put on, the first that a model has: queries and values, or one projection to all.
_ADAPTED = (("q_proj", "v_proj"), ("query_key_value",), ("c_attn",), ("qkv_proj",), ("Wqkv",))
SUBSETS = ("full", "norms", "final-norm", "verbalizers", "head", "prompt", "lora")
# Architectures that are their layers, final norm and head: of others it is asked by a forward pass.
_PLAIN = ("opt", "llama")
_ANY = "full, norms, prompt or lora"
PROMPT_TOKENS, LORA_RANK = 10, 8


@dataclass(frozen=True, eq=False)
class Classifier:
    """What is tuned, and what it is given.

    Attributes:
        module: (inputs, mask) -> logits, (n, 2); its parameters that require gradients are tuned.
        first: number of the lowest layer that runs in a step; that of all layers if only what follows
            them does, None if tokens are the inputs.
        lower: the whole model, which computes the inputs.
    """

    module: torch.nn.Module
    first: int | None
    lower: Any

    def inputs(self, rows: Sequence[torch.Tensor], batch: int = 32) -> list[torch.Tensor]:
        """Return what the module is given for each sentence: its tokens, or hidden states (length, width).

        Args:
            rows: tokens of each sentence.
            batch: sentences at a time, fewer where they are too many for a GPU's memory.
        """
        first = self.first
        if first is None:
            return list(rows)
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        found: dict[int, torch.Tensor] = {}
        device = next(self.module.parameters()).device

        def work(start: int, end: int) -> None:
            part = order[start:end]
            tokens, mask = padded([rows[i].to(device) for i in part])
            hidden = _reaching(self.lower, first, tokens, mask)
            for place, i in enumerate(part):
                length = 1 if first == len(_layers(self.lower)) else len(rows[i])
                found[i] = hidden[place, -length:].clone()

        in_parts(len(order), batch, work)
        return [found[i] for i in range(len(rows))]

    def logits(self, inputs: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return the logits of a batch, (n, 2)."""
        whole, mask = padded(inputs)
        device = next(self.module.parameters()).device
        return self.module(whole.to(device), mask.to(device))

    def release(self) -> None:
        """Freeze what was tuned, and take adapters out of the model again."""
        for _, parameter in self.tuned:
            parameter.requires_grad_(False)
        adapted: Any = getattr(self.module, "model", None)
        if hasattr(adapted, "peft_config") and hasattr(adapted.base_model, "unload"):
            adapted.base_model.unload()

    @property
    def tuned(self) -> list[tuple[str, torch.nn.Parameter]]:
        """The tuned parameters with their names."""
        return [(name, p) for name, p in self.module.named_parameters() if p.requires_grad]


def classifier(model: Any, words: Sequence[int], subset: str) -> Classifier:
    """Return the classifier that tunes a subset of a model's parameters; all others are frozen.

    - "full": all; "norms": those of all normalizations; "final-norm": the one after the last layer;
    - "verbalizers": the two words' rows of the head, copied, so that tied embeddings stay; "head": these
      and the final norm;
    - "last-K": the last K layers;
    - "prompt": 10 virtual tokens, "lora": rank 8 on queries and values, or on the one projection that
      makes both, as in GPT-2 (peft); these change the model.

    Args:
        model: a causal language model of transformers, whose parameters need no gradient.
        words: tokens of the two classes.
        subset: one of these.

    Raises:
        InvalidArgument: another subset, or one that this architecture does not have, or whose parts do not
            make the model's logits.
    """
    check_subset(subset)
    last = re.fullmatch(r"last-([1-9]\d*)", subset)
    if last:
        layers = _layers(model)
        check_depth(subset, len(layers))
        first = len(layers) - int(last[1])
        upper = _Upper(model, words, first)
        _layers(upper).requires_grad_(True)
        return _whole_again(Classifier(upper, first, model), words, subset)
    if subset in ("final-norm", "verbalizers", "head"):
        top = _Top(model, words)
        if subset != "verbalizers":
            _own(top.norm, subset).requires_grad_(True)
        if subset != "final-norm":
            top.head.requires_grad_(True)
        return _whole_again(Classifier(top, len(_layers(model)), model), words, subset)
    if subset in ("prompt", "lora"):
        return Classifier(_Whole(_adapted(model, subset), words), None, model)
    whole = _Whole(model, words)
    for module in model.modules():
        if subset == "full" or type(module).__name__.endswith("Norm"):
            for parameter in module.parameters(recurse=False):
                parameter.requires_grad_(True)
    return Classifier(whole, None, model)


@torch.no_grad()
def _whole_again(made: Classifier, words: Sequence[int], subset: str) -> Classifier:
    # Some architectures do more than their layers, final norm and head: they scale embeddings or logits.
    model, device = made.lower, _device(made.lower)
    if model.config.model_type in _PLAIN:
        return made
    tokens = torch.tensor([[words[0], words[1], words[0]]], device=device)
    hidden = _reaching(model, made.first or 0, tokens, torch.ones_like(tokens))
    logits = model(input_ids=tokens, use_cache=False).logits[0, -1].float()
    apart = (made.module(hidden, torch.ones_like(tokens))[0].float() - logits[list(words)]).abs().max()
    if apart > max(2e-3, 16 * torch.finfo(model.dtype).eps) * logits.abs().max():
        made.release()
        remedy = f"{type(model).__name__} is more than its layers, final norm and head: give {_ANY}"
        raise InvalidArgument("subset", subset, remedy)
    return made


def check_subset(subset: str) -> str:
    """Return the name of a subset.

    Raises:
        InvalidArgument: another one than `classifier` takes.
    """
    if subset not in SUBSETS and not re.fullmatch(r"last-[1-9]\d*", subset):
        raise InvalidArgument("subset", subset, f"give one of {', '.join(SUBSETS)}, or last-K (K layers)")
    return subset


def check_depth(subset: str, layers: int) -> None:
    """Check that a model of so many layers has those that a subset asks for.

    Raises:
        InvalidArgument: it has fewer.
    """
    last = re.fullmatch(r"last-([1-9]\d*)", subset)
    if last and int(last[1]) > layers:
        raise InvalidArgument(
            "subset", subset, f"the model has {layers} layers: give at most last-{layers}"
        )


def has_blocks(subset: str) -> bool:
    """Return whether a subset has parameters in several layers, which block descent visits in turn.

    >>> has_blocks("norms"), has_blocks("last-2"), has_blocks("last-1"), has_blocks("prompt")
    (True, True, False, False)
    """
    several_layers = check_subset(subset).startswith("last-") and subset != "last-1"
    return several_layers or subset in ("full", "norms", "lora")


class _Whole(torch.nn.Module):
    def __init__(self, model: Any, words: Sequence[int]) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("words", torch.tensor(list(words), device=_device(model)), persistent=False)

    def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        with _placed(self.model):
            found = self.model(input_ids=tokens, attention_mask=mask, logits_to_keep=1, use_cache=False)
        return found.logits[:, -1, self.words]


class _Upper(torch.nn.Module):
    # The layers from ``first`` on, from hidden states.
    def __init__(self, model: Any, words: Sequence[int], first: int) -> None:
        super().__init__()
        decoder = _shallow(model.get_decoder())
        setattr(decoder, _list_name(model), torch.nn.ModuleList(list(_layers(model))[first:]))
        # Hidden states have their positions in them already (OPT and GPT-2 add them to what they embed).
        for positions in ("embed_positions", "wpe"):
            if hasattr(decoder, positions):
                setattr(decoder, positions, _Nothing(model.dtype))
        if hasattr(decoder, "project_in"):
            decoder.project_in = None
        decoder.set_input_embeddings(None)
        self.decoder = decoder
        self.head = _rows(model, words)

    def get_decoder(self) -> Any:
        return self.decoder

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        found = self.decoder(inputs_embeds=hidden, attention_mask=mask, use_cache=False)
        return self.head(found.last_hidden_state[:, -1])


class _Top(torch.nn.Module):
    # What follows the last layer.
    def __init__(self, model: Any, words: Sequence[int]) -> None:
        super().__init__()
        decoder = model.get_decoder()
        self.norm = _final_norm(decoder) or torch.nn.Identity()
        self.project = getattr(decoder, "project_out", None) or torch.nn.Identity()
        self.head = _rows(model, words)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.head(self.project(self.norm(hidden[:, -1])))


class _Nothing(torch.nn.Module):
    # Zeros of the hidden states' type: others would promote them.
    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype

    def forward(self, mask: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
        return mask.new_zeros((*mask.shape, 1), dtype=self.dtype)


class _Reached(Exception):
    pass


@torch.no_grad()
def _reaching(model: Any, first: int, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    # What layer ``first`` is given, or what follows the last layer if there are only so many.
    layers = _layers(model)
    kept: list[torch.Tensor] = []

    def before(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        kept.append(args[0] if args else kwargs["hidden_states"])
        raise _Reached

    def after(_: Any, __: Any, output: Any) -> None:
        kept.append(output[0] if isinstance(output, tuple) else output)
        raise _Reached

    if first < len(layers):
        hook = layers[first].register_forward_pre_hook(before, with_kwargs=True)
    else:
        hook = layers[-1].register_forward_hook(after)
    try:
        with _placed(model):
            model.get_decoder()(input_ids=tokens, attention_mask=mask, use_cache=False)
    except _Reached:
        return kept[0]
    finally:
        hook.remove()
    raise AssertionError("the layers did not run")


@contextlib.contextmanager
def _placed(model: Any) -> Iterator[None]:
    # GPT-2 counts padding among its positions unless told: a sentence's logits would depend on its batch.
    decoder = model.get_decoder()
    if not hasattr(decoder, "wpe"):
        yield
        return

    def place(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        positions = (kwargs["attention_mask"].cumsum(1) - 1).clamp(min=0).long()
        return args, {**kwargs, "position_ids": positions}

    hook = decoder.register_forward_pre_hook(place, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()


def _layers(model: Any) -> Any:
    return getattr(model.get_decoder(), _list_name(model))


def _list_name(model: Any) -> str:
    for name in _LAYERS:
        if isinstance(getattr(model.get_decoder(), name, None), torch.nn.ModuleList):
            return name
    lists = " or ".join(f"`{name}`" for name in _LAYERS)
    remedy = f"its decoder has no list of layers {lists}, as OPT, Llama and GPT-2 have: tune {_ANY}"
    raise InvalidArgument("model", type(model).__name__, remedy)


def _final_norm(decoder: Any) -> Any:
    found = (getattr(decoder, name, None) for name in _FINAL_NORMS)
    return next((norm for norm in found if norm is not None), None)


def _own(norm: Any, subset: str) -> Any:
    if isinstance(norm, torch.nn.Identity):
        raise InvalidArgument(
            "subset", subset, "this model has no norm after its last layer: give verbalizers"
        )
    return norm


def _rows(model: Any, words: Sequence[int]) -> torch.nn.Linear:
    # Two rows of the head, as parameters of their own.
    head = model.get_output_embeddings()
    bias = getattr(head, "bias", None)
    made = torch.nn.Linear(head.weight.shape[1], len(words), bias=bias is not None)
    with torch.no_grad():
        made.weight = torch.nn.Parameter(head.weight[list(words)].clone(), requires_grad=False)
        if bias is not None:
            made.bias = torch.nn.Parameter(bias[list(words)].clone(), requires_grad=False)
    return made


def _shallow(module: Any) -> Any:
    # A copy with the same submodules, whose list of them is its own.
    made = copy.copy(module)
    made._modules = dict(module._modules)
    return made


def _device(model: Any) -> torch.device:
    return next(model.parameters()).device


def _adapted(model: Any, subset: str) -> Any:
    import peft

    if subset == "prompt":
        # Words are narrower than hidden states in some models (opt-350m), which peft does not ask.
        width = model.get_input_embeddings().weight.shape[1]
        config: Any = peft.PromptTuningConfig(
            task_type=peft.TaskType.CAUSAL_LM, num_virtual_tokens=PROMPT_TOKENS, token_dim=width
        )
    else:
        adapted = _projections(model, subset)
        config = peft.LoraConfig(
            task_type=peft.TaskType.CAUSAL_LM,
            r=LORA_RANK,
            lora_alpha=2 * LORA_RANK,
            lora_dropout=0.0,
            target_modules=[name.rpartition(".")[2] for name, _ in adapted],
            fan_in_fan_out=any(type(module).__name__ == "Conv1D" for _, module in adapted),
        )
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by a name that is going
        torch.manual_seed(0)
        return peft.get_peft_model(model, config).eval()


def _projections(model: Any, subset: str) -> list[tuple[str, Any]]:
    # One module for each of the names that adapters are put on.
    ends = {name.rpartition(".")[2]: (name, module) for name, module in model.named_modules()}
    for names in _ADAPTED:
        if all(name in ends for name in names):
            return [ends[name] for name in names]
    known = ", or ".join(" and ".join(names) for names in _ADAPTED)
    remedy = f"{type(model).__name__} has no modules {known} to adapt: give full, norms or prompt"
    raise InvalidArgument("subset", subset, remedy)
