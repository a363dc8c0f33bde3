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
# Advantages that differ by less are not said to.
MOVED = 0.05
# Of one row of a panel; the laws stand one below the other in it.
SPREAD = 0.5
FIRST, ALL_BUT, LAST = "published", "all-but-", "all"
# What is added to the published setting.
ADDED = {"re-triangulated": "re-triangulated", "jumping-mu": "larger mu"}
# Switches, in the words of the caption: what is as published.
SWITCHES = {
    "exact-gradient": "DAP is told the gradient",
    "thresholds": "its error is taken over fewer coordinates",
    "sparse-point": "coordinates of x are zero, and with them most of the gradient",
    "indefinite": "weights of both signs",
    "tiny-mu": "mu = {synthetic_mu:g}, not {larger_mu:g}",
    "one-point": "one point and one run",
    "dead-branches": "Rademacher and coordinate run as the sphere by rows",
    "rows-delta": "delta is the number of rows for that and DAP, 1 for the others",
    "one-probe": "one draw estimates the direction",
    "aligned-length": "the aligned component has length 1, not sqrt(delta)",
    "more-queries": "DAP takes more function values a step",
    "second-stage": "only the second stage counts, not the mean over all draws",
    "aligned-never": "the aligning branch is not reached",
    "jumping-mu": "added to the published: mu = {jumping_mu:g}, not {mesh_mu:g}",
    "re-triangulated": "added to the published: a loss that jumps, and that mu with it",
}
# Switches that cannot act where they are corrected alone: one entry of the gradient leaves all or nothing
# of an error, and there is one stage where DAP is told the gradient or its aligning branch is not reached.
IDLE = {
    "product": ("thresholds", "tiny-mu", "one-point", "second-stage"),
    "quadratic": ("second-stage",),
    "matrix": (),
    "mesh": ("second-stage",),
}
# What the sizes of advantages hang on besides the switches, by problem.
HANGS = {
    "quadratic": "With all corrected the lead over the sphere, on the large coordinates, grows with the "
    "number of differences, here {batch}",
    "matrix": "Over the sphere two confounds cancel as published: DAP takes one function value more a "
    "step, and throws its first draw away. Size and sign of the advantage over the Gaussian are set by eta "
    "and T: from moments it grows with T, here {matrix_steps}, and DAP is behind where eta delta d is near "
    "2, here {matrix_step:g}",
    "mesh": "As published, DAP draws twice as often as the others",
}


def settings(source: Source, problem: str) -> list[str]:
    """Return the settings of a problem in the order of the grid."""
    cells = source.request.experiment.grid(source.config)
    return [cell["setting"] for cell in cells if cell["problem"] == problem]


def named(setting: str) -> str:
    """Return a setting as the figure names it."""
    known = {FIRST: "as published", LAST: "all corrected"}
    known |= {name: f"+ {words}" for name, words in ADDED.items()}
    return known.get(setting, setting.replace(ALL_BUT, "all but "))


def titled(source: Source, problem: str) -> str:
    """Return the title of a problem's panel, with its size."""
    config = source.config
    return {
        "product": f"product, d = {config.product_dim}",
        "quadratic": f"quadratic, d = {config.quadratic_dim}",
        "matrix": f"matrix, {config.rows} \u00d7 {config.columns}",
        "mesh": f"mesh, {config.mesh_cells} \u00d7 {config.mesh_cells}",
    }[problem]


def baselines(rows: Results) -> list[str]:
    """Return the other laws of a problem."""
    return [name for name in BASELINES if name in rows["baseline"]]


def mean_advantage(results: Results, setting: str, law: str) -> Summary:
    """Return the mean over seeds with its interval, arrays of one number."""
    rows = results.where(setting=setting, baseline=law)
    alone = Results({**rows.columns, "one": np.zeros(len(rows))}, rows.facts)
    return over_seeds(alone, "one", "advantage")


