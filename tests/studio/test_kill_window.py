"""The window while the machine fails: killed, the disk full, the medium still. It tells, lives and loses nothing."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from m3n_studio.plugins import Door
from m3n_studio.project.check import check
from m3n_studio.project.store import Project
from m3n_studio.studio.builtin import DOCKS
from m3n_studio.studio.core.docks import DockSpec
from m3n_studio.studio.frame.window import Window
from tests.project import made
from tests.project.test_faults import fill, small_disk  # noqa: F401
from tests.studio.conftest import active

TOOLS = Path(__file__).parents[2] / "tools"


def labelling(qtbot, window, folder):
    """Open the first session of a project in the window; the widget that gets the keys."""
    window.projects.open(folder)
    qtbot.waitUntil(lambda: window.desk.project is not None, timeout=20_000)
    window.projects.open_session(window.desk.project.sessions()[0].id)
    qtbot.waitUntil(lambda: window.desk.session is not None and window.clock.end_s > 0, timeout=20_000)
    window.views.reveal("labels")
    active(qtbot, window)
    window.setFocus()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is not None)
    return QApplication.focusWidget()


def label_from_to(pad, window, start_s, end_s, key=Qt.Key.Key_W):
    """Tap a class key, go on, tap it again."""
    for at in (start_s, end_s):
        window.clock.seek(at)
        QTest.keyClick(pad, key)


def on_disk(folder):
    with Project.open(folder, read_only=True) as project:
        return project.annotations(project.sessions()[0].id)


def test_a_full_disk_is_told_and_labelling_goes_on_when_there_is_room(qtbot, small_disk, window):  # noqa: F811
    folder = small_disk / "p"
    made.project(folder, annotations=0).close()
    pad = labelling(qtbot, window, folder)
    label_from_to(pad, window, 0.0, 1.0)
    before = window.desk.track.annotations
    assert [(a.start_s, a.end_s) for a in before] == [(0.0, 1.0)]
    fill(small_disk)
    told, at = [], 2.0
    window.desk.failed.connect(told.append)
    while not told and at < 9.0:  # the log has some room of its own
        kept = window.desk.track.annotations
        label_from_to(pad, window, at, at + 0.2)
        at += 0.25
        for _ in range(40 if not told else 0):
            window.history.stack.undo()
            window.history.stack.redo()
            if told:
                break
    assert told
    assert "the disk is full; the change was not made" in told[0]
    assert "the disk is full" in window.error_bar.text
    assert window.error_bar.isVisible()
    shown = window.desk.track.annotations
    assert {a.id for a in before} <= {a.id for a in shown} | {a.id for a in kept}
    assert shown == window.desk.project.annotations(window.desk.session.id)
    (small_disk / "filler").unlink()
    label_from_to(pad, window, 9.2, 9.8)
    assert window.desk.track.annotations[-1].end_s == 9.8
    assert on_disk(folder) == window.desk.track.annotations
    assert check(folder) == ()


def test_a_still_medium_is_shown_and_keys_change_nothing(qtbot, window, tmp_path):
    folder = tmp_path / "p"
    made.project(folder).close()
    before = on_disk(folder)
    with made.unprivileged(folder):
        pad = labelling(qtbot, window, folder)
        assert window.desk.read_only
        assert len(window.desk.track) == 20
        label_from_to(pad, window, 5.2, 5.9)
        QTest.keyClick(pad, Qt.Key.Key_Delete)
        assert window.desk.track.annotations == before
        window.projects.close()
    assert window.isVisible()
    assert on_disk(folder) == before


def test_no_two_actions_have_one_key(qtbot, window):
    """Qt does neither of two actions with one key."""
    qtbot.waitUntil(lambda: window.views.complete, timeout=20_000)
    whose = {}
    for spec in window.table.specs:
        for key in window.table.keys(spec.name):
            whose.setdefault(QKeySequence(key).toString(), []).append(spec.name)
    assert {key: names for key, names in whose.items() if len(names) > 1} == {}


def test_a_layout_with_a_view_that_cannot_be_built_is_shown_without_it(qtbot, display):
    door = Door()
    broken = DockSpec("project", "Broken", "left", "no.such.module:build", open=False)
    for spec in DOCKS:
        door.add("dock", spec.name, broken if spec.name == "project" else spec)
    window = Window(theme="light", door=door)
    window.show()
    window._show_contents(window.contents)
    window.layouts.show("Label")
    qtbot.waitUntil(lambda: "project" not in window.host.docks, timeout=5000)
    assert "Broken" in window.error_bar.text
    assert not window.host.docks["labels"].isHidden()
    window.close()
    window.deleteLater()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked")
def test_eight_killed_windows_lose_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, TOOLS / "kill_window.py", "--kills", "8", "--seed", "5"], capture_output=True, text=True,
        check=False, timeout=250,
        env=os.environ | {"PYTHONPATH": str(TOOLS.parent), "TMPDIR": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    said = dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)
    assert said["lost"] == said["unopened"] == said["half written"] == "0"
    assert int(said["acknowledged"]) > 8
    assert int(said["recordings"]) > 1


def test_the_kill_tool_notices_losses(tmp_path):
    """Its own check can fail: a change said to be written that is not there is a loss."""
    sys.path.insert(0, str(TOOLS))
    try:
        spec = importlib.util.spec_from_file_location("kill_window", TOOLS / "kill_window.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules["kill_window"] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(TOOLS))
    run = module.WindowKills(tmp_path, 0)
    with Project.open(run.project) as project:
        tier = project.tiers()[0]
        change = {"label": "x", "remove": [], "add": [{"tier": tier.id, "label": tier.classes[0].id,
                                                       "start_s": 1.0, "end_s": 2.0, "id": "a"}]}  # fmt: skip
        run.look(project, [["try", change], ["refused", ""]])
        assert run.tally.good
        run.look(project, [["try", change], ["done", ""], ["imported", ["nothing", "0" * 64]]])
    assert run.tally.lost == 2
    assert not run.tally.good
