"""Labelled recordings made of the motions that ship: to try everything with, never to judge a method by.

Five people of different bodies wear a watch on each wrist and do the demo motions one after the
other, again and again; the label is the motion's name. Synthetic through and through.
"""

from __future__ import annotations

import math
from pathlib import Path

from m3n_studio.learning.simulated import WRISTS, simulated
from m3n_studio.learning.windows import LabelledRecording, LabelSpan
from m3n_studio.motion.clip import Clip

PEOPLE, ROUNDS = 5, 2


def demo_recordings(rate_hz: float = 60.0, *, seed: int = 0) -> list[LabelledRecording]:
    """A recording a person and round, of both wrists, with a second's gap between motions."""
    from m3n_studio.motion.demo import demo_clips, load_demo

    clips = [load_demo(name) for name in sorted(demo_clips())]
    return simulated(clips, WRISTS, rate_hz, people=PEOPLE, rounds=ROUNDS, labels=_name, seed=seed)


def _name(clip: Clip) -> tuple[LabelSpan, ...]:
    """The motion's name from its beginning to its end."""
    return (LabelSpan(0.0, math.inf, Path(clip.source.path).stem),)
