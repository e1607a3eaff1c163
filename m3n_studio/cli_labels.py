"""The command line for files of labels: converting and comparing them."""

from __future__ import annotations

import json as json_module
import math
from pathlib import Path
from typing import Annotated, Any

import typer

from m3n_studio.errors import M3nError, UnknownName

app = typer.Typer(help="Convert and compare files of labels.", no_args_is_help=True)

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
