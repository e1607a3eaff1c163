"""From a slider to the new mesh and traces, in the real window.

A hand drags the stature slider (and then the forearm's) back and forth in the window, attributes,
body and traces side by side. Per move two times are taken: our own work, from the move to
the return of the last view (solver, document, signals, scene, views' updates), and the whole until
everything it asked for has been painted. Needs a display (Xvfb will do).

    python benchmarks/slider.py [--moves 120] [--size 1280x800] [--seconds 60 3600] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import os
import platform
import pstats
import time

import numpy as np
from PySide6.QtWidgets import QApplication

from m3n_studio.motion.clip import Clip
from m3n_studio.studio.app import application
from m3n_studio.studio.document import Document
from m3n_studio.studio.window import Window
from m3n_studio.workbench import WRISTS, open_body, place

RATE_HZ = 60.0
SLIDERS = ("stature", "mass", "forearm")


def motion(seconds: int) -> Clip:
    """Smooth movement of every joint."""
    rng, times = np.random.default_rng(0), np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    poses, trans = np.zeros((len(times), 52, 3)), np.zeros((len(times), 3))
    for hz in (0.2, 0.5, 1.0, 1.7):
        phase = rng.uniform(0, 2 * np.pi, (52, 3))
        poses += 0.12 * rng.normal(size=(52, 3)) * np.sin(2 * np.pi * hz * times[:, None, None] + phase)
        trans += 0.05 * rng.normal(size=3) * np.sin(2 * np.pi * hz * times[:, None])
    trans[:, 1] += 1.0
    return Clip(RATE_HZ, poses, trans)


def wait(app: QApplication, until: object, limit_s: float = 120.0) -> None:
    """Run the event loop until something holds."""
    begin = time.perf_counter()
    while not until():  # type: ignore[operator]
        app.processEvents()
        if time.perf_counter() - begin > limit_s:
            raise SystemExit("the window did not get ready")
        time.sleep(0.002)


def settle(app: QApplication, seconds: float = 1.0) -> None:
    """Let everything come to rest."""
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds:
        app.processEvents()


def drag(app: QApplication, window: Window, name: str, moves: int) -> tuple[np.ndarray, np.ndarray]:
    """Times (moves,), s, of our own work and until painted."""
    view = window.views["attributes"].body
    row = view.rows[name]
    middle = row.slider.shown_value
    wide = 0.06 * middle
    own, painted = np.empty(moves), np.empty(moves)
    row.slider.pressed.emit()
    for i in range(moves):
        value = middle + wide * np.sin(2 * np.pi * i / 40 + 0.1)
        begin = time.perf_counter()
        row.slider.moved.emit(value)
        view._flush()
        own[i] = time.perf_counter() - begin
        app.processEvents()
        painted[i] = time.perf_counter() - begin
        assert abs(row.slider.shown_value - value) < 0.21, (name, value, row.slider.shown_value)
    row.slider.released.emit()
    window.history.stack.undo()
    settle(app)
    return own, painted


def run(app: QApplication, seconds: int, moves: int, size: tuple[int, int], *, profile: bool) -> None:
    """Measure one clip and print."""
    model = open_body(None)
    window = Window(theme="light")
    window.resize(*size)
    window.show()
    window.layouts.show("Shape")
    window.show_document(Document("benchmark", model, motion(seconds), placements=place(model, WRISTS)))
    view = window.views["attributes"].body
    wait(app, lambda: window.contents.simulated and view._ready)
    settle(app, 2.0)
    for name in SLIDERS:
        drag(app, window, name, 10)
        watch = cProfile.Profile()
        if profile:
            watch.enable()
        own, painted = drag(app, window, name, moves)
        watch.disable()
        (own50, own95), (all50, all95) = (1e3 * np.percentile(t, (50, 95)) for t in (own, painted))
        print(
            f"{seconds:5d} s clip, {name:8s}: own work p50 {own50:5.1f} p95 {own95:5.1f} ms,"
            f" painted p50 {all50:5.1f} p95 {all95:5.1f} ms"
        )
        if profile:
            pstats.Stats(watch).sort_stats("cumulative").print_stats(60)
    window.close()
    window.deleteLater()
    settle(app, 0.1)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moves", type=int, default=120)
    parser.add_argument("--size", default="1280x800")
    parser.add_argument("--seconds", type=int, nargs="+", default=[60, 3600])
    parser.add_argument("--profile", action="store_true")
    args = parser.parse_args()
    app = application()
    print(f"{platform.machine()}, {os.cpu_count()} cores, window {args.size}, platform {app.platformName()}")
    for seconds in args.seconds:
        run(app, seconds, args.moves, tuple(int(n) for n in args.size.split("x")), profile=args.profile)


if __name__ == "__main__":
    main()
