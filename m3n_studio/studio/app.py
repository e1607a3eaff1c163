"""Start the window, show values or files in it, take its picture, run the event loop.

The command line calls :func:`run_view` with values it made itself and :func:`run_files` with
paths to open in the background. Importing this module imports Qt but neither SciPy nor torch.
"""

from __future__ import annotations

import signal as os_signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import Shape
from m3n_studio.errors import M3nError
from m3n_studio.motion.clip import Clip
from m3n_studio.recordings.signal import Signal
from m3n_studio.studio.core.at_ease import keep_window_alive
from m3n_studio.studio.core.contents import Contents, contents_of, make_contents
from m3n_studio.studio.frame import crash, preferences
from m3n_studio.studio.frame.window import Window
from m3n_studio.studio.pictures import window_picture

if TYPE_CHECKING:
    from m3n_studio.imu.surface import Placement
    from m3n_studio.workbench import Scene as WorkScene


def application() -> QApplication:
    """The one QApplication, in the style the themes are made for."""
    found = QApplication.instance()
    if isinstance(found, QApplication):
        return found
    app = QApplication(sys.argv[:1])
    app.setApplicationName("m3n-studio")
    app.setApplicationDisplayName("m3n Studio")
    app.setDesktopFileName("m3n-studio")
    app.setStyle("Fusion")
    keep_window_alive()
    return app


def open_window(*, theme: str = "system", viewport: str = "auto", remember: bool = True) -> Window:
    """A window with the user's preferences, or one that knows and leaves nothing."""
    if not remember:
        return Window(theme=theme, viewport=viewport)
    store = preferences.Store(preferences.default_path(), preferences.old_path())
    return Window(theme=theme, viewport=viewport, store=store, state_folder=crash.default_folder())


def run_view(
    clip: Clip | None = None,
    simulated: Sequence[Signal] = (),
    real: Sequence[Signal] = (),
    placements: Sequence[Placement] = (),
    model: BodyModel | None = None,
    shape: Shape | None = None,
    *,
    title: str = "",
    theme: str = "system",
    viewport: str = "auto",
    size: tuple[int, int] | None = None,
    screenshot: str | Path | None = None,
    at_s: float | None = None,
    remember: bool = True,
) -> int:
    """Open a window on a motion with its signals and run until it is closed.

    Parameters
    ----------
    clip, model
        Both or neither; without them the window opens empty.
    simulated : sequence of Signal
        One per placement, in the same order.
    shape : Shape, optional
        The body shown where it is not the clip's.
    screenshot : path, optional
        Write a PNG of the window at ``at_s`` and return, instead of running.
    remember : bool
        Use and keep the preferences, and what is needed after a crash; never with a screenshot.

    Returns
    -------
    int
        Exit code.
    """
    contents = None
    if clip is not None and model is not None:
        contents = make_contents(
            clip, model, simulated=simulated, real=real, placements=placements, shape=shape, title=title
        )
    return _show(
        contents, theme=theme, viewport=viewport, size=size, screenshot=screenshot, at_s=at_s, remember=remember
    )


def run_scene(
    scene: WorkScene | None,
    *,
    theme: str = "system",
    viewport: str = "auto",
    size: tuple[int, int] | None = None,
    screenshot: str | Path | None = None,
    at_s: float | None = None,
    remember: bool = True,
) -> int:
    """The same for what :func:`m3n_studio.workbench.scene` returned; None opens the window empty."""
    contents = None if scene is None else contents_of(scene)
    return _show(
        contents, theme=theme, viewport=viewport, size=size, screenshot=screenshot, at_s=at_s, remember=remember
    )


def run_files(
    paths: Sequence[str | Path] = (), *, theme: str = "system", viewport: str = "auto", remember: bool = True
) -> int:  # fmt: skip
    """Open the window at once and these files in the background; run until it is closed."""
    app = application()
    window = open_window(theme=theme, viewport=viewport, remember=remember)
    window.show()
    if paths:
        window.open_paths([Path(p) for p in paths])
    elif not window.restore_bar.isVisible():
        window.projects.reopen()
    return _run(app, window)


def _show(
    contents: Contents | None,
    *,
    theme: str,
    viewport: str,
    size: tuple[int, int] | None,
    screenshot: str | Path | None,
    at_s: float | None,
    remember: bool,
) -> int:
    app = application()
    window = open_window(theme=theme, viewport=viewport, remember=remember and screenshot is None)
    if size is not None:
        window.resize(*size)
    if contents is not None:
        window.show_contents(contents)
        if screenshot is None and contents.document.clip is not None:
            window.show_document(contents.document)
    window.show()
    if screenshot is not None:
        return _take_picture(window, screenshot, at_s)
    if contents is None and not window.restore_bar.isVisible():
        window.projects.reopen()
    if at_s is not None:
        window.clock.seek(at_s)
    return _run(app, window)


def _take_picture(window: Window, path: str | Path, at_s: float | None) -> int:
    window.clock.seek(window.clock.start_s if at_s is None else at_s)
    window_picture(window, path)
    problem = window.error_bar.text if window.error_bar.isVisible() else ""
    dispose(window)
    if problem:
        raise M3nError(f"the window was drawn with a problem: {problem}")
    return 0


def _run(app: QApplication, window: Window) -> int:
    """Run the event loop; Ctrl+C in the terminal ends the program at once, as for any program."""
    os_signal.signal(os_signal.SIGINT, os_signal.SIG_DFL)
    code = int(app.exec())
    dispose(window)
    return code


def dispose(window: Window) -> None:
    """Close a window and free it now, before the application goes: Qt crashes in another order."""
    window.close()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(window, QEvent.Type.DeferredDelete.value)
