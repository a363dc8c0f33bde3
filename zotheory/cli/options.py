"""Options that several commands have, each said once."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from zotheory.cli.common import KernelName

ClaimPaths: TypeAlias = Annotated[
    list[Path] | None,
    typer.Argument(help="Claim files, or folders of them.", show_default="proofs_checks/"),
]
Jobs: TypeAlias = Annotated[
    int | None,
    typer.Option(help="How many processes run claims; 1 runs all in one.", show_default="all"),
]
# The variable is named beside the default: in help's own words for it a narrow terminal breaks the name.
CacheDir: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        envvar="ZOTHEORY_CACHE_DIR",
        show_envvar=False,
        help="Where findings are kept.",
        show_default="ZOTHEORY_CACHE_DIR, or the user's cache folder",
    ),
]
Kernel: TypeAlias = Annotated[
    KernelName | None,
    typer.Option(
        help="A proof assistant that reads the theorems of those claims that have any.", show_default="none"
    ),
]
StorePath: TypeAlias = Annotated[Path, typer.Option("--store", help="The folder of results.")]
ExperimentsFolder: TypeAlias = Annotated[Path, typer.Option(help="The folder of experiments.")]
FiguresFolder: TypeAlias = Annotated[Path, typer.Option(help="The folder of figures.")]
DEFAULT_STORE, DEFAULT_EXPERIMENTS, DEFAULT_FIGURES = map(Path, ("results", "experiments", "paper_figs"))
