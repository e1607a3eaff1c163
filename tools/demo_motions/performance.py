"""A performer: hand goals, gaze and weight in, whole-body poses out.

Hands are given goals in the world (or carried along with the chest); the torso leans and turns
into the reach ahead of the hand, the collar follows the arm, the elbow swivels to where wrist and
forearm are comfortable, the head looks where the gaze is, legs keep the feet where they stand.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from m3n_studio import so3
from m3n_studio.body.skeleton import JOINT_INDEX as J
from m3n_studio.motion.clip import Clip, Source, TextSegment

from . import limbs
from .hands import SHAPES, finger_poses, hand_turn
from .rig import OUTWARD, SIDES, Rig, local_poses, standing_height, unwrapped
from .tracks import (
    RATE_HZ,
    Keys,
    TurnKeys,
    delay,
    noise,
    normalised,
    smooth,
    smooth_turns,
    soft_limit,
    soft_positive,
    turn_x,
    turn_y,
    turn_z,
)

Array = NDArray[np.float64]
Turns = list[tuple[Array, Array]]  # weight (T,), rotation (3, 3) or (T, 3, 3)


class Arm:
    """What one hand does: where a point of it goes, how it is turned, what its fingers do.

    Goals are in m for a body of 1.7 m; a bigger rig scales them.
    """

    def __init__(self, rig: Rig, side: str, time: Array) -> None:
        self.rig, self.side, self.time = rig, side, time
        out = OUTWARD[side]
        self.rest_turn = hand_turn(side, (0.04 * out, -1.0, 0.20), (-out, -0.05, -0.28))
        length = rig.length(f"{side}_shoulder", f"{side}_elbow") + rig.length(f"{side}_elbow", f"{side}_wrist")
        hanging = rig.joints[J[f"{side}_shoulder"]] + 0.975 * length * normalised([0.15 * out, -1.0, 0.09])
        self.rest_at = (hanging + self.rest_turn @ rig.grip(side)) / rig.scale
        self.at = Keys(self.rest_at)
        self.turn = TurnKeys(self.rest_turn)
        self.fingers = Keys(SHAPES["relaxed"])
        self.carried = Keys(1.0)
        self.pole = Keys([out * 0.55, -0.65, -0.55])
        self.point = Keys(rig.grip(side))
        self.shifts: list[Array] = []
        self.spins: list[Array] = []
        self.given: tuple[Array, Array] | None = None  # goals (T, 3), (T, 3, 3) made elsewhere

    def move(
        self,
        start_s: float,
        end_s: float,
        to: ArrayLike,
        *,
        fingers: ArrayLike | None = None,
        palm: ArrayLike | None = None,
        hold: str | None = None,
        arc: ArrayLike = 0.0,
        carried: float = 0.0,
    ) -> Arm:
        """Bring the hand's point to `to`; optionally turn it and shape it on the way."""
        self.at.move(start_s, end_s, to, arc)
        if fingers is not None and palm is not None:
            lag = 0.06 * (end_s - start_s)
            self.turn.move(start_s + lag, end_s + lag, hand_turn(self.side, fingers, palm))
        if hold is not None:
            self.hold(start_s + 0.1 * (end_s - start_s), end_s, hold)
        if abs(float(self.carried.last[0]) - carried) > 1e-9:
            self.carried.move(start_s, end_s, carried)
        return self

    def hold(self, start_s: float, end_s: float, name: str) -> Arm:
        """Shape the fingers, the little finger a little later than the index."""
        self.fingers.move(start_s, end_s, SHAPES[name])
        return self

    def use(self, start_s: float, end_s: float, offset: ArrayLike) -> Arm:
        """Make another point of the hand, from the wrist in the rest pose (m), the one that goes places."""
        self.point.move(start_s, end_s, offset)
        return self

    def rest(self, start_s: float, end_s: float) -> Arm:
        """Let the arm hang again."""
        self.at.move(start_s, end_s, self.rest_at, np.array([OUTWARD[self.side] * 0.03, 0.0, 0.03]))
        self.turn.move(start_s, end_s + 0.1, self.rest_turn)
        self.carried.move(start_s, end_s, 1.0)
        self.point.move(start_s, end_s, self.rig.grip(self.side))
        return self.hold(start_s, end_s, "relaxed")

    def goals(self) -> tuple[Array, Turns]:
        """World goals of the point (T, 3), m, and the hand's orientations with their weights."""
        if self.given is not None:
            return self.given[0], [(np.ones(len(self.time)), self.given[1])]
        at = self.at.sample(self.time) * self.rig.scale
        for shift in self.shifts:
            at = at + shift
        return at, self.turn.weighted(self.time)


