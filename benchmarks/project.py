"""A project of a day: two wrists at 100 Hz for 24 h, with labels. Written once, then opened, panned and read.

Printed: time and memory of writing it, of opening it, of asking for what a window 900 pixels wide shows at any zoom
(all twelve channels), of 10 s of samples, of an edit; and the same with what one would use instead: samples in a
plain HDF5 file (h5py) and labels and samples in pandas. Each is measured in a process of its own.
``python benchmarks/project.py [--hours 24] [--keep FOLDER]``
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

RATE_HZ, PIECE, PIXELS = 100.0, 60_000, 900
SPANS_S = (10.0, 600.0, 7200.0, 86_400.0)
LABELS = 10_000


def megabytes() -> float:
    """Most memory this process had, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def now_megabytes() -> float:
    """Memory this process has, MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def pieces(hours: float, seed: int):
    from m3n_studio.recordings.signal import Signal

    rng, n = np.random.default_rng(seed), round(hours * 3600 * RATE_HZ)
    for at in range(0, n, PIECE):
        i = np.arange(at, min(at + PIECE, n))
        wave = np.sin(i[:, None] / RATE_HZ * np.array([7, 8, 9])) * 3
        noise = rng.standard_normal((2, len(i), 3), dtype=np.float32)
        yield Signal("wrist", i / RATE_HZ, wave + 0.3 * noise[0], wave / 2 + 0.1 * noise[1], rng.random(len(i)) > 1e-3)


def write(folder: Path, hours: float) -> dict:
    from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier
    from m3n_studio.project.store import Project

    before, began = now_megabytes(), time.perf_counter()
    with Project.create(folder) as project:
        session = project.add_session("day", project.add_subject("P1").id).id
        for seed, placement in enumerate(("left_wrist", "right_wrist")):
            project.add_recording(session, pieces(hours, seed), placement=placement)
        wrote_s = time.perf_counter() - began
        tier = Tier("activity", classes=tuple(LabelClass(f"class {i}") for i in range(10)))
        project.add_label_set("activities", [tier])
        step = hours * 3600 / LABELS
        labels = tuple(Annotation(tier.id, tier.classes[i % 10].id, i * step, (i + 1) * step) for i in range(LABELS))
        project.annotate(session, Change("all", (), labels))
    return {"write_s": wrote_s, "memory_MB": megabytes() - before, "files_MB": _size(folder)}


def ours(folder: Path, hours: float) -> dict:
    from m3n_studio.annotation.model import Annotation, Change
    from m3n_studio.project.store import Project

    before, began = now_megabytes(), time.perf_counter()
    project = Project.open(folder)
    session, recordings = project.sessions()[0], project.recordings()
    out = {"open_ms": 1e3 * (time.perf_counter() - began)}
    began = time.perf_counter()
    labels = project.annotations(session.id)
    out["all_labels_ms"] = 1e3 * (time.perf_counter() - began)
    began = time.perf_counter()
    signals = [project.signal(recording) for recording in recordings]
    out["open_signals_ms"] = 1e3 * (time.perf_counter() - began)
    rng = np.random.default_rng(0)

    def look(span_s: float) -> None:
        start_s = rng.uniform(0, hours * 3600 - span_s)
        for signal in signals:
            for channel in range(6):
                signal.peaks(channel, start_s, start_s + span_s, PIXELS)
        project.annotations(session.id, span=(start_s, start_s + min(span_s, 600)))

    for span_s in (s for s in SPANS_S if s <= hours * 3600):
        out[f"pan_{span_s:g}s_p95_ms"] = _p95(look, span_s, times=40)
    out["read_10s_p95_ms"] = _p95(lambda s: signals[0].read(s, s + 10.0), 0.4 * hours * 3600, times=40)
    tier, steps = project.tiers()[0], []
    for i in range(50):
        new = Annotation(tier.id, labels[0].label, i, i + 1)
        began = time.perf_counter()
        project.annotate(session.id, Change("put", (), (new,)))
        steps.append(time.perf_counter() - began)
        project.annotate(session.id, Change("back", (new,), ()))
    out |= {"edit_p95_ms": 1e3 * float(np.percentile(steps, 95)), "memory_MB": megabytes() - before}
    project.close()
    return out


def plain_file(folder: Path, hours: float) -> None:
    """What one would have instead: the samples of both wrists in one HDF5 file, the labels in a CSV."""
    import h5py
    import pandas as pd

    with h5py.File(folder / "plain.h5", "w") as file:
        for seed in range(2):
            parts = [np.hstack([p.acc_mps2, p.gyr_radps]).astype(np.float32) for p in pieces(hours, seed)]
            file[f"wrist{seed}"] = np.concatenate(parts)
    step = hours * 3600 / LABELS
    rows = [(i * step, (i + 1) * step, f"class {i % 10}") for i in range(LABELS)]
    pd.DataFrame(rows, columns=["start_s", "end_s", "label"]).to_csv(folder / "labels.csv", index=False)
    with h5py.File(folder / "plain.h5") as file:
        frame = pd.DataFrame(file["wrist0"][:], columns=list("abcdef"))
        frame.insert(0, "time_s", np.arange(len(frame)) / RATE_HZ)
        frame.to_parquet(folder / "wrist0.parquet")


def plain(folder: Path, hours: float) -> dict:
    """Panning by reading what is in view and reducing it, from plain HDF5."""
    import h5py

    before, rng = now_megabytes(), np.random.default_rng(0)
    out = {}
    with h5py.File(folder / "plain.h5") as file:

        def look(span_s: float) -> None:
            first = round(rng.uniform(0, hours * 3600 - span_s) * RATE_HZ)
            for name in ("wrist0", "wrist1"):
                values = file[name][first : first + round(span_s * RATE_HZ)]
                size = max(len(values) // PIXELS, 1)
                blocks = values[: len(values) // size * size].reshape(-1, size, 6)
                blocks.min(axis=1), blocks.max(axis=1)

        for span_s in (s for s in SPANS_S if s <= hours * 3600):
            out[f"pan_{span_s:g}s_p95_ms"] = _p95(look, span_s, times=40 if span_s < 8e4 else 5)
    return out | {"memory_MB": megabytes() - before}


def pandas(folder: Path, hours: float) -> dict:
    """Opening with pandas: one wrist's samples and the labels."""
    import pandas as pd

    before, began = now_megabytes(), time.perf_counter()
    frame = pd.read_parquet(folder / "wrist0.parquet")
    labels = pd.read_csv(folder / "labels.csv")
    opened = 1e3 * (time.perf_counter() - began)
    return {"open_ms": opened, "rows": len(frame) + len(labels), "memory_MB": megabytes() - before}


def _p95(call, value: float, times: int) -> float:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        call(value)
        took.append(time.perf_counter() - began)
    return 1e3 * float(np.percentile(took, 95))


def _size(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--part", nargs=2)
    options = parser.parse_args()
    if options.part:
        part, folder = options.part
        if part != "plain_file":
            import h5py  # noqa: F401 - what imports take is not counted
        print(json.dumps(globals()[part](Path(folder), options.hours)))
        return
    with tempfile.TemporaryDirectory(prefix="m3n-day-") as scratch:
        folder = options.keep or Path(scratch) / "project"
        parts = [("write", folder), ("ours", folder), ("plain_file", scratch), ("plain", scratch), ("pandas", scratch)]
        for part, place in parts if not folder.exists() else parts[1:]:
            command = [sys.executable, __file__, "--hours", str(options.hours), "--part", part, str(place)]
            said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ).stdout
            for name, value in (json.loads(said) or {}).items():
                print(f"{part:7} {name:20} {value:10.1f}")


if __name__ == "__main__":
    main()
