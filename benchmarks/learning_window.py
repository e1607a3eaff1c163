"""The window while it learns: ticks, cancelling, memory, points.

In the real window, with Train, Runs, Predictions and Embedding open on a project of labelled recordings, a
16 ms timer runs at rest, while a classifier is trained in a thread of the window and in a child process, and
while 100 000 points are laid out by PCA, t-SNE and UMAP. Printed for each: milliseconds from one tick to the
next; the same less the time the window's thread stood in the system's queue for a processor, which is what other
programs took (Linux only; what they take from a thread that holds the interpreter stays in); and how long the
work took to stop. Then the memory of the process after one and after twenty small runs, and panning over
the points against pyqtgraph's ScatterPlotItem.
Run with a display: ``xvfb-run -a -s "-screen 0 1920x1200x24" python benchmarks/learning_window.py``.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "xcb")
os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 2) - 1)))
sys.path.insert(0, str(Path(__file__).parent))

import pyqtgraph as pg
from points import COLORS, SIZE, frames, points
from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication
from slider import settle, wait
from tick import TARGET_MS, TICK_MS
from tick_training import CANCEL_S, demo_project, steps_of

from m3n_studio.learning.projection import TITLES, missing, pca, unit
from m3n_studio.studio.app import application, dispose
from m3n_studio.studio.embedding.embedding_table import REAL, PointTable
from m3n_studio.studio.embedding.embedding_view import _Made
from m3n_studio.studio.embedding.point_cloud import Look, PointCloud
from m3n_studio.studio.frame.window import Window

PAN_MS, GROWTH_MB = 16.0, 2.0
#: Runs before memory is looked at the first time: the first brings libraries, buffers, caches.
WARM_RUNS = 1


class Ticks(QObject):
    """When the timer's ticks came, and how long this thread had stood in the queue for a processor by then, s."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[tuple[float, float]] = []
        self.timer = QTimer(self, interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(self._on_tick)
        path = f"/proc/self/task/{threading.get_native_id()}/schedstat"
        self._queue = os.open(path, os.O_RDONLY) if os.path.exists(path) else -1

    def queued(self) -> float:
        """Time in the queue since the thread began, s."""
        return 0.0 if self._queue < 0 else int(os.pread(self._queue, 100, 0).split()[1]) * 1e-9

    def _on_tick(self) -> None:
        self.times.append((time.perf_counter(), self.queued()))

    def during(self, app: QApplication, seconds: float, until: Callable[[], bool] = lambda: False) -> np.ndarray:
        """Milliseconds between ticks and in the queue (n, 2)."""
        self.times.clear()
        self.timer.start()
        end = time.perf_counter() + seconds
        while time.perf_counter() < end and not until():
            app.processEvents()
            time.sleep(5e-4)  # as an event loop at rest: the other threads get the interpreter
        self.timer.stop()
        return 1e3 * np.diff(np.array(self.times), axis=0)


def told(words: str, took: np.ndarray) -> float:
    """Print percentiles, ms; returns the 99th."""
    p50, p95, p99 = np.percentile(took[:, 0], (50, 95, 99))
    own = np.percentile(took[:, 0] - took[:, 1], 99)
    print(f"  {words:34s} p50 {p50:5.1f}  p95 {p95:5.1f}  p99 {p99:5.1f}  most {took[:, 0].max():6.1f} ms"
          f"   p99 less the queue {own:5.1f}  ({len(took)} ticks)", flush=True)  # fmt: skip
    return float(p99)


def memory_mb() -> float:
    """Memory of this process that no file backs, MB; 0 where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon")), 0.0)


class Learning:
    """The window with a project, and its runs."""

    def __init__(self, app: QApplication, window: Window, project: Path) -> None:
        self.app, self.window, self.ticks = app, window, Ticks()
        window.projects.open(project)
        wait(app, lambda: window.desk.project is not None)
        for name in ("embedding", "predictions", "runs", "training"):
            window.host.show_dock(name)
            settle(app, 0.2)
        self.view = window.views["training"]
        wait(app, lambda: self.view.form is not None and bool(self.view.data.data.parts))
        self.view.switch.choose("finetune")  # a project without a model begins with an encoder
        self.view.form.preset_chosen.emit("small")
        window.desk.put(window.desk.project.sessions()[0].id)
        settle(app, 2.0)

    def begin(self, settings: dict[str, object], *, apart: bool = False) -> Path:
        """Start a run with these settings; its folder."""
        self.view.form.draft.put(settings)
        self.view.form.changed.emit()
        self.view.starter.apart.setChecked(apart)
        self.view.starter.begin.click()
        return self.view.queue.items[-1].path

    def rest(self) -> None:
        """Until nothing runs."""
        wait(self.app, lambda: not self.window.jobs.running)

    def train(self, seconds: float, *, apart: bool) -> tuple[float, float]:
        """Ticks while training, and how long a cancel took, s, at most of three."""
        endless = {"finetune.optimiser.epochs": 100_000, "finetune.optimiser.stop_patience": 100_000}
        path, queue = self.begin(endless, apart=apart), self.view.queue
        beginning = self.ticks.during(self.app, 60.0, lambda: steps_of(path) > 3)
        where = "in a child" if apart else "in the window"
        told(f"  beginning to finetune {where}", beginning)
        settle(self.app, 1.0)
        worst = told(f"finetuning {where}", self.ticks.during(self.app, seconds))
        took = []
        for _ in range(2):
            took.append(self._stop(lambda: queue.pause(path), path, "paused"))
            before = steps_of(path)
            queue.go_on(path)
            wait(self.app, lambda before=before: steps_of(path) > before + 2)
        took.append(self._stop(lambda: queue.cancel(path), path, "cancelled"))
        self.rest()
        print(f"  {'':34s} stopped within {1e3 * np.median(took):.0f} ms, at most {1e3 * max(took):.0f} ms")
        return worst, max(took)

    def _stop(self, ask: Callable[[], None], path: Path, state: str) -> float:
        began = time.perf_counter()
        ask()
        wait(self.app, lambda: self.view.queue.item(path).state == state)
        return time.perf_counter() - began

    def small(self, count: int) -> None:
        """Runs of two epochs each, one after another."""
        brief = {"finetune.optimiser.epochs": 2, "finetune.optimiser.stop_patience": 2}
        for _ in range(count):
            path = self.begin(brief)
            wait(self.app, lambda path=path: self.view.queue.item(path).state in ("finished", "failed"))
            found = self.view.queue.item(path)
            if found.state == "failed":
                raise SystemExit(f"a run failed: {found.message}")
            self.rest()


def many_points(project: Any, count: int, width: int = 256) -> PointTable:
    """A table of windows of the project in heaps."""
    rng = np.random.default_rng(0)
    heap = rng.integers(0, 12, count)
    vector = unit(1.2 * rng.normal(size=(12, width))[heap] + rng.normal(size=(count, width)))
    ids = np.array([s.id for s in project.sessions()])
    session, none, empty = ids[np.arange(count) * len(ids) // count], np.full(count, -1), np.full(count, "")
    return PointTable(vector, np.full(count, REAL), session, session, empty, empty, 0.5 * np.arange(count), 2.0, empty,
                      none, none, about=f"{count} windows")  # fmt: skip


def lay_out(on: Learning, count: int, seconds: float) -> tuple[float, float]:
    """Ticks while points are laid out, and the longest time a cancel took, s."""
    on.window.host.show_dock("embedding")
    settle(on.app, 0.5)
    view, table = on.window.views["embedding"], many_points(on.window.desk.project, count)
    view._start("Embedding", lambda task: _Made(replace(table).prepare(), *pca(table.vector)), view._on_made)
    judged = lambda: "trustworthiness" in view.words.text() and not on.window.jobs.running  # noqa: E731
    worst = told(f"PCA of {count:,} points, shown", on.ticks.during(on.app, 20.0, judged))
    stopped = 0.0
    for method in ("tsne", "umap"):
        if missing(method):
            print(f"  {TITLES[method]} is not installed")
            continue
        view.layout_box.setCurrentIndex(view.layout_box.findData(method))
        view._on_layout()
        found = on.ticks.during(on.app, seconds, lambda: not on.window.jobs.running)
        worst = max(worst, told(f"{TITLES[method]} of {count:,} points", found))
        began = time.perf_counter()
        view.stop()
        on.rest()
        stopped = max(stopped, time.perf_counter() - began)
        print(f"  {'':34s} stopped within {1e3 * (time.perf_counter() - began):.0f} ms")
    own = time.thread_time()
    view.picks.pick(np.arange(count))
    print(f"  picking all of them: {1e3 * (time.thread_time() - own):.0f} ms of the processor")
    view.clear()
    return worst, stopped


def pan(app: QApplication, theme: Any, count: int) -> tuple[float, float]:
    """The 95th percentile of a frame, s, and how many times as fast as ScatterPlotItem."""
    flat, code, shape = points(count)
    cloud = PointCloud(theme)
    cloud.resize(*SIZE)
    cloud.show()
    settle(app, 0.5)
    cloud.set_points(flat, Look(code, shape, COLORS, np.zeros(count, dtype=bool)))
    own, began = time.thread_time(), time.perf_counter()
    ours = frames(lambda i: cloud._push(3.0 if i % 40 < 20 else -3.0, 1.0 if i % 20 < 10 else -1.0), cloud.repaint)
    own = (time.thread_time() - own) / max(time.perf_counter() - began, 1e-9)
    cloud.close()
    plot = pg.PlotWidget()
    plot.resize(*SIZE)
    plot.show()
    brushes = [pg.mkBrush(c) for c in COLORS]
    plot.addItem(pg.ScatterPlotItem(flat[:, 0], flat[:, 1], size=5, pen=None, brush=[brushes[c] for c in code]))
    settle(app, 0.5)
    box = plot.getViewBox()
    theirs = frames(lambda i: box.translateBy(x=0.05 if i % 40 < 20 else -0.05), plot.viewport().repaint)
    plot.close()
    for words, took in ((f"pan of {count:,} points", ours), ("pan of ScatterPlotItem", theirs)):
        p50, p95, p99 = 1e3 * np.percentile(took, (50, 95, 99))
        print(f"  {words:34s} p50 {p50:5.1f}  p95 {p95:5.1f}  p99 {p99:5.1f} ms")
    print(f"  {'':34s} {own:.0%} of the time the thread had a processor")
    return float(np.percentile(ours, 95)), float(np.median(theirs) / np.median(ours))


def grown(on: Learning, runs: int) -> float:
    """MB a run adds, from after the first to after the last."""
    on.small(WARM_RUNS)
    gc.collect()
    first = memory_mb()
    on.small(runs - WARM_RUNS)
    gc.collect()
    last = memory_mb()
    each = (last - first) / max(runs - WARM_RUNS, 1)
    print(f"  memory after {WARM_RUNS} run {first:.0f} MB, after {runs} runs {last:.0f} MB: {each:+.2f} MB a run")
    return each


def main() -> int:
    """Measure and print; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="of ticks, each")
    parser.add_argument("--count", type=int, default=100_000, help="of points")
    parser.add_argument("--runs", type=int, default=20, help="small ones, for the memory")
    parser.add_argument("--project", type=Path, help="a labelled project instead of the demo's")
    args = parser.parse_args()
    app = application()
    window = Window(theme="light")
    window.show()
    wait(app, lambda: window.views.complete)
    print(f"a {TICK_MS} ms timer, {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        project = args.project or Path(folder) / "demo"
        if args.project is None:
            demo_project(project)
        on = Learning(app, window, project)
        told("at rest", on.ticks.during(app, args.seconds))
        here, apart = on.train(args.seconds, apart=False), on.train(args.seconds, apart=True)
        each = grown(on, args.runs)
        laid = lay_out(on, args.count, args.seconds)
        dispose(window)
    panned, times = pan(app, window.theme, args.count)
    worst, stopped = (max(found[i] for found in (here, apart, laid)) for i in (0, 1))
    checks = (
        (f"tick p99 {worst:.1f} ms", worst <= TARGET_MS),
        (f"stopped in {stopped:.2f} s", stopped <= CANCEL_S),
        (f"{each:+.2f} MB a run", each <= GROWTH_MB),
        (f"pan p95 {1e3 * panned:.1f} ms", 1e3 * panned <= PAN_MS),
    )
    print(f"  pan {times:.1f} times as fast; " + ", ".join(f"{w}: {'reached' if ok else 'MISSED'}" for w, ok in checks))
    return 0 if all(ok for _, ok in checks) else 1


if __name__ == "__main__":
    raise SystemExit(main())