@dataclass(eq=False)
class Feet:
    """Ankle positions (T, 3) m, foot rotations (T, 3, 3) and toe bend (T,) rad by side."""

    at: dict[str, Array]
    turn: dict[str, Array]
    toes: dict[str, Array] = field(default_factory=dict)


class Performance:
    """One motion in the making. `time` (T,) s at 60 Hz; everything else is set by the choreography."""

    def __init__(self, rig: Rig, name: str, duration_s: float, sentence: str, *, stance_m: float = 0.20) -> None:
        self.rig, self.name, self.sentence = rig, name, sentence
        self.time = np.arange(round(duration_s * RATE_HZ) + 1) / RATE_HZ
        self.rng = np.random.default_rng(sum(ord(c) * 31**i for i, c in enumerate(name)) % 2**32)
        self.arms = {side: Arm(rig, side, self.time) for side in SIDES}
        self.left, self.right = self.arms["left"], self.arms["right"]
        self.gaze = Keys([0.0, 1.5, 3.0])
        self.pelvis = Keys([0.0, 0.0, 0.0])  # offset from standing, m
        self.pelvis_turn = Keys([0.0, 0.0, 0.0])  # pitch, yaw, roll, rad
        self.torso = Keys([0.0, 0.0, 0.0])  # lean, twist, bend to the left, rad; on top of the automatic share
        self.extra_pelvis = np.zeros((len(self.time), 3))
        self.extra_turn = np.zeros((len(self.time), 3))
        self.extra_torso = np.zeros((len(self.time), 3))
        self.extra_gaze = np.zeros((len(self.time), 3))
        self.reach_share = 1.0
        self.height_m = standing_height(rig, stance_m * rig.scale)
        self.feet = standing_feet(rig, len(self.time), stance_m)
        self._labels: list[TextSegment] = []

    def say(self, start_s: float, end_s: float, label: str) -> None:
        """Label a phase."""
        self._labels.append(TextSegment(start_s, end_s, label))

    def noise(self, width: int, *, rms: float, low_hz: float = 0.15, high_hz: float = 1.2) -> Array:
        """Fresh human variability (T, width)."""
        return noise(self.rng, self.time, width, low_hz=low_hz, high_hz=high_hz, rms=rms)

    def clip(self, *, end_s: float | None = None) -> Clip:
        """Solve the body and return the motion, up to `end_s` where given."""
        poses, trans = _solve(self)
        frames = len(self.time) if end_s is None else min(round(end_s * RATE_HZ) + 1, len(self.time))
        poses, trans = poses[:frames], trans[:frames]
        sentence = TextSegment(0.0, float(self.time[frames - 1]), self.sentence, kind="sentence")
        last = sentence.end_s
        cut = [TextSegment(x.start_s, min(x.end_s, last), x.text) for x in self._labels]
        labels = sorted(cut, key=lambda segment: segment.start_s)
        source = Source(path="", format="m3n demo", notes=("choreographed by tools/make_demo_motions.py",))
        return Clip(rate_hz=RATE_HZ, poses=poses, trans=trans, texts=(sentence, *labels), source=source)


def standing_feet(rig: Rig, n: int, stance_m: float, *, toe_out_rad: float = 0.14) -> Feet:
    """Both feet flat under the pelvis, ankles `stance_m` apart."""
    at, turn = {}, {}
    for side in SIDES:
        out = OUTWARD[side]
        at[side] = np.tile(
            [out * 0.5 * stance_m * rig.scale, rig.ankle_height_m, rig.joints[J["left_ankle"], 2] - 0.006], (n, 1)
        )
        turn[side] = np.repeat(turn_y(out * toe_out_rad)[None], n, axis=0)
    return Feet(at, turn, {side: np.zeros(n) for side in SIDES})


