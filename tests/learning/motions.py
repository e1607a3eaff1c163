"""Motions made up for the tests of pretraining."""

import numpy as np

from m3n_studio.learning.config import WindowSpec
from m3n_studio.motion.clip import Clip, Source, TextSegment

SPEC = WindowSpec(length_s=1.0, stride_s=0.5, rate_hz=30.0)


def clip(seconds=4.0, rate_hz=30.0, *, text="waving", style="", seed=0, path="", hz=1.0, texts=None):
    """A body that waves both arms, the left more."""
    n = round(seconds * rate_hz) + 1
    t = np.arange(n) / rate_hz
    rng = np.random.default_rng(seed)
    poses = np.zeros((n, 52, 3))
    for joint, size in ((16, 0.8), (17, 0.4), (18, 0.6), (19, 0.3)):
        poses[:, joint] = rng.uniform(0.3, 1.0, 3) * size * np.sin(2 * np.pi * hz * t + rng.uniform(0, 6))[:, None]
    segments = [TextSegment(0.0, seconds, text)] if text else []
    if style:
        segments.append(TextSegment(0.0, seconds, style, "style"))
    said = tuple(segments if texts is None else texts)
    return Clip(rate_hz, poses, np.zeros((n, 3)), texts=said, source=Source(path))
