"""Training runs from the command line: ``runs list``, ``show``, ``compare``, ``diagnose``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

runs_app = typer.Typer(
    name="runs", no_args_is_help=True, help="Look at training runs.",
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip

RunPath = Annotated[Path, typer.Argument(help="A run's folder.")]


def add_to(app: typer.Typer) -> None:
    """Put the commands on the command line."""
    app.add_typer(runs_app)


@runs_app.command("list")
def list_(folder: Annotated[Path, typer.Argument(help="A folder with runs somewhere in it.")] = Path()) -> None:
    """List the runs in a folder."""
    from m3n_studio.learning.run_folder import find_runs
    from m3n_studio.learning.runs import summary

    for run in find_runs(folder):
        typer.echo(summary(run))


@runs_app.command()
def show(run: RunPath, last: Annotated[int, typer.Option(min=0, help="How many events.")] = 10) -> None:
    """Say what a run is, how it stands, and what it said last."""
    from m3n_studio.learning.runs import details

    for line in details(run, last):
        typer.echo(line)


@runs_app.command()
def compare(runs: Annotated[list[Path], typer.Argument(help="Folders of two runs or more.")]) -> None:
    """Put runs side by side: the settings that differ, and the results."""
    from m3n_studio.learning.runs import comparison

    for line in comparison(runs):
        typer.echo(line)


@runs_app.command()
def diagnose(run: RunPath) -> None:
    """Say in plain words what a run suffers from, as far as it has come, and what to try."""
    from m3n_studio.learning.runs import diagnosed

    for line in diagnosed(run):
        typer.echo(line)
