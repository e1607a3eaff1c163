"""What the window's tests share: a body, motions, signals, and windows that are closed properly."""

import os

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from m3n_studio.body.files import default_body, load_body
from m3n_studio.motion.clip import Clip, TextSegment
from m3n_studio.recordings.signal import Signal
from tests.bodies import write_body

# A busy machine takes its time; what never comes still fails.
QtBot.waitUntil.__kwdefaults__["timeout"] = 30_000


def moving(model, *, seconds=2.0, rate_hz=30.0, texts=()):
    """A body that swings its left arm, bends and walks sideways."""
    n = round(seconds * rate_hz) + 1
    t = np.arange(n) / rate_hz
    poses = np.zeros((n, 52, 3))
    poses[:, 16, 2], poses[:, 17, 2] = -1.0 + 0.8 * np.sin(2 * np.pi * t / 2), 1.0
    poses[:, 18, 1], poses[:, 3, 0] = -0.9 * t / t[-1], 0.3 * np.sin(t)
    trans = np.column_stack([0.4 * t, np.full(n, -model.vertices[:, 1].min()), 0.1 * t])
    return Clip(rate_hz, poses, trans, texts=texts)


def waves(name, *, seconds=2.0, rate_hz=100.0, phase=0.0):
    """A signal with a gap in the middle."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    acc = np.column_stack([np.sin(6 * t + phase), np.cos(5 * t + phase), 9.81 + np.sin(3 * t)])
    gyr = np.column_stack([np.cos(4 * t), np.sin(7 * t + phase), 0.2 * np.sin(9 * t)])
    valid = np.abs(t - seconds / 2) > 0.1
    return Signal(name, t, acc, gyr, valid)


@pytest.fixture(scope="session")
def body():
    """The default body."""
    return default_body()


@pytest.fixture(scope="session")
def clip(body):
    """Two seconds of movement with two text segments."""
    return moving(body, texts=(TextSegment(0.0, 1.0, "reach"), TextSegment(1.0, 2.0, "walk")))


@pytest.fixture(scope="session")
def smplx_like(tmp_path_factory):
    """A random body in the official layout, with pose blend shapes."""
    return load_body(write_body(tmp_path_factory.mktemp("body") / "SMPLX_NEUTRAL.npz", "smplx"))


@pytest.fixture
def display():
    """Skip where there is no X display with OpenGL."""
    if not os.environ.get("DISPLAY"):
        pytest.skip("needs an X display (start Xvfb and set DISPLAY)")


def active(qtbot, window):
    """Wait until a window has the keyboard: without a window manager it may have to ask again."""
    with qtbot.waitExposed(window):
        pass

    def has_it():
        if not window.isActiveWindow():
            window.activateWindow()
        return window.isActiveWindow()

    qtbot.waitUntil(has_it)


@pytest.fixture
def window(qtbot, display):
    """A shown window without memory, closed afterwards."""
    from m3n_studio.studio.frame.window import Window

    window = Window(theme="light")
    window.show()
    active(qtbot, window)
    yield window
    window.close()
    window.deleteLater()
