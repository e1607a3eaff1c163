"""Playback: frames per second of the GPU-skinned stage against re-uploading vertices through vispy's Mesh.

Both sides draw the default body, shaded, at 900 x 800, each frame to a visible window, in one
run and in turn, so that other load on the machine meets both. The Mesh side gets its vertices
ready made (no skinning is counted against it) and draws nothing else; ours draws ground and
shadow as well, then the body alone.
Run with a display: ``xvfb-run -a -s "-screen 0 1280x1024x24" python benchmarks/playback.py``.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "xcb")

from PySide6.QtWidgets import QApplication, QWidget

from m3n_studio.body.files import default_body
from m3n_studio.body.forward import forward
from m3n_studio.body.model import BodyModel
from m3n_studio.motion.clip import Clip
from m3n_studio.studio.app import application
from m3n_studio.studio.stage import Scene, Stage
from m3n_studio.studio.theme import load_theme
from m3n_studio.studio.viewport import GLViewport

SIZE = (900, 800)
FRAMES = 60
TARGET = 2.0


def waving(model: BodyModel) -> Clip:
    """Two seconds of swinging arms."""
    t = np.arange(FRAMES) / 30.0
    poses = np.zeros((FRAMES, 52, 3))
    poses[:, 16, 2], poses[:, 17, 2] = -1.1, 1.1
    poses[:, 16, 0] = poses[:, 18, 1] = 0.6 * np.sin(2 * np.pi * t)
    poses[:, 1, 0] = 0.4 * np.sin(np.pi * t)
    trans = np.zeros((FRAMES, 3))
    trans[:, 1] = -model.vertices[:, 1].min()
    return Clip(30.0, poses, trans)


def rate(show: Callable[[int], None], seconds: float) -> float:
    """Frames per second of `show`, after a short warm-up."""
    for i in range(5):
        show(i)
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        show(count)
        count += 1
    return count / (time.perf_counter() - start)


def ours(model: BodyModel, clip: Clip, *, ground: bool) -> tuple[QWidget, Callable[[int], None]]:
    """A window with the GPU-skinned body, and how to show a frame in it."""
    stage = Stage(load_theme("light"), Scene.of(model, clip), show_ground=ground)
    widget = GLViewport(stage)
    widget.resize(*SIZE)
    drawn: list[int] = []
    widget.painted.connect(lambda: drawn.append(1))

    def show(i: int) -> None:
        stage.frame = i % FRAMES
        widget.update()
        before = len(drawn)
        while len(drawn) == before:
            QApplication.processEvents()

    return widget, show


def mesh(model: BodyModel, clip: Clip) -> tuple[QWidget, Callable[[int], None]]:
    """A window with vispy's Mesh, given new vertices every frame, and how to show a frame in it."""
    import vispy

    vispy.use("pyside6")
    from vispy import scene

    vertices = forward(model, clip.poses, clip.trans)[0].astype(np.float32)
    canvas = scene.SceneCanvas(size=SIZE, config={"depth_size": 24})
    view = canvas.central_widget.add_view()
    view.camera = scene.TurntableCamera(fov=32, distance=3.8, center=(0, 0.86, 0), up="+y")
    node = scene.visuals.Mesh(vertices[0], model.faces, color=(0.7, 0.7, 0.7, 1), shading="smooth", parent=view.scene)
    drawn: list[int] = []
    canvas.events.draw.connect(lambda event: drawn.append(1))

    def show(i: int) -> None:
        node.set_data(vertices=vertices[i % FRAMES], faces=model.faces, color=(0.7, 0.7, 0.7, 1))
        before = len(drawn)
        canvas.update()
        while len(drawn) == before:
            QApplication.processEvents()

    return canvas.native, show


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.5, help="for each side in each round")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    application()
    model = default_body()
    clip = waving(model)
    sides = {
        "GPU skinning, whole stage (ground, shadow)": ours(model, clip, ground=True),
        "GPU skinning, body alone": ours(model, clip, ground=False),
        "vispy Mesh, vertices re-uploaded, body alone": mesh(model, clip),
    }
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(options.rounds):
        for name, (widget, show) in sides.items():
            widget.show()
            rates[name].append(rate(show, options.seconds))
            widget.hide()
    whole, alone, uploaded = (np.array(r) for r in rates.values())
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(
        f"playback, {len(model.vertices)} vertices, {SIZE[0]} x {SIZE[1]}, {machine}, {options.rounds} rounds in turn"
    )
    for name, values in rates.items():
        print(f"  {name:46s} {np.median(values):6.1f} frames/s  ({min(values):.1f} to {max(values):.1f})")
    for words, values in (("whole stage", whole / uploaded), ("like for like", alone / uploaded)):
        spread = f"{values.min():.2f} to {values.max():.2f}"
        print(f"  ratio, {words:14s} {np.median(values):.2f}  ({spread}); target {TARGET:g}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
