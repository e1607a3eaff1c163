"""The command line for files of labels: converting and comparing them, into projects and out of them."""

from __future__ import annotations

import json as json_module
import math
from pathlib import Path
from typing import Annotated, Any

import typer

from m3n_studio.errors import M3nError, UnknownName

app = typer.Typer(help="Convert and compare files of labels; labels of projects in and out.", no_args_is_help=True)

LabelPath = Annotated[Path, typer.Argument(help="File of labels, of any format of `labels formats`.")]
TierOption = Annotated[str, typer.Option(help="Tier to compare, by name. Default: the first with intervals.")]


@app.command()
def formats() -> None:
    """List the formats, what their files are called, and whether they hold everything."""
    from m3n_studio.annotation.exchange.formats import label_formats

    for row in label_formats():
        whole = "everything" if row.losses.endswith(":none_lost") else "times and classes"
        typer.echo(f"{row.name:14}{row.ending or ' '.join(row.suffixes):14}{row.title}; holds {whole}")


@app.command()
def convert(
    source: LabelPath,
    out: Annotated[Path, typer.Argument(help="File to write.")],
    to: Annotated[str, typer.Option(help="Format to write; else that of the name. See `labels formats`.")] = "",
    of: Annotated[str, typer.Option("--from", help="Format to read; else found out.")] = "",
    strict: Annotated[bool, typer.Option(help="Write nothing where something would be lost.")] = False,
) -> None:
    """Read labels and write them in another format; what is lost is said."""
    from m3n_studio.annotation.exchange.formats import format_for, losses, read_labels, write_labels

    file = read_labels(source, format=of)
    target = format_for(out, to)
    lost = losses(file, target.name)
    for text in file.notes:
        typer.echo(f"not taken over from {source.name}: {text}", err=True)
    for text in lost:
        typer.echo(f"lost in {target.title}: {text}", err=True)
    if strict and lost:
        raise M3nError(f"{out} is not written: {target.title} cannot hold everything")
    write_labels(out, file, format=target.name)
    typer.echo(f"wrote {out}: {len(file.annotations)} labels on {len(file.tiers)} tiers, {target.title}", err=True)


