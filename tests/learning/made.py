"""Recordings and windows made up for the tests of learning."""

import numpy as np

from m3n_studio.learning.windows import LabelledRecording, LabelSpan, Windows
from m3n_studio.recordings.signal import Signal


def signal(seconds, rate_hz=100.0, *, start_s=0.0, seed=0, name="left_wrist", hz=1.0):
    """A noisy sine on every channel."""
    time_s = start_s + np.arange(int(seconds * rate_hz)) / rate_hz
    rng = np.random.default_rng(seed)
    values = np.sin(2 * np.pi * hz * time_s)[:, None] * rng.uniform(0.5, 2, 6) + rng.normal(0, 0.05, (len(time_s), 6))
    values[:, 2] += 9.81
    return Signal(name, time_s, values[:, :3], values[:, 3:])


def without(of, start_s, end_s):
    """A signal with the samples between two times taken out."""
    keep = (of.time_s < start_s) | (of.time_s >= end_s)
    return Signal(of.name, of.time_s[keep], of.acc_mps2[keep], of.gyr_radps[keep], of.valid[keep])


def recording(name="r1", subject="s1", seconds=20.0, labels=(), **signals):
    """A recording of the left wrist unless signals say otherwise."""
    return LabelledRecording(
        name, subject, signals or {"left_wrist": signal(seconds)}, tuple(LabelSpan(*label) for label in labels)
    )


def windows(per_user, *, placements=("left_wrist",), samples=32, rate_hz=16.0, seed=0, spread=0.1):
    """Windows whose class is their frequency and level; `per_user` is {user: (count of class 0, of class 1, ...)}."""
    rng = np.random.default_rng(seed)
    rows = [(u, c) for u, counts in per_user.items() for c, n in enumerate(counts) for _ in range(n)]
    classes = max(len(c) for c in per_user.values())
    imu = np.zeros((len(rows), len(placements), 6, samples), dtype=np.float32)
    t = np.arange(samples) / rate_hz
    for i, (_, c) in enumerate(rows):
        phase = rng.uniform(0, 2 * np.pi, (len(placements), 6, 1))
        imu[i] = np.sin(2 * np.pi * (c + 1) * t + phase) + 0.3 * c + rng.normal(0, spread, imu.shape[1:])
    users = np.array([u for u, _ in rows])
    return Windows(
        imu,
        np.ones((len(rows), len(placements)), dtype=bool),
        np.array([c for _, c in rows]),
        np.ones(len(rows), dtype=np.float32),
        users,
        users,
        np.arange(len(rows), dtype=float),
        tuple(f"class {c}" for c in range(classes)),
        tuple(placements),
        rate_hz,
    )