def _automatic_torso(p: Performance, goals: dict[str, tuple[Array, Turns]]) -> Array:
    """Lean, twist and bend (T, 3) that help the hands reach; they lead the hands by 70 ms."""
    rig = p.rig
    arm = rig.length("left_shoulder", "left_elbow") + rig.length("left_elbow", "left_wrist")
    out = np.zeros((len(p.time), 3))
    for side in SIDES:
        free = 1.0 - p.arms[side].carried.sample(p.time)[:, 0]
        shoulder = rig.joints[J[f"{side}_shoulder"]]
        v = goals[side][0] - shoulder
        beyond = np.linalg.norm(p.arms[side].point.sample(p.time), axis=1) - np.linalg.norm(rig.grip(side))
        far = soft_positive((np.hypot(v[:, 0], v[:, 2]) - beyond) / arm - 0.52, 0.06)
        low = soft_positive(-v[:, 1] / arm - 0.62, 0.06)
        ahead = np.clip(v[:, 2] / (0.3 * arm), 0.0, 1.0)
        out[:, 0] += free * (0.27 * far + 0.20 * low) * smooth(ahead, 0.1)
        across = (goals[side][0][:, 0] - shoulder[0]) / arm
        out[:, 1] += free * (
            0.30 * soft_limit(across, -1.0, 1.0) - 0.16 * OUTWARD[side] * soft_limit(v[:, 2] / arm - 0.35, -0.6, 0.6)
        )
        out[:, 2] += free * 0.10 * soft_limit(across, -1.0, 1.0)
    out[:, 0] = soft_limit(out[:, 0], -0.2, 0.9)
    return smooth(delay(out * p.reach_share, -0.07), 0.09)


def _trunk(p: Performance, auto: Array) -> tuple[Array, Array, Array, Array]:
    """Pelvis position, pelvis rotation, chest rotation and the three spine angles."""
    time, rig = p.time, p.rig
    sway = p.noise(3, rms=1.0, low_hz=0.08, high_hz=0.45) * (0.006, 0.0015, 0.005) * rig.scale
    drift = p.noise(3, rms=0.008, low_hz=0.08, high_hz=0.5)
    torso = p.torso.sample(time, sigma_s=0.08) + auto + p.extra_torso + p.noise(3, rms=0.010, low_hz=0.1, high_hz=0.8)
    turn = p.pelvis_turn.sample(time, sigma_s=0.08) + p.extra_turn + drift
    turn = turn + np.stack([0.30 * auto[:, 0], 0.30 * delay(auto[:, 1], -0.05), 0 * time], axis=1)
    torso = torso - np.stack([0.30 * auto[:, 0], 0.30 * auto[:, 1], 0 * time], axis=1)
    shift = np.stack([0.16 * auto[:, 2], -0.02 * np.abs(auto[:, 0]), -0.15 * np.sin(auto[:, 0])], axis=1) * rig.scale
    stand = np.array([0.0, p.height_m, rig.joints[0, 2]])
    pelvis = stand + p.pelvis.sample(time, sigma_s=0.08) * rig.scale + p.extra_pelvis + sway + shift
    breath = 0.010 * np.sin(2 * np.pi * 0.23 * time + 0.4 * np.sin(0.5 * time))
    torso[:, 0] -= breath
    rotation = turn_y(turn[:, 1]) @ turn_x(turn[:, 0]) @ turn_z(turn[:, 2])
    return pelvis, rotation, torso, breath


