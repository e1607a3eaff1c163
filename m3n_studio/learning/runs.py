"""Runs in words: one line each, one in detail, several side by side. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from m3n_studio.errors import FileError, ValueProblem
from m3n_studio.learning.events import Step, follow, said
from m3n_studio.learning.run_folder import RunFolder


def summary(run: RunFolder) -> str:
    """A run as one line; a damaged one says so."""
    try:
        about, state = run.about, run.state
        result = _result(run.metrics)
    except FileError as error:
        return f"{run.path}  damaged: {error}"
    method = about.facts.get("method", "")
    return (
        f"{run.path}  {about.kind}  {method}  seed {about.seed}  {state.status}  {about.created_at}  {result}".rstrip()
    )


def details(path: str | Path, last: int = 10) -> list[str]:
    """What a run is, how it stands, its results, the settings changed from the preset, its last events."""
    run = RunFolder.open(path)
    about, state = run.about, run.state
    lines = [summary(run), f"data {about.data[:16]}", *(f"{k}: {v}" for k, v in about.made_from.items() if v)]
    if state.message:
        lines.append(f"message: {state.message}")
    lines += [f"{name} = {ours} (preset: {preset})" for name, (preset, ours) in run.config.changes().items()]
    lines.append("  ".join(f"{name} {version}" for name, version in about.environment.items()))
    counts = run.metrics.get("parameters")
    if isinstance(counts, dict):
        lines.append("parameters: " + ", ".join(f"{part} {count:,}" for part, count in counts.items()))
    events = [e for e in follow(path).new() if not isinstance(e.message, Step)]
    return lines + [said(e.message) for e in events[len(events) - last :] if last]


def diagnosed(path: str | Path) -> list[str]:
    """What a run suffers from, the worst first: what was seen, what it means, what to try."""
    from m3n_studio.learning.diagnosis import diagnose_run

    found = diagnose_run(path)
    lines = []
    for f in found.findings:
        lines += [f"{f.severity}: {f.title}", f"  seen: {f.seen}", f"  means: {f.means}", f"  try: {f.advice}"]
    after = f"after {found.epochs} epoch{'s' * (found.epochs != 1)}"
    some = f"{len(found.findings)} of what was looked for" if found.findings else "nothing wrong was found"
    return [*lines, f"{some} {after}; looked for: {', '.join(found.looked_for)}"]


@dataclass(frozen=True)
class Compared:
    """Runs side by side.

    Attributes
    ----------
    names : tuple of str
        Of the runs; their paths where two have one name.
    facts, settings : tuple of (str, tuple of str)
        What they are and what came out; the settings in which they differ. A value for each run.
    """

    names: tuple[str, ...]
    facts: tuple[tuple[str, tuple[str, ...]], ...]
    settings: tuple[tuple[str, tuple[str, ...]], ...]


def compared(paths: Sequence[str | Path]) -> Compared:
    """Results of runs, and the settings in which they differ."""
    if len(paths) < 2:
        raise ValueProblem(f"expected two runs or more; found {len(paths)}")
    each = [RunFolder.open(path) for path in paths]
    names = [run.path.name for run in each]
    if len(set(names)) < len(names):
        names = [str(run.path) for run in each]
    facts = (
        ("kind", tuple(r.about.kind for r in each)),
        ("method", tuple(str(r.about.facts.get("method", "")) for r in each)),
        ("status", tuple(r.state.status for r in each)), ("data", tuple(r.about.data[:12] for r in each)),
        ("result", tuple(_result(r.metrics) or "-" for r in each)),
    )  # fmt: skip
    flat = [run.config.flat() for run in each]
    rows = ((name, tuple(str(f.get(name)) for f in flat)) for name in flat[0])
    return Compared(tuple(names), facts, tuple(row for row in rows if len(set(row[1])) > 1))


def comparison(paths: Sequence[str | Path]) -> list[str]:
    """Results of runs, and the settings in which they differ, as columns of words."""
    found = compared(paths)
    rows = (("", found.names), *found.facts, *found.settings)
    widths = [max(len(label) for label, _ in rows)] + [max(len(v[i]) for _, v in rows) for i in range(len(found.names))]
    return ["  ".join(c.ljust(w) for c, w in zip((label, *v), widths, strict=True)).rstrip() for label, v in rows]


def _result(metrics: dict[str, Any]) -> str:
    mean, std = metrics.get("mean"), metrics.get("std")
    if isinstance(mean, dict) and isinstance(std, dict) and "macro_f1" in mean and "macro_f1" in std:
        return f"macro F1 {100 * mean['macro_f1']:.1f} ± {100 * std['macro_f1']:.1f}"
    return f"loss {metrics['loss']:.4f}" if isinstance(metrics.get("loss"), float) else ""
