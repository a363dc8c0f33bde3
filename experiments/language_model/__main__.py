"""One fine-tuning run, in one process or several, at a learning rate that is not tuned.

    python -m experiments.language_model --preset quick --set data=FOLDER --method zo-sgd/rademacher
    torchrun --nproc-per-node 2 -m experiments.language_model --preset quick
    accelerate launch --multi_gpu --num_processes 2 -m experiments.language_model

Each process takes an equal part of every batch, or of the perturbations, and they exchange scalars only; on
GPUs (device=cuda) each has its own. accelerate needs --multi_gpu to start several, also without any GPU.

The log is JSON lines, written as the run goes: a line for each record, the first one before any step, as
the columns of `zotheory experiment run`; the last line has the scores and the configuration. The run is
kept beside it and goes on from there if it was killed. With other options, or other sentences, what is kept
there is refused. The first-order reference on the same sentences is --method adamw, in one process.
"""

import argparse
import json
import math
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from experiments._fine_tuning import Log
from experiments._language_models import check_place
from experiments.language_model import EXPERIMENT, Config, first_alone, one_run
from experiments.language_model.methods import NAMES
from zotheory.errors import InvalidArgument, ZotheoryError
from zotheory.experiment.settings import configured


def main() -> None:
    """Run the first task of the configuration."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.language_model",
        description=__doc__,
        epilog=f"{EXPERIMENT.description}\n\nmethods: {NAMES}\n\npresets: {', '.join(EXPERIMENT.presets)}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--preset", default="quick", help="a name of those below; by default quick")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a key of the list below; repeat it"
    )
    parser.add_argument("--method", help="see below; by default the first one of the configuration")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--parallel", choices=("data", "query"), default="data", help="what several processes share"
    )
    parser.add_argument("--out", type=Path, default=Path("language-model.jsonl"))
    arguments = parser.parse_args()
    ranks = int(os.environ.get("WORLD_SIZE", "1"))
    try:
        _run(arguments, ranks)
    except ZotheoryError as error:
        raise SystemExit(f"error: {error}") from None
    finally:
        if ranks > 1 and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


def _run(arguments: argparse.Namespace, ranks: int) -> None:
    out: Path = arguments.out
    whole: Config = configured(EXPERIMENT.preset(arguments.preset).config, {}, arguments.set)
    task = whole.tasks[0]
    method: str = arguments.method or next(iter(whole.of_task(task)), whole.methods[0])
    config = first_alone(whole, method)
    _check_writable(out)
    rank, options = 0, dict[str, Any]()
    if ranks > 1:
        if config.device == "cuda":
            config = replace(config, device=f"cuda:{os.environ.get('LOCAL_RANK', '0')}")
        check_place(config.dtype, config.device)
        if config.device.startswith("cuda"):
            torch.cuda.set_device(config.device)
        torch.distributed.init_process_group("nccl" if config.device.startswith("cuda") else "gloo")
        rank, options = torch.distributed.get_rank(), {"parallel": arguments.parallel}
    # With "query" every process sees the whole batch.
    share = (rank, ranks) if arguments.parallel == "data" else (0, 1)
    if rank == 0:
        others = f"; of {len(whole.tasks)} tasks the first one" if len(whole.tasks) > 1 else ""
        print(f"{task} by {method}, {config.passes[0]} passes, lr = {config.lr[0]}, not tuned{others}")

    def tell(log: Log) -> None:
        if rank == 0:
            _write(out, _lines(log))

    checkpoint = out.with_suffix(".rank0.pt")
    given: dict[str, Any] = {"tell": tell, "leave": True, **options}
    log, test, start = one_run(config, method, arguments.seed, checkpoint, share, **given)
    if rank == 0:
        last: dict[str, Any] = {"test": asdict(test), "start": asdict(start), "config": asdict(config)}
        last |= {"method": method, "seed": arguments.seed, "processes": ranks, **options}
        _write(out, [*_lines(log), {**last, "diverged": log.diverged}])
        checkpoint.unlink(missing_ok=True)
        _say(log, [("untrained", asdict(start)), ("trained", asdict(test))])
        print(out)


def _say(log: Log, scores: Sequence[tuple[str, dict[str, float]]]) -> None:
    shown = ("accuracy", "calibrated", "loss")
    told = "{}: accuracy {:.3f}, calibrated {:.3f}, cross-entropy {:.3f}".format
    for name, row in (("untrained", log.rows[0]), ("trained", log.rows[log.best])):
        print(told(f"development, {name}", *(row[f"dev_{key}"] for key in shown)))
    for name, score in scores:
        print(told(f"test, {name}", *(score[key] for key in shown)))
    if log.diverged:
        passes = int(log.rows[log.best]["passes"])
        print(f"the run diverged: scored is its best record, after {passes} passes; give a smaller lr")


def _lines(log: Log) -> list[dict[str, Any]]:
    told = zip(log.rows, log.energies, strict=True)
    return [
        {**row, "energies": energies, "best": number == log.best, "diverged": log.diverged}
        for number, (row, energies) in enumerate(told)
    ]


def _write(out: Path, lines: Sequence[dict[str, Any]]) -> None:
    text = "".join(json.dumps(_plain(line), allow_nan=False) + "\n" for line in lines)
    try:
        out.write_text(text)
    except OSError as error:
        raise _unwritable(out, error) from error


def _plain(value: Any) -> Any:
    """Return what JSON has: null for what is not a finite number."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _check_writable(out: Path) -> None:
    """Check that a log and a checkpoint can be written, without leaving anything or changing the file.

    Raises:
        InvalidArgument: they cannot.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out.parent):
            pass
        if out.exists():
            out.open("a").close()
    except OSError as error:
        raise _unwritable(out, error) from error


def _unwritable(out: Path, error: OSError) -> InvalidArgument:
    return InvalidArgument("out", str(out), f"it cannot be written ({error.strerror}): give another file")


if __name__ == "__main__":
    main()
