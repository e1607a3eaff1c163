"""The frame around the views: one table of actions, keys, status, messages, opening, names."""

import threading

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QLabel, QMenu, QWidget

from m3n_studio.errors import FileError, M3nError, UnknownName
from m3n_studio.motion.native import save_clip
from m3n_studio.recordings.tables import write_signals
from m3n_studio.studio.app import dispose
from m3n_studio.studio.core.actions import ACTIONS, MENUS, STATES, ActionSpec, Situation
from m3n_studio.studio.core.document import set_shape
from m3n_studio.studio.frame import samples as samples_module
from m3n_studio.studio.frame.chooser import Chooser
from m3n_studio.studio.frame.dialogs import DIALOGS
from m3n_studio.studio.frame.messages import MessagePanel
from m3n_studio.studio.frame.opening import Found, gather, look
from m3n_studio.studio.frame.preferences import Store
from m3n_studio.studio.frame.preferences_dialog import PreferencesDialog
from m3n_studio.studio.frame.samples import samples
from m3n_studio.studio.frame.shortcuts import ShortcutEditor, ShortcutSheet, conflicts
from m3n_studio.studio.frame.window import Window

from .conftest import moving, waves

pytestmark = pytest.mark.gl


def drop(window, *paths):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(p)) for p in paths])
    where, buttons, keys = QPoint(50, 50), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(where, Qt.DropAction.CopyAction, data, buttons, keys)
    window.dragEnterEvent(enter)
    assert enter.isAccepted()
    window.dropEvent(QDropEvent(QPointF(where), Qt.DropAction.CopyAction, data, buttons, keys))


def settled(window, qtbot):
    qtbot.waitUntil(lambda: not window.jobs.running, timeout=20_000)


@pytest.fixture
def folder(tmp_path, clip, body):
    """Two motions, one with a recording, and things that are neither."""
    save_clip(tmp_path / "reach.npz", clip)
    (tmp_path / "more").mkdir()
    save_clip(tmp_path / "more" / "bend.npz", moving(body, seconds=1.0))
    write_signals(tmp_path / "bend_watch.csv", (waves("left_wrist"), waves("right_wrist")))
    (tmp_path / "notes.txt").write_text("no motion")
    (tmp_path / "photo.jpg").write_bytes(b"x")
    (tmp_path / ".hidden.npz").write_bytes(b"x")
    return tmp_path


# ---------------------------------------------------------------- the table


def test_the_table_is_whole():
    names = [s.name for s in ACTIONS]
    assert len(set(names)) == len(names)
    keys = [QKeySequence(k).toString() for s in ACTIONS for k in s.keys]
    assert "" not in keys
    assert len(set(keys)) == len(keys)
    for spec in ACTIONS:
        assert spec.menu in MENUS
        assert spec.needs in STATES


def test_menus_toolbar_and_tooltips_come_from_the_table(window):
    in_menus = {a.objectName() for m in window.menuBar().findChildren(QMenu) for a in m.actions() if a.objectName()}
    assert {s.name for s in window.table.specs} <= in_menus
    bar = window.menus.toolbar
    shown = [a.objectName() for a in bar.actions()]
    assert shown == [s.name for s in window.table.specs if s.toolbar]
    assert all(bar.widgetForAction(a).accessibleName() and not a.icon().isNull() for a in bar.actions())
    assert window.actions_by_name["open"].toolTip() == "Open motions or recordings (Ctrl+O)"


def test_actions_can_be_used_when_their_state_says_so(window, qtbot, clip):
    act = window.actions_by_name
    assert not act["play"].isEnabled()
    assert not act["undo"].isEnabled()
    window.opener.open_sample(samples()[-1])
    qtbot.waitUntil(lambda: window.contents.clip is not None, timeout=20_000)
    assert act["play"].isEnabled()
    assert act["undo"].isEnabled()
    assert not act["redo"].isEnabled()
    act["undo"].trigger()
    assert not act["play"].isEnabled()
    assert act["redo"].isEnabled()
    assert window.pages.currentIndex() == 0


