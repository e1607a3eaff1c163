"""Commands about recordings from elsewhere: check them, guess and check recipes, fetch samples."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from m3n_studio.errors import M3nError

recipes = typer.Typer(help="CSV recipes: what the columns of a stranger's table mean.", no_args_is_help=True)
samples = typer.Typer(help="Public recordings to try things on.", no_args_is_help=True)

RateOption = Annotated[float, typer.Option("--rate", min=0.0, max=1e5, help="Rate in Hz, for files without times.")]


def _note(text: str) -> None:
    typer.echo(text, err=True)


def add_to(app: typer.Typer) -> None:
    """Put the commands into the program's."""
    app.command("import-check")(import_check)
    app.add_typer(recipes, name="recipe")
    app.add_typer(samples, name="sample")


def import_check(
    path: Annotated[Path, typer.Argument(help="A recording or a folder of them.")],
    recipe: Annotated[
        list[Path] | None, typer.Option("--recipe", help="Recipe for tables; repeat for several.")
    ] = None,
    rate: RateOption = 0.0,
    fix: Annotated[list[str] | None, typer.Option("--fix", help="Remedy to apply, by name; repeat.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Findings only, no figures.")] = False,
) -> None:
    """Read recordings as an import would and say what is odd about them; nothing is written."""
    from m3n_studio.recordings import folder
    from m3n_studio.recordings.imported import Reading
    from m3n_studio.recordings.recipe import read_recipe
    from m3n_studio.recordings.remedies import check_names

    check_names(fix or ())
    plan = folder.scan(path, recipes=[read_recipe(file) for file in recipe or ()])
    failed, read, rejected = 0, 0, 0
    for outcome in folder.run(plan, reading=Reading(rate_hz=rate), fixes=fix or ()):
        name = outcome.item.path.relative_to(path) if path.is_dir() else outcome.item.path.name
        if not outcome.ok:
            failed += 1
            typer.echo(f"{name}: not read: {outcome.error}")
            continue
        read += 1
        rejected += any(finding.level == "reject" for finding in outcome.findings)
        if not quiet:
            for imported in outcome.imports:
                _describe(str(name), imported)
        for finding in outcome.findings:
            typer.echo(f"{name}: {finding.line()}")
    for skipped in plan.skipped:
        _note(f"skipped {skipped.path.name}: {skipped.why}")
    _note(f"{read} read, {rejected} of them with grave findings, {failed} not read, {len(plan.skipped)} skipped")
    if failed or not read:
        raise typer.Exit(2)


def _describe(name: str, imported: Any) -> None:
    from m3n_studio.recordings.checks import figures_of

    who = imported.subject
    body = [f"{who.height_m:g} m" if who.height_m else "", f"{who.mass_kg:g} kg" if who.mass_kg else "",
            f"{who.handedness}-handed" if who.handedness else ""]  # fmt: skip
    known = ", ".join(part for part in (who.id, imported.session, *body) if part)
    runs = sum(len(track.runs) for track in imported.labels)
    labels = f", {runs} labelled stretches of {sum(len(t.classes) for t in imported.labels)} classes" if runs else ""
    typer.echo(f"{name}: {imported.format}{f' ({known})' if known else ''}{labels}")
    for recorded in imported.recorded:
        seen = figures_of(recorded.signal)
        at = f" at {recorded.placement}" if recorded.placement else ""
        noise = f"noise {seen.acc_noise_mps2:.3f} m/s² and {seen.gyr_noise_radps:.4f} rad/s"
        typer.echo(
            f"  {recorded.signal.name}{at}: {seen.duration_s:.1f} s, {seen.rate_hz:.2f} Hz, jitter {seen.jitter:.0%},"
            f" missing {seen.missing:.1%}, |g| {seen.gravity_mps2:.2f} m/s², still {seen.still_s:.1f} s,"
            f" {noise if seen.still_s > 0 else 'never still long enough to see its noise'}"
        )
    for note in imported.notes:
        typer.echo(f"  {note}")


@recipes.command("guess")
def guess_recipe(
    path: Annotated[Path, typer.Argument(help="A table of which nothing is known.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Recipe file to write (.recipe.toml).")] = None,
    rate: RateOption = 0.0,
) -> None:
    """Guess what a table's columns mean, and say why; the recipe goes to stdout or a file."""
    from m3n_studio.recordings.recipe_guess import guess

    found = guess(path, rate_hz=rate)
    for one in found.guesses:
        _note(f"{one.confidence:>7}: {one.key} = {one.value}: {one.reason}")
    for problem in found.problems:
        _note(f"   open: {problem}")
    if found.recipe is None:
        raise M3nError(f"{path}: too much is open to make a recipe; write one by hand from what was seen above")
    if out is None:
        typer.echo(found.recipe.text(), nl=False)
    else:
        found.recipe.write(out)
        _note(f"wrote {out}")


@recipes.command("check")
def check_recipe(
    recipe: Annotated[Path, typer.Argument(help="A recipe file.")],
    tables: Annotated[list[Path] | None, typer.Argument(help="Tables to read with it.")] = None,
) -> None:
    """Check a recipe, and read tables with it: what comes out and what is odd about it."""
    from m3n_studio.recordings.folder import read_findings
    from m3n_studio.recordings.recipe import read_recipe

    wanted = read_recipe(recipe)
    _note(f"{recipe}: a recipe for {len(wanted.sensor)} sensors")
    for table in tables or ():
        for finding in read_findings(wanted, table):
            typer.echo(f"{table.name}: {finding.line()}")
        for imported in wanted.read(table):
            _describe(table.name, imported)


@samples.command("list")
def list_samples() -> None:
    """What can be fetched, how large, under which licence, and what is here already."""
    from m3n_studio.recordings.samples import is_whole, sample_sets, samples_folder

    for chosen in sample_sets().values():
        here = ", here" if is_whole(chosen, samples_folder()) else ""
        typer.echo(f"{chosen.name}: {chosen.title} ({len(chosen.files)} files, {chosen.size / 1e6:.1f} MB{here})")
        typer.echo(f"  {chosen.licence}, {chosen.source} at {chosen.version[:12]}")


@samples.command("fetch")
def fetch_sample(
    name: Annotated[str, typer.Argument(help="Name from `sample list`.")],
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder for samples. Default: the user's data folder.")
    ] = None,
    source: Annotated[
        str, typer.Option("--from", help="Folder or http address that stands in for the originals.")
    ] = "",
) -> None:
    """Fetch a set of recordings; its licence is shown and kept beside it."""
    from m3n_studio.recordings.samples import fetch, licence_of

    _note(licence_of(name))
    last = [-1]

    def report(done: int, total: int, file: str) -> None:
        percent = 10 * (10 * done // max(total, 1))
        if percent != last[0]:
            last[0] = percent
            _note(f"{percent:3d} % {file}")

    typer.echo(str(fetch(name, folder=to, source=source, progress=report)))