def movers(results: Results, names: list[str], laws: list[str]) -> str:
    """Return the switches that alone move an advantage, and where to: means, clearly apart."""
    found = []
    for setting in names:
        if setting in (FIRST, LAST, *ADDED) or setting.startswith(ALL_BUT):
            continue
        moved = []
        for law in laws:
            before, after = (mean_advantage(results, name, law) for name in (FIRST, setting))
            apart = after.high[0] < before.low[0] or before.high[0] < after.low[0]
            if apart and abs(after.mean[0] - before.mean[0]) >= MOVED:
                moved.append(f"{look(BASELINES[law]).name} {number(after.mean[0], 2)}")
        if moved:
            found.append(f"{setting}: {', '.join(moved)}")
    return "; ".join(found)


def panels(source: Source) -> list[Panel]:
    """Return a panel for each problem."""
    found = []
    for problem in source.config.problems:
        results = source.results.where(problem=problem)
        names, laws = settings(source, problem), baselines(results)
        series = [
            Series("no advantage", Kind.REFERENCE, [0.0, len(names) - 1.0], [0.0, 0.0], BLACK, dashes=":")
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
            Panel(
                titled(source, problem),
                "setting",
                "advantage of DAP",
                series,
                categories=tuple(map(named, names)),
            )
        )
    return found


def capital(text: str) -> str:
    """Return a text with its first letter as at the start of a sentence."""
    return text[:1].upper() + text[1:]


def facts(source: Source) -> list[str]:
    """Return what the caption says."""
    config, shown = source.config, source.config.problems
    present = [name for name in SWITCHES if any(name in settings(source, problem) for problem in shown)]
    keys = "; ".join(f"{name}: {SWITCHES[name].format(**vars(config))}" for name in present)
    said = [
        "The part of another law's error or loss that DAP saves (below 0: that the other law saves), as in "
        "the published comparison, with each of its confounds corrected alone, with all but one corrected, "
        "and with all: then DAP estimates its direction and averages both stages. Dotted: no "
        "advantage; open marks: predicted from moments.",
        "The problems are re-creations, in sizes chosen here: errors of "
        f"{config.batch} forward differences on the product (d = {config.product_dim}) and a quadratic "
        f"(d = {config.quadratic_dim}); descent of |x|^2/2 of a {config.rows} by {config.columns} matrix, "
        "a stand-in for a language model's prompt; descent of a "
        f"{config.mesh_cells} by {config.mesh_cells} mesh.",
        f"As published, {keys}.",
    ]
    idle = "; ".join(f"{problem}: {', '.join(IDLE[problem])}" for problem in shown if IDLE[problem])
    if idle:
        said.append(
            f"Corrected alone these cannot change anything: {idle}; nor dead-branches over the sphere and "
            "the Gaussian."
        )
    for problem in shown:
        results = source.results.where(problem=problem)
        laws, parts = baselines(results), []
        for setting in settings(source, problem):
            # All laws at both ends and of what is added, the sphere alone for what is left.
            if setting not in (FIRST, LAST, *ADDED) and not setting.startswith(ALL_BUT):
                continue
            ends = [(law, mean_advantage(results, setting, law)) for law in laws]
            listed = "; ".join(
                f"{look(BASELINES[law]).name} {number(value.mean[0], 2)} "
                f"[{number(value.low[0], 2)}, {number(value.high[0], 2)}]"
                for law, value in (ends[:1] if setting.startswith(ALL_BUT) else ends)
            )
            parts.append(f"{named(setting)}: {listed}")
        moved = movers(results, settings(source, problem), laws)
        if moved:
            parts.append(f"moved by one switch alone (by {MOVED:g} or more, intervals apart), to: {moved}")
        if problem in HANGS:
            parts.append(HANGS[problem].format(**vars(config)))
        said.append(f"{problem.capitalize()}, {'. '.join([parts[0], *map(capital, parts[1:])])}.")
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