def _head(p: Performance, chest: Array, neck_at: Array) -> tuple[Array, Array]:
    """Neck and head rotations relative to the chest, each (T, 3, 3), that face the gaze point; eyes do the rest."""
    gaze = smooth(p.gaze.sample(p.time, sigma_s=0.07) * p.rig.scale + p.extra_gaze, 0.05)
    eyes = neck_at + np.einsum("tab,b->ta", chest, np.array([0.0, 0.19, 0.09]) * p.rig.scale)
    look = np.einsum("tba,tb->ta", chest, normalised(gaze - eyes))
    yaw = soft_limit(0.85 * np.arctan2(look[:, 0], np.maximum(look[:, 2], 0.05)), -1.15, 1.15)
    pitch = soft_limit(0.54 * np.arctan2(-look[:, 1], np.hypot(look[:, 0], look[:, 2])), -0.55, 0.66)
    wander = p.noise(3, rms=0.012, low_hz=0.15, high_hz=0.9)
    yaw, pitch, roll = yaw + wander[:, 0], pitch + wander[:, 1], wander[:, 2] + 0.12 * yaw * 0.4
    neck = turn_y(0.42 * yaw) @ turn_x(0.40 * pitch) @ turn_z(0.4 * roll)
    head = turn_y(0.58 * yaw) @ turn_x(0.60 * pitch) @ turn_z(0.6 * roll)
    return smooth_turns(neck, 0.04), smooth_turns(head, 0.04)


def _carry(p: Performance, side: str, goal: tuple[Array, Turns], chest_at: Array, chest: Array) -> tuple[Array, Turns]:
    """Goals in the world: those carried along move with the chest as it departs from standing."""
    weight = p.arms[side].carried.sample(p.time)
    home = p.rig.joints[J["spine3"]]
    moved = chest_at + np.einsum("tab,tb->ta", chest, goal[0] - home)
    follow = so3.matrix_from_rotvec(weight * so3.rotvec_from_matrix(chest))
    return goal[0] + weight * (moved - goal[0]), [(w, follow @ matrix) for w, matrix in goal[1]]


def _solve(p: Performance) -> tuple[Array, Array]:
    rig, n = p.rig, len(p.time)
    goals = {side: p.arms[side].goals() for side in SIDES}
    pelvis, pelvis_turn, torso, breath = _trunk(p, _automatic_torso(p, goals))
    G = np.repeat(np.eye(3)[None, None], n * 52, axis=1).reshape(n, 52, 3, 3)
    G[:, 0] = pelvis_turn
    at = {"pelvis": pelvis}
    parent = "pelvis"
    for name, share in (("spine1", 0.30), ("spine2", 0.36), ("spine3", 0.34)):
        at[name] = at[parent] + np.einsum("tab,b->ta", G[:, J[parent]], rig.bone(parent, name))
        bend = turn_y(share * torso[:, 1]) @ turn_x(share * torso[:, 0]) @ turn_z(-share * torso[:, 2])
        G[:, J[name]] = G[:, J[parent]] @ bend
        parent = name
    chest_at, chest = at["spine3"], G[:, J["spine3"]]
    neck_at = chest_at + np.einsum("tab,b->ta", chest, rig.bone("spine3", "neck"))
    neck, head = _head(p, chest, neck_at)
    G[:, J["neck"]] = chest @ neck
    G[:, J["head"]] = G[:, J["neck"]] @ head
    for side in SIDES:
        jitter = p.noise(3, rms=0.0022, low_hz=0.4, high_hz=2.2)
        goal = _carry(p, side, goals[side], chest_at, chest)
        pole = np.einsum("tab,tb->ta", chest, p.arms[side].pole.sample(p.time, sigma_s=0.1))
        point = p.arms[side].point.sample(p.time, sigma_s=0.08)
        spin = np.sum([np.zeros((n, 3)), *p.arms[side].spins], axis=0)
        arm = limbs.ArmGoal(goal[0] + jitter, tuple(goal[1]), point, pole, spin)
        limbs.solve_arm(rig, side, G, chest_at, arm, breath)
        limbs.solve_leg(rig, side, G, pelvis, p.feet.at[side], p.feet.turn[side], p.feet.toes[side])
    poses = unwrapped(local_poses(G))
    for side, first in (("left", 22), ("right", 37)):
        angles = p.arms[side].fingers.sample(p.time, sigma_s=0.06)
        angles = angles + p.noise(20, rms=0.012, low_hz=0.2, high_hz=1.0)
        poses[:, first : first + 15] = finger_poses(rig, side, angles)
    return poses, pelvis - rig.pelvis_rest