def test_a_view_adds_actions_like_ours(window):
    heard = []
    spec = ActionSpec("test.measure", "&Measure", "&View", ("Ctrl+Shift+U",), needs="motion", tip="Measure a span")
    action = window.table.add(spec, lambda *_: heard.append(1))
    assert not action.isEnabled()
    assert action in window.menus.menus["&View"].actions()
    assert ("View", "Measure", "Ctrl+Shift+U") in window.table.shortcut_rows()
    window.table.update_states(Situation(has_motion=True))
    QTest.keyClick(window, Qt.Key.Key_U, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert heard == [1]
    with pytest.raises(M3nError, match="there already"):
        window.table.add(spec, heard.clear)
    with pytest.raises(UnknownName):
        window.table.add(ActionSpec("x", "x", "&Nowhere"), heard.clear)
    with pytest.raises(UnknownName):
        window.table.add(ActionSpec("y", "y", "&View", needs="moon"), heard.clear)


# ---------------------------------------------------------------- shortcuts


def test_conflicts_are_keys_two_actions_share():
    keys = {"a": ("X",), "b": ("Y", "X"), "c": ("Z",), "d": ()}
    assert conflicts(keys, "a") == ["b"]
    assert conflicts(keys, "c") == conflicts(keys, "d") == []


def editor(window):
    window.actions_by_name["edit_shortcuts"].trigger()
    return window.findChild(ShortcutEditor)


def test_keys_are_changed_remembered_and_reset(qtbot, display, tmp_path):
    path = tmp_path / "preferences.json"
    first = Window(theme="light", store=Store(path))
    first.show()
    dialog = editor(first)
    dialog.choose("toggle_theme")
    dialog.key_edit.setKeySequence(QKeySequence("Ctrl+J"))
    QTest.mouseClick(dialog.set_button, Qt.MouseButton.LeftButton)
    dialog._accept()
    qtbot.waitUntil(lambda: first.findChild(ShortcutEditor) is None)
    dispose(first)
    second = Window(theme="light", store=Store(path))
    second.show()
    second.activateWindow()
    assert QTest.qWaitForWindowActive(second, 5000)
    assert second.table.keys("toggle_theme") == ("Ctrl+J",)
    QTest.keyClick(second, Qt.Key.Key_J, Qt.KeyboardModifier.ControlModifier)
    assert second.theme.name == "dark"
    QTest.keyClick(second, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert second.theme.name == "dark"
    assert second.actions_by_name["toggle_theme"].toolTip().endswith("(Ctrl+J)")
    dialog = editor(second)
    dialog.choose("toggle_theme")
    QTest.mouseClick(dialog.reset_button, Qt.MouseButton.LeftButton)
    dialog._accept()
    assert second.table.keys("toggle_theme") == ("Ctrl+D",)
    assert Store(path).value.shortcuts == {}
    dispose(second)


def test_a_key_that_is_taken_is_warned_of_and_cannot_be_set(window):
    dialog = editor(window)
    dialog.choose("toggle_theme")
    dialog.key_edit.setKeySequence(QKeySequence("Ctrl+O"))
    assert "“Open”" in dialog.warning.text()
    assert not dialog.set_button.isEnabled()
    dialog.choose("open")
    QTest.mouseClick(dialog.none_button, Qt.MouseButton.LeftButton)
    dialog.choose("toggle_theme")
    dialog.key_edit.setKeySequence(QKeySequence("Ctrl+O"))
    assert dialog.warning.text() == ""
    QTest.mouseClick(dialog.set_button, Qt.MouseButton.LeftButton)
    dialog.choose("open")
    QTest.mouseClick(dialog.reset_button, Qt.MouseButton.LeftButton)
    assert "reset that first" in dialog.warning.text()
    dialog._accept()
    assert window.table.custom_keys == {"open": (), "toggle_theme": ("Ctrl+O",)}


def test_the_editor_finds_actions_and_cancel_changes_nothing(window):
    dialog = editor(window)
    dialog.filter.setText("loop")
    assert dialog.rows.rowCount() >= 1
    assert dialog.name == "loop"
    QTest.mouseClick(dialog.none_button, Qt.MouseButton.LeftButton)
    dialog.filter.setText("qqqq")
    assert dialog.name == ""
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert window.table.keys("loop") == ("L",)


def test_the_sheet_shows_every_key_there_is(window):
    window.table.set_custom_keys({"loop": ("Ctrl+L",)})
    window.actions_by_name["shortcuts"].trigger()
    sheet = window.findChild(ShortcutSheet)
    words = "".join(w.text() for w in sheet.findChildren(QLabel))
    for menu, what, keys in window.table.shortcut_rows():
        assert menu in words
        assert what in words
        assert keys in words
    assert "Ctrl+L" in words
    sheet.close()


# ---------------------------------------------------------------- opening


def test_a_folder_is_looked_through(folder):
    found = look([folder])
    assert [p.name for p in found.motions] == ["reach.npz", "bend.npz"]
    assert [p.name for p in found.recordings] == ["bend_watch.csv"]
    assert found.recording_of(folder / "more" / "bend.npz") == folder / "bend_watch.csv"
    assert found.recording_of(folder / "reach.npz") is None
    assert [p.name for p in found.first] == ["reach.npz"]
    assert not found.clear


def test_an_empty_folder_is_told(tmp_path):
    with pytest.raises(FileError, match="no motion or recording"):
        gather([tmp_path])


def test_looking_stops_at_many_files_and_when_asked(folder, monkeypatch):
    monkeypatch.setattr("m3n_studio.studio.frame.opening.MAX_FILES", 2)
    assert look([folder]).stopped
    calls = []

    def check():
        calls.append(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        look([folder], check)
    assert calls == [1]


def test_a_dropped_folder_with_one_motion_opens_it_with_its_recording(window, qtbot, folder):
    (folder / "reach.npz").unlink()
    drop(window, folder)
    qtbot.waitUntil(lambda: bool(window.contents.real), timeout=20_000)
    assert window.contents.title == "bend.npz"
    assert window.status.file.text() == "bend.npz with bend_watch.csv"
    assert window.store.value.recent[0] == (str(folder / "more" / "bend.npz"), str(folder / "bend_watch.csv"))
    settled(window, qtbot)


def test_a_dropped_folder_with_several_asks_and_opens_the_one_chosen(window, qtbot, folder):
    drop(window, folder)
    qtbot.waitUntil(lambda: window.findChild(Chooser) is not None, timeout=20_000)
    chooser = window.findChild(Chooser)
    assert [p.name for p in chooser.paths] == ["reach.npz"]
    QTest.keyClick(chooser.motions, Qt.Key.Key_Down)
    assert [p.name for p in chooser.paths] == ["bend.npz", "bend_watch.csv"]
    QTest.keyClick(chooser.motions, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(window.contents.real), timeout=20_000)
    assert window.contents.title == "bend.npz"
    settled(window, qtbot)


def test_a_chooser_of_recordings_alone(qtbot, tmp_path):
    chooser = Chooser(Found((), (tmp_path / "a.csv", tmp_path / "b.csv"), stopped=True))
    chooser.show()
    assert [p.name for p in chooser.paths] == ["a.csv"]
    assert chooser.motions.isHidden()
    chooser.close()


def test_a_folder_without_motions_is_told(window, qtbot, tmp_path):
    drop(window, tmp_path)
    settled(window, qtbot)
    assert "no motion or recording" in window.error_bar.text


def test_new_motions_get_the_sensors_and_bandwidth_of_the_preferences(qtbot, display, folder):
    store = Store()
    store.change(sensors=("chest", "no such place"), bandwidth_hz=6.0)
    window = Window(theme="light", store=store)
    window.show()
    drop(window, folder / "reach.npz")
    qtbot.waitUntil(lambda: bool(window.contents.simulated), timeout=20_000)
    assert [s.name for s in window.contents.simulated] == ["chest"]
    assert window.history.document.bandwidth_hz == 6.0
    window.close()
    window.deleteLater()


def test_recent_files_are_in_the_menu_and_open_again(window, qtbot, folder):
    menu = window.menus.submenus["recent"]
    menu.aboutToShow.emit()
    assert [a.text() for a in menu.actions()] == ["Nothing yet"]
    for name in ("reach.npz", "more/bend.npz"):
        drop(window, folder / name)
        qtbot.waitUntil(lambda name=name: window.contents.title == name.split("/")[-1], timeout=20_000)
        settled(window, qtbot)
    menu.aboutToShow.emit()
    assert menu.actions()[0].text().startswith("&1 bend.npz")
    menu.actions()[1].trigger()
    qtbot.waitUntil(lambda: window.contents.title == "reach.npz", timeout=20_000)
    settled(window, qtbot)
    menu.aboutToShow.emit()
    next(a for a in menu.actions() if "Forget" in a.text()).trigger()
    assert window.store.value.recent == ()


def test_samples_are_in_the_menu_and_are_not_recent_files(window, qtbot):
    menu = window.menus.submenus["samples"]
    menu.aboutToShow.emit()
    texts = [a.text() for a in menu.actions() if a.text()]
    assert texts[0] == "Packing, with a recording"
    assert len(texts) == 11
    menu.actions()[0].trigger()
    qtbot.waitUntil(lambda: bool(window.contents.closeness), timeout=30_000)
    assert min(window.contents.closeness.values()) > 0.9
    next(a for a in menu.actions() if a.text() == "Walk").trigger()
    qtbot.waitUntil(lambda: window.contents.title == "walk.npz", timeout=20_000)
    assert window.contents.recordings == ()
    assert window.store.value.recent == ()
    settled(window, qtbot)


def test_where_no_samples_are_installed_nothing_is_offered(monkeypatch, tmp_path, qtbot, display):
    monkeypatch.setattr(samples_module, "resource", lambda *parts: tmp_path.joinpath(*parts))
    assert samples() == ()
    window = Window(theme="light")
    window.show()
    assert not window.empty.sample_button.isEnabled()
    assert not window.empty.demo_button.isEnabled()
    window.close()
    window.deleteLater()


def test_a_visitor_finds_the_first_story_with_one_click(window, qtbot):
    words = " ".join(w.text() for w in window.empty.findChildren(QLabel))
    assert "1  Drop a motion" in words
    assert "2  Drop its recording" in words
    QTest.mouseClick(window.empty.sample_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(window.contents.closeness), timeout=30_000)
    assert window.pages.currentIndex() == 1
    settled(window, qtbot)


# ---------------------------------------------------------------- what runs, what went wrong


def test_running_work_is_shown_with_progress_and_can_be_stopped(window, qtbot):
    gate = threading.Event()

    def work(task):
        task.progress(1, 4)
        while not task.cancelled():
            gate.wait(0.005)

    quiet = window.jobs.run("Quiet", lambda task: None, quiet=True)
    job = window.jobs.run("Generating bodies", work)
    (item,) = window.status.items
    assert item.label.text() == "Generating bodies"
    qtbot.waitUntil(lambda: item.bar.value() == 250)
    assert item.isVisible()
    QTest.mouseClick(item.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: job not in window.jobs.running and quiet not in window.jobs.running)
    assert window.status.items == []


def test_the_status_bar_says_what_would_be_undone(window, qtbot, folder):
    drop(window, folder / "reach.npz")
    qtbot.waitUntil(lambda: bool(window.contents.simulated), timeout=20_000)
    from m3n_studio.body.shape import Shape

    window.history.apply(set_shape(Shape(scale=1.1), what="stature"))
    assert window.status.undo.text() == "Ctrl+Z undoes: change stature"
    window.table.set_custom_keys({"undo": ("Ctrl+U",)})
    window.actions_by_name["undo"].trigger()
    assert window.status.undo.text() == "Ctrl+U undoes: open reach.npz"
    settled(window, qtbot)


def test_messages_are_kept_copied_and_cleared(window, qtbot):
    window.tell("First", "")
    window.tell("Second", "Traceback: here")
    assert window.status.count.text() == "2"
    QTest.mouseClick(window.error_bar._all, Qt.MouseButton.LeftButton)
    panel = window.findChild(MessagePanel)
    assert panel.isVisible()
    assert [panel.list.item(i).text().split("  ")[1] for i in range(2)] == ["Second", "First"]
    assert "Traceback: here" in panel.details.toPlainText()
    QTest.mouseClick(panel.copy_button, Qt.MouseButton.LeftButton)
    assert "Traceback: here" in QGuiApplication.clipboard().text()
    assert "First" not in QGuiApplication.clipboard().text()
    QTest.mouseClick(panel.copy_all_button, Qt.MouseButton.LeftButton)
    assert "First" in QGuiApplication.clipboard().text()
    window.tell("Third", "")
    assert panel.list.count() == 3
    QTest.mouseClick(panel.clear_button, Qt.MouseButton.LeftButton)
    assert panel.nothing.isVisible()
    assert not window.status.count.isVisible()
    window.actions_by_name["messages"].trigger()
    assert len(window.findChildren(MessagePanel)) == 1


def test_damaged_preferences_are_told_in_the_bar(qtbot, display, tmp_path):
    path = tmp_path / "preferences.json"
    path.write_text("{")
    window = Window(store=Store(path))
    assert "damaged" in window.error_bar.text
    window.close()
    window.deleteLater()


def test_preferences_are_applied_at_once(window, qtbot):
    window.actions_by_name["preferences"].trigger()
    dialog = window.findChild(PreferencesDialog)
    dialog.theme.setCurrentIndex(2)
    dialog.less.click()
    assert window.theme.name == "dark"
    assert window.clock._timer.interval() == 33
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert window.store.value.theme == "system"
    assert window.clock._timer.interval() == 16


# ---------------------------------------------------------------- reach and names


def _reachable(root):
    return [
        w for w in root.findChildren(QWidget)
        if w.isVisible() and w.focusPolicy() != Qt.FocusPolicy.NoFocus and not w.objectName().startswith("qt_")
    ]  # fmt: skip


#: Parts of other widgets, named by those.
_PARTS = ("QScrollBar", "QHeaderView", "QTableCornerButton", "QExpandingLineEdit", "QScrollArea")


def _check_names(root):
    for widget in _reachable(root):
        scrolled = widget.parent() is not None and widget.parent().objectName() == "qt_scrollarea_viewport"
        inner = type(widget).__name__ in _PARTS
        if scrolled or inner or widget.focusProxy() is not None:
            continue
        own = widget.accessibleName() or (isinstance(widget, (QAbstractButton, QLabel)) and widget.text())
        above = widget.parentWidget().accessibleName() if widget.parentWidget() is not None else ""
        assert own or above, f"{type(widget).__name__} {widget.objectName()!r} in {type(widget.parent()).__name__}"


def test_everything_of_the_frame_that_takes_focus_has_a_name(window, qtbot):
    _check_names(window)
    window.tell("A message", "details")
    for name in DIALOGS:
        window.actions_by_name[name].trigger()
        dialog = next(d for d in window.findChildren(QDialog) if d.isVisible())
        _check_names(dialog)
        assert dialog.windowTitle()
        dialog.close()
        qtbot.waitUntil(lambda: not [d for d in window.findChildren(QDialog) if d.isVisible()])
    window.opener.open_sample(samples()[0])
    qtbot.waitUntil(lambda: bool(window.contents.closeness), timeout=30_000)
    for name in window.host.docks:
        window.host.show_dock(name)
        QApplication.processEvents()
        _check_names(window)


def test_tab_goes_through_the_empty_window_and_the_focus_is_seen(window, qtbot):
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window, 5000)
    window.setFocus()
    seen = []
    for _ in range(12):
        QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Tab)
        seen.append(QApplication.focusWidget())
    for button in (window.empty.sample_button, window.empty.open_button, window.empty.demo_button):
        assert button in seen
        button.setFocus(Qt.FocusReason.OtherFocusReason)
        QApplication.processEvents()
        focused = _pixels(button)
        button.clearFocus()
        QApplication.processEvents()
        assert (np.abs(focused - _pixels(button)).max(axis=2) > 20).sum() > 30


def _pixels(widget):
    from PySide6.QtGui import QImage

    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGBA8888)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)[..., :3].astype(int)


@pytest.mark.parametrize("size", [(900, 650), (1280, 800), (1600, 1000)])
@pytest.mark.parametrize("name", list(DIALOGS))
def test_no_words_of_a_dialog_are_cut_off(window, name, size):
    window.resize(*size)
    window.tell("A message of some length about a file that could not be read", "")
    QApplication.processEvents()
    window.actions_by_name[name].trigger()
    QApplication.processEvents()
    dialog = next(d for d in window.findChildren(QDialog) if d.isVisible())
    for widget in dialog.findChildren(QWidget):
        if isinstance(widget, (QLabel, QAbstractButton)) and widget.isVisible() and widget.text():
            wrapped = isinstance(widget, QLabel) and (widget.wordWrap() or "<" in widget.text())
            need = widget.sizeHint() if wrapped else widget.minimumSizeHint()
            assert widget.height() >= min(need.height(), widget.sizeHint().height()) - 1, widget.text()
            if not wrapped:
                assert widget.width() >= widget.fontMetrics().horizontalAdvance(widget.text()), widget.text()
    dialog.close()
