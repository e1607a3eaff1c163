"""Model cards: what a model was made of, how good it is, where it must not be trusted, whose data is in it.

Written from a run's folder alone, and from what lies beside its data. Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from m3n_studio.errors import FileError
from m3n_studio.learning.methods import find_method
from m3n_studio.learning.run_folder import RunFolder

_LICENCE_FILES = ("SOURCE.txt", "LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE", "LICENCE.txt", "COPYING")
_MOST_QUOTED = 600
_NO_LICENCE = "not stated beside the data: find out before you give this model away"


def card(run: RunFolder, facts: Mapping[str, Any] | None = None, licences: Mapping[str, str] | None = None) -> str:
    """The card of a run's model, in Markdown.

    Parameters
    ----------
    run : RunFolder
        Of pretraining or finetuning.
    facts : mapping
        Of the exported model (``model.json``), where one was exported.
    licences : mapping of str to str
        Of the data, by the name it should have here; looked for beside the data where not given.
    """
    about = run.about
    method = find_method(str(about.facts.get("method", "")))
    parts = [
        f"# {method.title} ({'pretrained encoders' if about.kind == 'pretrain' else 'classifier'})",
        method.about,
        _table({
            "kind": about.kind, "made at": about.created_at, "seed": about.seed, "data fingerprint": about.data[:16],
            **about.environment,
        }),
        "## Input and output", _interface(about.facts, facts),
        "## Data", _data(run, licences),
        "## Settings", _settings(run),
        "## How good it is", _metrics(run),
        "## Where it must not be trusted", _limits(run),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def write_card(run: str | Path, path: str | Path, licences: Mapping[str, str] | None = None) -> Path:
    """Write a run's card to a file."""
    from m3n_studio.atomic import atomic

    path = Path(path)
    text = card(RunFolder.open(run), None, licences)
    with atomic(path) as part:
        part.write_text(text, encoding="utf-8")
    return path


def _table(rows: Mapping[str, Any]) -> str:
    lines = [f"| {_cell(name)} | {_cell(value)} |" for name, value in rows.items()]
    return "\n".join(["| | |", "|---|---|", *lines])


def _cell(value: Any) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")


def _interface(of_run: Mapping[str, Any], exported: Mapping[str, Any] | None) -> str:
    placements = ", ".join(of_run.get("placements", ()))
    rate, samples = float(of_run.get("rate_hz", 0.0)), int(of_run.get("samples", 0))
    lines = [
        f"Windows of {samples} samples at {rate:g} Hz ({samples / rate if rate else 0:.3g} s) of {placements}:"
        " accelerometer x y z in m/s² (specific force, at rest +g up), gyroscope x y z in rad/s, each in its sensor's"
        " own frame."
    ]
    if of_run.get("classes"):
        lines.append(f"Classes: {', '.join(of_run['classes'])}.")
    if exported is not None:
        lines.append(
            "The exported files take raw windows; normalisation is inside them. `model.json` lists shapes and names."
        )
        if "fold" in exported:
            lines.append(f"This is the classifier of fold {exported['fold']}; it has not seen that fold's test users.")
    return "\n\n".join(lines)


def _data(run: RunFolder, licences: Mapping[str, str] | None) -> str:
    origin = _origins(run)
    lines = []
    if run.about.kind == "pretrain":
        lines.append("Pretrained on synthetic signals of recorded motion; no recording of a sensor was used.")
    found = dict(licences) if licences else {name: _licence(where) for name, where in origin.items()}
    rows = [f"| {_cell(name)} | {_cell(Path(where).name)} |" for name, where in origin.items()]
    if rows:
        lines.append("\n".join(["| role | name |", "|---|---|", *rows]))
    said = [f"- {_cell(name)}: {text}" for name, text in found.items()]
    lines += ["### Licences of the data", "\n".join(said) if said else f"- {_NO_LICENCE}"]
    return "\n\n".join(lines)


def _origins(run: RunFolder) -> dict[str, str]:
    """Names and places of everything the model learned from, the pretrained run's data included."""
    origin = dict(run.about.made_from)
    pretrained = origin.get("pretrained")
    if pretrained:
        try:
            before = RunFolder.open(pretrained).about.made_from
        except FileError:
            before = {}
        origin |= {f"pretraining: {name}": where for name, where in before.items()}
    return origin


