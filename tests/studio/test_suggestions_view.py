"""Suggestions on a real project with a real tiny model: decided by keys, on disk, undone, remembered, stable."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

pytest.importorskip("torch")

from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier
from m3n_studio.learning.config import load_preset
from m3n_studio.learning.finetune import finetune
from m3n_studio.learning.predict import predict
from m3n_studio.learning.windows import cut
from m3n_studio.project import Project
from m3n_studio.project.training_data import labelled_recordings
from m3n_studio.recordings.signal import Signal
from tests.studio.conftest import active

CLASSES = (("walking", "w"), ("sitting", "s"), ("turning", "t"))
TIER = Tier("activity", classes=tuple(LabelClass(n, f"#4{i}9be8", k, id=n) for i, (n, k) in enumerate(CLASSES)), id="t")
SECONDS, STRETCH_S, RATE_HZ = 96.0, 6.0, 50.0
WRONG = "wrong"


def recorded(seed):
    """A wrist that does three things in turn, each for some seconds, with noise that makes them alike at times."""
    rng = np.random.default_rng(seed)
    t = np.arange(0, SECONDS, 1 / RATE_HZ)
    kind = (t // STRETCH_S).astype(int) % 3
    hz, size = np.array([2.31, 0.37, 1.13])[kind], np.array([3.0, 0.3, 1.5])[kind]
    wave = size * np.sin(2 * np.pi * hz * t)
    acc = np.column_stack([wave, 0.5 * wave, 9.81 + 0.3 * wave]) + rng.normal(0, 0.5, (len(t), 3))
    gyr = np.column_stack([0.3 * wave, 0.1 * wave, wave * (kind == 2)]) + rng.normal(0, 0.4, (len(t), 3))
    return Signal("wrist", t, acc, gyr)


def labels(first_s, last_s, prefix):
    """The truth between two times."""
    starts = [s for s in np.arange(0, SECONDS, STRETCH_S) if first_s <= s < last_s]
    return tuple(
        Annotation("t", CLASSES[int(s // STRETCH_S) % 3][0], s, s + STRETCH_S, "ana", id=f"{prefix}{s:g}")
        for s in starts
    )


def day(project, number):
    """The session of a person."""
    return next(s for s in project.sessions() if s.name == f"day {number}")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A project of five people: four labelled (one label of them wrong), one not; and a run finetuned on it."""
    folder = tmp_path_factory.mktemp("suggest") / "study"
    with Project.create(folder) as project:
        project.add_label_set("labels", [TIER])
        for i in range(5):
            session = project.add_session(f"day {i}", project.add_subject(f"P{i}").id)
            project.add_recording(session.id, recorded(i), placement="left_wrist")
            project.annotate(session.id, Change("Given", (), labels(0, SECONDS if i else 0, f"{i}-")))
        found = labelled_recordings(project)
        config = load_preset("smoke", {
            "finetune.method": "base", "finetune.optimiser.epochs": 20, "finetune.optimiser.stop_patience": 20,
            "windows.length_s": 2.0,
            "windows.rate_hz": 16.0, "finetune.validation_users": 1, "finetune.optimiser.learning_rate": 3e-3,
        })  # fmt: skip
        (folder / "runs").mkdir()
        finetune(folder / "runs" / "tiny", config, cut(found, config.windows), accelerator="cpu")
        second = day(project, 1)
        old = project.annotations(second.id)[3]
        project.annotate(second.id, Change("Wrong", (old,), (old.with_(label="sitting", id=WRONG),)))
        assert old.label == "walking"
    return folder


@pytest.fixture
def folder(study, tmp_path):
    """A copy of its own."""
    import shutil

    shutil.copytree(study, tmp_path / "study")
    return tmp_path / "study"


def compute(project, session, run):
    """What whoever listens to the book does."""
    signals = {}
    for entry in project.recordings(session):
        own = project.signal(entry).read()
        signals[entry.placement] = own.with_(name=entry.placement, time_s=entry.time_map.to_session(own.time_s))
    return predict(run, signals)


@pytest.fixture
def opened(qtbot, window, folder):
    """The window with the first session, the book filled on demand, and the view in front."""
    wait = {"timeout": 60_000}
    window.projects.open(folder)
    qtbot.waitUntil(lambda: window.desk.project is not None, **wait)
    window.projects.open_session(day(window.desk.project, 0).id)
    qtbot.waitUntil(lambda: window.desk.session is not None and window.clock.end_s > 50, **wait)
    qtbot.waitUntil(lambda: window.views.complete, **wait)
    window.desk.author = "ana"
    view = window.views["suggestions"]
    book = view._context.predictions
    book.wanted.connect(lambda s, r: book.put(s, r, compute(window.desk.project, s, r)))
    window.host.show_dock("suggestions")
    active(qtbot, window)
    qtbot.waitUntil(lambda: len(view.model.rows) >= 10, **wait)
    return window, view


