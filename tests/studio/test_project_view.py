"""The Project view driven by keys and mouse: sessions are opened, facts changed, all of it undone."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLineEdit

from m3n_studio.annotation.operations import put
from m3n_studio.project import Project, Recording, Session, Subject
from m3n_studio.project.values import Edit
from m3n_studio.studio.projects.project_model import LABELLED, LENGTH, NAME, clock, percent
from tests.project import made

WAIT = 20_000


@pytest.fixture
def folder(tmp_path):
    made.project(tmp_path / "study", annotations=6, recordings=2).close()
    with Project.open(tmp_path / "study") as project:
        ada = project.subjects()[0]
        bo = project.add_subject("Bo")
        for who, name in ((ada, "noon"), (bo, "evening")):
            session = project.add_session(name, who.id)
            project.add_recording(session.id, made.signal(seed=7), placement="right_wrist")
    return tmp_path / "study"


@pytest.fixture
def view(qtbot, window, folder):
    window.projects.open(folder)
    qtbot.waitUntil(lambda: window.desk.project is not None, timeout=WAIT)
    window.layouts.show("Label")
    window.host.show_dock("project")
    view = window.views["project"]
    qtbot.waitUntil(lambda: view.isVisible(), timeout=WAIT)
    return view


def row(view, *names):
    """The index of a row by the names on the way to it."""
    from PySide6.QtCore import QModelIndex

    at = QModelIndex()
    for name in names:
        rows = [view.model.index(i, NAME, at) for i in range(view.model.rowCount(at))]
        at = next(i for i in rows if str(i.data()).startswith(name))
    return at


def names(view, *parent):
    try:
        at = row(view, *parent)
    except StopIteration:
        return []
    return [view.model.index(i, NAME, at).data() for i in range(view.model.rowCount(at))]


def choose(view, *path):
    view.tree.setCurrentIndex(row(view, *path))
    view.tree.setFocus()


def opened(qtbot, view, name):
    qtbot.waitUntil(lambda: view.desk.session is not None and view.desk.session.name == name, timeout=WAIT)


def test_the_tree_shows_length_and_share_labelled(view):
    assert names(view) == ["Ada", "Bo"]
    assert names(view, "Ada") == ["morning", "noon"]
    morning = row(view, "Ada", "morning")
    assert morning.siblingAtColumn(LENGTH).data() == "10.0 s"
    assert morning.siblingAtColumn(LABELLED).data() == "30 %"
    assert row(view, "Ada", "noon").siblingAtColumn(LABELLED).data() == "0 %"
    assert names(view, "Ada", "morning") == ["wrist · left wrist", "wrist · left wrist"]
    assert "100 Hz" in row(view, "Ada", "morning", "wrist").data(Qt.ItemDataRole.ToolTipRole)
    assert "1.70 m" in row(view, "Ada").data(Qt.ItemDataRole.ToolTipRole)
    assert view.note.text() == "2 subjects · 3 sessions · 30.0 s"


def test_sessions_are_opened_by_keys_one_after_the_other(qtbot, window, view):
    choose(view, "Ada", "morning")
    qtbot.keyClick(view.tree, Qt.Key.Key_Return)
    opened(qtbot, view, "morning")
    assert view.model.is_open(view.model.node(row(view, "Ada", "morning")))
    for name in ("noon", "evening"):
        qtbot.keyClick(window, Qt.Key.Key_PageDown, Qt.KeyboardModifier.ControlModifier)
        opened(qtbot, view, name)
        assert view.tree.currentIndex().data() == name
        assert len(view.tree.selectionModel().selectedRows()) == 1
    qtbot.keyClick(window, Qt.Key.Key_PageUp, Qt.KeyboardModifier.ControlModifier)
    opened(qtbot, view, "noon")
    assert "noon" in window.windowTitle()
    assert "study" in window.windowTitle() or "made" in window.windowTitle()


def test_a_double_click_opens(qtbot, view):
    index = row(view, "Bo", "evening")
    view.tree.scrollTo(index)
    at = view.tree.visualRect(index).center()
    qtbot.mouseClick(view.tree.viewport(), Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseDClick(view.tree.viewport(), Qt.MouseButton.LeftButton, pos=at)
    opened(qtbot, view, "evening")


def test_the_share_follows_what_is_labelled(qtbot, view):
    choose(view, "Ada", "noon")
    qtbot.keyClick(view.tree, Qt.Key.Key_Return)
    opened(qtbot, view, "noon")
    view.desk.annotate(put(view.desk.track, view.desk.tier.classes[0].id, 0.0, 5.0))
    assert row(view, "Ada", "noon").siblingAtColumn(LABELLED).data() == "50 %"
    assert row(view, "Ada").siblingAtColumn(LABELLED).data() == "40 %"


def test_the_filter_keeps_what_has_its_words(qtbot, view):
    qtbot.keyClicks(view.filter, "right wrist")
    qtbot.waitUntil(lambda: names(view, "Ada") == ["noon"], timeout=WAIT)
    assert names(view) == ["Ada", "Bo"]
    view.filter.setText("bo even")
    qtbot.waitUntil(lambda: names(view) == ["Bo"], timeout=WAIT)
    view.filter.clear()
    qtbot.waitUntil(lambda: names(view, "Ada") == ["morning", "noon"], timeout=WAIT)


def test_renaming_in_place_undoes(qtbot, window, view):
    choose(view, "Ada", "noon")
    qtbot.keyClick(view.tree, Qt.Key.Key_F2)
    editor = view.tree.findChild(QLineEdit)
    assert editor.text() == "noon"
    editor.selectAll()
    qtbot.keyClicks(editor, "lunch")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: names(view, "Ada") == ["lunch", "morning"], timeout=WAIT)
    window.history.stack.undo()
    assert names(view, "Ada") == ["morning", "noon"]


def test_several_rows_are_deleted_as_one_step(qtbot, window, view):
    view.tree.selectionModel().clear()
    choose(view, "Ada", "morning")
    flags = view.tree.selectionModel().SelectionFlag.Select | view.tree.selectionModel().SelectionFlag.Rows
    view.tree.selectionModel().select(row(view, "Bo"), flags)
    view.tree.selectionModel().select(row(view, "Bo", "evening"), flags)
    qtbot.keyClick(view.tree, Qt.Key.Key_Delete)
    assert names(view) == ["Ada"]
    assert names(view, "Ada") == ["noon"]
    assert window.history.stack.undoText() == "Delete 1 session and 1 subject"
    window.history.stack.undo()
    assert (names(view), names(view, "Ada"), names(view, "Bo")) == (["Ada", "Bo"], ["morning", "noon"], ["evening"])


def test_facts_of_a_subject_are_filled_in(qtbot, window, view):
    choose(view, "Bo")
    view.commands.edit_facts()
    dialog = view.commands.dialog
    dialog.stature.setValue(1.83)
    dialog.mass.setValue(80.5)
    dialog.hand.setCurrentIndex(dialog.hand.findData("left"))
    dialog.accept()
    bo = next(s for s in view.desk.project.subjects() if s.name == "Bo")
    assert (bo.height_m, bo.mass_kg, bo.handedness) == (1.83, 80.5, "left")
    window.history.stack.undo()
    bo = next(s for s in view.desk.project.subjects() if s.name == "Bo")
    assert (bo.height_m, bo.mass_kg, bo.handedness) == (None, None, "")


def test_sessions_move_to_another_subject_and_recordings_get_a_placement(window, view):
    project = view.desk.project
    choose(view, "Bo", "evening")
    ada = next(s for s in project.subjects() if s.name == "Ada")
    move = next(a.menu() for a in view.commands.menu().actions() if a.menu() and "subject" in a.text())
    next(a for a in move.actions() if a.text() == "Ada").trigger()
    assert names(view, "Ada") == ["evening", "morning", "noon"]
    assert all(s.subject == ada.id for s in project.sessions())
    view.tree.expand(row(view, "Ada", "morning"))
    choose(view, "Ada", "morning", "wrist")
    place = next(a.menu() for a in view.commands.menu().actions() if a.menu() and "Placement" in a.text())
    next(a for a in place.actions() if a.text() == "Chest").trigger()
    assert "chest" in {r.placement for r in project.recordings()}
    window.history.stack.undo()
    window.history.stack.undo()
    assert "chest" not in {r.placement for r in project.recordings()}
    assert names(view, "Bo") == ["evening"]


def test_an_offset_changed_in_the_tree_moves_what_is_on_screen(qtbot, window, view):
    choose(view, "Bo", "evening")
    qtbot.keyClick(view.tree, Qt.Key.Key_Return)
    opened(qtbot, view, "evening")
    qtbot.waitUntil(lambda: bool(window.history.document.recordings), timeout=WAIT)
    view.tree.expand(row(view, "Bo", "evening"))
    choose(view, "Bo", "evening", "wrist")
    view.commands.edit_timed()
    dialog = view.commands.dialog
    dialog.begins.setValue(2.5)
    dialog.drift.setValue(100.0)
    dialog.accept()
    shown = lambda: float(window.history.document.recordings[0].time_s[0])  # noqa: E731
    qtbot.waitUntil(lambda: abs(shown() - 2.5) < 1e-6, timeout=WAIT)
    last = float(window.history.document.recordings[0].time_s[-1])
    assert last - 2.5 == pytest.approx(9.99 * 1.0001, abs=1e-6)
    window.history.stack.undo()
    qtbot.waitUntil(lambda: abs(shown()) < 1e-6, timeout=WAIT)


def test_a_conflict_is_told_and_the_tree_shows_what_is_there(qtbot, window, view, folder):
    told = []
    window.desk.failed.connect(told.append)
    before = next(s for s in view.desk.project.subjects() if s.name == "Bo")
    with Project.open(folder) as other:
        other.change(before, Subject("Bob", id=before.id))
    assert not view.desk.edit(Edit("Rename subject", before, Subject("Bernd", id=before.id)))
    assert "changed in the meantime" in told[0]
    qtbot.waitUntil(lambda: names(view) == ["Ada", "Bob"], timeout=WAIT)


def test_a_project_for_reading_only_says_so_and_offers_no_change(qtbot, window, folder, monkeypatch):
    from m3n_studio.project import Project as Real

    opened_so = Real.open
    monkeypatch.setattr(Real, "open", classmethod(lambda cls, path, read_only=False: opened_so(path, True)))
    window.projects.open(folder)
    qtbot.waitUntil(lambda: window.desk.project is not None, timeout=WAIT)
    view = window.views["project"]
    assert "reading only" in view.note.text()
    qtbot.waitUntil(lambda: "reading only" in window.windowTitle(), timeout=WAIT)
    assert not view.add.isEnabled()
    assert not window.actions_by_name["import_files"].isEnabled()
    choose(view, "Ada", "morning")
    assert [a.text() for a in view.commands.menu().actions() if a.isEnabled() and a.text()] == ["&Open"]
    assert not view.model.flags(row(view, "Ada")) & Qt.ItemFlag.ItemIsEditable


def test_without_a_project_the_view_offers_the_last_ones(qtbot, window, folder):
    window.store.change(projects=(str(folder),))
    window.desk.recent = (str(folder),)
    window.layouts.show("Label")
    view = window.views["project"]
    view._refresh()
    assert view.pages.currentWidget() is view.none
    qtbot.mouseClick(view.none.recent[0], Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    qtbot.waitUntil(lambda: window.desk.project is not None, timeout=WAIT)
    assert names(view) == ["Ada", "Bo"]


def test_a_new_project_has_a_tier_to_label_on(qtbot, window, tmp_path):
    window.projects.create(tmp_path / "new")
    qtbot.waitUntil(lambda: window.desk.project is not None, timeout=WAIT)
    assert [t.name for t in window.desk.tiers] == ["activity"]
    view = window.views["project"]
    assert view.pages.currentWidget() is view.empty
    view.commands.new_subject()
    choose(view, "P01")
    view.commands.new_session()
    assert names(view, "P01") == ["session 01"]
    window.history.stack.undo()
    window.history.stack.undo()
    assert view.pages.currentWidget() is view.empty


def test_five_thousand_sessions(qtbot, window, tmp_path):
    import time

    with Project.create(tmp_path / "big") as project:
        people = [Subject(f"P{i:03}") for i in range(50)]
        edits = [Edit("Add", None, p) for p in people]
        for i in range(5000):
            session = Session(f"s{i:04}", people[i % 50].id)
            edits.append(Edit("Add", None, session))
            edits.append(Edit("Add", None, Recording(session.id, "w", file=f"x{i}", samples=9, stop_s=60.0)))
        project.apply(edits)
    window.projects.open(tmp_path / "big")
    qtbot.waitUntil(lambda: window.desk.project is not None, timeout=WAIT)
    view = window.views["project"]
    qtbot.waitUntil(lambda: view.model.rowCount() == 50, timeout=WAIT)
    start = time.perf_counter()
    view._refresh()
    assert time.perf_counter() - start < 2.0
    view.filter.setText("s4999")
    qtbot.waitUntil(lambda: names(view) == ["P049"], timeout=WAIT)
    assert names(view, "P049") == ["s4999"]


def test_words_of_figures():
    assert [clock(s) for s in (4.24, 59.96, 61, 3723)] == ["4.2 s", "60.0 s", "1:01", "1:02:03"]
    assert [percent(s) for s in (0.0, 0.001, 0.5, 0.998, 1.0)] == ["0 %", "1 %", "50 %", "99 %", "100 %"]
