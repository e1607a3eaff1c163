"""Panning over a day: a project of two wrists, 24 h at 100 Hz, with 10 000 labels, opened in the real window.

The project is written first (``--keep FOLDER`` keeps it, and takes it from there the next time). Printed: time from
asking for the session to its painted traces; milliseconds, wall and of the window's thread, from asking for another
view to painted traces, label rows and overview at 10 s, 10 min and the whole day; ticks while it plays; the first draw
of ``norm``; memory.
Run with a display: ``xvfb-run -a python benchmarks/pan.py``.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "xcb")

from project import write
from PySide6.QtWidgets import QApplication

from m3n_studio.studio.app import application
from m3n_studio.studio.frame.window import Window

SIZE = (1600, 1000)
TARGET_MS, TARGET_MB, TARGET_OPEN_S = 16.0, 500.0, 0.5
SPANS = (("10 s", 10.0), ("10 min", 600.0), ("the day", float("inf")))


def spin(until, most_s: float = 20.0) -> float:
    """Run the window until something holds; how long that took, s."""
    began = time.perf_counter()
    while not until():
        if time.perf_counter() - began > most_s:
            raise SystemExit("the window did not get there")
        QApplication.processEvents()
        time.sleep(0.001)
    return time.perf_counter() - began


def opened(folder: Path) -> tuple[Window, dict[str, float]]:
    """The window with the project's first session, and how long it took, s, until its traces were painted."""
    window = Window(theme="dark")
    window.resize(*SIZE)
    window.show()
    began = time.perf_counter()
    while time.perf_counter() - began < 1.0:
        QApplication.processEvents()
    began, cpu = time.perf_counter(), time.process_time()
    window.projects.open(folder)
    spin(lambda: window.desk.project is not None)
    project_s = time.perf_counter() - began
    began, cpu = time.perf_counter(), time.process_time()
    window.desk.session_wanted.emit(window.desk.project.sessions()[0].id)
    spin(lambda: window.desk.session is not None and traces(window).lanes)
    traces(window).graph.viewport().repaint()
    took = {"project": project_s, "session": time.perf_counter() - began, "processor": time.process_time() - cpu}
    began = time.perf_counter()
    while time.perf_counter() - began < 1.0:
        QApplication.processEvents()
    return window, took


def traces(window: Window):
    return window.views["traces"]


def strip(window: Window):
    return window.views["labels"].strip


class Timed:
    """Milliseconds of wall and of the window's thread of what is done and of all painting it causes."""

    def __init__(self, window: Window) -> None:
        self._painted = [0]
        strip(window).painted.connect(self._count)
        self.took: list[tuple[float, float]] = []

    def _count(self) -> None:
        self._painted[0] += 1

    def __call__(self, act) -> None:
        """Do it and wait until it is painted."""
        before, began, cpu = self._painted[0], time.perf_counter(), time.thread_time()
        act()
        QApplication.processEvents()
        while self._painted[0] == before:
            QApplication.processEvents()
        self.took.append((1e3 * (time.perf_counter() - began), 1e3 * (time.thread_time() - cpu)))


def pan(window: Window, span_s: float, steps: int) -> np.ndarray:
    """Milliseconds of each of so many small steps to the right, all painted: (steps, 2), see :class:`Timed`."""
    view, (start, end) = traces(window), window.desk.span_s()
    whole = span_s >= end - start
    span_s = min(span_s, end - start)
    low = start if whole else start + 0.3 * (end - start)
    view._set_view(low, low + span_s)
    QApplication.processEvents()
    timed = Timed(window)
    for i in range(steps):
        shift = 0.0 if whole else (i + 1) * 0.02 * span_s
        width = span_s * (1 - 0.002 * (i + 1)) if whole else span_s  # the whole day: zoom in slowly
        timed(lambda a=low + shift, b=low + shift + width: view._look(a, b, "drag"))
    return np.array(timed.took)


def ticks(window: Window, count: int) -> np.ndarray:
    """Milliseconds of each tick with the painting it causes."""
    traces(window)._set_view(1000.0, 1060.0)
    window.clock.seek(1001.0)
    QApplication.processEvents()
    timed = Timed(window)
    for _ in range(count):
        timed(lambda: window.clock.seek(window.clock.time_s + 0.016))
    return np.array(timed.took)


def norms(window: Window) -> float:
    """Seconds from asking for the lengths of the vectors to their painted lanes."""
    view = traces(window)
    view.show_all()
    QApplication.processEvents()
    began = time.perf_counter()
    view.head.toggles.button(3).setChecked(True)
    spin(lambda: all(lane.lines for lane in view.lanes), 120.0)
    view.graph.viewport().repaint()
    return time.perf_counter() - began


def own_memory_mb() -> tuple[float, float]:
    """Resident memory that is the process's own, and the peak of all with mapped file pages."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return int(fields["RssAnon"].split()[0]) / 1024, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def told(name: str, took: np.ndarray) -> float:
    """Print a row; its 95th percentile, ms."""
    p50, p95 = np.percentile(took[:, 0], [50, 95])
    cpu = np.percentile(took[:, 1], [50, 95])
    print(f"{name:26} p50 {p50:5.1f} ms  p95 {p95:5.1f} ms   thread p50 {cpu[0]:5.1f}  p95 {cpu[1]:5.1f}")
    return float(p95)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    application()
    with tempfile.TemporaryDirectory(prefix="m3n-day-") as scratch:
        folder = options.keep or Path(scratch) / "project"
        if not folder.exists():
            write(folder, options.hours)
        before = own_memory_mb()[0]
        window, took = opened(folder)
        print(f"project opened {took['project']:.3f} s; session to painted traces {took['session']:.3f} s "
              f"(processor {took['processor']:.3f})")  # fmt: skip
        worst = max(told(f"pan, {name} in view", pan(window, span, options.steps)) for name, span in SPANS)
        told("tick while playing", ticks(window, options.steps))
        print(f"norm of four vectors over the day: {norms(window):.2f} s")
        told("pan, the day, with norm", pan(window, float("inf"), options.steps))
        own, peak = own_memory_mb()
        print(f"memory: own {own:.0f} MB ({before:.0f} before the window); peak with file pages {peak:.0f} MB")
        window.close()
        window.deleteLater()
        QApplication.processEvents()
    ok = worst <= TARGET_MS and own <= TARGET_MB and took["session"] <= TARGET_OPEN_S
    print(f"targets of twelve channels (p95 <= {TARGET_MS:g} ms, < {TARGET_MB:g} MB, opened in {TARGET_OPEN_S:g} s): "
          f"{'reached' if ok else 'MISSED'}")  # fmt: skip
    return 0 if ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
