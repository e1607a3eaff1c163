"""Pictures of the window for the documentation, made from the program itself.

``python -m tools.window_pictures [OUT_DIR]`` writes ``window-*.png``: a shipped motion and its
recording in both themes and two sizes, the empty window, and every dock with them in it. Needs a display
(``xvfb-run -a -s "-screen 0 1920x1200x24" python -m tools.window_pictures``).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer

from m3n_studio import workbench
from m3n_studio.demo import MOTION, recording_path
from m3n_studio.resources import resource
from m3n_studio.studio.app import application, dispose, run_scene
from m3n_studio.studio.core.contents import document_of
from m3n_studio.studio.core.document import keep_ghost, set_shape
from m3n_studio.studio.frame.window import Window
from m3n_studio.studio.pictures import window_picture

#: Name, theme, size, share of the clip that has passed; no share: the empty window.
PICTURES: tuple[tuple[str, str, tuple[int, int], float | None], ...] = (
    ("window-dark", "dark", (1600, 1000), 0.35),
    ("window-light", "light", (1600, 1000), 0.35),
    ("window-dark-small", "dark", (900, 650), 0.62),
    ("window-light-small", "light", (900, 650), 0.62),
    ("window-empty", "light", (1280, 800), None),
)


#: Name, theme, size, dock brought to the front.
DOCKS = (
    ("window-fidelity", "dark", (1600, 1000), "fidelity"),
    ("window-attributes", "light", (1600, 1000), "attributes"),
    ("window-spectrum", "dark", (1600, 1000), "spectrum"),
)
_PATIENCE_MS = 30_000


def wait(ms: int) -> None:
    """Let the window work for a while."""
    loop = QEventLoop()
    QTimer.singleShot(ms, loop.quit)
    loop.exec()


def dock_picture(scene: workbench.Scene, path: Path, *, theme: str, size: tuple[int, int], dock: str) -> None:
    """A window on the scene with a longer forearm, the body before as ghost, one dock in front."""
    application()
    window = Window(theme=theme)
    window.resize(*size)
    window.show()
    window.show_document(document_of(scene))
    window.history.apply(keep_ghost())
    window.history.apply(set_shape(workbench.reach(scene.model, "forearm=+15%", start=scene.clip.shape).shape))
    for _ in range(_PATIENCE_MS // 100):
        wait(100)
        if window.contents.judged:
            break
    window.host.show_dock(dock)
    window.clock.seek(0.35 * scene.clip.duration_s)
    wait(3000)
    window_picture(window, path)
    dispose(window)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", nargs="?", type=Path, default=Path("docs/pictures"))
    out: Path = parser.parse_args().out
    scene = workbench.scene(resource("motions", f"{MOTION}.npz"), real=recording_path())
    for name, theme, size, share in PICTURES:
        path = out / f"{name}.png"
        at_s = None if share is None else share * scene.clip.duration_s
        run_scene(None if share is None else scene, theme=theme, size=size, screenshot=path, at_s=at_s)
        print(path)
    for name, theme, size, dock in DOCKS:
        dock_picture(scene, out / f"{name}.png", theme=theme, size=size, dock=dock)
        print(out / f"{name}.png")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
