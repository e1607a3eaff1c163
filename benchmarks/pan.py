"""Panning over a day of signals: 24 h of 100 Hz, six lines of each of two sensors, in twelve lanes.

The samples lie in a float32 memory map with the first level of their pyramid beside them, as a
recordings store keeps them. Printed: milliseconds from asking for another view to its painted
lanes, when zoomed to 10 s, 10 min and the whole day; the cost of ticks while playing (traces
painted); memory of the process. Run with a display: ``xvfb-run -a python benchmarks/pan.py``.
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

from PySide6.QtWidgets import QApplication

from m3n_studio.recordings.pyramid import BASE
from m3n_studio.recordings.signal import Signal
from m3n_studio.studio.app import application
from m3n_studio.studio.core.clock import Clock
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.look.theme import load_theme
from m3n_studio.studio.traces.trace_data import EvenTimes, Line
from m3n_studio.studio.traces.trace_view import TraceView

RATE_HZ, CHANNELS = 100.0, 12
SIZE = (900, 900)
TARGET_MS, TARGET_MB = 16.0, 500.0


def write_day(folder: Path, hours: float) -> tuple[np.memmap, np.memmap]:
    """Samples (12, N) and first pyramid level (12, 2, B) on disk, a piece at a time."""
    n = round(hours * 3600 * RATE_HZ) // BASE * BASE
    samples = np.memmap(folder / "samples.f32", np.float32, "w+", shape=(CHANNELS, n))
    level = np.memmap(folder / "level.f32", np.float32, "w+", shape=(CHANNELS, 2, n // BASE))
    rng, piece = np.random.default_rng(0), BASE * 8192
    for channel in range(CHANNELS):
        for at in range(0, n, piece):
            t = np.arange(at, min(at + piece, n)) / RATE_HZ
            values = (3 * np.sin(2 * np.pi * t / (3600 + channel)) * np.sin(7 * t + channel)).astype(np.float32)
            values += 0.3 * rng.standard_normal(len(t), dtype=np.float32)
            samples[channel, at : at + len(t)] = values
            blocks = values.reshape(-1, BASE)
            level[channel, 0, at // BASE : at // BASE + len(blocks)] = blocks.min(axis=1)
            level[channel, 1, at // BASE : at // BASE + len(blocks)] = blocks.max(axis=1)
    samples.flush()
    level.flush()
    return (
        np.memmap(folder / "samples.f32", np.float32, "r", shape=samples.shape),
        np.memmap(folder / "level.f32", np.float32, "r", shape=level.shape),
    )


def day_view(samples: np.memmap, level: np.memmap) -> tuple[TraceView, Clock]:
    """A trace view with a lane for each channel, its lines drawn from disk."""
    n = samples.shape[1]
    clock = Clock()
    view = TraceView(clock, load_theme("dark"))
    view.resize(*SIZE)
    view.show()
    ends = np.array([0.0, (n - 1) / RATE_HZ])
    stand_ins = tuple(Signal(name, ends, np.zeros((2, 3)), np.zeros((2, 3))) for name in ("left", "right"))
    clock.set_range(0.0, float(ends[1]))
    view.set_contents(Contents("day", None, stand_ins))
    view.sensor_box.setCurrentIndex(2)
    for i, lane in enumerate(view.lanes):
        line = Line(EvenTimes(0.0, RATE_HZ, n), samples[i], (level[i, 0], level[i, 1]))
        lane.set_lines({"simulated": line}, None, ())
        lane.set_y_range(*lane.wanted_range())
    view.show_all()
    QApplication.processEvents()
    return view, clock


def pan(view: TraceView, span_s: float, steps: int) -> np.ndarray:
    """Milliseconds of wall and of processor of each of so many small steps to the right, painted: (steps, 2)."""
    low, high = 0.3 * view._clock.end_s, view._clock.end_s
    low = min(low, high - span_s)
    view._set_view(low, low + span_s)
    QApplication.processEvents()
    took = []
    for i in range(steps):
        shift = (i + 1) * 0.02 * span_s if span_s < high else 0.0
        width = span_s if span_s < high else high * (1 - 0.002 * (i + 1))  # the whole day: zoom in slowly
        begin, cpu = time.perf_counter(), time.process_time()
        view._look(low + shift, low + shift + width, "drag")
        view.graph.viewport().repaint()
        took.append((1e3 * (time.perf_counter() - begin), 1e3 * (time.process_time() - cpu)))
        QApplication.processEvents()
    return np.array(took)


def ticks(view: TraceView, clock: Clock, count: int) -> np.ndarray:
    """Milliseconds of each tick with the painting it causes."""
    view._set_view(1000.0, 1060.0)
    clock.seek(1001.0)
    QApplication.processEvents()
    took = []
    for _ in range(count):
        begin = time.perf_counter()
        clock.seek(clock.time_s + 0.016)
        view.graph.viewport().repaint()
        took.append(1e3 * (time.perf_counter() - begin))
    return np.array(took)


def own_memory_mb() -> tuple[float, float]:
    """Resident memory that is the process's own, and the peak of all with mapped file pages."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return int(fields["RssAnon"].split()[0]) / 1024, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--steps", type=int, default=100)
    options = parser.parse_args()
    application()
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        samples, level = write_day(Path(folder), options.hours)
        view, clock = day_view(samples, level)
        for name, span in (("10 s", 10.0), ("10 min", 600.0), ("the whole", clock.end_s)):
            took = pan(view, span, options.steps)
            p50, p95 = np.percentile(took[:, 0], [50, 95])
            cpu = np.percentile(took[:, 1], 95)
            worst = max(worst, p95)
            print(
                f"pan, {name:>9} in view: p50 {p50:5.1f} ms  p95 {p95:5.1f} ms "
                f"(processor {cpu:.1f})  {view.bar.badge.text()}"
            )
        took = ticks(view, clock, options.steps)
        print(f"tick while playing:      p50 {np.median(took):5.1f} ms  p95 {np.percentile(took, 95):5.1f} ms")
        own, peak = own_memory_mb()
        print(f"memory: own {own:.0f} MB; peak with mapped and written pages {peak:.0f} MB")
        view.close()
        view.deleteLater()
        QApplication.processEvents()
    ok = worst <= TARGET_MS and own <= TARGET_MB
    print(f"targets (p95 <= {TARGET_MS:g} ms, < {TARGET_MB:g} MB): {'reached' if ok else 'MISSED'}")
    return 0 if ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
