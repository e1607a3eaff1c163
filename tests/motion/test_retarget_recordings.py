"""Real skeleton recordings of every kind we have load, play upright and forward, and look human."""

import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from m3n_studio import so3
from m3n_studio.body.files import default_body
from m3n_studio.body.forward import joints_over_time
from m3n_studio.body.skeleton import JOINT_INDEX, JOINTS
from m3n_studio.errors import FileError
from m3n_studio.motion.clip import Clip
from m3n_studio.motion.formats import ReadOptions, read_clip
from m3n_studio.motion.ground import sole_heights
from m3n_studio.motion.skeletons import asf_amc, bvh
from m3n_studio.motion.skeletons.calibrate import calibrate
from m3n_studio.motion.skeletons.names import map_joints
from m3n_studio.motion.skeletons.world import find_world
from tests.shared import data_dir

SIDES = ("left", "right")
LIMBS = tuple(f"{side}_{joint}" for side in SIDES for joint in ("knee", "ankle", "shoulder", "elbow", "wrist"))
#: Largest local rotation, degrees, that a living joint allows (with some room for soft recordings).
LIMITS_DEG = {
    "spine1": 55, "spine2": 55, "spine3": 55, "neck": 75, "head": 75, "collar": 60, "shoulder": 175, "elbow": 170,
    "wrist": 115, "hip": 150, "knee": 165, "ankle": 110, "foot": 75,
}  # fmt: skip


def files(which: str) -> list[Path]:
    """All recordings that hold motion, or every twelfth."""
    bandai = sorted(p for p in data_dir("bandai_motion").rglob("*.bvh") if p.stat().st_size)
    others = [data_dir("cmu_bvh") / n for n in ("01_01.bvh", "01_01.amc", "11_01.amc")]
    others += sorted(data_dir("pose_estimates").rglob("*.bvh"))
    return [*others, *(bandai if which == "all" else bandai[::12])]


def part(name: str) -> str:
    return name.split("_", 1)[1] if name.startswith(SIDES) else name


@dataclass(frozen=True)
class Figures:
    """What a clip shows, angles in degrees, lengths in m."""

    clip: Clip
    heights: dict[str, float]  # median over the ground
    forward: float  # mean cosine between travel and facing where it travels
    standing: float  # share of frames with a sole within 5 cm of the ground
    sunk: float  # deepest sole below the ground
    knee: float  # least flexion
    elbow: float  # farthest bend backward
    beyond: dict[str, float]  # joints past their limits
    step: float  # largest turn of a joint from frame to frame
    source_step: float  # the same in the file
    errors: dict[str, float]  # mean distance from the file's joints


@cache
def figures(path: Path) -> Figures:
    model = default_body()
    clip = read_clip(path)
    G, p = joints_over_time(model, clip.poses, clip.trans, clip.shape)
    good = clip.valid
    at = {name: p[good, JOINT_INDEX[name]] for name in JOINTS[:22]}
    velocity = np.gradient(at["pelvis"], axis=0) * clip.rate_hz * (1.0, 0.0, 1.0)
    speed = np.linalg.norm(velocity, axis=1)
    facing = G[good, 0, :, 2] * (1.0, 0.0, 1.0)
    facing /= np.linalg.norm(facing, axis=1, keepdims=True)
    fast = speed > 0.4
    cosine = np.sum(velocity * facing, axis=1)[fast] / speed[fast]
    soles = sole_heights(clip, model)[good]
    angles = np.degrees(np.linalg.norm(clip.poses, axis=2))[good]
    beyond = {
        n: float(np.percentile(angles[:, j], 99.5))
        for j, n in enumerate(JOINTS[1:22], start=1)
        if np.percentile(angles[:, j], 99.5) > LIMITS_DEG[part(n)]
    }
    steps = np.degrees(so3.angle_between(G[1:, :22], G[:-1, :22]))[good[1:] & good[:-1]]
    source_step, errors = against_source(path, at, good)
    return Figures(
        clip=clip, heights={n: float(np.median(x[:, 1])) for n, x in at.items()},
        forward=float(cosine.mean()) if fast.sum() > 10 else float("nan"),
        standing=float(np.mean(np.abs(soles) < 0.05)), sunk=float(-soles.min()),
        knee=min(flexion(G, at, good, s, "hip", "knee", "ankle", -1.0) for s in SIDES),
        elbow=min(flexion(G, at, good, s, "shoulder", "elbow", "wrist", 1.0) for s in SIDES),
        beyond=beyond, step=float(steps.max()), source_step=source_step, errors=errors,
    )  # fmt: skip


def flexion(
    G: np.ndarray, at: dict, good: np.ndarray, side: str, upper: str, hinge: str, end: str, sign: float
) -> float:
    """Bend (degrees, 1st percentile) of the lower segment towards sign * z of the upper one's frame."""
    lower = at[f"{side}_{end}"] - at[f"{side}_{hinge}"]
    lower = lower / np.linalg.norm(lower, axis=1, keepdims=True)
    bend = sign * np.sum(G[good, JOINT_INDEX[f"{side}_{upper}"], :, 2] * lower, axis=1)
    return float(np.degrees(np.arcsin(np.clip(np.percentile(bend, 1.0), -1.0, 1.0))))


