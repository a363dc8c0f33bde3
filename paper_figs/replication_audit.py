"""The advantage of DAP as published, with each confound corrected alone, and with all corrected."""

import numpy as np

from paper_figs._laws import look
from zotheory.experiment import Results
from zotheory.plotting.paper import Kind, Panel, PaperFigure, Series, Source, Summary, over_seeds
from zotheory.plotting.style import BLACK, number

# The label that the published code gives a law -> how that law is drawn.
BASELINES = {
    "uniform": "sphere",
    "gaussian": "gaussian",
    "rademacher": "rademacher",
    "coordinate": "coordinate",
}
# Of one row of a panel; the laws stand one below the other in it.
SPREAD = 0.5
FIRST, LAST = "published", "all"


def settings(source: Source, problem: str) -> list[str]:
    """Return the settings of a problem in the order of the grid."""
    cells = source.request.experiment.grid(source.config)
    return [cell["setting"] for cell in cells if cell["problem"] == problem]


def named(setting: str) -> str:
    """Return a setting as the figure names it."""
    return {FIRST: "as published", LAST: "all corrected"}.get(setting, setting)


def baselines(rows: Results) -> list[str]:
    """Return the other laws of a problem."""
    return [name for name in BASELINES if name in rows["baseline"]]


def mean_advantage(results: Results, setting: str, law: str) -> Summary:
    """Return the mean over seeds with its interval, arrays of one number."""
    rows = results.where(setting=setting, baseline=law)
    alone = Results({**rows.columns, "one": np.zeros(len(rows))}, rows.facts)
    return over_seeds(alone, "one", "advantage")


def panels(source: Source) -> list[Panel]:
    """Return a panel for each problem."""
    found = []
    for problem in source.config.problems:
        results = source.results.where(problem=problem)
        names, laws = settings(source, problem), baselines(results)
        series = [
            Series("no advantage", Kind.THEORY, [0.0, len(names) - 1.0], [0.0, 0.0], BLACK, dashes=":")
        ]
        for place, law in enumerate(laws):
            offset = SPREAD * ((place + 0.5) / len(laws) - 0.5)
            style, x = look(BASELINES[law]), np.arange(len(names)) + offset
            rows = [results.where(setting=name, baseline=law) for name in names]
            values = [mean_advantage(results, name, law) for name in names]
            mean, low, high = (
                np.array([getattr(value, part)[0] for value in values]) for part in ("mean", "low", "high")
            )
            predicted = np.array([float(row["predicted_advantage"].mean()) for row in rows])
            series += [
                Series(
                    f"{style.name}, predicted", Kind.MARK, x, predicted, style.color, marker=style.marker
                ),
                Series(style.name, Kind.MEASURED, x, mean, style.color, low, high, marker=style.marker),
            ]
        found.append(
            Panel(problem, "setting", "advantage of DAP", series, categories=tuple(map(named, names)))
        )
    return found


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    said = [
        "The part of another law's error or loss that DAP saves (below 0: that the other law saves), as in "
        "the published comparison, with each of its confounds corrected alone, and with all "
        "corrected. Open "
        "marks: predicted from moments."
    ]
    for problem in source.config.problems:
        results = source.results.where(problem=problem)
        laws = baselines(results)
        parts = []
        for setting in (FIRST, LAST):
            values = [mean_advantage(results, setting, law) for law in laws]
            listed = "; ".join(
                f"{look(BASELINES[law]).name} {number(value.mean[0], 2)} "
                f"[{number(value.low[0], 2)}, {number(value.high[0], 2)}]"
                for law, value in zip(laws, values, strict=True)
            )
            parts.append(f"{named(setting)}: {listed}")
        said.append(f"{problem.capitalize()}, {'. '.join(part[:1].lower() + part[1:] for part in parts)}.")
    return said


FIGURE = PaperFigure(
    experiment="replication-audit",
    title="How much of the published advantage each confound explains",
    panels=panels,
    facts=facts,
    columns=2,
    narrowest=2.4,
    share_x=False,
    share_y=False,
    legend=True,
)
