"""One fine-tuning run, in one process or several.

    torchrun --nproc-per-node 2 -m experiments.language_model --preset quick

Each process takes its part of every batch, or of the perturbations, and they exchange scalars only. The log
is written as JSON lines at the end, the first of which is before any step; the run is kept beside it as it
goes, and goes on from there if it was killed. With other options, or other sentences, what is kept there is
refused. The first-order reference on the same sentences is --method adamw.
"""

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from experiments.language_model import EXPERIMENT, one_run
from zotheory.errors import ZotheoryError
from zotheory.experiment.settings import configured


def main() -> None:
    """Run the first task of the configuration."""
    parser = argparse.ArgumentParser(prog="python -m experiments.language_model", description=__doc__)
    parser.add_argument("--preset", default="quick", help=", ".join(EXPERIMENT.presets))
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as for the runner")
    parser.add_argument("--method", default="zo-sgd/rademacher")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--parallel", choices=("data", "query"), default="data")
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
    preset = EXPERIMENT.preset(arguments.preset)
    config = configured(preset.config, {}, arguments.set)
    rank, options = 0, dict[str, Any]()
    if ranks > 1:
        torch.distributed.init_process_group("nccl" if config.device.startswith("cuda") else "gloo")
        rank, options = torch.distributed.get_rank(), {"parallel": arguments.parallel}
    # With "query" every process sees the whole batch.
    share = (rank, ranks) if arguments.parallel == "data" else (0, 1)
    checkpoint = arguments.out.with_suffix(f".rank{rank}.pt")
    log, test, start = one_run(config, arguments.method, arguments.seed, checkpoint, share, **options)
    if rank == 0:
        scores = {"test": asdict(test), "start": asdict(start)}
        lines = [*log.rows, {**scores, "config": asdict(config), "method": arguments.method}]
        arguments.out.write_text("".join(json.dumps(line) + "\n" for line in lines))
        first, last = log.rows[0], log.rows[log.best]
        for part, found in (
            ("development, untrained", [first[f"dev_{key}"] for key in ("accuracy", "calibrated", "loss")]),
            ("development, trained", [last[f"dev_{key}"] for key in ("accuracy", "calibrated", "loss")]),
            ("test, untrained", [start.accuracy, start.calibrated, start.loss]),
            ("test, trained", [test.accuracy, test.calibrated, test.loss]),
        ):
            told = "accuracy {:.3f}, calibrated {:.3f}, cross-entropy {:.3f}".format(*found)
            print(f"{part}: {told}")
        print(arguments.out)


if __name__ == "__main__":
    main()
