"""What is in a project, as plain data and as lines for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from m3n_studio.project.backup import backups
from m3n_studio.project.schema import VERSION
from m3n_studio.project.store import RUNS, Project


def summarise(folder: str | Path) -> dict[str, Any]:
    """Counts, hours and sizes of a project; changes nothing in it."""
    folder = Path(folder)
    with Project.open(folder, read_only=True) as project:
        subjects = {subject.id: subject.name for subject in project.subjects()}
        sessions = []
        for session in project.sessions():
            recordings, labels = project.recordings(session.id), project.annotations(session.id)
            sessions.append({
                "subject": subjects.get(session.subject, ""), "session": session.name, "videos": len(
                    project.videos(session.id)), "annotations": len(labels),
                "labelled_s": sum(a.duration_s for a in labels),
                "recordings": [
                    {"name": r.name, "placement": r.placement, "rate_hz": r.rate_hz, "samples": r.samples,
                     "duration_s": r.span_s[1] - r.span_s[0], "regular": r.regular} for r in recordings
                ],
            })  # fmt: skip
        return {
            "name": project.name, "created_at": project.created_at, "version": VERSION, "subjects": len(subjects),
            "sessions": sessions, "label_sets": [
                {"name": s.name, "tiers": {t.name: [c.name for c in t.classes] for t in s.tiers}}
                for s in project.label_sets()
            ],
            "runs": _runs(project), "backups": len(backups(folder)),
            "bytes": sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
        }  # fmt: skip


def _runs(project: Project) -> int:
    """Runs in the project's folder, and those elsewhere it has entries of."""
    home = project.folder / RUNS
    inside = {path.parent for path in home.glob("*/run.json")}
    return len(inside | {project.folder / run.folder for run in project.runs() if run.folder})


def summary_lines(found: dict[str, Any]) -> list[str]:
    """The summary for people."""
    recordings = [r for s in found["sessions"] for r in s["recordings"]]
    hours = sum(r["duration_s"] for r in recordings) / 3600
    lines = [
        f"{found['name']}: made {found['created_at'][:10]}, schema version {found['version']}, "
        f"{found['bytes'] / 1e6:.1f} MB, {_many(found['backups'], 'backup')}",
        f"{_many(found['subjects'], 'subject')}, {_many(len(found['sessions']), 'session')}, "
        f"{_many(len(recordings), 'recording')} of {hours:.2f} h, "
        f"{_many(sum(s['annotations'] for s in found['sessions']), 'annotation')}, {_many(found['runs'], 'run')}",
    ]
    for session in found["sessions"]:
        who = f"{session['subject']} / {session['session']}" if session["subject"] else session["session"]
        lines.append(f"{who}: {_many(session['annotations'], 'annotation')} ({session['labelled_s'] / 60:.1f} min), "
                     f"{_many(session['videos'], 'video')}")  # fmt: skip
        for r in session["recordings"]:
            lines.append(f"  {r['name']}{' at ' + r['placement'] if r['placement'] else ''}: {r['samples']} samples, "
                         f"{r['rate_hz']:.6g} Hz{'' if r['regular'] else ' on average'}, "
                         f"{r['duration_s'] / 60:.1f} min")  # fmt: skip
    for label_set in found["label_sets"]:
        for tier, classes in label_set["tiers"].items():
            lines.append(f"labels {label_set['name']} / {tier}: {', '.join(classes) or '(no class)'}")
    return lines


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
