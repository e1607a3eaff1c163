"""Make the demo's stand-in for a real recording: ``python tools/make_demo_recording.py``.

No real recording may be shipped, so the demo brings one that is made as unlike its simulation
as a watch's would be: another body performs the motion (the demo does not know which), the
watches sit turned and tilted on the wrist, their clock starts late and runs fast, and a
smartwatch-class device adds its noise, bias, scale and quantisation. The file says so nowhere
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

MOTION = "packing"
BODY = "stature=1.80,mass=82,forearm=+4%"
LATE_S = 0.37  # the watch's zero is this much after the motion's
DRIFT = 25e-3 / 60  # 25 ms a minute fast
STRAP_DEG = {"left_wrist": (4.0, -9.0, 14.0), "right_wrist": (-6.0, 5.0, -11.0)}  # rotation vector, sensor frame
SEED = 20


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
    path: Path = resource("recordings", f"{MOTION}_watches.csv")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_signals(path, [worn(s) for s in signals])
    print(f"wrote {path}: {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
