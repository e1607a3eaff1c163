"""A project's sessions as what learning takes: signals by placement on the session's clock, labels of one tier."""

from __future__ import annotations

from collections.abc import Callable

from m3n_studio.annotation.model import Tier
from m3n_studio.errors import Cancelled, UnknownName, ValueProblem
from m3n_studio.learning.windows import LabelledRecording, label_spans
from m3n_studio.project.reading import ProjectReader
from m3n_studio.project.values import Recording, Session, Subject
from m3n_studio.project.worn import said_unplaced, unplaced
from m3n_studio.recordings.signal import Signal


def labelled_recordings(
    project: ProjectReader, tier: str = "", *, progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[LabelledRecording]:  # fmt: skip
    """Every session that has a subject and a recording at a named placement.

    Parameters
    ----------
    project : Project
    tier : str
        Name of the tier whose labels are learned; where empty, the one tier of intervals with labels.
    progress : callable of (sessions done, sessions)
    cancelled : callable returning bool

    Returns
    -------
    list of LabelledRecording
        By subject and name, which is ``subject/session``. Several recordings of one placement in a
        session, as where a device was restarted, are told apart by a number; labels are the same for all.

    Raises
    ------
    ValueProblem
        Where a session with labels has no subject, no tier or several come into question, or nothing is there.
    """
    chosen = _tier(project, tier)
    sessions, out = project.sessions(), []
    for done, session in enumerate(sessions):
        if cancelled():
            raise Cancelled("reading the project was cancelled")
        out += _of_session(project, session, chosen)
        if progress:
            progress(done + 1, len(sessions))
    if not out:
        raise ValueProblem(_nothing_placed(project))
    return sorted(out, key=lambda r: (r.subject, r.name))


def _nothing_placed(project: ProjectReader) -> str:
    """Why there is nothing to learn from, and what to do."""
    missing = unplaced(project.recordings())
    if not missing:
        return f"project {project.name!r} has no recording; import some (m3n-studio project add)"
    names = list(dict.fromkeys(s.name for s in project.sessions() if unplaced(project.recordings(s.id))))
    some = ", ".join(map(repr, names[:4])) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    return (
        f"project {project.name!r}: no recording says where it was worn ({said_unplaced(missing)}; session"
        f"{'s' * (len(names) != 1)} {some}). Say it: m3n-studio project place FOLDER {next(iter(missing))}=left_wrist,"
        " or in the window's Train view: Set"
    )


def _tier(project: ProjectReader, name: str) -> Tier:
    tiers = [t for t in project.tiers() if t.kind == "interval"]
    if name:
        found = [t for t in tiers if t.name == name]
        if not found:
            raise UnknownName("tier", name, [t.name for t in tiers])
    else:
        used = {a.tier for s in project.sessions() for a in project.annotations(s.id)}
        found = [t for t in tiers if t.id in used]
    if len(found) != 1:
        names = ", ".join(t.name for t in found) or "none"
        raise ValueProblem(f"project {project.name!r}: one tier of intervals with labels is needed; there is {names}")
    return found[0]


def _of_session(project: ProjectReader, session: Session, tier: Tier) -> list[LabelledRecording]:
    labels = label_spans(project.annotations(session.id, tier.id), tier)
    by_placement = at_placements(project, session.id)
    if not by_placement:
        return []
    if not session.subject:
        raise ValueProblem(f"session {session.name!r} has no subject; folds are made by user, so name one")
    subject = project.get(Subject, session.subject).name
    out = []
    for index in range(max(len(entries) for entries in by_placement.values())):
        at = {p: on_session_clock(project, of[index]) for p, of in by_placement.items() if index < len(of)}
        number = f" {index + 1}" if index else ""
        out.append(LabelledRecording(f"{subject}/{session.name}{number}", subject, at, labels))
    return out


def at_placements(project: ProjectReader, session: str) -> dict[str, list[Recording]]:
    """A session's recordings that say where they were worn and hold samples, by placement."""
    out: dict[str, list[Recording]] = {}
    for entry in project.recordings(session):
        if entry.placement and entry.samples > 1:
            out.setdefault(entry.placement, []).append(entry)
    return out


def on_session_clock(project: ProjectReader, entry: Recording) -> Signal:
    """A recording's samples on the session's clock, named by its placement."""
    own = project.signal(entry).read()
    return own.with_(name=entry.placement, time_s=entry.time_map.to_session(own.time_s))
