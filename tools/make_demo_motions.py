"""Write the demo motions into ``resources/motions``: ``python -m tools.make_demo_motions [NAME ...]``.

Same body, same clips: nothing here depends on the clock or on unseeded chance.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache

from m3n_studio.body.files import default_body
from m3n_studio.motion.clip import Clip
from tools.demo_motions import gestures, signing, table, walking, wholebody, workbench
from tools.demo_motions.rig import Rig, rig_of

MOTIONS: dict[str, Callable[[Rig], Clip]] = {
    "wave": gestures.wave,
    "walk": walking.walk,
    "pack_box": table.pack_box,
    "screw": workbench.screw,
    "saw": workbench.saw,
    "hammer": workbench.hammer,
    "sign_phrase": signing.sign_phrase,
    "pour_drink": table.pour_drink,
    "squat_lift": wholebody.squat_lift,
    "sit_stand": wholebody.sit_stand,
}


@lru_cache(maxsize=1)
def _rig() -> Rig:
    return rig_of(default_body())


def generate(name: str) -> Clip:
    """One motion for the default body."""
    return MOTIONS[name](_rig())


if __name__ == "__main__":
    for each in sys.argv[1:] or MOTIONS:
        print(each, len(generate(each)))
