"""From a slider to the new mesh and traces, in the real window.

A hand drags the stature slider (and then the forearm's) back and forth in the window, attributes,
body and traces side by side. Per move two times are taken: our own work, from the move to
the return of the last view (solver, document, signals, scene, views' updates), and the whole until
everything it asked for has been painted. Both as wall time and as processor time of the window's
thread, which other programs on the machine disturb less. Needs a display (Xvfb will do).

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
from m3n_studio.studio.core.document import Document
from m3n_studio.studio.frame.window import Window
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


def drag(app: QApplication, window: Window, name: str, moves: int) -> np.ndarray:
    """Times (4, moves), s: own work, until painted; the same in processor time."""
    view = window.views["attributes"].body
    row = view.rows[name]
    middle = row.slider.shown_value
    wide = 0.06 * middle
    out = np.empty((4, moves))
    row.slider.pressed.emit()
    for i in range(moves):
        value = middle + wide * np.sin(2 * np.pi * i / 40 + 0.1)
        begin, busy = time.perf_counter(), time.thread_time()
        row.slider.moved.emit(value)
        view.hand.flush()
        out[::2, i] = time.perf_counter() - begin, time.thread_time() - busy
        app.processEvents()
        out[1::2, i] = time.perf_counter() - begin, time.thread_time() - busy
        assert abs(row.slider.shown_value - value) < 0.21, (name, value, row.slider.shown_value)
    row.slider.released.emit()
    window.history.stack.undo()
    settle(app)
    return out


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
        times = drag(app, window, name, moves)
        watch.disable()
        low, high = 1e3 * np.percentile(times, (50, 95), axis=1)
        print(
            f"{seconds:5d} s clip, {name:8s}: own work p50 {low[0]:5.1f} p95 {high[0]:5.1f} ms"
            f" (processor {low[2]:.1f}, {high[2]:.1f}), painted p50 {low[1]:5.1f} p95 {high[1]:5.1f} ms"
            f" (processor {low[3]:.1f}, {high[3]:.1f})"
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
