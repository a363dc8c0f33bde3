"""The command line: `zotheory verify`, `show`, `solve`, `report` and others, and what they share."""

import sys
from typing import Annotated

import typer

from zotheory import __version__
from zotheory.cli.experiment import app as experiment_app
from zotheory.cli.explore import explore
from zotheory.cli.figures import figures
from zotheory.cli.report import report
from zotheory.cli.show import show
from zotheory.cli.solve import solve
from zotheory.cli.verify import verify

app = typer.Typer(
    name="zotheory",
    help="State, prove, refute and certify claims about zeroth-order gradient estimators.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: a table would cut the names of options on a narrow terminal
)

# Every command is registered here. Command modules import what is heavy (sympy, cvxpy, numpy)
# inside their functions, so that --help answers at once.
app.command()(verify)
app.command()(show)
app.command()(solve)
app.command()(explore)
app.command()(figures)
app.command()(report)
app.add_typer(experiment_app, name="experiment")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"zotheory {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """State, prove, refute and certify claims about zeroth-order gradient estimators."""


def main() -> None:
    """Run the command line; the entry point of the `zotheory` script."""
    if sys.stdout is None:  # closed by the shell before the start: there is nowhere to report to
        sys.exit("error: standard output is closed: open it, or redirect it to a file")
    app()
