"""Playback: frames per second of the GPU-skinned stage against re-uploading vertices through vispy's Mesh.

Both sides draw the default body, shaded, at 900 x 800, each frame to a visible window, in one
run and in turn, so that other load on the machine meets both. The Mesh side gets its vertices
ready made (no skinning is counted against it) and draws nothing else; ours draws ground and
shadow as well, then the body alone. The same with four bodies of different shapes beside each
other, against four Meshes. Last, what another shape costs before painting, on clips of a minute
and an hour.
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
from m3n_studio.body.shape import Shape
from m3n_studio.imu.placement import named_placement
from m3n_studio.motion.clip import Clip
from m3n_studio.studio.app import application
from m3n_studio.studio.core.contents import sensor_tracks
from m3n_studio.studio.look.theme import load_theme
from m3n_studio.studio.scene.stage import Companion, Scene, Stage
from m3n_studio.studio.scene.viewport import GLViewport

SIZE = (900, 800)
FRAMES = 60
APART_M = 0.9
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


def ours(model: BodyModel, clip: Clip, *, ground: bool, bodies: int = 1) -> tuple[QWidget, Callable[[int], None]]:
    """A window with GPU-skinned bodies, and how to show a frame in it."""
    stage = Stage(load_theme("light"), Scene.of(model, clip), show_ground=ground)
    shapes = [Shape(limbs={"thigh": 0.05 * i, "forearm": 0.1 * i}) for i in range(1, bodies)]
    stage.companions = tuple(
        Companion(Scene.of(model, clip, shape=shape), (APART_M * (i + 1), 0.0, 0.0)) for i, shape in enumerate(shapes)
    )
    stage.camera = stage.camera.zoom(1.0 if bodies == 1 else 1.44)  # the stage steps back by 1.25 itself
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


def mesh(model: BodyModel, clip: Clip, *, bodies: int = 1) -> tuple[QWidget, Callable[[int], None]]:
    """A window with vispy's Mesh, given new vertices every frame, and how to show a frame in it."""
    import vispy

    vispy.use("pyside6")
    from vispy import scene

    vertices = forward(model, clip.poses, clip.trans)[0].astype(np.float32)
    canvas = scene.SceneCanvas(size=SIZE, config={"depth_size": 24})
    view = canvas.central_widget.add_view()
    view.camera = scene.TurntableCamera(fov=32, distance=3.8 * (1.0 if bodies == 1 else 1.8), up="+y")
    view.camera.center = (APART_M * (bodies - 1) / 2, 0.86, 0)
    gray = (0.7, 0.7, 0.7, 1)
    nodes = [
        scene.visuals.Mesh(vertices[0], model.faces, color=gray, shading="smooth", parent=view.scene)
        for _ in range(bodies)
    ]
    for i, node in enumerate(nodes):
        node.transform = scene.transforms.STTransform(translate=(APART_M * i, 0, 0))
    drawn: list[int] = []
    canvas.events.draw.connect(lambda event: drawn.append(1))

    def show(i: int) -> None:
        for node in nodes:
            node.set_data(vertices=vertices[i % FRAMES], faces=model.faces, color=gray)
        before = len(drawn)
        canvas.update()
        while len(drawn) == before:
            QApplication.processEvents()

    return canvas.native, show


def shape_cost(model: BodyModel, seconds: float) -> np.ndarray:
    """Milliseconds before painting for each of 60 shapes: mesh, bones and two wrists at one frame."""
    n = round(seconds * 60)
    t = np.arange(n) / 60.0
    poses = np.zeros((n, 52, 3))
    poses[:, 16, 0] = poses[:, 18, 1] = 0.6 * np.sin(2 * np.pi * t)
    clip = Clip(60.0, poses, np.zeros((n, 3)))
    wrists = [named_placement(model, name) for name in ("left_wrist", "right_wrist")]
    Scene.of(model, clip).track.at(n // 2)
    out = []
    for i in range(60):
        shape = Shape(limbs={"forearm": 0.004 * i})
        start = time.perf_counter()
        scene = Scene.of(model, clip, shape=shape, sensors=sensor_tracks(model, clip, wrists, shape))
        scene.track.at(n // 2)
        for sensor in scene.sensors:
            sensor.at(n // 2)
        out.append(1e3 * (time.perf_counter() - start))
    return np.array(out)


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
        "four bodies, GPU skinning, whole stage": ours(model, clip, ground=True, bodies=4),
        "four bodies, vispy Mesh re-uploaded": mesh(model, clip, bodies=4),
    }
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(options.rounds):
        for name, (widget, show) in sides.items():
            widget.show()
            rates[name].append(rate(show, options.seconds))
            widget.hide()
    whole, alone, uploaded, four, four_uploaded = (np.array(r) for r in rates.values())
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(
        f"playback, {len(model.vertices)} vertices, {SIZE[0]} x {SIZE[1]}, {machine}, {options.rounds} rounds in turn"
    )
    for name, values in rates.items():
        print(f"  {name:46s} {np.median(values):6.1f} frames/s  ({min(values):.1f} to {max(values):.1f})")
    for words, values in (("whole stage", whole / uploaded), ("like for like", alone / uploaded),
                          ("four bodies", four / four_uploaded)):  # fmt: skip
        spread = f"{values.min():.2f} to {values.max():.2f}"
        print(f"  ratio, {words:14s} {np.median(values):.2f}  ({spread}); target {TARGET:g}")
    for words, seconds in (("60 s", 60.0), ("1 h", 3600.0)):
        cost = shape_cost(model, seconds)
        print(
            f"  another shape, {words} clip: p50 {np.percentile(cost, 50):.2f} ms, p95 {np.percentile(cost, 95):.2f} ms"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
