"""The Similarity view in the window: matrices lead to windows, words find and label them, epochs are followed live."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

pytest.importorskip("torch")

from m3n_studio.learning.epoch_snapshots import epochs_of, place, read_snapshot, write_snapshot
from m3n_studio.learning.events import Epoch, EventLog
from m3n_studio.learning.run_folder import RunFolder
from m3n_studio.studio.core.moments import Moment
from tests.learning import runs
from tests.studio.conftest import active
from tests.studio.test_similarity_work import make_project


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def made_run(tmp_path_factory):
    path = tmp_path_factory.mktemp("made") / "first"
    runs.pretrained(path)
    return path


@pytest.fixture
def opened(qtbot, window, tmp_path, made_run):
    """The window with a project that has a run, its first session on the desk, and the view in front."""
    import shutil

    make_project(tmp_path / "project")
    (tmp_path / "project" / "runs").mkdir()
    shutil.copytree(made_run, tmp_path / "project" / "runs" / "first")
    window.projects.open(tmp_path / "project")
    qtbot.waitUntil(lambda: window.desk.project is not None)
    window.desk.session_wanted.emit(window.desk.project.sessions()[0].id)
    qtbot.waitUntil(lambda: window.desk.session is not None and window.clock.end_s > 10)
    window.desk.author = "ana"
    window.host.show_dock("similarity")
    view = window.views["similarity"]
    qtbot.waitUntil(lambda: view.run_box.count() == 1)
    active(qtbot, window)
    return window, view


def computed(qtbot, view):
    page = view.matrices
    page.compute.click()
    assert page.busy.isVisible()
    qtbot.waitUntil(lambda: page.matrix is not None)
    return page


def test_without_project_or_run_it_says_what_to_do(qtbot, window, tmp_path):
    window.host.show_dock("similarity")
    view = window.views["similarity"]
    assert view.stack.currentIndex() == 0
    assert "No project" in view.hint.heading.text()
    make_project(tmp_path / "project")
    window.projects.open(tmp_path / "project")
    qtbot.waitUntil(lambda: "No pretraining run" in view.hint.heading.text())
    assert str(tmp_path / "project" / "runs") in view.hint.words.text()


def test_a_matrix_is_walked_and_a_cell_goes_to_its_window(qtbot, opened):
    window, view = opened
    page = computed(qtbot, view)
    assert page.table.table.rowCount() == 4
    assert "macro F1" in page.table.zero.text()
    page.kind.setCurrentIndex(page.kind.findData("imu-imu"))
    page.matrix = None
    page.kind.activated.emit(page.kind.currentIndex())
    qtbot.waitUntil(lambda: page.matrix is not None)
    box, shape = page.view.field(), page.matrix.values.shape
    i, j = 1, shape[1] - 2
    at = QPoint(
        round(box.left() + box.width() * (j + 0.5) / shape[1]), round(box.top() + box.height() * (i + 0.5) / shape[0])
    )
    assert page.view.cell_at(at.toPointF()) == (i, j)
    qtbot.mouseMove(page.view, at)
    qtbot.waitUntil(lambda: page.view.cursor_cell == (i, j))
    words = page.cell_words.text()
    assert page.matrix.rows.label(i) in words
    assert page.matrix.columns.label(j) in words
    assert f"{page.matrix.values[i, j]:.2f}".replace("-", "−") in words
    qtbot.mouseClick(page.view, Qt.MouseButton.LeftButton, pos=at)
    rows, columns = (int(s.window[s.members(k)[0]]) for s, k in ((page.matrix.rows, i), (page.matrix.columns, j)))
    space, session = page.measured.space, page.measured.session
    start = float(space.start_s[columns])
    qtbot.waitUntil(lambda: window.desk.session is not None and window.desk.session.id == session[columns])
    qtbot.waitUntil(lambda: window.clock.time_s == pytest.approx(start, abs=0.02))
    expected = {
        Moment(str(session[k]), float(space.start_s[k]), float(space.start_s[k]) + 1.0) for k in (rows, columns)
    }
    assert set(window.moments.picked) == expected
    page.view.setFocus()
    qtbot.keyClick(page.view, Qt.Key.Key_Down)
    assert page.view.cursor_cell == (i + 1, j)
    qtbot.keyClick(page.view, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    row = int(page.matrix.rows.window[page.matrix.rows.members(i + 1)[0]])
    qtbot.waitUntil(lambda: window.clock.time_s == pytest.approx(float(space.start_s[row]), abs=0.02))


def test_what_cannot_be_computed_is_said_and_a_job_is_cancelled(qtbot, opened):
    window, view = opened
    page = view.matrices
    page.source.setCurrentIndex(1)
    page.compute.click()
    qtbot.waitUntil(lambda: "could not" in page.hint.heading.text())
    assert "does not say where" in page.hint.words.text()
    page.source.setCurrentIndex(2)
    page.compute.click()
    page.busy.cancel.click()
    assert not page.busy.isVisible()
    qtbot.waitUntil(lambda: not window.jobs.running)
    assert page.measured is None


def test_words_find_windows_that_are_labelled_as_one_step(qtbot, opened):
    window, view = opened
    view.show_page(1)
    page = view.sentences
    page.line.setFocus()
    qtbot.keyClicks(page.line, "a person is waving")
    qtbot.keyClick(page.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.answer is not None)
    assert "hashed" in page.encoder.text()
    assert page.encoder.isVisible()
    assert page.model.rowCount() > 10
    assert len(page.strip._time) == 22
    page.list.setFocus()
    page.list.setCurrentIndex(page.model.index(0))
    qtbot.keyClick(page.list, Qt.Key.Key_Down)
    hit = page.model.hits[1]
    assert window.moments.picked == (Moment(hit.session, hit.start_s, hit.end_s),)
    qtbot.waitUntil(lambda: window.desk.session is not None and window.desk.session.id == hit.session)
    qtbot.waitUntil(lambda: window.clock.time_s == pytest.approx(hit.start_s, abs=0.02))
    chosen = [0, 1, 4]
    page.choose(chosen)
    page.classes.setCurrentIndex(page.classes.findData("n"))
    assert page.give.text() == "Label 3 as"
    before = {s.id: window.desk.project.annotations(s.id) for s in window.desk.project.sessions()}
    page.give.click()
    new = [(s.id, a.start_s, a.end_s, a.author) for s in window.desk.project.sessions()
           for a in window.desk.project.annotations(s.id) if a.label == "n"]  # fmt: skip
    hits = [page.model.hits[i] for i in chosen]
    merged = sum(a[2] - a[1] for a in new)
    assert merged == pytest.approx(sum(h.end_s - h.start_s for h in hits), abs=1e-6)
    assert {a[0] for a in new} == {h.session for h in hits}
    assert {a[3] for a in new} == {"ana"}
    assert [page.model.labels[i] for i in chosen] == ["never"] * 3
    window.actions_by_name["undo"].trigger()
    assert {s.id: window.desk.project.annotations(s.id) for s in window.desk.project.sessions()} == before
    assert "never" not in page.model.labels.values()


def test_once_windows_are_embedded_typing_is_enough(qtbot, opened):
    _, view = opened
    view.show_page(1)
    page = view.sentences
    page.line.setFocus()
    qtbot.keyClicks(page.line, "waving")
    qtbot.wait(700)
    assert page.answer is None  # the first search embeds: only when asked for
    qtbot.keyClick(page.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.answer is not None)
    held = page.searchable
    qtbot.keyClicks(page.line, " slowly")
    qtbot.waitUntil(lambda: page.answer.sentence == "waving slowly")
    assert page.searchable is held


def test_epochs_are_shown_played_and_followed_live(qtbot, opened):
    _, view = opened
    view.show_page(2)
    page = view.epochs
    qtbot.waitUntil(lambda: page.movement is not None)
    assert page.movement.epochs == (1,)
    run = RunFolder.open(str(view.run_box.currentData()))
    first = read_snapshot(epochs_of(run.path)[0])
    run.set_state("running")
    log = EventLog(run)
    for number in (2, 3):
        turned = np.roll(first.directions, number, axis=2)
        write_snapshot(place(run.path, number), replace(first, epoch=number, directions=turned))
        log(Epoch("", number, 9, {"loss": 1.0}, {"loss": 1.0}, 1e-3, True, 1.0, 4.0))
        qtbot.waitUntil(lambda number=number: page.movement.epochs[-1] == number)
    log.close()
    assert page.slider.value() == 2  # it stood at the last and follows
    assert page.epoch.text() == "epoch 3 of 3"
    shown = page.view.places()
    page.curves.went.emit(0)
    assert page.epoch.text() == "epoch 1 of 3"
    assert np.abs(page.view.places() - shown).max() > 1
    n = 2
    at = page.view.places()[1, n]
    qtbot.mouseMove(page.view, QPoint(*np.round(at).astype(int).tolist()))
    qtbot.waitUntil(lambda: page.view.window_at >= 0)
    assert page.movement.topics[page.movement.topic[page.view.window_at]] in page.window_words.text()
    page.play.click()
    qtbot.waitUntil(lambda: page.slider.value() == 2)
    qtbot.waitUntil(lambda: not page.play.isChecked())
    run.set_state("finished")


def test_a_run_without_snapshots_says_why(qtbot, opened):
    _, view = opened
    run = view.run_box.currentData()
    for path in epochs_of(run):
        path.unlink()
    view.show_page(2)
    qtbot.waitUntil(lambda: not view.epochs.busy.isVisible() and not view.epochs._stale)
    qtbot.wait(200)
    assert view.epochs.movement is None
    assert "pretrain.snapshots" in view.epochs.hint.words.text()


def test_it_goes_with_its_project(qtbot, opened):
    window, view = opened
    computed(qtbot, view)
    window.desk.open(None)
    assert view.stack.currentIndex() == 0
    assert view.matrices.measured is None
