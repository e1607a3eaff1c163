"""A whole clip in a few hundred numbers: how much moves when. No Qt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from m3n_studio.motion.clip import Clip
from m3n_studio.recordings.pyramid import FloatArray
from m3n_studio.recordings.signal import GRAVITY_MPS2, Signal
from m3n_studio.studio.traces.trace_data import Array


def profile(signals: Sequence[Signal], clip: Clip | None, span_s: tuple[float, float], bins: int) -> Array:
    """How much moves in each of `bins` equal parts of a span, 0 to 1: (bins,).

    The largest of ``| |acc| - g |`` of all signals; without signals the speed of the clip's pelvis and
    joints. Parts of which nothing is known are 0.
    """  # fmt: skip
    out = np.zeros(bins)
    if not span_s[1] > span_s[0] or bins < 1:
        return out
    for signal in signals:
        dynamic = np.abs(np.sqrt(np.einsum("ij,ij->i", signal.acc_mps2, signal.acc_mps2)) - GRAVITY_MPS2)
        _raise(out, signal.time_s, np.where(signal.valid, dynamic, 0.0), span_s)
    if not signals and clip is not None and len(clip) > 1:
        turning = np.abs(np.diff(clip.poses, axis=0)).sum(axis=(1, 2)) * clip.rate_hz
        going = np.linalg.norm(np.diff(clip.trans, axis=0), axis=1) * clip.rate_hz
        _raise(out, (np.arange(len(clip) - 1) + 0.5) / clip.rate_hz, turning + going, span_s)
    top = float(np.quantile(out, 0.995)) if out.any() else 0.0
    return np.minimum(out / top, 1.0) if top > 0 else out


def _raise(out: Array, time_s: FloatArray, values: FloatArray, span_s: tuple[float, float]) -> None:
    """Lift each part to the largest value in it; parts between samples take what lies between their neighbours."""
    bins = len(out)
    place = np.floor((time_s - span_s[0]) / (span_s[1] - span_s[0]) * bins).astype(int)
    inside = (place >= 0) & (place <= bins)
    place, values = np.minimum(place[inside], bins - 1), values[inside]
    if not len(place):
        return
    starts = np.flatnonzero(np.diff(place, prepend=-1))  # times increase, so do places
    peaks, at = np.maximum.reduceat(values, starts), place[starts]
    if len(at) < bins:
        between = np.interp(np.arange(bins), at, peaks, left=0.0, right=0.0)
        gap = np.abs(np.arange(bins)[:, None] - at[None, :]).min(axis=1) if len(at) * bins < 4_000_000 else 0
        known = gap <= max(2.0, 1.5 * bins / max(len(time_s), 1))
        np.maximum(out, np.where(known, between, 0.0), out=out)
    else:
        np.maximum.at(out, at, peaks)
