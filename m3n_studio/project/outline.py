"""What a list of a project's sessions shows of each, from a few queries however many there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from m3n_studio.project import entries
from m3n_studio.project.values import Session, Subject

if TYPE_CHECKING:
    import sqlite3

    from m3n_studio.project.reading import ProjectReader

LEVELS = ("", "note", "warning", "reject")

_RECORDED = """
SELECT session, count(*), min(start_s - json_extract(time_map, '$.points[0][0]')
           + json_extract(time_map, '$.points[0][1]')),
       max(stop_s - json_extract(time_map, '$.points[0][0]') + json_extract(time_map, '$.points[0][1]')),
       group_concat(name || ' ' || placement || ' ' || replace(placement, '_', ' '), ' '),
       max(CASE WHEN instr(note, char(10) || 'reject: ') THEN 3 WHEN instr(note, char(10) || 'warning: ') THEN 2
                WHEN instr(note, char(10) || 'note: ') THEN 1 ELSE 0 END)
FROM recording WHERE removed = 0 GROUP BY session
"""
_FILES = "SELECT session, count(*), group_concat(name, ' ') FROM {table} WHERE removed = 0 GROUP BY session"


@dataclass(frozen=True)
class SessionFacts:
    """A session and what is in it.

    Attributes
    ----------
    session : Session
    duration_s : float, s
        From the first sample to the last of all its recordings; drift left out of account.
    recordings, videos, clips : int
    words : str
        Names of all of these in lower case, to search in.
    level : {"", "note", "warning", "reject"}
        The gravest finding of the checks when it was imported.
    """

    session: Session
    duration_s: float = 0.0
    recordings: int = 0
    videos: int = 0
    clips: int = 0
    words: str = ""
    level: str = ""

    @property
    def parts(self) -> int:
        """Recordings, videos and clips."""
        return self.recordings + self.videos + self.clips


@dataclass(frozen=True)
class Outline:
    """Subjects by name, and each one's sessions; those of nobody stand last under None."""

    groups: tuple[tuple[Subject | None, tuple[SessionFacts, ...]], ...] = ()

    @property
    def sessions(self) -> tuple[SessionFacts, ...]:
        """All sessions in the order shown."""
        return tuple(facts for _, of_one in self.groups for facts in of_one)


def outline(project: ProjectReader) -> Outline:
    """The outline of a project as it is now."""
    with project.database.reading() as connection:
        subjects = entries.listed(connection, Subject)
        sessions = entries.listed(connection, Session)
        recorded = {row[0]: row[1:] for row in connection.execute(_RECORDED)}
        videos, clips = (_files(connection, table) for table in ("video", "clip"))
    by_subject: dict[str, list[SessionFacts]] = {}
    for session in sessions:
        count, start_s, stop_s, words, level = recorded.get(session.id, (0, 0.0, 0.0, "", 0))
        films, motions = videos.get(session.id, (0, "")), clips.get(session.id, (0, ""))
        text = " ".join((session.name, words or "", films[1], motions[1])).lower()
        by_subject.setdefault(session.subject, []).append(
            SessionFacts(session, stop_s - start_s, count, films[0], motions[0], text, LEVELS[level])
        )
    groups: list[tuple[Subject | None, tuple[SessionFacts, ...]]] = [
        (subject, tuple(by_subject.get(subject.id, ()))) for subject in subjects
    ]
    if "" in by_subject:
        groups.append((None, tuple(by_subject[""])))
    return Outline(tuple(groups))


def _files(connection: sqlite3.Connection, table: str) -> dict[str, tuple[int, str]]:
    return {row[0]: (row[1], row[2] or "") for row in connection.execute(_FILES.format(table=table))}


def labelled_s(project: ProjectReader, tier: str) -> dict[str, float]:
    """Seconds of each session (by id) that labels of a tier cover, where they do not overlap."""
    query = "SELECT session, sum(end_s - start_s) FROM annotation WHERE tier = ? GROUP BY session"
    with project.database.reading() as connection:
        return {row[0]: float(row[1]) for row in connection.execute(query, (tier,))}
