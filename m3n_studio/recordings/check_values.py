"""Checks of what was measured: copies, constants, clipping, gravity, units, missing numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from m3n_studio.recordings.figures import Figures, figures_of, in_g, usual_step
from m3n_studio.recordings.finding import Finding, Level
from m3n_studio.recordings.raw import RawSignal
from m3n_studio.recordings.signal import GRAVITY_MPS2

Array = NDArray[np.float64]

_AXES = "xyz"
_RANGES_G = (2, 4, 6, 8, 16, 30, 32, 64)
_RUN = 3
_MOST_RADPS = 45.0
_GOOD_FIT = 0.9
_FROZEN_S = 1.0


def of_one(raw: RawSignal, up: str = "") -> Iterator[Finding]:
    """Findings on one signal's numbers."""
    acc_ok, gyr_ok = np.isfinite(raw.acc_mps2), np.isfinite(raw.gyr_radps)
    yield from _missing(raw, acc_ok, gyr_ok)
    if not acc_ok.any():
        return
    with np.errstate(over="ignore", invalid="ignore"):
        figures = figures_of(raw)
        yield from _copies(raw)
        for kind, values in _kinds(raw):
            yield from _constant(raw, kind, values)
            yield from _clipped(raw, kind, values)
        yield from _frozen(raw)
        yield from _gravity(raw, figures, up)
        yield from _turning(raw, figures)


def of_several(raws: Sequence[RawSignal]) -> Iterator[Finding]:
    """Findings on signals that should differ."""
    for i, a in enumerate(raws):
        for b in raws[i + 1 :]:
            if len(a) == len(b) and len(a) > 1 and np.array_equal(a.acc_mps2, b.acc_mps2, equal_nan=True):
                yield Finding(
                    "reject",
                    "copied-signals",
                    "two sensors have the same numbers",
                    f"{a.name} and {b.name}",
                    f"{len(a)} equal samples",
                    "Go back to the source: one of them is a copy.",
                )


def _kinds(raw: RawSignal) -> list[tuple[str, Array]]:
    return [("acc", raw.acc_mps2), *([("gyr", raw.gyr_radps)] if raw.has_gyr else [])]


def _missing(raw: RawSignal, acc_ok: NDArray[np.bool_], gyr_ok: NDArray[np.bool_]) -> Iterator[Finding]:
    if not raw.has_gyr:
        yield Finding(
            "warning",
            "no-gyroscope",
            "no angular velocity was recorded",
            raw.name,
            "no number in gyr",
            "Use models that take acceleration only; in the source, export the gyroscope.",
        )
    whole = acc_ok.all(axis=1) & (gyr_ok.all(axis=1) if raw.has_gyr else True)
    bad = ~whole
    if bad.any():
        edges = np.flatnonzero(np.diff(np.concatenate([[False], bad, [False]]).astype(np.int8)))
        runs = edges.reshape(-1, 2)
        longest = int(np.diff(runs, axis=1).max())
        level: Level = "reject" if bad.all() else "warning" if bad.mean() > 0.01 else "note"
        yield Finding(
            level,
            "missing-numbers",
            "samples have no number",
            f"{raw.name}, first at sample {runs[0, 0]}",
            f"{int(bad.sum())} of {len(raw)} in {len(runs)} runs, longest {longest}",
            "They are masked, not filled; drop them if nothing else will read them.",
            "" if bad.all() else "drop_missing_samples",
        )


