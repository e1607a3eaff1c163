"""Panning over 100 000 points: the Embedding view's cloud against pyqtgraph's ScatterPlotItem, in one run.

Printed: milliseconds of wall from pushing the picture to its painted frame (p50, p95), frames a second, and the tick of
the window (a 16 ms timer) while it is pushed every tick; as points, as density, with a lasso's answer.
Run with a display: ``xvfb-run -a python benchmarks/points.py``.
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "xcb")

import pyqtgraph as pg
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from m3n_studio.studio.embedding.point_cloud import Look, PointCloud
from m3n_studio.studio.look.theme import load_theme

SIZE = (1000, 800)
TARGET_MS = 16.0
COLORS = ("#4c9be8", "#e8a14c", "#6fbf73", "#b07ce8", "#e86c8a", "#45b8b0")


def points(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places in heaps, their groups and kinds."""
    rng = np.random.default_rng(0)
    code = rng.integers(0, len(COLORS), count)
    flat = rng.normal(size=(len(COLORS), 2))[code] * 3 + rng.normal(size=(count, 2))
    return flat.astype(np.float32), code.astype(np.int64), (rng.random(count) < 0.2).astype(np.int64)


def report(words: str, took: list[float]) -> float:
    """Print milliseconds; the median."""
    p50, p95 = np.percentile(np.array(took) * 1e3, [50, 95])
    print(f"  {words:44s} p50 {p50:8.2f} ms   p95 {p95:8.2f} ms   {1e3 / max(p50, 1e-9):7.0f} frames/s")
    return float(p50)


def frames(push, repaint, most_s: float = 4.0, count: int = 120) -> list[float]:
    """Wall seconds of pushing and painting, one after another."""
    took: list[float] = []
    began = time.perf_counter()
    while len(took) < count and time.perf_counter() - began < most_s:
        start = time.perf_counter()
        push(len(took))
        repaint()
        took.append(time.perf_counter() - start)
        QApplication.processEvents()
    return took[3:] or took


def ticks(push, seconds: float = 3.0) -> list[float]:
    """Seconds between ticks of a 16 ms timer that pushes each time."""
    found: list[float] = []

    def tick() -> None:
        found.append(time.perf_counter())
        push(len(found))

    timer = QTimer(interval=16)
    timer.timeout.connect(tick)
    timer.start()
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        QApplication.processEvents()
        time.sleep(0.0005)
    timer.stop()
    return np.diff(found)[3:].tolist()


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    count = parser.parse_args().count
    app = QApplication([])
    flat, code, shape = points(count)
    theme = load_theme("dark")
    cloud = PointCloud(theme)
    cloud.resize(*SIZE)
    cloud.show()
    app.processEvents()
    cloud.set_points(flat, Look(code, shape, COLORS, np.zeros(count, dtype=bool)))

    def push(i: int) -> None:
        cloud._push(3.0 if i % 40 < 20 else -3.0, 1.0 if i % 20 < 10 else -1.0)

    print(f"{count} points, {SIZE[0]} x {SIZE[1]}, {os.cpu_count()} cores")
    ours = report("cloud, points", frames(push, cloud.repaint))
    cloud.set_picked(np.arange(0, count, 10))
    report("cloud, a tenth picked", frames(push, cloud.repaint))
    report("cloud, tick while it is pushed every tick", ticks(push))
    cloud.set_density(True)
    report("cloud, density", frames(push, cloud.repaint))
    cloud.set_density(False)
    corners = [(100.0, 100.0), (900.0, 150.0), (700.0, 700.0), (200.0, 600.0)]
    report("cloud, a lasso's answer", frames(lambda i: cloud.pick_in(corners), lambda: None, count=30))
    cloud.close()

    plot = pg.PlotWidget()
    plot.resize(*SIZE)
    plot.show()
    brushes = [pg.mkBrush(c) for c in COLORS]
    plot.addItem(pg.ScatterPlotItem(flat[:, 0], flat[:, 1], size=5, pen=None, brush=[brushes[c] for c in code]))
    app.processEvents()
    view = plot.getViewBox()
    theirs = report(
        "ScatterPlotItem", frames(lambda i: view.translateBy(x=0.05 if i % 40 < 20 else -0.05), plot.viewport().repaint)
    )
    plot.close()
    print(f"  {theirs / ours:.1f} times as fast; target p95 {TARGET_MS:g} ms")
    app.processEvents()


if __name__ == "__main__":
    main()
