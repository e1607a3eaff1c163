"""Gestures: waving."""

from __future__ import annotations

import numpy as np

from m3n_studio.motion.clip import Clip

from .hands import wrist_turn
from .performance import Performance
from .rig import Rig
from .tracks import cycles, delay, smooth, window


def _wave(p: Performance, start_s: float, end_s: float, *, period_s: float, sweep_m: float) -> None:
    """Swing the raised right hand from side to side, the wrist following the forearm."""
    count = int((end_s - start_s) / period_s) + 1
    phase = cycles(p.time, start_s, period_s * p.rng.uniform(0.92, 1.10, count))
    size = window(p.time, start_s, end_s, 0.6) * (1.0 + p.noise(1, rms=0.10, low_hz=0.2, high_hz=0.7)[:, 0])
    swing = size * np.sin(2 * np.pi * phase)
    zero = np.zeros_like(swing)
    p.right.shifts.append(
        smooth(np.stack([sweep_m * swing, -0.25 * sweep_m * swing**2, 0.12 * sweep_m * swing], axis=1), 0.02)
        * p.rig.scale
    )
    late = delay(swing, 0.07)
    p.right.spins.append(wrist_turn(radial=0.30 * late, flex=0.10 * delay(swing, 0.1), pronate=zero))
    p.extra_torso += np.stack([zero, 0.012 * delay(swing, 0.05), -0.018 * delay(swing, -0.03)], axis=1)


def wave(rig: Rig) -> Clip:
    """Greet someone: a big wave, a pause, a smaller one with the head tilted."""
    p = Performance(rig, "wave", 10.0, "A person raises the right arm and waves hello, pauses, and waves goodbye.")
    p.height_m -= 0.005
    p.gaze.move(0.4, 0.9, (-0.5, 1.62, 3.0))
    p.right.move(
        0.9,
        1.9,
        (-0.42, 1.60, 0.24),
        fingers=(-0.12, 1.0, 0.05),
        palm=(0.0, 0.0, 1.0),
        hold="open",
        arc=(-0.06, 0.0, 0.12),
    )
    p.right.pole.move(0.9, 1.9, (-0.75, -0.75, -0.05))
    _wave(p, 1.8, 4.7, period_s=0.66, sweep_m=0.105)
    p.right.move(4.6, 5.3, (-0.30, 1.24, 0.32), fingers=(0.15, 0.85, 0.55), palm=(0.35, -0.45, 0.8), hold="relaxed")
    p.right.move(5.9, 6.5, (-0.38, 1.46, 0.28), fingers=(-0.05, 1.0, 0.1), palm=(0.1, 0.0, 1.0), hold="open")
    _wave(p, 6.3, 7.9, period_s=0.46, sweep_m=0.05)
    p.right.rest(7.9, 9.1)
    p.right.pole.move(7.9, 9.1, p.right.pole.first)
    p.torso.move(0.9, 1.9, (-0.03, -0.04, 0.05)).move(4.6, 5.4, (0.0, 0.0, 0.0)).move(5.9, 6.5, (0.05, -0.02, 0.02))
    p.torso.move(7.9, 9.0, (0.0, 0.0, 0.0))
    p.pelvis.move(0.9, 2.0, (0.03, -0.004, 0.0)).move(7.9, 9.1, (0.0, 0.0, 0.0))
    p.gaze.move(8.3, 9.0, (0.0, 1.5, 3.0))
    p.left.move(1.0, 2.2, (0.235, 0.75, 0.03), carried=1.0)
    p.say(0.9, 1.9, "raise arm")
    p.say(1.9, 4.7, "wave")
    p.say(4.7, 5.9, "lower hand")
    p.say(5.9, 7.9, "wave goodbye")
    p.say(7.9, 9.1, "lower arm")
    return p.clip()
