"""Find the unit, the up axis and the handedness of a skeleton file that declares none.

Unit: a leg (thigh and shank) of a person is 0.5 to 1.1 m long, and the units in use (m, inch
/ 0.45 of the CMU library, inch, cm, mm) are far enough apart that only one fits. Up: a person
stands or walks most of the time, so on average the chest is above the ankles. Handedness:
toes point forward, forward being left times up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from m3n_studio.motion.formats import ReadOptions
from m3n_studio.motion.skeletons.motion import SkeletonMotion, unit
from m3n_studio.motion.skeletons.names import JointMap
from m3n_studio.motion.upright import TO_Y_UP

Array = NDArray[np.float64]

#: Metres per unit. The CMU library's unit is an inch divided by 0.45.
UNITS_M = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inch": 0.0254, "inch / 0.45": 0.0254 / 0.45}
LEG_M = (0.5, 1.1)  # hip to knee to ankle, children to giants
USUAL_LEG_M = 0.84
_UPRIGHT = 0.6  # mean uprightness that outweighs the rest pose
_LOOKED_AT = 300  # frames


@dataclass(frozen=True)
class World:
    """How a file's axes and unit become ours: ``turn`` (3, 3, may mirror), ``unit_m``, and words about both."""

    turn: Array
    unit_m: float
    notes: tuple[str, ...] = field(default=())


def looked_at(motion: SkeletonMotion) -> NDArray[np.intp]:
    """Indices of at most 300 good frames, spread over the clip."""
    good = np.flatnonzero(motion.valid)
    return good[np.linspace(0, len(good) - 1, min(len(good), _LOOKED_AT)).astype(np.intp)]


def bone_length(motion: SkeletonMotion, a: int, b: int) -> float:
    """Median distance between two joints over the good frames."""
    frames = looked_at(motion)
    return float(np.median(np.linalg.norm(motion.positions[frames, a] - motion.positions[frames, b], axis=1)))


def find_unit(motion: SkeletonMotion, joints: JointMap, units: Mapping[str, float]) -> tuple[float, str]:
    """Metres per unit and a note, from the length of the legs."""
    j = joints.joints
    leg = 0.5 * sum(
        bone_length(motion, j[f"{side}_hip"], j[f"{side}_knee"])
        + bone_length(motion, j[f"{side}_knee"], j[f"{side}_ankle"])
        for side in ("left", "right")
    )
    if leg <= 1e-9:
        raise ValueError("the legs have no length")
    for name, metres in {**units, **UNITS_M}.items():
        if LEG_M[0] <= leg * metres < LEG_M[1]:
            return metres, f"unit: {name} (legs are {leg:.4g} long, {leg * metres:.2f} m)"
    return USUAL_LEG_M / leg, f"unit: none fits legs {leg:.4g} long; scaled to legs of {USUAL_LEG_M} m"


def _trunk(positions: Array, joints: JointMap) -> Array:
    """Direction (N, 3) from the ankles to the shoulders."""
    j = joints.joints
    top = positions[:, j["left_shoulder"]] + positions[:, j["right_shoulder"]]
    return unit(top - positions[:, j["left_ankle"]] - positions[:, j["right_ankle"]])


def find_up(motion: SkeletonMotion, joints: JointMap) -> tuple[str, str]:
    """Name of the up axis (``"y"``, ``"-z"`` ...) and a note."""
    up = _trunk(motion.positions[looked_at(motion)], joints).mean(axis=0)
    found = "posture"
    if np.abs(up).max() < _UPRIGHT:  # lies, crawls or tumbles: go by the rest pose, or by custom
        rest = _trunk(motion.rest()[None], joints)[0]
        up, found = (rest, "rest pose") if np.abs(rest).max() > _UPRIGHT else (np.array([0.0, 1, 0]), "custom")
    axis = int(np.argmax(np.abs(up)))
    name = ("-" if up[axis] < 0 else "") + "xyz"[axis]
    return name, f"up axis: {name} (by {found})"


def mirrored(motion: SkeletonMotion, joints: JointMap, up: Array) -> bool:
    """Whether a left-handed file would make the toes point backward."""
    j = joints.joints
    if "left_foot" not in j or "right_foot" not in j:
        return False
    p = motion.positions[looked_at(motion)]
    forward = unit(np.asarray(np.cross(p[:, j["left_hip"]] - p[:, j["right_hip"]], up), dtype=np.float64))
    toes = [unit(p[:, j[f"{s}_foot"]] - p[:, j[f"{s}_ankle"]]) for s in ("left", "right")]
    return all(float(np.mean(np.sum(t * forward, axis=1))) < -0.3 for t in toes)


def find_world(motion: SkeletonMotion, joints: JointMap, options: ReadOptions, units: Mapping[str, float]) -> World:
    """Axes and unit of a file, as stated in `options` or found out."""
    if options.unit == "auto":
        unit_m, unit_note = find_unit(motion, joints, units)
    else:
        unit_m, unit_note = UNITS_M[options.unit], f"unit: {options.unit} (stated)"
    if options.up == "auto":
        up, up_note = find_up(motion, joints)
    else:
        up, up_note = options.up, f"up axis: {options.up} (stated)"
    turn, notes = TO_Y_UP[up], [unit_note, up_note]
    if mirrored(motion, joints, turn[1]):
        turn = np.diag([-1.0, 1.0, 1.0]) @ turn
        notes.append("handedness: left-handed, mirrored")
    return World(turn, unit_m, tuple(notes))