def against_source(path: Path, at: dict, good: np.ndarray) -> tuple[float, dict[str, float]]:
    """Largest turn between frames in the file; mean distance of limb joints from it, ground height aside."""
    motion = bvh.parse(path) if path.suffix == ".bvh" else asf_amc.parse(path)[0]
    joints = map_joints(path, motion)
    world = find_world(motion, joints, ReadOptions(), {})
    motion = motion.turned(world.turn, world.unit_m)
    seen = {n: motion.positions[good, j] for n, j in joints.joints.items()}
    hips = 0.5 * (at["left_hip"] + at["right_hip"] - seen["left_hip"] - seen["right_hip"]).mean(axis=0)
    errors = {n: float(np.linalg.norm(at[n] - hips - seen[n], axis=1).mean()) for n in LIMBS}
    used = sorted({*joints.joints.values(), *joints.palms.values(), *joints.spine, *joints.neck})
    turns = so3.angle_between(motion.rotations[1:, used], motion.rotations[:-1, used])[good[1:] & good[:-1]]
    return float(np.degrees(turns.max())), errors


which = pytest.mark.parametrize("which", ["some", pytest.param("all", marks=pytest.mark.slow)])


@which
def test_heads_are_above_hips_above_feet(which: str) -> None:
    for path in files(which):
        h = figures(path).heights
        assert 1.1 < h["head"] < 1.75, path.name
        assert 0.6 < h["pelvis"] < 1.05, path.name
        assert h["head"] > h["pelvis"] + 0.2, path.name
        assert max(h["left_foot"], h["right_foot"]) < 0.2, path.name


@which
def test_people_walk_where_they_look_and_backward_only_when_asked(which: str) -> None:
    checked = 0
    for path in files(which):
        content = path.stem.split("_")[1] if path.stem.startswith("dataset") else ""
        if content in ("walk", "run", "dash"):
            assert figures(path).forward > 0.8, path.name
        elif content == "walk-back":
            assert figures(path).forward < -0.7, path.name
        checked += content in ("walk", "run", "dash", "walk-back")
    assert checked >= 4


@which
def test_soles_stand_on_the_ground(which: str) -> None:
    for path in files(which):
        f = figures(path)
        flying = any(word in path.stem for word in ("run", "dash", "dance", "01_01", "11_01", "kick"))
        assert f.standing > (0.3 if flying else 0.85), (path.name, f.standing)
        assert f.sunk < 0.1, (path.name, f.sunk)


@which
def test_knees_bend_forward_and_elbows_do_not_break(which: str) -> None:
    for path in files(which):
        own = -20.0 if path.name == "sample.bvh" else -5.0  # that file itself bends a knee back by 17 degrees
        assert figures(path).knee > own, (path.name, figures(path).knee)
        assert figures(path).elbow > -5.0, (path.name, figures(path).elbow)


@which
def test_no_joint_turns_beyond_anatomy(which: str) -> None:
    absurd = {path.name: figures(path).beyond for path in files(which) if figures(path).beyond}
    assert not absurd


@which
def test_no_joint_flips_that_does_not_flip_in_the_file(which: str) -> None:
    for path in files(which):
        f = figures(path)
        assert f.step < 1.1 * f.source_step + 1.0, (path.name, f.step, f.source_step)


@which
def test_limbs_are_where_the_file_has_them(which: str) -> None:
    for path in files(which):
        errors = figures(path).errors
        assert max(errors.values()) < 0.03, (path.name, errors)


def test_file_names_and_sidecars_become_text() -> None:
    clip = figures(next(p for p in files("all") if p.stem == "dataset-1_walk-back_giant_001")).clip
    assert [(s.kind, s.text) for s in clip.texts] == [
        ("label", "walk back"), ("style", "giant"), ("sentence", "walk back, giant")
    ]  # fmt: skip
    assert clip.texts[0].end_s == clip.duration_s


def test_bvh_and_amc_of_one_trial_agree() -> None:
    a, b = (figures(data_dir("cmu_bvh") / name).clip for name in ("01_01.bvh", "01_01.amc"))
    assert a.rate_hz == b.rate_hz == 120.0
    assert len(a) == len(b) + 1  # the .bvh begins with a frame that only shows the skeleton
    assert not a.valid[0]
    joints = [JOINT_INDEX[n] for n in ("left_hip", "right_knee", "left_elbow", "right_elbow")]
    ra, rb = (so3.matrix_from_rotvec(c.poses[:, joints]) for c in (a, b))
    assert np.degrees(np.median(so3.angle_between(ra[1:], rb))) < 3.0


def test_things_that_are_no_person_say_so() -> None:
    with pytest.raises(FileError, match=r"no left_shoulder.*base, child1.*human skeleton"):
        read_clip(data_dir("cmu_bvh") / "sinusoidal.bvh")


def test_an_asf_says_what_to_open() -> None:
    with pytest.raises(FileError, match=r"01_01\.amc"):
        read_clip(data_dir("cmu_bvh") / "01.asf")


def test_a_long_recording_loads_in_two_seconds() -> None:
    start = time.process_time()
    assert len(read_clip(data_dir("cmu_bvh") / "01_01.bvh")) == 2752
    assert time.process_time() - start < 2.0


@which
def test_one_rig_is_calibrated_alike_whatever_it_plays(which: str) -> None:
    rest = dict(zip(default_body().joint_names, default_body().joints, strict=True))
    first: dict[str, np.ndarray] = {}
    for path in [p for p in files(which) if p.stem.startswith("dataset")]:
        motion = bvh.parse(path)
        joints = map_joints(path, motion)
        world = find_world(motion, joints, ReadOptions(), {})
        turns = calibrate(motion.turned(world.turn, world.unit_m), joints, rest).turns
        first = first or turns
        for name in first:
            assert np.degrees(so3.angle_between(first[name], turns[name])) < 1.0, (path.name, name)
