"""Make a project as version 1 of the database was: what `tests/project/version1` holds, or a larger one.

``python tools/make_old_project.py FOLDER [--annotations 40]``. Written with the frozen first tables and plain SQL, so
that it does not follow when the program changes.
"""

from __future__ import annotations

import argparse
import contextlib
import sqlite3
from pathlib import Path

import numpy as np

from m3n_studio.project.schema import APPLICATION_ID, V1
from m3n_studio.project.signal_writer import write_signal
from m3n_studio.recordings.signal import Signal

CLASSES = (("c1", "walking", "#2a7fff", "w"), ("c2", "sitting", "#ff7f2a", "s"), ("c3", "falling", "#aa0000", ""))
#: An offset that is no short decimal number: a migration must not round it.
OFFSET_S = 12.3456789012345678


def make_old_project(folder: Path, annotations: int = 40, samples: int = 700) -> None:
    """Write a version 1 project with two subjects, three sessions, three recordings, a video, a clip and labels."""
    (folder / "signals").mkdir(parents=True)
    rng = np.random.default_rng(1)
    with contextlib.closing(sqlite3.connect(folder / "project.sqlite")) as db, db:
        db.executescript(V1)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("PRAGMA user_version = 1")
        db.executemany("INSERT INTO meta VALUES (?, ?)", [("name", "old one"), ("id", "0" * 32),
                                                          ("created_at", "2026-01-02T03:04:05+00:00")])  # fmt: skip
        db.executemany("INSERT INTO subject VALUES (?, ?, ?, ?, ?, ?, ?)", [
            ("s1", "Ada", 1.7, 61.5, "left", "", 0), ("s2", "Bo", None, None, "", "gone", 1)])  # fmt: skip
        db.executemany("INSERT INTO session VALUES (?, ?, ?, ?, ?, ?)", [
            ("e1", "morning", "s1", "2026-01-02T08:00:00+00:00", "", 0), ("e2", "evening", "s1", "", "tired", 0),
            ("e3", "morning", None, "", "", 0)])  # fmt: skip
        for i, (session, device) in enumerate((("e1", "Watch 7"), ("e1", "Watch 8"), ("e2", "Watch 7"))):
            time_s = np.arange(samples) / 50.0 + (rng.random(samples) * 0.002 if i == 2 else 0.0)
            signal = Signal(f"imu{i}", time_s, rng.normal(size=(samples, 3)), rng.normal(size=(samples, 3)))
            file = f"signals/r{i}.h5"
            w = write_signal(folder / file, signal)
            db.execute("INSERT INTO recording VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (
                f"r{i}", session, signal.name, "left_wrist", device, file, w.samples, w.rate_hz, w.start_s, w.stop_s,
                w.regular, w.sha256, OFFSET_S * i, "old.csv", "", 0))  # fmt: skip
        db.execute("INSERT INTO video VALUES ('v1', 'e1', 'kitchen', 'videos/k.mp4', 60, ?, '', 0)", (OFFSET_S,))
        db.execute("INSERT INTO clip VALUES ('k1', 'e1', 'body', 'clips/b.npz', ?, '', 0)", (-OFFSET_S,))
        db.execute("INSERT INTO label_set VALUES ('l1', 'activities', '', 0)")
        db.execute("INSERT INTO tier VALUES ('t1', 'l1', 'activity', 'interval', 1, 0)")
        db.executemany("INSERT INTO label_class VALUES (?, 't1', ?, ?, ?, '', ?)",
                       [(*c, rank) for rank, c in enumerate(CLASSES)])  # fmt: skip
        for i in range(annotations):
            confidence = None if i % 3 else (i % 100) / 100
            db.execute("INSERT INTO annotation VALUES (?, ?, 't1', ?, ?, ?, 'me', ?, ?, ?)", (
                f"a{i}", ("e1", "e2")[i % 2], CLASSES[i % 3][0], i / 3, i / 3 + 1 / 7, ("person", "model")[i % 2],
                confidence, f"n{i}" if i % 5 == 0 else ""))  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--annotations", type=int, default=40)
    options = parser.parse_args()
    make_old_project(options.folder, options.annotations)
