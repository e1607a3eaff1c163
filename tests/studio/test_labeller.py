"""Keys and the clock make labels: held, toggled, contiguous; saved while it plays; never where one types."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from m3n_studio.project import Project
from m3n_studio.studio.core.clock import Clock
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.history import UndoStack
from m3n_studio.studio.labels.label_keys import LabelKeys
from m3n_studio.studio.labels.labeller import Labeller
from tests.studio.conftest import active
from tests.studio.test_desk import TIER, signal


class Wall:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def made(qtbot, display, tmp_path):
    with Project.create(tmp_path / "study") as project:
        project.add_label_set("labels", [TIER])
        session = project.add_session("one")
        project.add_recording(session.id, signal(), placement="left_wrist")
    window = QWidget()
    layout = QVBoxLayout(window)
    field, pad = QLineEdit(), QWidget()
    pad.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    layout.addWidget(field)
    layout.addWidget(pad)
    clock, desk = Clock(wall=Wall()), Desk(UndoStack())
    desk.author = "ana"
    labeller, keys = Labeller(desk, clock), LabelKeys(window)
    keys.pressed.connect(labeller.press)
    keys.released.connect(labeller.release)
    desk.open(Project.open(tmp_path / "study"))
    desk.put(session.id)
    clock.set_range(0.0, 60.0)
    keys.set_keys(["w", "s"])
    keys.set_on(True)
    window.show()
    active(qtbot, window)
    pad.setFocus()
    yield desk, clock, labeller, keys, window, field, pad
    keys.set_on(False)
    clock.pause()
    desk.release()
    window.close()
    window.deleteLater()


def labels(desk):
    return [(a.label, round(a.start_s, 3), round(a.end_s, 3)) for a in desk.project.annotations(desk.session.id)]


def test_a_key_held_while_it_plays_labels_as_long_as_it_is_held(qtbot, made):
    desk, clock, labeller, _, _, _, pad = made
    clock.play()
    qtbot.keyPress(pad, Qt.Key.Key_W)
    for wall in (100.5, 101.0, 101.5):
        clock._wall.now = wall
        clock.tick()
    assert labeller.pending == (("w", 0.0, 1.5),)
    assert labels(desk)[0][0] == "w"  # saved before the key is up
    qtbot.keyRelease(pad, Qt.Key.Key_W)
    assert labels(desk) == [("w", 0.0, 1.5)]
    assert labeller.pending == ()
    assert desk._stack.count() == 1
    assert desk.track.annotations[0].author == "ana"


def test_a_loop_or_a_click_elsewhere_ends_the_label_where_the_clock_was(qtbot, made):
    desk, clock, labeller, _, _, _, pad = made
    clock.play()
    qtbot.keyPress(pad, Qt.Key.Key_S)
    clock._wall.now = 100.4
    clock.tick()
    clock.seek(30.0)
    assert labels(desk) == [("s", 0.0, 0.4)]
    assert labeller.pending == ()


def test_tapped_while_paused_it_is_open_until_tapped_again(qtbot, made):
    desk, clock, _, _, _, _, pad = made
    qtbot.keyClick(pad, Qt.Key.Key_W)
    clock.seek(7.0)
    qtbot.keyClick(pad, Qt.Key.Key_W)
    assert labels(desk) == [("w", 0.0, 7.0)]


def test_contiguous_labels_from_the_last_edge(qtbot, made):
    desk, clock, labeller, _, _, _, pad = made
    labeller.set_mode("contiguous")
    for at, key in ((2.0, Qt.Key.Key_W), (5.0, Qt.Key.Key_S), (6.5, Qt.Key.Key_W)):
        clock.seek(at)
        qtbot.keyClick(pad, key)
    assert labels(desk) == [("w", 0.0, 2.0), ("s", 2.0, 5.0), ("w", 5.0, 6.5)]


def test_what_is_typed_into_a_field_labels_nothing(qtbot, made):
    desk, clock, _, _, _, field, _ = made
    field.setFocus()
    qtbot.keyClicks(field, "was")
    clock.seek(3.0)
    assert field.text() == "was"
    assert labels(desk) == []


def test_class_keys_come_before_shortcuts_and_only_while_labelling(qtbot, made):
    _, _, _, keys, window, _, pad = made
    heard = []
    action = QAction(window)
    action.setShortcut("W")
    action.triggered.connect(lambda: heard.append("shortcut"))
    window.addAction(action)
    pressed = []
    keys.pressed.connect(pressed.append)
    qtbot.keyClick(pad, Qt.Key.Key_W)
    assert (pressed, heard) == (["w"], [])
    keys.set_on(False)
    qtbot.keyClick(pad, Qt.Key.Key_W)
    assert (pressed, heard) == (["w"], ["shortcut"])


def test_a_button_toggles_in_hold_mode(made):
    desk, clock, labeller, *_ = made
    labeller.begin("w")
    clock.seek(4.0)
    labeller.begin("w")
    assert labels(desk) == [("w", 0.0, 4.0)]


def test_cancel_takes_back_what_was_saved(qtbot, made):
    desk, clock, labeller, _, _, _, pad = made
    clock.play()
    qtbot.keyPress(pad, Qt.Key.Key_W)
    for wall in (100.5, 101.0):
        clock._wall.now = wall
        clock.tick()
    assert labels(desk)
    labeller.cancel()
    qtbot.keyRelease(pad, Qt.Key.Key_W)
    assert labels(desk) == []