@app.command()
def compare(
    first: LabelPath,
    second: LabelPath,
    tier: TierOption = "",
    tolerance_s: Annotated[float, typer.Option(min=0.0, help="How far apart two boundaries may be, s.")] = 0.5,
    start_s: Annotated[float | None, typer.Option(help="Compare from here on, s. Default: the first label.")] = None,
    end_s: Annotated[float | None, typer.Option(help="Compare up to here, s. Default: the last label.")] = None,
    null: Annotated[bool, typer.Option(help="Unlabelled time is a class of its own.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say how far two files of labels agree: Cohen's kappa, boundary F1, seconds by what each calls them."""
    from m3n_studio.annotation import quality

    a, b = _track(first, tier), _track(second, tier)
    edges = [e for track in (a, b) for x in track for e in (x.start_s, x.end_s)]
    low = min(edges, default=0.0) if start_s is None else start_s
    high = max(edges, default=0.0) if end_s is None else end_s
    if not high > low:
        raise M3nError(f"there is nothing to compare from {low:.6g} to {high:.6g} s")
    spans = [(low, high)]
    confusion = quality.confusion(a, b, spans, null=null)
    edge = quality.boundary_score(a, b, spans, tolerance_s)
    apart = sum(1 for _ in quality.disagreements(a, b, spans))
    result = {
        "start_s": low, "end_s": high, "agreement": confusion.agreement, "kappa": confusion.kappa,
        "boundary_f1": edge.f1, "boundary_precision": edge.precision, "boundary_recall": edge.recall,
        "boundary_offset_s": edge.mean_offset_s, "tolerance_s": tolerance_s, "disagreements": apart,
        "classes": list(confusion.names), "seconds": [list(row) for row in confusion.seconds],
    }  # fmt: skip
    if json:
        plain = {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in result.items()}
        typer.echo(json_module.dumps(plain, indent=2))
        return
    for line in _lines(result, edge):
        typer.echo(line)


@app.command("export")
def export_(
    project: Annotated[Path, typer.Argument(help="Folder of the project.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the files, one a session.")],
    to: Annotated[str, typer.Option(help="Format to write; see `labels formats`.")] = "csv",
    session: Annotated[list[str] | None, typer.Option(help="Only this session, by name; repeat for several.")] = None,
    strict: Annotated[bool, typer.Option(help="Write nothing where something would be lost.")] = False,
    force: Annotated[bool, typer.Option(help="Write over files that are there.")] = False,
) -> None:
    """Write the labels of a project's sessions; what the format cannot hold is said."""
    from m3n_studio.project import Project
    from m3n_studio.project.label_export import plan_export, write

    with Project.open(project, read_only=True) as opened:
        chosen = [_session(opened, name) for name in session] if session else list(opened.sessions())
        plan = plan_export(opened, chosen, to, out)
    for text, count in plan.lost():
        typer.echo(f"lost in {plan.format.title}, {count} of {len(plan.items)} sessions: {text}", err=True)
    if strict and plan.lost():
        raise M3nError(f"nothing is written: {plan.format.title} cannot hold everything")
    if plan.there and not force:
        raise M3nError(f"{plan.there[0]}: found a file of that name; use --force to write over it")
    for path in write(plan):
        typer.echo(str(path))
    typer.echo(f"{len(plan.items)} sessions written, {len(plan.empty)} without labels left out", err=True)


@app.command("import")
def import_(
    project: Annotated[Path, typer.Argument(help="Folder of the project.")],
    source: LabelPath,
    session: Annotated[str, typer.Option(help="Session, by name; else found out from the file.")] = "",
    offset_s: Annotated[
        float | None, typer.Option(help="Move the labels by so much, s. Default: by the clocks, where both are known.")
    ] = None,
    onto: Annotated[
        str, typer.Option(help="Tier of the project all labels go to. Default: tiers of the same name.")
    ] = "",
    keep: Annotated[bool, typer.Option(help="Labels that are there win where new ones overlap them.")] = False,
    author: Annotated[str, typer.Option(help="Author of labels whose file names none.")] = "",
    of: Annotated[str, typer.Option("--from", help="Format to read; else found out.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
) -> None:
    """Read labels into a session of a project; tiers and classes are matched by name, new ones are made."""
    from m3n_studio.annotation.exchange.formats import read_labels
    from m3n_studio.project import Project
    from m3n_studio.project.label_import import Into, offset_for, plan_import, session_for, take_in

    labels = read_labels(source, format=of)
    for text in labels.notes:
        typer.echo(f"not taken over from {source.name}: {text}", err=True)
    with Project.open(project, read_only=dry_run) as opened:
        target = _session(opened, session) if session else session_for(opened, source, labels)
        if target is None:
            raise M3nError(f"{source}: it is not clear of which session it is; name one with --session")
        by = offset_for(labels, target) if offset_s is None else offset_s
        targets = {t.name: _tier_id(opened, onto, t.kind) for t in labels.tiers} if onto else None
        plan = plan_import(opened, [Into(target, labels, by, source)], targets=targets, keep_mine=keep, author=author)
        if not dry_run and plan.changes:
            take_in(opened, plan)
    for tier in plan.tiers:
        new = [c.name for c in tier.classes if c.is_new]
        to = f"{tier.count} labels to {tier.becomes!r}" if tier.becomes else "left out"
        typer.echo(f"tier {tier.name!r}: {to}" + (f", new classes: {', '.join(new)}" if new else ""))
    word = "would come" if dry_run else "came"
    typer.echo(f"{plan.new} labels {word} into {target.name!r} ({by:+g} s), {plan.there} were there already, "
               f"{plan.cut} cut or left out, {plan.touched} of those there gave way", err=True)  # fmt: skip


@app.command()
def suggest(
    project: Annotated[Path, typer.Argument(help="Folder of the project.")],
    run: Annotated[Path, typer.Argument(help="Finetuning run whose classifiers predict the project's sessions.")],
    most: Annotated[int, typer.Option(min=1, help="How many stretches.")] = 20,
    sure: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Instead those of one class at least this probable, 0 to 1.")
    ] = 0.0,
    tier: Annotated[str, typer.Option(help="Tier that is labelled; needed where there are several.")] = "",
) -> None:
    """List the unlabelled stretches most worth a label next, and why; times are of the session's clock."""
    from m3n_studio.project import Project
    from m3n_studio.project.suggested import suggested

    with Project.open(project, read_only=True) as opened:
        found = suggested(opened, run, tier=tier, most=most, sure=sure, tell=lambda text: typer.echo(text, err=True))
    for s in found:
        typer.echo(
            f"{s.session}  {s.start_s:9.2f} {s.end_s:9.2f}  {s.label}  {s.confidence:.0%}  {'; '.join(s.reasons)}"
        )
    if not found:
        typer.echo("nothing without a label is left that the run says anything of", err=True)


def _tier_id(project: Any, name: str, kind: str) -> str:
    tiers = [t for t in project.tiers() if t.kind == kind]
    found = next((t for t in tiers if t.name == name), None)
    if found is None:
        raise UnknownName(f"tier of {kind}s", name, [t.name for t in tiers])
    return str(found.id)


def _session(project: Any, name: str) -> Any:
    """A session by ``name`` or ``subject/name``."""
    subjects = {s.id: s.name for s in project.subjects()}
    found = [s for s in project.sessions() if name in (s.name, f"{subjects.get(s.subject, '')}/{s.name}")]
    if not found:
        raise UnknownName("session", name, [s.name for s in project.sessions()])
    if len(found) > 1:
        whole = ", ".join(f"{subjects.get(s.subject, '')}/{s.name}" for s in found)
        raise M3nError(f"{len(found)} sessions are called {name!r}; say which: {whole}")
    return found[0]


def _track(path: Path, name: str) -> Any:
    from m3n_studio.annotation.exchange.formats import read_labels
    from m3n_studio.annotation.track import tracks_of

    file = read_labels(path)
    tracks = [t for t in tracks_of(file.tiers, file.annotations).values() if t.tier.kind == "interval"]
    if name:
        found = next((t for t in tracks if t.tier.name == name), None)
        if found is None:
            raise UnknownName(f"tier of {path.name}", name, [t.tier.name for t in tracks])
        return found
    found = next((t for t in tracks if len(t)), None)
    if found is None:
        raise M3nError(f"{path}: there are no intervals in it")
    return found


def _lines(result: dict[str, Any], edge: Any) -> list[str]:
    names = ["unlabelled" if n is None else n for n in result["classes"]]
    wide = max(10, *(len(n) for n in names))
    lines = [
        f"compared      {result['start_s']:.3f} to {result['end_s']:.3f} s",
        f"agreement     {result['agreement']:.1%} of the time",
        f"kappa         {result['kappa']:.3f}",
        f"boundary F1   {edge.f1:.3f} within {result['tolerance_s']:g} s "
        f"({edge.matched} shared, {edge.first} in the first, {edge.second} in the second)",
        f"disagreements {result['disagreements']}",
        "",
        "seconds, first by row, second by column",
        " " * wide + "".join(f"  {n:>{max(9, len(n))}}" for n in names),
    ]
    for name, row in zip(names, result["seconds"], strict=True):
        lines.append(
            f"{name:<{wide}}" + "".join(f"  {s:>{max(9, len(n))}.2f}" for n, s in zip(names, row, strict=True))
        )
    return lines
