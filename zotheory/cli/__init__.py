"""The command line: `zotheory verify`, `zotheory show`, `zotheory solve`, and what they share."""

from typing import Annotated

import typer

from zotheory import __version__
from zotheory.cli.show import show
from zotheory.cli.solve import solve
from zotheory.cli.verify import verify

app = typer.Typer(
    name="zotheory",
    help="State, prove, refute and certify claims about zeroth-order gradient estimators.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

# Every command is registered here. Command modules import what is heavy (sympy, cvxpy, numpy)
# inside their functions, so that --help answers at once.
app.command()(verify)
app.command()(show)
app.command()(solve)


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
    app()
