"""``m3n-studio project``: make, look at, check, mend, pack and unpack projects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from m3n_studio.errors import UnknownName

_PLACE_HELP = "Where recordings of a name (or of a device of that name) were worn, e.g. watch=left_wrist; repeat."

Folder = Annotated[Path, typer.Argument(help="The project's folder.")]
Placements = Annotated[
    list[str] | None,
    typer.Option("--placement", metavar="NAME=PLACEMENT", help=f"{_PLACE_HELP} Files that say it keep theirs."),
]

app = typer.Typer(
    name="project", no_args_is_help=True, help="Projects on disk: recordings, video and labels.",
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip


def _note(text: str) -> None:
    typer.echo(text, err=True)


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, where that is a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@app.command()
def new(folder: Folder, name: Annotated[str, typer.Option(help="Its name; by default the folder's.")] = "") -> None:
    """Make a new, empty project."""
    from m3n_studio.project.store import Project

    with Project.create(folder, name) as project:
        _note(f"made the project {project.name!r} in {folder}")


@app.command()
def demo(folder: Folder, name: Annotated[str, typer.Option(help="Its name; by default the folder's.")] = "") -> None:
    """Make a small labelled project to learn the program with: five made-up people, both wrists, their motions."""
    from m3n_studio.project.demo_project import make_demo_project
    from m3n_studio.project.summary import summarise, summary_lines

    with _bar("simulating") as progress:
        make_demo_project(folder, name=name, progress=progress)
    for line in summary_lines(summarise(folder)):
        typer.echo(line)
    _note(f"made the demo project in {folder}")


@app.command()
def info(
    folder: Folder, json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False
) -> None:
    """Say what is in a project."""
    from m3n_studio.project.summary import summarise, summary_lines

    found = summarise(folder)
    if json:
        import json as json_module

        typer.echo(json_module.dumps(found, indent=2))
        return
    for line in summary_lines(found):
        typer.echo(line)


@app.command()
def check(
    folder: Folder,
    samples: Annotated[bool, typer.Option(help="Also read every sample and hold it against its checksum.")] = True,
) -> None:
    """Look at every part of a project; exit code 2 if something is damaged."""
    from m3n_studio.project.check import check as run

    with _bar("checking") as progress:
        findings = run(folder, samples=samples, progress=progress)
    for finding in findings:
        typer.echo(finding.line())
    if any(finding.level == "damage" for finding in findings):
        raise typer.Exit(2)
    if not findings:
        typer.echo("all is well")


@app.command()
def repair(
    folder: Folder,
    remove_unused: Annotated[
        bool, typer.Option("--remove-unused", help="Delete whole signal files that nothing refers to.")
    ] = False,
) -> None:
    """Mend a damaged project from its backups and from what can still be read."""
    from m3n_studio.project.repair import repair as run

    findings = run(folder, remove_unused=remove_unused)
    for finding in findings:
        typer.echo(finding.line())
    if not findings:
        typer.echo("there was nothing to mend")


@app.command()
def add(
    folder: Folder,
    recordings: Annotated[list[Path], typer.Argument(help="Files or folders of recordings of any known format.")],
    label_set: Annotated[str, typer.Option(help="Label set for the labels the files have.")] = "imported",
    rate: Annotated[float, typer.Option(help="Rate in Hz of files that have no times.")] = 0.0,
    recipe: Annotated[
        list[Path] | None, typer.Option("--recipe", help="Recipe for tables; repeat for several.")
    ] = None,
    fix: Annotated[
        list[str] | None,
        typer.Option("--fix", help="Remedy for signals whose findings name it (see import-check); repeat."),
    ] = None,
    placement: Placements = None,
) -> None:
    """Put recordings into a project, with their labels and subjects; what cannot be read is told."""
    from m3n_studio.project.bulk import Result, Wish, look, take_in
    from m3n_studio.project.store import Project
    from m3n_studio.project.worn import read_placements, said_unplaced
    from m3n_studio.recordings.recipe import read_recipe
    from m3n_studio.recordings.remedies import check_names

    check_names(fix or ())
    worn = read_placements(placement or ())
    recipes = [read_recipe(path) for path in recipe or ()]
    result = Result()
    with Project.open(folder) as project, _bar("importing") as progress:
        task = _Task(progress)
        plan = look(recordings, recipes, task)
        for skipped in plan.skipped:
            _note(f"left out: {skipped.path}: {skipped.why}")
        for outcome, added in take_in(project, Wish(plan, tuple(fix or ()), rate, label_set, worn), result, task):
            for finding in outcome.findings:
                _note(f"{outcome.item.path.name}: {finding.line()}")
            for one in added:
                again = f"; there already: {', '.join(one.skipped)}" if one.skipped else ""
                typer.echo(f"{outcome.item.path.name}: session {one.session.name!r}, {len(one.recordings)} "
                           f"recordings, {one.annotations} labels{again}")  # fmt: skip
    for path, why in result.errors:
        _note(f"not imported: {path}: {why}")
    if result.unplaced:
        name = next(iter(result.unplaced))
        _note(f"nothing says where these were worn, and nothing is learned from them until it is said: "
              f"{said_unplaced(result.unplaced)}; m3n-studio project place {folder} {name}=PLACEMENT")  # fmt: skip
    if result.errors:
        raise typer.Exit(2)


@app.command()
def place(
    folder: Folder,
    where: Annotated[list[str], typer.Argument(metavar="NAME=PLACEMENT...", help=_PLACE_HELP)],
) -> None:
    """Say where recordings were worn that do not say it yet, by the name of the recordings or of their device."""
    from m3n_studio.project.store import Project
    from m3n_studio.project.worn import place_edits, read_placements, unplaced

    worn = read_placements(where)
    with Project.open(folder) as project:
        for name, placement in worn.items():
            edits = place_edits(project, name, placement)
            if not edits:
                raise UnknownName("name of recordings without a placement", name, unplaced(project.recordings()))
            project.apply(edits)
            typer.echo(f"{len(edits)} recordings {name!r}: {placement}")


class _Task:
    """What work in the terminal is told through: a bar, and no cancel but Ctrl+C."""

    def __init__(self, bar: Callable[[int, int], None]) -> None:
        self._bar = bar

    def progress(self, done: float, total: float) -> None:
        """Move the bar."""
        self._bar(round(1000 * done), round(1000 * total))

    def cancelled(self) -> bool:
        """Never."""
        return False


@app.command("export")
def export_(
    folder: Folder, out: Annotated[Path, typer.Option("--out", "-o", help="Zip file to write.")]
) -> None:  # fmt: skip
    """Pack a project into one zip file."""
    from m3n_studio.project.archive import export_project

    with _bar("packing") as progress:
        outside = export_project(folder, out, progress=progress)
    for path in outside:
        _note(f"not packed, for it lies outside of the project: {path}")
    _note(f"wrote {out}: {out.stat().st_size / 1e6:.1f} MB")


@app.command("import")
def import_(
    archive: Annotated[Path, typer.Argument(help="Zip file that `project export` wrote.")],
    folder: Annotated[Path, typer.Argument(help="New folder for the project.")],
) -> None:
    """Unpack a project from a zip file into a new folder."""
    from m3n_studio.project.archive import import_project

    with _bar("unpacking") as progress, import_project(archive, folder, progress=progress) as project:
        _note(f"unpacked the project {project.name!r} into {folder}")
