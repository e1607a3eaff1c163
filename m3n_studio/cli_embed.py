"""What a trained model is used for, from the command line: ``embed``, ``retrieve``, ``export``."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated, Any

import typer

from m3n_studio.cli_learn import DATA_HELP, TIER_HELP, _bar, _cache, load_recordings
from m3n_studio.errors import M3nError

RunPath = Annotated[Path, typer.Argument(help="A run's folder.")]
Motions = Annotated[
    list[str] | None, typer.Option("--motion", "-m", help="Folder or file of motions, or `demo`; repeat for several.")
]
Data = Annotated[str, typer.Option(help=f"Labelled recordings. {DATA_HELP}")]
Tier = Annotated[str, typer.Option(help=TIER_HELP)]
Json = Annotated[bool, typer.Option("--json", help="Print all numbers as JSON.")]


def add_to(app: typer.Typer) -> None:
    """Put the commands on the command line."""
    for command in (embed, retrieve, export):
        app.command()(command)


def embed(
    run: RunPath,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write (.h5).")],
    motion: Motions = None,
    data: Data = "",
    tier: Tier = "",
    seed: Annotated[int, typer.Option(min=0, help="Decides the bodies of synthetic windows.")] = 0,
) -> None:
    """Embed windows of motions (text, pose, synthetic signals) or of recordings with a pretraining run."""
    from m3n_studio.learning.embed import write_embeddings

    found = _embedded(run, motion, data, tier, seed)
    write_embeddings(out, found)
    typer.echo(f"wrote {out}: {len(found)} windows of {found.kind}, {len(found.sentences)} sentences")


def retrieve(
    source: Annotated[Path, typer.Argument(help="Embeddings (.h5), or a pretraining run with --motion or --data.")],
    motion: Motions = None,
    data: Data = "",
    tier: Tier = "",
    seed: Annotated[int, typer.Option(min=0, help="Decides the bodies of synthetic windows.")] = 0,
    json: Json = False,
) -> None:
    """Say how well text, pose and signals find one another, and how well sentences alone name the classes."""
    from m3n_studio.learning.embed import read_embeddings
    from m3n_studio.learning.retrieve import AT
    from m3n_studio.learning.retrieve import retrieve as find

    found = read_embeddings(source) if source.is_file() else _embedded(source, motion, data, tier, seed)
    results, named = find(found), _named(found)
    if json:
        plain = {name: r.to_dict() for name, r in results.items()}
        typer.echo(json_module.dumps({"retrieval": plain, "zero_shot": named}, indent=1))
        return
    columns = [f"R@{k}" for k in AT]
    typer.echo(f"{'':28}{'queries':>8}{'among':>8}" + "".join(f"{c:>8}" for c in (*columns, "MRR", "chance")))
    for name, r in results.items():
        figures = [*(100 * r.recall[k] for k in AT), 100 * r.mrr, 100 * r.chance["mrr"]]
        typer.echo(f"{name:28}{r.queries:8}{r.candidates:8}" + "".join(f"{v:8.1f}" for v in figures))
    if named:
        typer.echo(f"zero-shot: macro F1 {100 * named['macro_f1']:.1f}, accuracy {100 * named['accuracy']:.1f}"
                   f" on {named['windows']} windows of {len(named['f1'])} classes")  # fmt: skip


def export(
    run: RunPath,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write; new.")],
    format: Annotated[list[str] | None, typer.Option("--format", help="onnx or torchscript; default: both.")] = None,
    fold: Annotated[int, typer.Option(min=1, help="Which fold's classifier.")] = 1,
    licence: Annotated[
        list[str] | None, typer.Option(help="NAME=TEXT for the card; else what lies beside the data. Repeat.")
    ] = None,
) -> None:
    """Export a run's model to ONNX and TorchScript, checked against the original, with its card."""
    from m3n_studio.learning.export import FORMATS
    from m3n_studio.learning.export import export as write

    licences: dict[str, str] = {}
    for text in licence or ():
        name, equals, words = text.partition("=")
        if not equals:
            raise M3nError(f"--licence {text}: expected NAME=TEXT")
        licences[name.strip()] = words.strip()
    done = write(run, out, formats=format or FORMATS, fold=fold, licences=licences)
    for name, path in done.files.items():
        typer.echo(f"wrote {path}: differs by at most {done.difference[name]:.1e}")
    typer.echo(f"wrote {done.folder / 'CARD.md'}")


def _embedded(run: Path, motion: list[str] | None, data: str, tier: str, seed: int) -> Any:
    """Embeddings of motions or of recordings."""
    from m3n_studio.learning.embed import embed_motions, embed_windows
    from m3n_studio.learning.motion_set import load_motions
    from m3n_studio.learning.pretrain import open_pretrained
    from m3n_studio.learning.text import read_templates
    from m3n_studio.learning.windows import cut
    from m3n_studio.resources import resource

    if bool(motion) == bool(data):
        raise M3nError("say what to embed: --motion or --data, one of them")
    of = open_pretrained(run)
    templates = read_templates(of.config.text.templates)
    if motion:
        folders = [resource("motions") if name == "demo" else Path(name) for name in motion]
        with _bar("reading motions") as tell:
            motions = load_motions(folders, of.config.windows, templates=templates,
                                   progress=lambda done, total, _: tell(done, total))  # fmt: skip
        for skipped in motions.skipped:
            typer.echo(f"left out {skipped.name}: {skipped.reason}", err=True)
        with _bar("embedding") as tell:
            return embed_motions(of, motions, seed=seed, cache=_cache(), progress=tell)
    with _bar("reading recordings") as tell:
        recordings = load_recordings(data, tier, of.config.windows, tell)
    windows = cut(recordings, of.config.windows)
    said = {name: templates.sentences(name) for name in windows.classes}
    with _bar("embedding") as tell:
        return embed_windows(of, windows, said, cache=_cache(), progress=tell)


def _named(found: Any) -> dict[str, Any] | None:
    """Scores of naming classes by their sentences; None without text or labels."""
    from dataclasses import asdict

    from m3n_studio.learning.retrieve import zero_shot

    if found.text is None or not (found.topic >= 0).any():
        return None
    return asdict(zero_shot(found)[1])