def on_disk(folder, number=0):
    with Project.open(folder, read_only=True) as project:
        return project.annotations(day(project, number).id)


def press(key):
    QTest.keyClick(QApplication.focusWidget(), key)


def begin(qtbot, window, view):
    window.actions_by_name["suggestions.keys"].trigger()
    qtbot.waitUntil(lambda: view.keys.on and view.current() >= 0 and view.list.hasFocus())
    qtbot.wait(30)


def test_ten_suggestions_by_keyboard_are_on_disk_and_all_is_undone(qtbot, opened, folder):
    window, view = opened
    begin(qtbot, window, view)
    done = []
    for i in range(10):
        p = view.model.rows[view.current()]
        assert window.selection.proposed == (p.start_s, p.end_s)
        assert window.clock.time_s == pytest.approx(p.start_s)
        assert window.views["labels"].ghost.span == (p.start_s, p.end_s)
        before = on_disk(folder)
        if i % 5 == 3:
            press(Qt.Key.Key_R)
            assert on_disk(folder) == before
            done.append((p, "rejected"))
            continue
        other = next(c for c in TIER.classes if c.name != p.label)
        keys = {1: Qt.Key.Key_Return, 2: Qt.Key[f"Key_{other.key.upper()}"]}
        press(keys.get(i % 5, Qt.Key.Key_A))
        now = on_disk(folder)
        (new,) = [a for a in now if a.id not in {b.id for b in before}]
        assert (new.start_s, new.end_s) == (p.start_s, p.end_s)
        if i % 5 == 2:
            assert (new.label, new.author, new.source, new.confidence, new.note) == (
                other.id, "ana", "person", None, ""
            )  # fmt: skip
            done.append((p, "corrected"))
        else:
            assert (new.label, new.author, new.source, new.note) == (p.label, "tiny", "model", p.reason)
            assert new.confidence == pytest.approx(p.confidence)
            done.append((p, "accepted"))
        qtbot.wait(20)
    assert view.counts.text() == "6 accepted · 2 corrected · 2 rejected · model right 60%"
    made = on_disk(folder)
    assert len(made) == 8
    for p, _ in reversed(done):
        window.actions_by_name["undo"].trigger()
        now = view.model.rows[view.current()]
        assert (now.start_s, now.label, now.state) == (p.start_s, p.label, "")
    assert on_disk(folder) == ()
    assert view.counts.text() == ""
    for _ in done:
        window.actions_by_name["redo"].trigger()
    assert on_disk(folder) == made
    assert view.counts.text() == "6 accepted · 2 corrected · 2 rejected · model right 60%"


def test_keys_are_the_windows_again_when_the_mode_is_off_and_fields_keep_theirs(qtbot, opened, folder):
    window, view = opened
    begin(qtbot, window, view)
    field = QLineEdit(view)
    field.show()
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    qtbot.wait(20)
    QTest.keyClicks(field, "art")
    assert field.text() == "art"
    assert on_disk(folder) == ()
    view.list.setFocus()
    qtbot.waitUntil(view.list.hasFocus)
    qtbot.wait(20)
    first = view.current()
    press(Qt.Key.Key_Right)
    assert view.current() == first + 1
    press(Qt.Key.Key_Left)
    assert view.current() == first
    press(Qt.Key.Key_Space)
    assert window.clock.playing
    press(Qt.Key.Key_L)
    span = view.model.rows[first].shown_s
    assert window.clock.loop == pytest.approx(span)
    press(Qt.Key.Key_Right)
    assert window.clock.playing
    assert window.clock.loop == pytest.approx(view.model.rows[view.current()].shown_s)
    press(Qt.Key.Key_L)
    assert window.clock.loop is None
    window.clock.pause()
    press(Qt.Key.Key_Escape)
    assert not view.keys.on
    assert not view.keys_button.isChecked()
    before = window.clock.time_s
    window.setFocus()
    QTest.keyClick(window, Qt.Key.Key_Right)
    assert window.clock.time_s != before
    assert on_disk(folder) == ()


def test_what_was_rejected_stays_so_after_a_restart_and_undo_takes_it_back(qtbot, opened, folder):
    window, view = opened
    view.list.setCurrentIndex(view.model.index(0))
    p = view.model.rows[0]
    view.reject_button.click()
    assert view.model.rows[0].state == "rejected"
    qtbot.waitUntil(lambda: (folder / "rejected_suggestions.json").is_file())
    view.modes.button(1).click()
    view.modes.button(0).click()
    qtbot.waitUntil(lambda: view.model.rows and not any(q.same(p) for q in view.model.rows))
    qtbot.waitUntil(lambda: not window.jobs.running)
    from m3n_studio.studio.predictions.suggestion_memory import Memory

    again = Memory()
    again.load(folder)
    assert [r.is_about(p) for r in again.of("runs/tiny")] == [True]
    (folder / "rejected_suggestions.json").write_text('{"format": 3')
    again.load(folder)
    assert again.of("runs/tiny") == ()
    window.actions_by_name["undo"].trigger()
    qtbot.waitUntil(lambda: not window.jobs.running)
    again.load(folder)
    assert again.of("runs/tiny") == ()


