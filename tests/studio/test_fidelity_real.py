"""The fidelity dock on public data: a motion file and somebody else's recording, dropped together.

There is no motion file for this recording, so the alignment can only be a guess: the dock must say
so instead of showing figures as if they meant something.
"""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.shared import data_dir

from .test_fidelity_view import settled

pytestmark = pytest.mark.gl


def test_a_recording_of_another_movement_is_called_a_guess(window, qtbot):
    motion = sorted(data_dir("bandai_motion").rglob("*.bvh"))[0]
    recording = sorted(data_dir("sp_sw_har").rglob("*_sw.csv"))[0]
    window.open_paths([motion, recording])
    window.host.show_dock("fidelity")
    view = window.views["fidelity"]
    qtbot.waitUntil(lambda: view.recording_box.count() == 2, timeout=60_000)
    assert view.hint.isVisible()
    assert "Choose one above" in view.hint.text()
    view.recording_box.setFocus()
    QTest.keyClick(view.recording_box, Qt.Key.Key_Down)
    settled(view, qtbot)
    assert window.history.document.pairs == {"left_wrist": view.recording_box.currentData()}
    assert "is a guess" in view.verdict.text()
    assert view.work.result.evidence.report.samples > 0


def test_a_recording_of_segments_is_motion_and_recording_and_a_wrist_finds_its_forearm(window, qtbot):
    window.open_paths([data_dir("qmt_full_body") / "full_body_example_data.mat"])
    window.host.show_dock("fidelity")
    view = window.views["fidelity"]
    qtbot.waitUntil(lambda: view.recording_box.count() == 17, timeout=60_000)
    assert window.contents.clip is not None
    assert "forearm" in view.recording_box.currentData()
    settled(view, qtbot)
    assert "is a guess" not in view.verdict.text()
    gyr = [r for (_, _, quantity, axis), r in window.contents.closeness.items() if quantity == "gyr" and axis in "xyz"]
    assert min(gyr) > 0.95
