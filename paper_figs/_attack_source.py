"""What figures of attacks show: all networks, and the methods that were added to those measured first."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from paper_figs._attack import NAMES, measured_kinds
from zotheory.experiment import MissingResults, Results, recorded
from zotheory.experiment.request import Request, counted
from zotheory.plotting.paper import Source, best_source

# Measured after the evidence, on the same images of the same networks.
BESIDE = "evidence-further"


def every_network(source: Source, laws: Sequence[str]) -> Source:
    """Return the cells of some laws, in each kind of attack of all networks that have all of them there."""
    config, name, parts = source.config, source.request.experiment.name, list[Results]()
    for kind in measured_kinds(source):
        cells: dict[str, Any] = {"norm": kind.norm, "targeted": kind.targeted, "law": list(laws)}
        cells["rate_of"] = ["tuned", *config.methods]
        parts.append(recorded(source.store, name, where=cells, **asdict(config)))
    return replace(source, results=_one_after_the_other(parts))


def beside(source: Source, laws: Sequence[str]) -> list[Source]:
    """Return the results of the methods that were added, if this is the evidence and they are there."""
    experiment = source.request.experiment
    if source.config != experiment.preset("evidence").config:
        return []
    try:
        return [every_network(best_source(experiment, source.store, BESIDE), laws)]
    except MissingResults:
        return []


def joined(source: Source, laws: Sequence[str]) -> Source:
    """Return the cells of some laws, of all methods, in each kind of attack on the same networks."""
    first = every_network(source, laws)
    networks = {_network(fact) for fact in first.results.facts}
    parts = [first]
    for part in beside(source, laws):
        facts = [fact for fact in part.results.facts if _network(fact) in networks]
        columns = (part.results[name].tolist() for name in ("norm", "targeted", "seed"))
        kept = np.array([one in networks for one in zip(*columns, strict=True)])
        rows = {name: column[kept] for name, column in part.results.columns.items()}
        parts.append(replace(part, results=Results(rows, facts)))
    measured = {name for part in parts for name in part.config.methods}
    config = replace(source.config, methods=tuple(name for name in NAMES if name in measured))
    results = _one_after_the_other([part.results for part in parts])
    request = Request.of(source.request.experiment, config, source.seeds)
    return Source(request, results, source.store)


def _network(fact: Mapping[str, Any]) -> tuple[str, bool, int]:
    # The kind of attack, and which network.
    return fact["cell"]["norm"], fact["cell"]["targeted"], fact["seed"]


def _one_after_the_other(parts: Sequence[Results]) -> Results:
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0].columns}
    return Results(columns, [fact for part in parts for fact in part.facts])


def origins(source: Source, laws: Sequence[str]) -> list[str]:
    """Return sentences on what of the figure is not of the results that its caption names."""
    every, said = every_network(source, laws), []
    for seed in np.setdiff1d(every.results["seed"], source.results["seed"]).tolist():
        own = Results({}, [fact for fact in every.results.facts if fact["seed"] == seed])
        commits = replace(every, results=own).commits
        at = f", at commit {', '.join(commits)}" if commits else ""
        shown = {(fact["cell"]["norm"], fact["cell"]["targeted"]) for fact in own.facts}
        kinds = [kind.name for kind in measured_kinds(source) if (kind.norm, kind.targeted) not in shown]
        told = (
            f", and some laws were left out there, so that it is not shown: {', '.join(kinds)}"
            if kinds
            else ""
        )
        said.append(
            f"The network of seed {seed} ({own.queries} function values{at}) had no rates tuned on other "
            f"groups of images{told}."
        )
    for part in beside(source, laws):
        names = ", ".join(NAMES[name] for name in part.config.methods)
        at = f", at commit {', '.join(part.commits)}" if part.commits else ""
        said.append(
            f"Measured by `{part.command}` ({counted(part.seeds, 'seed')}, {part.results.queries} function "
            f"values{at}): {names}."
        )
    return said
