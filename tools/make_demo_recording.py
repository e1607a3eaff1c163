"""Make the demo's stand-in for a real recording: ``python tools/make_demo_recording.py``.

No real recording may be shipped, so the demo brings one that is made as unlike its simulation
as a watch's would be: another body performs the motion (the demo does not know which), the
watches sit turned and tilted on the wrist, wander a few degrees and rattle on the strap, their
clock starts late and runs fast, and a smartwatch-class device adds its noise, bias, scale and
quantisation. The file says so nowhere
but here and in the demo's output; nothing in the program treats it specially.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from m3n_studio import so3, workbench
from m3n_studio.imu.simulate import Settings, simulate
from m3n_studio.recordings.signal import Signal
from m3n_studio.recordings.tables import write_signals
from m3n_studio.resources import resource

MOTION = "pack_box"
BODY = "stature=1.80,mass=82,forearm=+4%"
LATE_S = 0.37  # the watch's zero is this much after the motion's
DRIFT = 25e-3 / 60  # 25 ms a minute fast
STRAP_DEG = {"left_wrist": (4.0, -9.0, 14.0), "right_wrist": (-6.0, 5.0, -11.0)}  # rotation vector, sensor frame
WANDER_DEG, WANDER_HZ = 2.0, 0.5  # slow turning of the watch on the skin
RATTLE_HZ, RATTLE_DAMPING, RATTLE_SHARE = 7.5, 0.3, 0.6  # the strap as a spring
SEED = 20


def loose(signal: Signal, rng: np.random.Generator) -> Signal:
    """The signal of a watch that wanders on the skin and rattles on its strap."""
    from scipy.signal import butter, sosfiltfilt

    wander = sosfiltfilt(
        butter(2, WANDER_HZ, fs=signal.rate_hz, output="sos"), rng.normal(size=(len(signal), 3)), axis=0
    )
    turn = so3.matrix_from_rotvec(np.radians(WANDER_DEG) * wander / wander.std(axis=0))
    spin = np.gradient(np.radians(WANDER_DEG) * wander / wander.std(axis=0), signal.time_s, axis=0)
    shaken = signal.acc_mps2 + RATTLE_SHARE * _spring(signal.acc_mps2 - signal.acc_mps2.mean(axis=0), signal.rate_hz)
    return dataclasses.replace(
        signal,
        acc_mps2=np.einsum("nba,nb->na", turn, shaken),
        gyr_radps=np.einsum("nba,nb->na", turn, signal.gyr_radps) + spin,
    )


def _spring(force: np.ndarray, rate_hz: float) -> np.ndarray:
    """Acceleration (N, 3) of a damped spring that is shaken by `force` (N, 3), relative to its foot."""
    from scipy.signal import bilinear, lfilter

    w = 2 * np.pi * RATTLE_HZ
    b, a = bilinear([-1.0, 0.0, 0.0], [1.0, 2 * RATTLE_DAMPING * w, w * w], rate_hz)
    return lfilter(b, a, force, axis=0)


def worn(signal: Signal) -> Signal:
    """The signal as a watch with a turned strap and a late, fast clock would store it."""
    mount = so3.matrix_from_rotvec(np.radians(STRAP_DEG[signal.name]))
    keep = signal.time_s >= LATE_S
    return dataclasses.replace(
        signal,
        time_s=(signal.time_s[keep] - LATE_S) * (1 + DRIFT),
        acc_mps2=signal.acc_mps2[keep] @ mount,
        gyr_radps=signal.gyr_radps[keep] @ mount,
        valid=signal.valid[keep],
    )


def main() -> None:
    model = workbench.open_body(None)
    clip = workbench.open_clip(f"{workbench.DEMO_PREFIX}{MOTION}")
    placements = workbench.place(model, workbench.WRISTS)
    shape = workbench.reach(model, BODY, start=clip.shape).shape
    signals = simulate(
        model, clip, placements, shape=shape, settings=Settings(rate_hz=100.0, bandwidth_hz=25.0),
        device="smartwatch", seed=SEED,
    )  # fmt: skip
    rng = np.random.default_rng(SEED)
    signals = tuple(loose(s, rng) for s in signals)
    path: Path = resource("recordings", f"{MOTION}_watches.csv")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_signals(path, [worn(s) for s in signals])
    print(f"wrote {path}: {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
