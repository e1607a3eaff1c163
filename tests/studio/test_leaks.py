"""The leak check itself sees what it is there to see."""

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from m3n_studio.studio.core.jobs import Job
from tests.conftest import _qt_objects


def test_a_ticking_timer_is_seen(qapp):
    timer = QTimer()
    timer.start(1000)
    assert any("active timer" in f for f in _qt_objects())
    timer.stop()
    assert not any("active timer" in f for f in _qt_objects())


def test_a_window_is_seen(qapp):
    widget = QWidget()
    assert any("top-level widget" in f for f in _qt_objects())
    widget.deleteLater()


def test_a_running_thread_is_seen_and_its_result_is_dropped_when_unwanted(qapp, qtbot):
    import threading

    gate, heard = threading.Event(), []
    job = Job("wait", lambda task: gate.wait(), quiet=True, key="")
    job.done.connect(heard.append)
    job.start()
    assert any("running thread" in f for f in _qt_objects())
    gate.set()
    job.wait()
    qtbot.wait(20)
    assert heard == []
    assert not any("running thread" in f for f in _qt_objects())