def test_new_predictions_renew_the_list_and_the_current_one_stays(qtbot, opened):
    window, view = opened
    view.list.setCurrentIndex(view.model.index(3))
    p, time_s = view.model.rows[3], window.clock.time_s
    window.clock.seek(time_s + 1.0)
    session, run, book = window.desk.session.id, view.source.run, view._context.predictions
    old = book.found(session, run)
    turned = replace(old, probability=np.roll(old.probability, 1, axis=1))
    heard = view.answer
    book.put(session, run, turned)
    book.put(session, run, turned)
    qtbot.waitUntil(lambda: view.answer is not heard)
    assert view.model.rows[view.current()] == p
    assert window.clock.time_s == pytest.approx(time_s + 1.0)
    assert any(q != p for q in view.model.rows)
    for a, b in ((a, b) for i, a in enumerate(view.model.rows) for b in view.model.rows[i + 1 :]):
        assert a.overlap(b) < 0.5


def test_a_wrong_label_is_reviewed_over_the_project_and_mended(qtbot, opened, folder):
    window, view = opened
    view.scope.setCurrentIndex(1)
    view.modes.button(2).click()
    qtbot.waitUntil(lambda: view.answer.ask.mode == "errors" and view.source.progress() == (5, 5), timeout=60_000)
    qtbot.waitUntil(lambda: view.answer.sessions == 5 and not window.jobs.running, timeout=60_000)
    first = view.model.rows[0]
    assert (first.target, first.kind, first.was, first.label) == (WRONG, "class", "sitting", "walking")
    assert view.answer.unseen == 4
    assert "has learned" not in first.reason
    begin(qtbot, window, view)
    qtbot.waitUntil(lambda: window.desk.session.name == "day 1" and window.selection.proposed is not None)
    assert window.desk.picked_ids == {WRONG}
    press(Qt.Key.Key_Return)
    (mended,) = [a for a in on_disk(folder, 1) if a.id == WRONG]
    assert (mended.label, mended.author, mended.source) == ("walking", "tiny", "model")
    assert mended.confidence == pytest.approx(first.confidence)
    assert view.counts.text().startswith("1 accepted")
    window.actions_by_name["undo"].trigger()
    (back,) = [a for a in on_disk(folder, 1) if a.id == WRONG]
    assert (back.label, back.source) == ("sitting", "person")
    assert view.counts.text() == ""


def test_what_is_missing_is_said(qtbot, window, tmp_path):
    qtbot.waitUntil(lambda: window.views.complete, timeout=60_000)
    view = window.views["suggestions"]
    view.source._refresh()
    assert "No project is open" in view.empty_words.text()
    with Project.create(tmp_path / "bare") as project:
        project.add_label_set("labels", [TIER])
        session = project.add_session("one")
        project.add_recording(session.id, recorded(0), placement="left_wrist")
    window.projects.open(tmp_path / "bare")
    qtbot.waitUntil(lambda: window.desk.project is not None, timeout=60_000)
    window.projects.open_session(window.desk.project.sessions()[0].id)
    qtbot.waitUntil(lambda: window.clock.end_s > 50, timeout=60_000)
    window.host.show_dock("suggestions")
    qtbot.waitUntil(lambda: "No model yet" in view.empty_words.text(), timeout=60_000)


def test_no_two_actions_have_one_key(qtbot, window):
    qtbot.waitUntil(lambda: window.views.complete, timeout=60_000)
    whose = {}
    for spec in window.table.specs:
        for key in window.table.keys(spec.name):
            whose.setdefault(QKeySequence(key).toString(), []).append(spec.name)
    assert {key: names for key, names in whose.items() if len(names) > 1} == {}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX signals")
def test_accepts_that_were_acknowledged_outlive_a_kill(folder):
    child = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("suggestions_child.py"), folder], stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    said = [child.stdout.readline().strip() for _ in range(4)]
    child.send_signal(signal.SIGKILL)
    said += [line.strip() for line in child.stdout.read().splitlines() if line.endswith(" end")]
    child.stdout.close()
    child.wait()
    assert all(said)
    kept = {a.id: a for a in on_disk(folder)}
    for line in said:
        name, _ = line.split(" ")
        assert (kept[name].author, kept[name].source) == ("tiny", "model")
