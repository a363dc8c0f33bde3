"""Which gradients gain from aligned and from optimal laws: predicted against measured."""

import numpy as np

from paper_figs._laws import look
from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source, interval_of_mean
from zotheory.plotting.style import BLACK, BLUE, GREY, VERMILLION, number

ALIGNED = "aligned-exact"
OTHERS = ("two-stage-refined", "two-stage-combined", "guided", "importance", "two-atom-exact")
SETS = {"all": BLACK, "large": VERMILLION, "rest": BLUE}
NAMES = {"all": "all entries", "large": "large entries", "rest": "the rest"}
CELL = ("dim", "support", "decay", "budget")
PARTS = ("anisotropy", "predicted", "mean", "low", "high")
# Less is round-off of an error that is 0.
ROUND_OFF = 1e-12


def ratios(source: Source, law: str, name: str) -> dict[str, np.ndarray]:
    """Return, cell by cell, errors of a law on one set over those of the sphere: means over seeds.

    Left out are cells in which the sphere has no error on the set, and ratios of 0. Intervals are those of
    the logarithm, which is nearer to normal than the skewed ratio.
    """
    rows = source.results.where(law=law, set=name)
    finite = np.isfinite(rows["gain"]) & np.isfinite(rows["gain_standard_error"])
    cells = list(zip(*(rows[part].tolist() for part in CELL), strict=True))
    places = {cell: place for place, cell in enumerate(dict.fromkeys(cells))}
    place_of = np.array([places[cell] for cell in cells])
    found = []
    for place in places.values():
        chosen = finite & (place_of == place)
        if chosen.any():
            ratio, spread = 1 - rows["gain"][chosen], rows["gain_standard_error"][chosen]
            first = int(np.flatnonzero(chosen)[0])
            predicted = 1 - float(rows["predicted_gain"][first])
            found.append((rows["anisotropy"][first], predicted, *interval_of_mean(ratio, spread)))
    table = np.array(found, dtype=float).reshape(-1, len(PARTS))
    table = table[(table[:, 1] > ROUND_OFF) & (table[:, 2] > ROUND_OFF)]
    reach = (table[:, 4] - table[:, 2]) / table[:, 2]
    table[:, 3], table[:, 4] = table[:, 2] * np.exp(-reach), table[:, 2] * np.exp(reach)
    return dict(zip(PARTS, table.T, strict=True))


def panels(source: Source) -> list[Panel]:
    """Return a panel of ratios against anisotropy, and one for each other law against what is predicted."""
    series = []
    for name in ("large", "rest"):
        part, color = ratios(source, ALIGNED, name), SETS[name]
        x = np.where(part["anisotropy"] > 0, part["anisotropy"], np.nan)
        series += [
            Series(f"predicted, {NAMES[name]}", Kind.MARK, x, part["predicted"], color),
            Series(NAMES[name], Kind.MEASURED, x, part["mean"], color, part["low"], part["high"]),
        ]
    places = np.concatenate([one.column("x") for one in series])
    ends = [min(float(np.nanmin(places)), 0.1), max(float(np.nanmax(places)), 10.0)]
    series += [
        Series("equal", Kind.REFERENCE, ends, [1.0, 1.0], GREY, dashes=":"),
        Series("A = 1", Kind.REFERENCE, [1.0, 1.0], [0.3, 1.5], BLACK, label="A = 1", dashes="--"),
    ]
    found = [
        Panel(
            look(ALIGNED).name,
            "anisotropy A of the set",
            "error over sphere's",
            series,
            x_scale="log",
            y_scale="log",
        )
    ]
    for law in OTHERS:
        series = []
        for name, color in SETS.items():
            part = ratios(source, law, name)
            x = part["predicted"]
            if x.size:
                series.append(
                    Series(NAMES[name], Kind.MEASURED, x, part["mean"], color, part["low"], part["high"])
                )
        if not series:
            continue
        reach = np.concatenate([one.column("x") for one in series])
        ends = [min(float(reach.min()) / 1.5, 0.5), max(float(reach.max()) * 1.5, 1.5)]
        series.append(Series("as predicted", Kind.REFERENCE, ends, ends, GREY))
        found.append(
            Panel(look(law).name, "predicted ratio", "measured ratio", series, x_scale="log", y_scale="log")
        )
    return found


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    config = source.config
    entries = min(s or max(config.dims) for s in config.supports)
    said = [
        "Errors over those of the sphere with the same queries, of laws that are told the "
        "gradient (exact), "
        f"its energies (importance) or nothing; dimensions {min(config.dims)} to "
        f"{config.large_dim or max(config.dims)}, from {entries} to all entries not zero. A "
        "set with a share "
        "w of the energy on a part p of the entries has A = w/p; open marks are predicted; "
        "lines: equal errors (dotted), A = 1 (dashed), and measured as predicted (grey). "
        "Two-stage estimates draw the first half from the sphere; guided uses both halves. "
        "Errors of 0, where "
        "the law is exact, are not shown, nor importance where too few of its rare draws are seen."
    ]
    for law in (ALIGNED, *OTHERS):
        ranges = []
        for name in ("all", "large"):
            part = ratios(source, law, name)
            if part["mean"].size:
                ranges.append(f"{NAMES[name]} {number(part['mean'].min())} to {number(part['mean'].max())}")
        said.append(f"{look(law).name}, measured: {'; '.join(ranges) or 'too few of its draws'}.")
    parts = [ratios(source, law, name) for law in (ALIGNED, *OTHERS) for name in SETS]
    held = [(part["low"] <= part["predicted"]) & (part["predicted"] <= part["high"]) for part in parts]
    inside = np.concatenate(held)
    share = number(100 * float(inside.mean()))
    said.append(f"Of {len(inside)} intervals {share}% hold what is predicted.")
    return said


FIGURE = PaperFigure(
    experiment="dense-vs-sparse",
    title="Who gains from aligned and from optimal perturbations",
    panels=panels,
    facts=facts,
    columns=3,
    narrowest=1.05,
    height=0.85,
    share_x=False,
    share_y=False,
    legend=True,
)
