"""The project on the desk: edits are on disk at once, on one undo stack, and seen from other windows."""

import sqlite3

import numpy as np
import pytest

from m3n_studio.annotation.labelling import Labelling
from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier
from m3n_studio.annotation.operations import put, split
from m3n_studio.project import Project
from m3n_studio.project.values import Edit
from m3n_studio.recordings.signal import Signal
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.history import UndoStack

WALK, SIT = LabelClass("walk", key="w", id="w"), LabelClass("sit", key="s", id="s")
TIER = Tier("activity", classes=(WALK, SIT), id="tier")


def signal(seconds=60.0):
    t = np.arange(0, seconds, 0.02)
    return Signal("watch", t, np.column_stack([np.sin(t), np.cos(t), 0 * t + 9.81]), np.zeros((len(t), 3)))


@pytest.fixture
def folder(tmp_path):
    with Project.create(tmp_path / "study", "study") as project:
        project.add_label_set("labels", [TIER])
        subject = project.add_subject("P1")
        for name in ("morning", "evening"):
            session = project.add_session(name, subject.id)
            project.add_recording(session.id, signal(), placement="left_wrist")
    return tmp_path / "study"


@pytest.fixture
def desk(qapp, folder):
    stack = UndoStack()
    desk = Desk(stack)
    desk.open(Project.open(folder))
    desk.put(next(s.id for s in desk.project.sessions() if s.name == "morning"))
    yield desk
    desk.release()


def on_disk(desk):
    return desk.project.annotations(desk.session.id)


def pressed(desk, state, call, at):
    calls = {"down": (state.key_down, "w", at), "up": (state.key_up, "w", at), "tick": (state.tick, at)}
    function, *given = calls.get(call, (state.cancel,))
    steps = function(desk.track, *given)
    assert desk.take(steps)
    return steps[-1].state


def test_a_change_is_on_disk_on_the_stack_and_shown(qtbot, desk):
    heard = []
    desk.labels_changed.connect(heard.append)
    change = put(desk.track, "w", 1.0, 4.0)
    assert desk.annotate(change)
    assert heard == [change]
    assert on_disk(desk) == desk.track.annotations
    assert len(on_disk(desk)) == 1
    assert desk._stack.undoText() == change.label
    desk._stack.undo()
    assert on_disk(desk) == desk.track.annotations == ()
    desk._stack.redo()
    assert len(on_disk(desk)) == 1


def test_undo_reaches_the_session_that_was_left(desk):
    first, second = desk.session.id, next(s.id for s in desk.project.sessions() if s.name == "evening")
    desk.annotate(put(desk.track, "w", 1.0, 4.0))
    desk.put(second)
    assert desk.track.annotations == ()
    desk._stack.undo()
    assert desk.project.annotations(first) == ()
    desk._stack.redo()
    desk.put(first)
    assert len(desk.track) == 1


def test_what_another_window_changed_is_read_and_a_conflict_changes_nothing(qtbot, desk, folder):
    desk.annotate(put(desk.track, "w", 1.0, 4.0))
    mine = desk.track.annotations[0]
    with Project.open(folder) as other:
        other.annotate(desk.session.id, Change("Move", (mine,), (mine.with_(end_s=5.0),)))
        qtbot.waitUntil(lambda: desk.track.annotations[0].end_s == 5.0, timeout=5000)
    told = []
    desk.failed.connect(told.append)
    desk._stack.undo()
    assert told
    assert "changed in the meantime" in told[0]
    assert [a.end_s for a in on_disk(desk)] == [5.0]


def test_a_label_held_while_it_plays_is_one_step_of_undo(desk):
    state = Labelling(TIER.id, author="ana", to_s=60.0)
    for call, at in (("down", 1.0), ("tick", 1.5), ("tick", 2.0), ("up", 2.4)):
        state = pressed(desk, state, call, at)
    assert [(a.start_s, a.end_s, a.author) for a in on_disk(desk)] == [(1.0, 2.4, "ana")]
    assert desk._stack.count() == 1
    desk._stack.undo()
    assert on_disk(desk) == ()
    desk._stack.redo()
    assert [(a.start_s, a.end_s) for a in on_disk(desk)] == [(1.0, 2.4)]


def test_a_cancelled_label_leaves_nothing(desk):
    desk.annotate(put(desk.track, "s", 0.0, 10.0))
    state = Labelling(TIER.id, to_s=60.0)
    for call, at in (("down", 3.0), ("tick", 5.0), ("cancel", 5.0)):
        state = pressed(desk, state, call, at)
    assert [(a.label, a.start_s, a.end_s) for a in on_disk(desk)] == [("s", 0.0, 10.0)]
    assert desk.track.annotations == on_disk(desk)


def test_entries_are_edited_and_undone(qtbot, desk):
    before = desk.session
    assert desk.edit(Edit("Rename session", before, type(before)("noon", before.subject, id=before.id)))
    assert desk.session.name == "noon"
    desk._stack.undo()
    assert desk.session.name == "morning"


def test_picked_labels_that_go_are_no_longer_picked(desk):
    desk.annotate(put(desk.track, "w", 1.0, 4.0))
    desk.pick({a.id for a in desk.track})
    assert len(desk.picked) == 1
    desk.annotate(split(desk.track, 2.0))
    assert len(desk.picked) == 1
    desk._stack.undo()
    desk._stack.undo()
    assert desk.picked == ()


def test_a_read_only_project_tells_and_changes_nothing(qapp, folder):
    desk = Desk(UndoStack())
    desk.open(Project.open(folder, read_only=True))
    desk.put(desk.project.sessions()[0].id)
    told = []
    desk.failed.connect(told.append)
    assert desk.read_only
    assert not desk.annotate(put(desk.track, "w", 1.0, 4.0))
    assert "reading only" in told[0]
    assert desk.track.annotations == ()
    desk.release()


def test_a_full_disk_tells_and_changes_nothing(desk, monkeypatch):
    def full(*_):
        from m3n_studio.errors import FileError

        raise FileError("project.sqlite", found="the disk is full; the change was not made")

    told = []
    desk.failed.connect(told.append)
    monkeypatch.setattr(desk.project, "annotate", full)
    assert not desk.annotate(Change("Put", (), (Annotation(TIER.id, "w", 1.0, 2.0),)))
    assert "disk is full" in told[0]
    assert desk._stack.count() == 0
    assert desk.track.annotations == ()


def test_the_database_is_what_sqlite_says_it_is(desk, folder):
    desk.annotate(put(desk.track, "w", 1.0, 4.0))
    with sqlite3.connect(f"file:{folder / 'project.sqlite'}?mode=ro", uri=True) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    connection.close()