def _licence(where: str) -> str:
    """What lies beside some data about its licence, quoted shortly."""
    place = Path(where)
    if (place / "run.json").is_file():
        return "a run; see the data it was made from"
    for folder in [place if place.is_dir() else place.parent, place.parent]:
        for name in _LICENCE_FILES:
            try:
                with (folder / name).open("rb") as file:
                    text = file.read(4 * _MOST_QUOTED).decode("utf-8", "replace")
            except OSError:
                continue
            if text.strip():
                quoted = " ".join(text.split())
                return f"`{name}` beside it: {quoted[:_MOST_QUOTED]}{'…' if len(quoted) > _MOST_QUOTED else ''}"
    return _NO_LICENCE


def _settings(run: RunFolder) -> str:
    config = run.config
    changed = config.changes()
    rows = {name: f"{ours} (preset: {theirs})" for name, (theirs, ours) in changed.items()}
    head = f"Preset `{config.preset}`" + (", changed:" if rows else ", unchanged.")
    return f"{head}\n\n{_table(rows)}" if rows else head


def _metrics(run: RunFolder) -> str:
    metrics = run.metrics
    if run.about.kind == "pretrain":
        names = ("loss", "epochs", "best_epoch", "windows_an_epoch")
        rows = {name.replace("_", " "): metrics[name] for name in names if name in metrics}
        total = metrics.get("parameters", {}).get("total")
        rows |= {"parameters": f"{total:,}"} if isinstance(total, int) else {}
        return _table(rows) if rows else "Not finished: there are no figures."
    if "mean" not in metrics or "pooled" not in metrics:
        return "Not evaluated: there are no figures."
    mean, std, pooled = metrics["mean"], metrics["std"], metrics["pooled"]
    rows = {name.replace("_", " "): f"{100 * mean[name]:.1f} ± {100 * std[name]:.1f} %" for name in mean}
    lines = [
        f"On users it was not trained on: mean and standard deviation over {len(metrics['folds'])} folds.",
        _table(rows),
        "| class | F1 | precision | recall | windows |\n|---|---|---|---|---|\n"
        + "\n".join(
            f"| {_cell(name)} | {_percent(pooled['f1'][name])} | {_percent(pooled['precision'][name])} |"
            f" {_percent(pooled['recall'][name])} | {count} |"
            for name, count in pooled["support"].items()
        ),
    ]
    return "\n\n".join(lines)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _limits(run: RunFolder) -> str:
    """What follows from the settings and figures, not what could be said of any model."""
    about, config = run.about, run.config
    lines = [
        f"Signals at another rate than {float(about.facts.get('rate_hz', 0.0)):g} Hz must be brought to it first,"
        " low-passed where theirs is higher.",
        "Sensors worn elsewhere, or turned otherwise than in training, give other signals: check the axes first.",
    ]
    if about.kind == "pretrain":
        own = config.pretrain.bodies
        either = ", either way round" if own.either_way else ""
        lines.append(
            f"Mountings seen: up to {own.turn_deg:g}° in the sensor's plane{either}, {own.tilt_deg:g}° of tilt,"
            f" {100 * own.shift_m:g} cm along the limb."
        )
        lines.append("Synthetic signals have no soft tissue, no impacts sharper than the motion's capture shows.")
    else:
        subjects = _tested(run)
        if subjects:
            lines.append(f"All figures come from {subjects} people; other people, ages and habits are not covered.")
        support = run.metrics.get("pooled", {}).get("support", {})
        rare = [f"{name} ({count})" for name, count in support.items() if count < 50]
        if rare:
            lines.append(f"Few windows were tested of: {', '.join(rare)}. Their figures are rough.")
        lines.append("Anything that is none of its classes is called one of them all the same.")
        if config.finetune.labels_per_class:
            lines.append(f"Trained on {config.finetune.labels_per_class} labelled windows a class only.")
    lines.append("It is no medical device and no measure of a person.")
    return "\n".join(f"- {line}" for line in lines)


def _tested(run: RunFolder) -> int:
    from m3n_studio.learning.evaluate import fold_predictions

    return len({str(s) for found in fold_predictions(run).values() for s in found.subject})
