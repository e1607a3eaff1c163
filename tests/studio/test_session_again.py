"""A session of a project is found again: after a crash, and by its name in the palette."""

import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from m3n_studio.project import Project
from m3n_studio.studio.core.document import Document
from m3n_studio.studio.frame import session
from m3n_studio.studio.frame.crash import Remains
from m3n_studio.studio.frame.dialogs import entries
from tests.project import made


@pytest.fixture
def folder(tmp_path):
    made.project(tmp_path / "study").close()
    return tmp_path / "study"


def test_a_session_is_remembered_as_its_project_and_its_id(folder):
    d = Document(title="Ada · morning", project_path=str(folder), session_id="e1")
    data = json.loads(json.dumps(session.to_dict(d)))
    assert session.project_of(data) == (folder, "e1")
    assert session.names_of(data) == "Ada · morning of the project study"
    assert session.project_of({"project": 3, "session": "e1"}) is None
    assert session.project_of({}) is None


def test_what_was_labelled_when_the_program_died_is_opened_again(qtbot, window, folder):
    with Project.open(folder) as project:
        wanted = project.sessions()[0].id
    document = Document(title="Ada · morning", project_path=str(folder), session_id=wanted)
    window.restore_bar.offer(Remains(session.to_dict(document), None))
    assert "Ada · morning of the project study" in window.restore_bar.text.text()
    qtbot.keyClick(window.restore_bar.restore_button, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.desk.session is not None and window.contents.real != (), timeout=20_000)
    assert window.desk.session.id == wanted
    assert len(window.desk.track) == 20
    assert window.restore_bar.isHidden()
    assert not window.history.stack.canUndo()  # what is undone next is a label, not the opening


def test_class_keys_label_though_nothing_has_the_focus(qtbot, window, folder):
    window.projects.open(folder)
    qtbot.waitUntil(lambda: window.desk.project is not None, timeout=20_000)
    window.projects.open_session(window.desk.project.sessions()[0].id)
    qtbot.waitUntil(lambda: window.desk.session is not None and window.clock.end_s > 9, timeout=20_000)
    window.views.reveal("labels")
    focused = QApplication.focusWidget()
    if focused is not None:
        focused.clearFocus()
    assert QApplication.focusWidget() is None
    for at in (9.1, 9.9):
        window.clock.seek(at)
        qtbot.keyClick(window, Qt.Key.Key_W)
        qtbot.keyClick(window, Qt.Key.Key_Q)
    assert (9.1, 9.9) in {(round(a.start_s, 3), round(a.end_s, 3)) for a in window.desk.track}


def test_projects_and_sessions_are_in_the_palette(qtbot, window, folder):
    window.projects.open(folder)
    qtbot.waitUntil(lambda: window.desk.project is not None, timeout=20_000)
    found = {(e.kind, e.text): e for e in entries(window)}
    assert ("Project", "study") in found
    found["Session", "Ada · morning"].run()
    qtbot.waitUntil(lambda: window.desk.session is not None, timeout=20_000)


def test_what_a_key_does_is_chosen_with_keys(qtbot, window, folder):
    window.projects.open(folder)
    qtbot.waitUntil(lambda: window.desk.project is not None, timeout=20_000)
    window.projects.open_session(window.desk.project.sessions()[0].id)
    qtbot.waitUntil(lambda: window.desk.session is not None, timeout=20_000)
    window.views.reveal("labels")
    view = window.views["labels"]
    for name in ("contiguous", "toggle", "hold"):
        window.actions_by_name[f"labels.mode_{name}"].trigger()
        assert view.labeller.mode == view.mode.currentData() == name
