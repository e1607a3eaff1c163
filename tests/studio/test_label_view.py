"""The Labels view in the real window: every command, class and mode by key and mouse, on disk and undone."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QInputDialog, QToolButton, QWidget

from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier
from m3n_studio.project import Project
from m3n_studio.recordings.signal import Signal
from m3n_studio.studio.labels.label_actions import COMMANDS
from m3n_studio.studio.labels.label_keys import takes_text
from tests.studio.conftest import active

CLASSES = (LabelClass("walk", "#4c9be8", "w", id="w"), LabelClass("sit", "#e8a14c", "s", id="s"),
           LabelClass("reach", "#6fbf73", id="r"))  # fmt: skip
TIER = Tier("activity", classes=CLASSES, id="tier")
HANDS = Tier("hands", classes=(LabelClass("grasp", "#b07ce8", "g", id="g"),), id="hands")
STEPS = Tier("steps", kind="event", classes=(LabelClass("step", "#45b8b0", "t", id="t"),), id="steps")
BURST_S = 20.0


def still_then_moving(seconds=60.0):
    """Rest, then a burst from 20 s to 30 s."""
    t = np.arange(0, seconds, 0.02)
    burst = ((t >= BURST_S) & (t < BURST_S + 10)) * 3.0 * np.sin(2 * np.pi * 1.5 * (t - BURST_S))
    acc = np.column_stack([burst, 0.3 * burst, 9.81 + 0.8 * burst])
    return Signal("watch", t, acc, np.column_stack([burst, 0 * t, 0 * t]))


@pytest.fixture
def folder(tmp_path):
    with Project.create(tmp_path / "study") as project:
        project.add_label_set("labels", [TIER, HANDS, STEPS])
        session = project.add_session("one")
        project.add_recording(session.id, still_then_moving(), placement="left_wrist")
    return tmp_path / "study"


@pytest.fixture
def opened(qtbot, window, folder):
    return open_session(qtbot, window, folder)


def open_session(qtbot, window, folder, read_only=False):
    window.desk.author = "ana"
    if read_only:
        window.projects._on_project(Project.open(folder, read_only=True))
    else:
        window.projects.open(folder)
    qtbot.waitUntil(lambda: window.desk.project is not None, timeout=20000)
    window.desk.session_wanted.emit(window.desk.project.sessions()[0].id)
    qtbot.waitUntil(lambda: window.desk.session is not None and window.clock.end_s > 50, timeout=20000)
    view = window.views["labels"]
    qtbot.waitUntil(view.isVisible, timeout=20000)
    qtbot.waitUntil(lambda: window.views.complete, timeout=20000)
    window.desk.author = "ana"
    active(qtbot, window)
    view.strip.setFocus()
    qtbot.waitUntil(view.strip.hasFocus)
    return window, view


def put(view, *labels):
    """Labels (class, start, end) on the tier, as one change."""
    new = tuple(Annotation("tier", c, a, b, "ana", id=f"{c}{a:g}") for c, a, b in labels)
    assert view.desk.annotate(Change("Given", (), new))


def on_disk(view, tier="tier"):
    found = view.desk.project.annotations(view.desk.session.id, tier)
    return [(a.label, round(a.start_s, 3), round(a.end_s, 3)) for a in found]


def press(window, name):
    window.actions_by_name[f"labels.{name}"].trigger()


def keys(qtbot, view, text, modifiers=Qt.KeyboardModifier.NoModifier):
    qtbot.keyClick(view.strip, text, modifiers)


AT = [("w", 2.0, 10.0), ("s", 12.0, 20.0)]
#: Command: cursor, picked, selected time, what is on disk afterwards.
CASES = {
    "split": (5.0, (), None, [("w", 2, 5), ("w", 5, 10), ("s", 12, 20)]),
    "close_gaps": (0.0, (), None, [("w", 2, 12), ("s", 12, 20)]),
    "set_start": (4.0, (), None, [("w", 4, 10), ("s", 12, 20)]),
    "set_end": (15.0, (), None, [("w", 2, 10), ("s", 12, 15)]),
    "nudge_back": (3.0, (), None, [("w", 1.98, 9.98), ("s", 12, 20)]),
    "nudge_on": (3.0, (), None, [("w", 2.02, 10.02), ("s", 12, 20)]),
    "trim": (0.0, (), (8.0, 14.0), [("w", 8, 10), ("s", 12, 14)]),
    "clear": (0.0, (), (8.0, 14.0), [("w", 2, 8), ("s", 14, 20)]),
    "delete": (0.0, ("w2",), None, [("s", 12, 20)]),
}  # fmt: skip


def test_commands_change_the_labels_on_disk_and_can_be_undone(qtbot, opened):
    window, view = opened
    put(view, *AT)
    window.actions_by_name["labels.snap"].setChecked(False)
    for name, (cursor, picked, span, expected) in CASES.items():
        window.clock.seek(cursor)
        view.desk.pick(picked)
        window.selection.set_range(span)
        press(window, name)
        assert on_disk(view) == expected, name
        assert window.history.stack.undoText() not in ("", "Given")
        window.actions_by_name["undo"].trigger()
        assert on_disk(view) == AT
        window.actions_by_name["redo"].trigger()
        assert on_disk(view) == expected
        window.actions_by_name["undo"].trigger()


def test_merging_picked_labels_copying_and_pasting(qtbot, opened):
    window, view = opened
    put(view, ("w", 2.0, 4.0), ("w", 6.0, 8.0))
    view.desk.pick(("w2", "w6"))
    press(window, "merge")
    assert on_disk(view) == [("w", 2, 8)]
    view.desk.pick(("w2",))
    press(window, "copy")
    window.clock.seek(30.0)
    press(window, "paste")
    assert on_disk(view) == [("w", 2, 8), ("w", 30, 36)]


def test_a_models_label_is_accepted_and_given_a_note(qtbot, opened):
    window, view = opened
    made = Annotation("tier", "w", 2.0, 4.0, "net", "model", 0.7, id="m")
    view.desk.annotate(Change("Given", (), (made,)))
    window.clock.seek(3.0)
    press(window, "accept")
    found = view.desk.track.annotations[0]
    assert (found.source, found.author, found.confidence, found.id) == ("person", "ana", None, "m")
    press(window, "note")
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, QInputDialog)
    dialog.setTextValue("limps")
    dialog.accept()
    assert view.desk.project.annotations(view.desk.session.id)[0].note == "limps"
    window.actions_by_name["undo"].trigger()
    assert view.desk.project.annotations(view.desk.session.id)[0].note == ""


def test_going_and_picking(qtbot, opened):
    window, view = opened
    put(view, *AT)
    clock = window.clock
    clock.seek(3.0)
    places = []
    for name in ("next_edge", "next_edge", "last_edge", "next_unlabelled", "last_unlabelled"):
        press(window, name)
        places.append(round(clock.time_s, 3))
    assert places == [10.0, 12.0, 10.0, 20.0, 10.0]
    clock.seek(13.0)
    press(window, "pick_here")
    assert view.desk.picked_ids == {"s12"}
    press(window, "pick_all")
    assert view.desk.picked_ids == {"w2", "s12"}
    press(window, "pick_none")
    assert not view.desk.picked_ids
    for name, expected in (("next_tier", "hands"), ("next_tier", "steps"), ("last_tier", "hands")):
        press(window, name)
        assert view.desk.tier.id == expected
        assert view.strip.active == [t.id for t in view.desk.tiers].index(expected)


def test_every_command_is_an_action_of_the_label_menu_and_the_palette_with_its_tip(opened):
    from m3n_studio.studio.frame.dialogs import entries

    window, _ = opened
    offered = {e.text for e in entries(window)}
    for c in COMMANDS:
        action = window.actions_by_name[f"labels.{c.name}"]
        assert action in window.menus.menus["&Label"].actions()
        assert action.isEnabled()
        assert action.toolTip().startswith(c.tip)
        assert action.text().replace("&", "").rstrip("…") in offered
    mine = [a.text() for name, a in window.actions_by_name.items() if name.startswith("labels.")]
    letters = [t[t.index("&") + 1].lower() for t in mine if "&" in t]
    assert len(letters) == len(set(letters)), sorted(letters)


def test_where_there_is_nothing_to_do_a_command_says_so_and_changes_nothing(qtbot, opened):
    window, view = opened
    silent = ("pick_all", "pick_none", "next_tier", "last_tier", "next_unlabelled", "last_unlabelled")
    for c in COMMANDS:
        if c.name in silent:
            continue
        count = window.history.stack.count()
        window.clock.seek(30.0)
        view.toast.hide()
        press(window, c.name)
        assert view.toast.isVisible(), c.name
        assert view.toast.text()
        assert window.history.stack.count() == count
        assert view.rect().contains(view.toast.geometry())


# ---------------------------------------------------------------------- keys


def test_class_keys_work_wherever_the_focus_is(qtbot, opened):
    window, view = opened
    view.set_mode(1)
    for i, focus in enumerate(("strip", "traces", "body", "video", "play")):
        if focus in window.host.docks:
            window.host.show_dock(focus)
            room = window.views[focus]
            found = [w for w in (room, *room.findChildren(QWidget)) if w.focusPolicy() & Qt.FocusPolicy.TabFocus
                     and w.isVisible() and w.isEnabled() and not takes_text(w)]  # fmt: skip
            assert found, focus
            widget = found[0]
        else:
            widget = view.strip if focus == "strip" else window.findChild(QToolButton, "play")
        widget.setFocus()
        qtbot.waitUntil(widget.hasFocus)
        window.clock.seek(10.0 * i)
        qtbot.keyClick(widget, "w")
        window.clock.seek(10.0 * i + 7)
        qtbot.keyClick(widget, "w")
        assert on_disk(view)[-1] == ("w", 10 * i, 10 * i + 7), focus


def test_contiguous_keys_shift_relabels_and_a_selected_time_is_labelled(qtbot, opened):
    window, view = opened
    press(window, "mode_contiguous")
    assert view.mode.currentData() == "contiguous"
    window.clock.seek(4.0)
    keys(qtbot, view, "w")
    window.clock.seek(9.0)
    keys(qtbot, view, "s")
    assert on_disk(view) == [("w", 0, 4), ("s", 4, 9)]
    view.desk.pick({a.id for a in view.desk.track})
    keys(qtbot, view, "s", Qt.KeyboardModifier.ShiftModifier)
    assert [c for c, _, _ in on_disk(view)] == ["s", "s"]
    assert "sit" in window.history.stack.undoText()
    window.selection.set_range((30.0, 33.0))
    keys(qtbot, view, "w")
    assert ("w", 30, 33) in on_disk(view)
    assert window.selection.range is None
    for _ in range(4):
        window.actions_by_name["undo"].trigger()
    assert on_disk(view) == []


def test_keys_off_leaves_shortcuts_alone(qtbot, opened):
    window, view = opened
    shown = window.actions_by_name["sensors"].isChecked()
    keys(qtbot, view, "s")
    assert window.actions_by_name["sensors"].isChecked() == shown
    press(window, "pick_none")
    press(window, "keys")
    assert not view.keys_button.isChecked()
    keys(qtbot, view, "s")
    assert window.actions_by_name["sensors"].isChecked() != shown
    assert on_disk(view) == []


def test_repeats_of_a_held_key_are_one_label_and_a_window_that_loses_focus_ends_it(qtbot, opened):
    window, view = opened
    strip = view.strip
    window.clock.play()
    qtbot.keyPress(strip, "w")
    for _ in range(5):
        repeat = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_W, Qt.KeyboardModifier.NoModifier, "w", True)
        QApplication.sendEvent(strip, repeat)
    qtbot.waitUntil(lambda: window.clock.time_s > 0.3)
    assert len(view.labeller.pending) == 1
    window.desk.setProperty("x", 1)
    QApplication.instance().applicationStateChanged.emit(Qt.ApplicationState.ApplicationInactive)
    assert view.labeller.pending == ()
    window.clock.pause()
    assert len(on_disk(view)) == 1
    assert on_disk(view)[0][2] > 0.25


# ---------------------------------------------------------------------- the mouse


def spot(view, time_s, row=0):
    geometry = view.strip.geometry_now()
    return QPoint(round(geometry.x_of(time_s)), round(geometry.tops[row] + geometry.lane_heights[row] / 2))


def drag(view, a, b, modifiers=Qt.KeyboardModifier.NoModifier):
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    steps = [(QEvent.Type.MouseButtonPress, a, left, left)]
    steps += [(QEvent.Type.MouseMove, a + (b - a) * i / 4, none, left) for i in range(1, 5)]
    steps += [(QEvent.Type.MouseButtonRelease, b, left, none)]
    for kind, at, button, buttons in steps:
        at = QPointF(at)
        QApplication.sendEvent(
            view.strip, QMouseEvent(kind, at, QPointF(view.strip.mapToGlobal(at)), button, buttons, modifiers)
        )


def test_clicks_pick_edges_and_bodies_are_dragged_and_drawing_selects(qtbot, opened):
    window, view = opened
    put(view, *AT)
    window.actions_by_name["labels.snap"].setChecked(False)
    left = Qt.MouseButton.LeftButton
    qtbot.mouseClick(view.strip, left, pos=spot(view, 5.0))
    assert view.desk.picked_ids == {"w2"}
    qtbot.mouseClick(view.strip, left, Qt.KeyboardModifier.ControlModifier, spot(view, 15.0))
    assert view.desk.picked_ids == {"w2", "s12"}
    drag(view, spot(view, 5.0), spot(view, 8.0))
    moved = on_disk(view)
    assert [round(b - a) for _, a, b in moved] == [8, 8]
    assert moved[0][1] == pytest.approx(5.0, abs=0.2)
    window.actions_by_name["undo"].trigger()
    assert on_disk(view) == AT
    view.desk.pick(())
    drag(view, spot(view, 20.0), spot(view, 26.0))
    assert on_disk(view)[1][2] == pytest.approx(26.0, abs=0.2)
    drag(view, spot(view, 40.0), spot(view, 45.0))
    assert window.selection.range == pytest.approx((40.0, 45.0), abs=0.2)
    qtbot.mouseClick(view.chips.chips["r"], left)
    assert on_disk(view)[-1][0] == "r"


def test_edges_snap_to_other_edges_and_to_what_the_signal_does(qtbot, opened):
    window, view = opened
    put(view, ("w", 2.0, 10.0))
    view.desk.annotate(Change("Given", (), (Annotation("hands", "g", 14.0, 16.0, "ana"),)))
    qtbot.waitUntil(lambda: view.snapper._ready, timeout=30000)
    drag(view, spot(view, 10.0), spot(view, 14.1))
    assert on_disk(view) == [("w", 2, 14)]
    near, why = view.snapper(BURST_S + 0.08, 0.4)
    assert "starts" in why
    assert near == pytest.approx(BURST_S, abs=0.1)
    drag(view, spot(view, 14.0), spot(view, 16.15), Qt.KeyboardModifier.AltModifier)
    assert on_disk(view)[0][2] != 16.0
    window.clock.seek(13.9)
    view.tools.kind_actions["signal"].setChecked(False)
    press(window, "set_end")
    assert on_disk(view)[0][2] == 14.0
    assert "Snapped" in view.toast.text()
    press(window, "snap")
    assert view.snapper(BURST_S + 0.08, 0.4) == (BURST_S + 0.08, "")


def test_snapping_to_frames_goes_through_the_videos_own_clock(opened):
    from m3n_studio.recordings.timemap import TimeMap
    from m3n_studio.recordings.video.track import VideoTrack
    from m3n_studio.studio.core.contents import Contents
    from m3n_studio.studio.core.document import Document

    _, view = opened
    track = VideoTrack("clip.mp4", (0.0, 4.0), TimeMap.offset(5.0))
    view.snapper._contents = Contents(document=Document(videos=(track,)))
    view.snapper._frames = {"clip.mp4": np.arange(0.0, 4.0, 0.04)}
    time_s, why = view.snapper(6.013, 0.03)
    assert time_s == pytest.approx(6.0)
    assert why == "frame of clip.mp4"


# ---------------------------------------------------------------------- classes


def test_classes_are_added_changed_given_keys_and_removed(qtbot, opened):
    window, view = opened
    press(window, "add_class")
    dialog = QApplication.activeModalWidget()
    qtbot.keyClicks(dialog.name, "stairs")
    assert dialog.key.text() == "t"
    dialog.set_color("#112233")
    qtbot.keyClick(dialog.name, Qt.Key.Key_Return)
    found = view.desk.tier.by_name("stairs")
    assert (found.key, found.color) == ("t", "#112233")
    dialog = view.chips.ask("w")
    dialog.key.setText("s")
    dialog.accept()
    assert "key" in dialog.problem.text()
    assert dialog.isVisible()
    dialog.key.setText("x")
    dialog.name.setText("walking")
    dialog.accept()
    assert view.desk.tier.by_id("w").name == "walking"
    keys(qtbot, view, "x")
    window.clock.seek(3.0)
    keys(qtbot, view, "x")
    assert on_disk(view) == [("w", 0, 3)]
    assert view.chips.give.isVisible()
    qtbot.mouseClick(view.chips.give, Qt.MouseButton.LeftButton)
    assert view.desk.tier.by_id("r").key == "r"
    assert not view.chips.give.isVisible()
    view.chips._remove("r")
    assert view.desk.tier.by_id("r") is None
    for _ in range(2):
        window.actions_by_name["undo"].trigger()
    assert view.desk.tier.by_id("r").key == ""


def test_the_length_of_gaps_is_what_the_field_says(qtbot, opened):
    window, view = opened
    put(view, *AT)
    view.tools.gap.setValue(1.0)
    press(window, "close_gaps")
    assert on_disk(view) == AT
    assert "1 s" in view.toast.text()
    view.tools.gap.setValue(3.0)
    press(window, "close_gaps")
    assert on_disk(view)[0] == ("w", 2, 12)


def test_a_project_that_cannot_be_written_says_so_and_offers_no_editing(qtbot, window, folder):
    window, view = open_session(qtbot, window, folder, read_only=True)
    assert view.desk.read_only
    for c in COMMANDS:
        assert window.actions_by_name[f"labels.{c.name}"].isEnabled() == (not c.writes), c.name
    assert not view.keys_button.isEnabled()
    assert not view.chips.add.isVisible()
    assert view.note.toolTip().startswith("Read-only")
    keys(qtbot, view, "w")
    window.clock.seek(3.0)
    keys(qtbot, view, "w")
    assert on_disk(view) == []
    view.chips.chips["w"].click()
    assert "reading only" in view.toast.text()
    drag(view, spot(view, 5.0), spot(view, 9.0))
    assert on_disk(view) == []


def test_a_right_click_on_a_row_offers_what_can_be_done_with_its_tier(qtbot, opened):
    window, view = opened
    geometry = view.strip.geometry_now()
    at = QPoint(round(geometry.x_of(30.0)), round(geometry.tops[1] + 8))  # the row of hands
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, view.strip.mapToGlobal(at))
    QApplication.sendEvent(view.strip, event)
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is not None)
    menu = QApplication.activePopupWidget()
    assert view.desk.tier.name == "hands"
    tier = next(a.menu() for a in menu.actions() if a.menu() is not None and a.text() == "T&ier")
    next(a for a in tier.actions() if a.text() == "No &overlaps").trigger()
    menu.close()
    assert not view.desk.tier.exclusive
    assert not next(t for t in view.desk.project.tiers() if t.id == "hands").exclusive
    window.actions_by_name["undo"].trigger()
    assert view.desk.tier.exclusive
