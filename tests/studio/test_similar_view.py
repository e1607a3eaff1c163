"""Find similar: bursts planted in signals are found, walked, accepted and rejected, all undoable, over sessions."""

import numpy as np
import pytest
from PySide6.QtCore import Qt

from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier
from m3n_studio.errors import ValueProblem
from m3n_studio.project import Project
from m3n_studio.recordings.signal import Signal
from m3n_studio.studio.labels.similar_work import Query, search
from tests.studio.conftest import active

TIER = Tier("activity", classes=(LabelClass("wave", "#4c9be8", "w", id="w"), LabelClass("sit", "#e8a14c", "s", id="s")),
            id="tier")  # fmt: skip
PLANTED = {"one": (5.0, 20.0, 40.0), "two": (12.0, 33.0)}
LONG_S = 3.0


class Quiet:
    def progress(self, *_):
        """Nobody looks."""

    def check(self):
        """Nobody cancels."""

    def cancelled(self):
        """No."""
        return False


def planted(times, seed, rate_hz=50.0):
    """Noise with the same gesture at some times."""
    rng = np.random.default_rng(seed)
    t = np.arange(0, 60, 1 / rate_hz)
    acc, gyr = rng.normal(0, 0.15, (len(t), 3)), rng.normal(0, 0.05, (len(t), 3))
    acc[:, 2] += 9.81
    for start in times:
        at = (t >= start) & (t < start + LONG_S)
        u = (t[at] - start) / LONG_S
        acc[at, 0] += 4 * np.sin(2 * np.pi * 2 * u**2) * u
        acc[at, 1] += 3 * np.sin(2 * np.pi * 3 * u)
        gyr[at, 2] += 2 * np.cos(2 * np.pi * 2 * u)
    return Signal("watch", t, acc, gyr)


@pytest.fixture
def folder(tmp_path):
    with Project.create(tmp_path / "study") as project:
        project.add_label_set("labels", [TIER])
        subject = project.add_subject("P1")
        for i, (name, times) in enumerate(PLANTED.items()):
            session = project.add_session(name, subject.id)
            signal = planted(times, i, 50.0 if i == 0 else 100.0)
            project.add_recording(session.id, signal, placement="left_wrist")
    return tmp_path / "study"


def test_planted_gestures_are_found_across_sessions_of_different_rates(folder):
    with Project.open(folder) as project:
        first, second = project.sessions()
        for amplitude in (False, True):
            answer = search(project, Query(first.id, 5.0, 8.0, "left_wrist", "project", amplitude), Quiet())
            best = sorted((f.session, f.start_s) for f in answer.found[:4])
            expected = sorted([(first.id, 20.0), (first.id, 40.0), (second.id, 12.0), (second.id, 33.0)])
            assert [s for s, _ in best] == [s for s, _ in expected]
            assert np.allclose([t for _, t in best], [t for _, t in expected], atol=0.05)
            assert min(f.score for f in answer.found[:4]) > 0.7
            assert all(f.score < 0.6 for f in answer.found[4:])
        with pytest.raises(ValueProblem, match="did not record"):
            search(project, Query(first.id, 58.0, 70.0, "left_wrist"), Quiet())


@pytest.fixture
def opened(qtbot, window, folder):
    window.projects.open(folder)
    qtbot.waitUntil(lambda: window.desk.project is not None, timeout=20000)
    window.desk.session_wanted.emit(window.desk.project.sessions()[0].id)
    qtbot.waitUntil(lambda: window.desk.session is not None and window.clock.end_s > 50, timeout=20000)
    window.desk.author = "ana"
    view = window.views["similar"]
    window.host.show_dock("similar")
    active(qtbot, window)
    given = Annotation("tier", "w", 5.0, 8.0, "ana", id="given")
    assert window.desk.annotate(Change("Given", (), (given,)))
    return window, view


def found(qtbot, window, view):
    window.desk.pick({"given"})
    window.actions_by_name["labels.find_similar"].trigger()
    assert view.words.text().startswith("Searching")
    qtbot.waitUntil(lambda: view.answer is not None and not view.busy.isVisible(), timeout=120000)
    view.list.setFocus()
    qtbot.waitUntil(view.list.hasFocus)


def labels(window):
    project = window.desk.project
    return [(a.label, round(a.start_s, 1), a.author, a.note) for s in project.sessions() for a in
            project.annotations(s.id) if a.id != "given"]  # fmt: skip


def test_matches_are_walked_accepted_and_rejected_with_keys_and_all_is_undone(qtbot, opened):
    window, view = opened
    strip = window.views["labels"]
    found(qtbot, window, view)
    assert view.label_box.currentData() == "w"
    first = view.current()
    assert first.found.score > 0.8
    assert window.clock.time_s == pytest.approx(first.found.start_s)
    assert strip.ghost.span == (first.found.start_s, first.found.end_s)
    qtbot.keyClick(view.list, Qt.Key.Key_Return)
    assert [(c, by, note) for c, _, by, note in labels(window)] == [("w", "ana", "similar")]
    assert view.model.matches[0].state == "accepted"
    second = view.current()
    assert second is view.model.matches[1]
    qtbot.keyClick(view.list, Qt.Key.Key_Backspace)
    assert view.model.matches[1].state == "rejected"
    window.actions_by_name["undo"].trigger()
    assert view.model.matches[1].state == ""
    window.actions_by_name["undo"].trigger()
    assert labels(window) == []
    assert view.model.matches[0].state == ""
    window.actions_by_name["redo"].trigger()
    assert view.model.matches[0].state == "accepted"


def test_all_above_a_score_are_accepted_over_sessions_as_one_step(qtbot, opened):
    window, view = opened
    view.scope.setCurrentIndex(2)
    second = window.desk.project.sessions()[1].id
    taken = Annotation("tier", "s", 11.0, 14.0, "bo", id="taken")
    window.desk.project.annotate(second, Change("Given", (), (taken,)))
    found(qtbot, window, view)
    over = [m for m in view.model.matches if m.over]
    assert [m.found.start_s for m in over if m.found.score > 0.8] == pytest.approx([12.0], abs=0.05)
    assert over[0].over.startswith("sit ")
    view.least.setValue(0.8)
    assert view.all.text() == "Accept all (3)"
    count = window.history.stack.count()
    view.all.click()
    assert sorted(t for c, t, _, _ in labels(window) if c == "w") == pytest.approx([20.0, 33.0, 40.0], abs=0.11)
    assert window.history.stack.count() == count + 1
    assert view.all.text() == "Accept all (0)"
    window.actions_by_name["undo"].trigger()
    assert [c for c, _, _, _ in labels(window)] == ["s"]


def test_a_search_is_stopped_and_nothing_to_look_for_is_said(qtbot, opened):
    window, view = opened
    window.desk.pick(())
    view.look_for()
    assert "Nothing to look for" in view.toast.text()
    window.selection.set_range((5.0, 8.0))
    view.look_for()
    assert view.busy.isVisible()
    view.cancel.click()
    assert not view.busy.isVisible()
    qtbot.waitUntil(lambda: not [j for j in window.jobs.running if j.key == "similar"], timeout=60000)
    assert view.answer is None
    window.selection.set_range((5.0, 5.05))
    view.look_for()
    qtbot.waitUntil(lambda: "at least" in view.words.text(), timeout=60000)