def _copies(raw: RawSignal) -> Iterator[Finding]:
    """The accelerometer's numbers in the gyroscope's columns, in whatever unit; and one axis twice."""
    if raw.has_gyr:
        both = np.isfinite(raw.acc_mps2).all(axis=1) & np.isfinite(raw.gyr_radps).all(axis=1)
        acc, gyr = raw.acc_mps2[both], raw.gyr_radps[both]
        if len(acc) > 2 and float(np.ptp(acc)) > 0 and float((acc * acc).sum()) > 0:
            scale = float((acc * gyr).sum()) / float((acc * acc).sum())
            if scale != 0 and np.allclose(gyr, scale * acc, rtol=1e-6, atol=1e-9):
                yield Finding(
                    "reject",
                    "copied-channels",
                    "the gyroscope has the accelerometer's numbers",
                    raw.name,
                    f"gyr = {scale:.6g} × acc in all {len(acc)} samples",
                    "Go back to the source: there is no angular velocity in this file.",
                )
    for kind, values in _kinds(raw):
        for i, j in ((0, 1), (0, 2), (1, 2)):
            a, b = values[:, i], values[:, j]
            moves = np.isfinite(a) & (a != a[0])
            if moves.any() and np.array_equal(a, b, equal_nan=True):
                yield Finding(
                    "reject",
                    "copied-channels",
                    "two axes have the same numbers",
                    f"{raw.name}, {kind} {_AXES[i]} and {_AXES[j]}",
                    f"{len(raw)} equal samples",
                    "Choose another column for one of them.",
                )


def _constant(raw: RawSignal, kind: str, values: Array) -> Iterator[Finding]:
    if len(raw) < 10:
        return
    spans = np.nanmax(values, axis=0) - np.nanmin(values, axis=0) if np.isfinite(values).any(axis=0).all() else None
    if spans is None:
        return
    still = [axis for axis, span in zip(_AXES, spans, strict=True) if span == 0]
    if still:
        level: Level = "reject" if len(still) == 3 else "warning"
        yield Finding(
            level,
            "constant-channel",
            "a channel never changes",
            f"{raw.name}, {kind} {', '.join(still)}",
            f"always {float(np.nanmin(values[:, _AXES.index(still[0])])):.6g}",
            "A dead or unconnected axis: choose another column, or leave the sensor out.",
        )


def _clipped(raw: RawSignal, kind: str, values: Array) -> Iterator[Finding]:
    """Plateaus of three samples and more at a channel's own extreme."""
    for axis in range(3):
        column = values[:, axis]
        finite = np.isfinite(column)
        if finite.sum() < 50 or np.ptp(column[finite]) == 0:
            continue
        for edge in (float(column[finite].max()), float(column[finite].min())):
            at = column == edge
            run = at[2:] & at[1:-1] & at[:-2]
            large = abs(edge) > (1.5 * GRAVITY_MPS2 if kind == "acc" else 2.0)
            if run.sum() < _RUN or not large:
                continue
            unit = f"{in_g(edge):.3g} g" if kind == "acc" else f"{np.rad2deg(edge):.4g} °/s"
            near = next((f", the ±{g} g range" for g in _RANGES_G if abs(abs(in_g(edge)) / g - 1) < 0.03), "")
            yield Finding(
                "warning",
                "saturated-channel",
                "a channel sticks at its limit",
                f"{raw.name}, {kind} {_AXES[axis]}",
                f"{int(at.sum())} samples at {unit}{near if kind == 'acc' else ''}",
                "What lies beyond is lost; record with a wider range.",
            )


def _frozen(raw: RawSignal) -> Iterator[Finding]:
    """Stretches in which every channel repeats itself exactly, as when a link is lost."""
    step = usual_step(raw.time_s)
    values = np.hstack([x for _, x in _kinds(raw)])
    same = (values[1:] == values[:-1]).all(axis=1)
    if step <= 0 or not same.any():
        return
    edges = np.flatnonzero(np.diff(np.concatenate([[False], same, [False]]).astype(np.int8))).reshape(-1, 2)
    lengths = np.diff(edges, axis=1)[:, 0]
    long = lengths * step >= _FROZEN_S
    if long.any() and not same.all():
        at = int(edges[long][0, 0])
        yield Finding(
            "warning",
            "frozen",
            "all channels repeat exactly",
            f"{raw.name}, first {raw.time_s[at] - raw.time_s[0]:.4g} s in",
            f"{int(long.sum())} stretches, longest {float(lengths.max()) * step:.3g} s",
            "Samples were repeated to fill a lost link: leave these stretches unlabelled.",
        )


