"""Fixtures of all tests. Qt tests fail when they leave a thread, a timer or a window behind."""

import gc
import os
import shutil
import subprocess
import sys

import pytest
from hypothesis import settings

# Continuous integration tries the same examples every time; by hand each run looks at new ones.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("dev", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

os.environ.setdefault("QT_QPA_PLATFORM", "xcb" if os.environ.get("DISPLAY") else "offscreen")


_own_screen: list[subprocess.Popen] = []


def pytest_configure():
    """Give every parallel worker a screen of its own: windows on one screen take each other's keyboard focus."""
    server = shutil.which("Xvfb")
    if not (os.environ.get("PYTEST_XDIST_WORKER") and os.environ.get("DISPLAY") and server):
        return
    read, write = os.pipe()
    command = [server, "-displayfd", str(write), "-screen", "0", "1920x1200x24", "-nolisten", "tcp", "-noreset"]
    _own_screen.append(
        subprocess.Popen(command, pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    )
    os.close(write)
    with os.fdopen(read) as pipe:
        os.environ["DISPLAY"] = f":{pipe.readline().strip()}"


def pytest_unconfigure():
    """Take the worker's own screen away again."""
    for process in _own_screen:
        process.terminate()
        process.wait(timeout=10)


def _qt_objects():
    """Live QThreads that run, active QTimers and top-level widgets, as readable strings."""
    from PySide6.QtCore import QThread, QTimer
    from PySide6.QtWidgets import QApplication

    found = []
    for thing in gc.get_objects():
        try:
            kind = type(thing)  # isinstance would ask proxies (torch has some) for their __class__
            if issubclass(kind, QThread) and thing.isRunning():
                found.append(f"running thread {thing!r}")
            elif issubclass(kind, QTimer) and thing.isActive():
                found.append(f"active timer {thing!r}")
        except (ReferenceError, RuntimeError):  # its C++ part is gone already
            continue
    found += [f"top-level widget {w!r}" for w in QApplication.topLevelWidgets() if w.parent() is None]
    return found


@pytest.fixture(autouse=True)
def no_qt_leaks(request):
    """After a Qt test: nothing runs, nothing ticks, no window is left."""
    uses_qt = "qtbot" in request.fixturenames or "qapp" in request.fixturenames
    yield
    if not uses_qt or "PySide6.QtWidgets" not in sys.modules:
        return
    from PySide6.QtCore import QCoreApplication, QEvent
    from PySide6.QtWidgets import QApplication

    if QApplication.instance() is None:
        return
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        QCoreApplication.processEvents()
    gc.collect()
    left = [f for f in _qt_objects() if "QTipLabel" not in f and "QDesktop" not in f]
    assert not left, f"left behind: {left}"
