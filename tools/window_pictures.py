"""Pictures of the window for the documentation, made from the program itself.

``python -m tools.window_pictures [OUT_DIR]`` writes ``window-*.png``: a shipped motion and its
recording in both themes and two sizes, and the empty window. Needs a display
(``xvfb-run -a -s "-screen 0 1920x1200x24" python -m tools.window_pictures``).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from m3n_studio import workbench
from m3n_studio.demo import MOTION, recording_path
from m3n_studio.resources import resource
from m3n_studio.studio.app import run_scene

#: Name, theme, size, share of the clip that has passed; no share: the empty window.
PICTURES: tuple[tuple[str, str, tuple[int, int], float | None], ...] = (
    ("window-dark", "dark", (1600, 1000), 0.35),
    ("window-light", "light", (1600, 1000), 0.35),
    ("window-dark-small", "dark", (900, 650), 0.62),
    ("window-light-small", "light", (900, 650), 0.62),
    ("window-empty", "light", (1280, 800), None),
)


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
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
