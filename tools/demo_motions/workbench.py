"""Work at a bench: driving screws, sawing, hammering."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from m3n_studio.motion.clip import Clip

from .hands import wrist_turn
from .performance import Performance
from .rig import Rig
from .tracks import Keys, cycles, delay, smooth, turn_y, window

Array = NDArray[np.float64]
_TOOL_FINGERS, _TOOL_PALM = (0.10, -0.22, 1.0), (1.0, 0.0, -0.05)


def _staggered(p: Performance, left_m: float, right_m: float, right_out_rad: float) -> None:
    """One foot ahead of the other, as people stand when they push."""
    p.feet.at["left"][:, 2] += left_m * p.rig.scale
    p.feet.at["right"][:, 2] += right_m * p.rig.scale
    p.feet.turn["right"] = np.repeat(turn_y(-right_out_rad)[None], len(p.time), axis=0)


def _turns(p: Performance, start_s: float, count: int) -> tuple[Array, float]:
    """Forearm turn (T,), rad, of driving a screw: turn hard, let go, wind back; and when it ends."""
    track = Keys(0.0)
    t = start_s
    track.move(t - 0.35, t, 0.70)
    for _ in range(count):
        drive, back = p.rng.uniform(0.42, 0.54), p.rng.uniform(0.38, 0.48)
        low, high = -0.75 + p.rng.normal(0, 0.06), 0.72 + p.rng.normal(0, 0.06)
        track.move(t, t + drive, low)
        p.right.hold(t + drive, t + drive + 0.16, "cup")
        track.move(t + drive + 0.10, t + drive + 0.10 + back, high)
        t += drive + 0.10 + back
        p.right.hold(t - 0.14, t + 0.02, "handle")
        t += 0.05
    track.move(t, t + 0.35, 0.0)
    return track.sample(p.time, sigma_s=0.035)[:, 0], t


def _drive(p: Performance, x: float, start_s: float, count: int) -> float:
    """Left hand sets a screw at `x`, right hand drives it; returns when done."""
    y, z, t = 1.22, 0.60, start_s
    p.left.use(t, t + 0.7, p.rig.fingertip("left") * 0.86 + np.array([0.0, -0.05, 0.02]))
    p.left.move(
        t,
        t + 0.9,
        (x + 0.015, y - 0.01, z - 0.03),
        fingers=(-0.75, 0.18, 0.65),
        palm=(-0.6, -0.1, -0.7),
        hold="pinch",
        arc=(0.03, 0.05, -0.06),
    )
    p.right.move(
        t + 0.7,
        t + 1.6,
        (x - 0.015, y + 0.03, z - 0.22),
        fingers=_TOOL_FINGERS,
        palm=_TOOL_PALM,
        hold="handle",
        arc=(-0.03, 0.04, -0.05),
    )
    turn, end = _turns(p, t + 2.0, count)
    p.right.spins.append(wrist_turn(pronate=turn))
    push = 0.012 * np.maximum(-np.gradient(turn) * 60, 0) / 4.0
    p.right.shifts.append(smooth(np.stack([0 * push, 0.002 * turn, push], axis=1), 0.04))
    p.extra_torso += np.stack([smooth(push, 0.1), -0.012 * delay(turn, 0.06), 0 * turn], axis=1)
    p.right.move(t + 2.0, end, (x - 0.015, y + 0.03, z - 0.20))
    p.left.use(t + 3.7, t + 4.5, p.rig.grip("left"))
    p.left.move(
        t + 3.6,
        t + 4.5,
        (x + 0.24, y - 0.06, z - 0.02),
        fingers=(-0.35, 0.9, 0.25),
        palm=(-0.35, -0.1, 1.0),
        hold="press",
        arc=(0.0, 0.0, -0.07),
    )
    p.say(t, t + 1.9, "set screw")
    p.say(t + 1.9, end, "drive screw")
    return end


def screw(rig: Rig) -> Clip:
    """Two screws into an upright panel."""
    p = Performance(
        rig,
        "screw",
        24.0,
        "A person takes a screwdriver and drives two screws into an upright panel held with the left hand.",
        stance_m=0.26,
    )
    p.gaze.move(0.2, 0.8, (0.0, 0.9, 0.5))
    p.left.move(
        0.7,
        1.7,
        (0.26, 0.97, 0.36),
        fingers=(0.1, -0.55, 0.85),
        palm=(-0.25, -0.9, -0.4),
        hold="pinch",
        arc=(0.04, 0.06, 0.0),
    )
    p.right.move(
        0.8,
        1.8,
        (-0.27, 0.96, 0.36),
        fingers=(0.15, -0.4, 0.9),
        palm=(0.45, -0.85, -0.3),
        hold="preshape",
        arc=(-0.04, 0.07, 0.0),
    )
    p.right.hold(1.8, 2.15, "handle")
    p.gaze.move(2.0, 2.5, (0.02, 1.20, 0.6))
    p.pelvis.move(0.8, 1.8, (0.0, -0.004, 0.03))
    end = _drive(p, -0.04, 2.2, 5)
    p.gaze.move(end + 0.1, end + 0.5, (0.24, 0.95, 0.4)).move(end + 1.3, end + 1.8, (-0.08, 1.20, 0.6))
    p.right.move(end + 0.1, end + 0.9, (-0.24, 1.05, 0.40))
    p.left.move(
        end + 0.2,
        end + 1.1,
        (0.26, 0.97, 0.36),
        fingers=(0.1, -0.55, 0.85),
        palm=(-0.25, -0.9, -0.4),
        hold="pinch",
        arc=(0.0, 0.02, -0.08),
    )
    p.say(end, end + 1.4, "pick up screw")
    end = _drive(p, -0.17, end + 1.4, 5)
    p.gaze.move(end + 0.2, end + 0.7, (-0.27, 0.9, 0.4))
    p.right.move(
        end + 0.3,
        end + 1.2,
        (-0.27, 0.96, 0.36),
        fingers=(0.15, -0.4, 0.9),
        palm=(0.45, -0.85, -0.3),
        arc=(0.0, 0.03, -0.06),
    )
    p.right.hold(end + 1.3, end + 1.6, "preshape").rest(end + 1.6, end + 2.6)
    p.left.rest(end + 0.9, end + 2.1)
    p.gaze.move(end + 1.7, end + 2.4, (0.0, 1.5, 3.0))
    p.pelvis.move(end + 1.4, end + 2.4, (0.0, 0.0, 0.0))
    p.say(0.7, 2.2, "pick up screwdriver")
    p.say(end + 0.2, end + 2.6, "put down screwdriver")
    return p.clip(end_s=end + 3.4)


def _saw_strokes(p: Performance, start_s: float, end_s: float, period_s: float, reach_m: float) -> None:
    count = int((end_s - start_s) / period_s) + 1
    phase = cycles(p.time, start_s, period_s * p.rng.uniform(0.93, 1.08, count))
    size = window(p.time, start_s, end_s, 0.5) * (1 + p.noise(1, rms=0.06, low_hz=0.2, high_hz=0.8)[:, 0])
    stroke = -size * np.sin(2 * np.pi * phase - 0.20 * np.sin(2 * np.pi * phase))  # the push is the longer half
    along = np.array([0.03, -0.38, 0.92])
    p.right.shifts.append(reach_m * p.rig.scale * stroke[:, None] * along)
    late = delay(stroke, 0.05)
    p.right.spins.append(wrist_turn(radial=-0.06 * late, flex=0.05 * late))
    body = smooth(delay(stroke, -0.06), 0.05)
    p.extra_torso += np.stack([0.030 * body, 0.055 * body, 0.0 * body], axis=1)
    p.extra_pelvis += np.stack([0 * body, -0.004 * body, 0.012 * body], axis=1)
    p.extra_gaze += 0.02 * np.stack([0 * body, 0 * body, body], axis=1)


def saw(rig: Rig) -> Clip:
    """Starting strokes, long strokes, careful last strokes."""
    p = Performance(
        rig,
        "saw",
        17.0,
        "A person holds a board down with the left hand and saws it with a handsaw in the right hand.",
        stance_m=0.28,
    )
    _staggered(p, 0.16, -0.10, 0.45)
    p.height_m -= 0.022
    p.pelvis.move(0.4, 1.6, (0.03, -0.03, 0.02))
    p.torso.move(0.5, 1.7, (0.26, -0.05, 0.05))
    p.gaze.move(0.3, 0.9, (-0.05, 0.72, 0.5))
    p.left.move(
        0.7,
        1.7,
        (0.17, 0.80, 0.40),
        fingers=(-0.45, -0.18, 0.85),
        palm=(0.0, -1.0, -0.15),
        hold="press",
        arc=(0.03, 0.10, 0.0),
    )
    p.right.move(
        0.8,
        1.9,
        (-0.20, 0.90, 0.24),
        fingers=(0.06, -0.36, 0.93),
        palm=(1.0, 0.0, -0.05),
        hold="handle",
        arc=(-0.04, 0.08, -0.03),
    )
    p.right.pole.move(0.8, 1.8, (-0.30, 0.15, -0.95))
    _saw_strokes(p, 2.2, 4.2, 0.62, 0.045)
    _saw_strokes(p, 4.2, 9.2, 0.80, 0.135)
    p.right.move(9.2, 9.7, (-0.20, 0.93, 0.18)).move(10.6, 11.1, (-0.20, 0.90, 0.24))
    p.gaze.move(9.2, 9.6, (0.05, 0.75, 0.5)).move(10.4, 10.8, (-0.05, 0.72, 0.5))
    _saw_strokes(p, 11.0, 13.4, 0.74, 0.125)
    _saw_strokes(p, 13.3, 14.8, 0.52, 0.05)
    p.right.rest(15.0, 16.2)
    p.right.pole.move(15.0, 16.2, p.right.pole.first)
    p.left.rest(15.2, 16.4)
    p.torso.move(15.0, 16.2, (0.0, 0.0, 0.0))
    p.pelvis.move(15.0, 16.2, (0.0, 0.0, 0.0))
    p.gaze.move(15.2, 16.0, (0.0, 1.5, 3.0))
    p.say(0.6, 2.2, "take hold")
    p.say(2.2, 4.2, "start the cut")
    p.say(4.2, 9.2, "saw")
    p.say(9.2, 11.0, "check the cut")
    p.say(11.0, 14.8, "saw")
    p.say(14.9, 16.4, "straighten up")
    return p.clip()


def _blow(p: Performance, rise: Keys, t: float, *, height: float, raise_s: float, strike_s: float) -> float:
    rise.move(t, t + raise_s, height * p.rng.uniform(0.92, 1.08))
    rise.move(t + raise_s + 0.01, t + raise_s + 0.01 + strike_s, 0.0)
    rise.move(t + raise_s + strike_s + 0.012, t + raise_s + strike_s + 0.10, 0.035 * height)
    return t + raise_s + strike_s + 0.115


def _hammering(p: Performance, at_m: float, start_s: float) -> float:
    """Two taps while the left hand holds the nail, then full blows; returns when done."""
    nail = np.array([at_m, 0.96, 0.53])
    t = start_s
    p.left.use(t, t + 0.8, p.rig.fingertip("left") * 0.86 + np.array([0.0, -0.05, 0.02]))
    p.left.move(
        t,
        t + 0.9,
        nail + np.array([0.01, 0.02, -0.01]),
        fingers=(-0.62, -0.62, 0.45),
        palm=(-0.5, -0.1, -0.8),
        hold="pinch",
        arc=(0.03, 0.08, -0.02),
    )
    p.right.move(
        t + 0.3,
        t + 1.2,
        nail + np.array([-0.06, 0.06, -0.22]),
        fingers=(0.12, -0.25, 0.95),
        palm=(1.0, 0.0, 0.0),
        hold="power",
        arc=(-0.03, 0.06, 0.0),
    )
    rise = Keys(0.0)
    t += 1.35
    first = t
    for _ in range(3):
        t = _blow(p, rise, t, height=0.32, raise_s=0.30, strike_s=0.20)
    p.left.move(
        t,
        t + 0.7,
        nail + np.array([0.22, 0.0, -0.04]),
        fingers=(-0.6, -0.2, 0.8),
        palm=(0.0, -1.0, -0.1),
        hold="press",
        arc=(0.0, 0.04, -0.05),
    )
    p.left.use(t, t + 0.7, p.rig.grip("left"))
    p.say(start_s, t, "set nail")
    t, full = t + 0.35, t
    for _ in range(6):
        t = _blow(p, rise, t, height=1.0, raise_s=p.rng.uniform(0.40, 0.48), strike_s=p.rng.uniform(0.19, 0.21))
    rise.move(t, t + 0.3, 0.0)
    p.say(full, t, "hammer nail")
    up = rise.sample(p.time, sigma_s=0.014)[:, 0]
    lag = delay(up, 0.035)
    path = np.stack([-0.11 * up, 0.28 * up, -0.06 * up], axis=1) * p.rig.scale
    p.right.shifts.append(path)
    p.right.spins.append(wrist_turn(radial=0.34 * lag - 0.16 * window(p.time, first - 0.3, t + 0.3, 0.3)))
    p.right.spins.append(wrist_turn(radial=0.40 * up))
    body = smooth(up, 0.06)
    p.extra_torso += np.stack([-0.05 * body, -0.06 * body, -0.03 * body], axis=1)
    return t


def hammer(rig: Rig) -> Clip:
    """Two nails."""
    p = Performance(
        rig,
        "hammer",
        23.0,
        "A person hammers two nails into a board on a bench, first tapping while holding the nail, then striking hard.",
        stance_m=0.28,
    )
    _staggered(p, 0.08, -0.06, 0.35)
    p.height_m -= 0.010
    p.gaze.move(0.3, 0.8, (0.0, 0.9, 0.45))
    p.torso.move(0.5, 1.5, (0.10, 0.0, 0.0))
    p.right.pole.move(0.8, 1.8, (-0.45, -0.35, -0.85))
    end = _hammering(p, -0.02, 0.8)
    p.gaze.move(end - 0.1, end + 0.3, (-0.06, 0.9, 0.45))
    end = _hammering(p, -0.11, end + 0.5)
    p.right.rest(end + 0.4, end + 1.6)
    p.left.rest(end + 0.5, end + 1.7)
    p.right.pole.move(end + 0.4, end + 1.6, p.right.pole.first)
    p.torso.move(end + 0.4, end + 1.5, (0.0, 0.0, 0.0))
    p.gaze.move(end + 0.7, end + 1.4, (0.0, 1.5, 3.0))
    p.say(end + 0.4, end + 1.7, "lower arms")
    return p.clip(end_s=end + 2.6)
