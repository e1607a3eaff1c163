"""What Qt and OpenGL do on this machine, as one line of JSON; run in a process of its own.

``python -m m3n_studio.studio.probe window`` shows a window with OpenGL content for a moment;
``... offscreen`` draws without a window. A missing library may abort the process, which is
why ``m3n-studio doctor`` asks from outside.
"""

from __future__ import annotations

import json
import sys

SIZE = 64


def probe_window() -> dict[str, str]:
    """Qt's version and platform, and the OpenGL a window gets."""
    from PySide6.QtCore import QTimer, qVersion
    from PySide6.QtGui import QOpenGLContext
    from PySide6.QtOpenGLWidgets import QOpenGLWidget
    from PySide6.QtWidgets import QApplication

    app = QApplication(sys.argv[:1])
    found: dict[str, str] = {}

    class Widget(QOpenGLWidget):
        """Asks OpenGL its name once it is there."""

        def initializeGL(self) -> None:  # noqa: N802
            from vispy.gloo import gl

            found["gl"] = f"{gl.glGetParameter(gl.GL_RENDERER)}, OpenGL {gl.glGetParameter(gl.GL_VERSION)}"

        def paintGL(self) -> None:  # noqa: N802
            QTimer.singleShot(0, app.quit)

    widget = Widget()
    widget.resize(SIZE, SIZE)
    widget.show()
    QTimer.singleShot(10_000, app.quit)
    app.exec()
    widget.close()
    if QOpenGLContext.globalShareContext() is None and not found:
        raise SystemExit("Qt opened a window but gave it no OpenGL")
    return {"qt": qVersion(), "platform": app.platformName(), **found}


def probe_offscreen() -> dict[str, str]:
    """The OpenGL that pictures without a window get."""
    from m3n_studio.studio.scene.offscreen import OffscreenRenderer

    renderer = OffscreenRenderer()
    try:
        return {"gl": renderer.name()}
    finally:
        renderer.close()


if __name__ == "__main__":
    print(json.dumps({"window": probe_window, "offscreen": probe_offscreen}[sys.argv[1]]()))
