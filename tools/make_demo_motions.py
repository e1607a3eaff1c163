"""Write the demo motions into ``resources/motions``: ``python -m tools.make_demo_motions [NAME ...]``.

Same body, same clips: nothing here depends on the clock or on unseeded chance. Numbers are rounded
so that the files stay small: to 2**-18 (4e-6 rad, m), fingers to 2**-14. At 60 Hz that adds 0.022 m/s²
(root mean square) to a wrist's acceleration. Takes less than a second a motion.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np

from m3n_studio.body.files import default_body
from m3n_studio.body.skeleton import N_BODY_JOINTS, N_JOINTS
from m3n_studio.motion.clip import Clip
from m3n_studio.motion.native import save_clip
from m3n_studio.resources import resource
from tools.demo_motions import gestures, signing, table, walking, wholebody, workbench
from tools.demo_motions.rig import Rig, rig_of

#: Steps of the numbers in the files, rad and m.
QUANTUM, FINGER_QUANTUM = 2.0**-18, 2.0**-14
MOTIONS: dict[str, Callable[[Rig], Clip]] = {
    "hammer": workbench.hammer,
    "pack_box": table.pack_box,
    "pour_drink": table.pour_drink,
    "saw": workbench.saw,
    "screw": workbench.screw,
    "sign_phrase": signing.sign_phrase,
    "sit_stand": wholebody.sit_stand,
    "squat_lift": wholebody.squat_lift,
    "walk": walking.walk,
    "wave": gestures.wave,
}


@lru_cache(maxsize=1)
def _rig() -> Rig:
    return rig_of(default_body())


def generate(name: str) -> Clip:
    """One motion for the default body, as it is shipped."""
    clip = MOTIONS[name](_rig())
    steps = np.where(np.arange(N_JOINTS) < N_BODY_JOINTS, QUANTUM, FINGER_QUANTUM)[:, None]
    return clip.with_(poses=np.round(clip.poses / steps) * steps, trans=np.round(clip.trans / QUANTUM) * QUANTUM)


def main() -> None:
    """Write the named motions, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(MOTIONS)}")
    parser.add_argument("--out", type=Path, default=resource("motions"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names or MOTIONS:
        clip = generate(name)
        path = save_clip(options.out / f"{name}.npz", clip, precision="float32")
        print(f"{path}: {clip.duration_s:.1f} s, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
