"""Attacks with every method, and every law that it admits: panels of one norm, and their captions."""

from collections.abc import Sequence

import numpy as np

from paper_figs._attack import (
    NAMES,
    Kindred,
    Row,
    Shown,
    grid_ends,
    measured,
    measured_kinds,
    median_queries,
    networks,
    of,
    setting,
    success,
)
from paper_figs._attack_source import joined, origins
from paper_figs._laws import look
from zotheory.experiment.results import Results
from zotheory.plotting.paper import Panel, Source
from zotheory.plotting.style import BLACK, WINE, number

# What laws are called and drawn like that `_laws` does not know.
OTHERS = {"block": ("block of rows", BLACK, "D"), "low-rank": ("rank one", WINE, "P")}
# From the upper edge of a category to the lower one.
SPREAD = 0.72


def laws(source: Source) -> list[str]:
    """Return the laws, the sphere first."""
    return list(dict.fromkeys(("sphere", *source.config.laws)))


def look_of(law: str) -> tuple[str, str, str]:
    """Return name, colour and marker of a law."""
    known = look(law)
    return OTHERS.get(law, (known.name, known.color, known.marker))


def row_of(results: Results, kind: Kindred, method: str, law: str) -> Row | None:
    """Return the row of a method with a law: at its own rate if it was tuned in all kinds of attack."""
    rate = "tuned" if law in ("sphere", "coordinate", "block") else method
    row = Row(method, law, rate)
    return row if measured(results, kind, row) else None


def panels(source: Source, norm: str) -> list[Panel]:
    """Return success and median queries of all methods and laws, for each kind of attack of a norm.

    Of a norm that was not measured an empty panel says so.
    """
    source = joined(source, laws(source))
    methods, found = list(source.config.methods), []
    for kind in measured_kinds(source):
        if kind.norm != norm:
            continue
        shown, every = Shown(source.config.budget), laws(source)
        for order, law in enumerate(every):
            rows = [row_of(source.results, kind, method, law) for method in methods]
            kept = [place for place, row in enumerate(rows) if row is not None]
            if kept:
                name, color, marker = look_of(law)
                mine = [of(source.results, kind, row) for row in rows if row is not None]
                places = np.array(kept) + SPREAD * ((order + 0.5) / len(every) - 0.5)
                shown.add(name, places, mine, color, marker)
        title = "targeted" if kind.targeted else "any answer"
        found += shown.panels([NAMES[method] for method in methods], title)
    return found or [Panel("not measured here", "", "", [], categories=("",))]


def facts(source: Source, norm: str) -> list[str]:
    """Return what the caption says."""
    kinds = [kind for kind in measured_kinds(source) if kind.norm == norm]
    if not kinds:
        return ["No such attacks were measured."]
    told, source = origins(source, laws(source)), joined(source, laws(source))
    said = [
        f"Every method with every law that it admits. {setting(source)}",
        "Of laws that move every pixel (Gaussian, Rademacher, rank one) the rate is the one tuned with the "
        "sphere; of single pixels and bands of rows it is tuned anew. Guided perturbations, Guided ES and "
        "DAP along the momentum have laws of their own; within methods of blocks a block of rows is the "
        "Rademacher law; of DAP it is the law of the first stage.",
    ]
    for kind in kinds:
        said += [f"{kind.name}, {sentence}" for sentence in over_methods(source, kind)]
    sparse = [
        (row, f"{NAMES[method]}, {look_of(law)[0]}")
        for method in source.config.methods
        for law in laws(source)
        if (row := row_of(source.results, kinds[0], method, law)) is not None and row.rate_of == "tuned"
    ]
    rows, names = [row for row, _ in sparse], [name for _, name in sparse]
    return [*said, *grid_ends(source, rows, names), *told]


def over_methods(source: Source, kind: Kindred) -> list[str]:
    """Return a sentence on means over the methods that admit all laws: successes and median queries."""
    results, every = source.results, laws(source)
    methods = [
        method
        for method in source.config.methods
        if all(row_of(results, kind, method, law) is not None for law in every)
    ]
    if not methods:
        return []
    told = [f"{look_of(law)[0]} {_means(source, kind, methods, law)}" for law in every]
    many = len(networks(of(results, kind, Row(methods[0], "sphere", "tuned")))) > 1
    return [
        f"means over the methods that admit all laws ({len(methods)}), of success and median queries"
        f"{', by network' if many else ''}: {'; '.join(told)}."
    ]


def _means(source: Source, kind: Kindred, methods: Sequence[str], law: str) -> str:
    rows = [row_of(source.results, kind, method, law) for method in methods]
    found = [networks(of(source.results, kind, row)) for row in rows if row is not None]
    shares = np.mean([[success(one).value for one in each] for each in found], axis=0)
    budget = source.config.budget
    queries = np.mean([[median_queries(one, budget).value for one in each] for each in found], axis=0)
    return " and ".join(f"{number(a)}%, {number(b)}" for a, b in zip(shares, queries, strict=True))