def _gravity(raw: RawSignal, figures: Figures, up: str) -> Iterator[Finding]:
    size = figures.gravity_mps2
    if not np.isfinite(size):
        return
    rested = figures.still_s > 0
    seen = f"|acc| {size:.4g} m/s² ({'while still' if rested else 'median, it never rests'})"
    ratio = in_g(size)
    units = (
        (1.0 / GRAVITY_MPS2, "in g", "acc_from_g"),
        (1000.0 / GRAVITY_MPS2, "in mg", "acc_from_mg"),
        (GRAVITY_MPS2, "converted from g twice", "acc_undo_g"),
    )
    for expected, words, fix in units:
        if 0.8 < ratio / expected < 1.25:
            yield Finding(
                "reject",
                "wrong-unit",
                f"acceleration looks like it is {words}",
                raw.name,
                seen,
                "Convert it, if the source says so.",
                fix,
            )
            return
    if ratio < 0.35:
        yield Finding(
            "warning",
            "no-gravity",
            "gravity has been taken out",
            raw.name,
            seen,
            "Use the raw acceleration; this one is not what an accelerometer reads.",
        )
    elif not 0.75 < ratio < 1.35:
        yield Finding(
            "warning",
            "wrong-gravity",
            "gravity has the wrong size",
            raw.name,
            seen,
            "Check the unit and the calibration.",
        )
    elif rested and abs(ratio - 1.0) > 0.05:
        yield Finding(
            "note",
            "gravity-off",
            "gravity is off by more than 5 %",
            raw.name,
            seen,
            "Calibrate the sensor, or allow a gain when comparing with a simulation.",
        )
    if up and rested:
        along = figures.gravity_direction[_AXES.index(up[1])] * (1.0 if up[0] == "+" else -1.0)
        if along < -0.5:
            yield Finding(
                "reject",
                "gravity-down",
                f"gravity points down although {up} is up",
                raw.name,
                f"{along:+.2f} of it along {up}",
                "Turn the sign of all three axes.",
                "flip_gravity",
            )


def _turning(raw: RawSignal, figures: Figures) -> Iterator[Finding]:
    if not raw.has_gyr:
        return
    speed = np.linalg.norm(raw.gyr_radps, axis=1)
    fast = float(np.quantile(speed[np.isfinite(speed)], 0.995)) if np.isfinite(speed).any() else 0.0
    told = np.isfinite(figures.gyr_fit) and abs(figures.gyr_fit) > _GOOD_FIT
    seen = f"{fast:.3g} rad/s at the fastest"
    if told:
        seen += f"; gravity turns {figures.gyr_gain:.3g} times as fast (r {figures.gyr_fit:.2f})"
    if fast > _MOST_RADPS or (told and 0.01 < abs(figures.gyr_gain) < 0.03):
        yield Finding(
            "reject",
            "wrong-unit",
            "angular velocity looks like it is in °/s",
            raw.name,
            seen,
            "Convert it, if the source says so.",
            "gyr_from_degrees",
        )
    elif told and 35 < abs(figures.gyr_gain) < 95:
        yield Finding(
            "reject",
            "wrong-unit",
            "angular velocity was converted from °/s twice",
            raw.name,
            seen,
            "Undo one conversion, if the source says so.",
            "gyr_undo_degrees",
        )
    elif told and figures.gyr_fit < 0:
        yield Finding(
            "warning",
            "gyroscope-turned",
            "the gyroscope turns the other way than gravity",
            raw.name,
            seen,
            "A sign or the order of the axes is wrong in one of the two; set them in a recipe.",
            "flip_gyroscope",
        )
