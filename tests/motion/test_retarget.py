"""One motion, written in many conventions, comes back as one clip."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from m3n_studio import so3
from m3n_studio.body.files import default_body
from m3n_studio.body.forward import joints_over_time
from m3n_studio.body.skeleton import JOINT_INDEX, JOINTS
from m3n_studio.motion.clip import Clip
from m3n_studio.motion.formats import read_clip
from tests.motion.skeleton_files import CONVENTIONS, RATE_HZ, TO_Y_UP, known_motion, write_asf_amc, write_bvh

LIMBS = [
    f"{side}_{joint}" for side in ("left", "right") for joint in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")
]
STANDING = [name for name, convention in CONVENTIONS.items() if convention.rest != "bones"]


def worst(clip: Clip, names: list[str]) -> tuple[float, float]:
    """Largest rotation error in degrees and position error in m of the named joints, over good frames."""
    G, p = known_motion()
    rotations, positions = joints_over_time(default_body(), clip.poses, clip.trans, clip.shape)
    j = [JOINT_INDEX[n] for n in names]
    good = clip.valid
    angle = np.degrees(so3.angle_between(rotations[good][:, j], G[good][:, j]))
    return float(angle.max()), float(np.linalg.norm(positions[good][:, j] - p[good][:, j], axis=2).max())


@pytest.mark.parametrize("name", STANDING)
def test_limbs_come_back_whatever_the_unit_the_axes_and_the_rest_pose(tmp_path: Path, name: str) -> None:
    clip = read_clip(write_bvh(tmp_path / "known.bvh", CONVENTIONS[name]))
    assert clip.rate_hz == RATE_HZ
    assert clip.valid.all()
    angle, distance = worst(clip, [*LIMBS, "pelvis", "spine3", "head"])
    assert angle < 2.0, clip.source.notes
    assert distance < 0.012, clip.source.notes
    assert max(map(abs, clip.shape.limbs.values()), default=0.0) < 0.03


@pytest.mark.parametrize("name", ["bandai", "lafan"])
def test_bone_aligned_frames_are_calibrated_from_the_motion(tmp_path: Path, name: str) -> None:
    clip = read_clip(write_bvh(tmp_path / "known.bvh", CONVENTIONS[name]))
    angle, distance = worst(clip, [*LIMBS, "pelvis", "spine3", "head"])
    assert angle < 3.0, clip.source.notes
    assert distance < 0.02, clip.source.notes


@pytest.mark.parametrize("name", ["xsens", "cmu", "mixamo", "x-up, mm", "bandai", "biped, z-up, inch"])
def test_a_body_is_found_without_its_names(tmp_path: Path, name: str) -> None:
    path = write_bvh(tmp_path / "known.bvh", CONVENTIONS[name])
    lines = path.read_text().split("\n")
    for k, line in enumerate(lines):
        if line.strip().startswith(("JOINT", "ROOT")):
            lines[k] = f"{line.split()[0]} bone{k}"
    path.write_text("\n".join(lines))
    clip = read_clip(path)
    assert any("shape of the tree" in note for note in clip.source.notes)
    angle, distance = worst(clip, [*LIMBS, "pelvis", "spine3"])
    assert angle < 3.0
    assert distance < 0.02


@pytest.mark.parametrize("radians", [False, True])
def test_acclaim_files_say_the_same(tmp_path: Path, radians: bool) -> None:
    clip = read_clip(write_asf_amc(tmp_path, radians=radians), rate_hz=RATE_HZ)
    angle, distance = worst(clip, [*LIMBS, "pelvis", "spine1", "spine2", "spine3", "head"])
    assert clip.rate_hz == RATE_HZ
    assert angle < 2.0
    assert distance < 0.012


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    heading=st.floats(-3.2, 3.2), shift=st.tuples(*[st.floats(-5.0, 5.0)] * 3),
    name=st.sampled_from(["cmu", "xsens mvn, z-up, m", "bandai"]),
)  # fmt: skip
def test_where_a_person_walks_and_looks_changes_no_pose(
    tmp_path: Path, heading: float, shift: tuple[float, float, float], name: str
) -> None:
    plain = read_clip(write_bvh(tmp_path / "a.bvh", CONVENTIONS[name]))
    moved = read_clip(write_bvh(tmp_path / "b.bvh", CONVENTIONS[name], heading_rad=heading, shift_m=shift))
    a, b = (so3.matrix_from_rotvec(c.poses[:, 1:22]) for c in (plain, moved))
    assert np.degrees(so3.angle_between(a, b)).max() < 0.5
    turn = so3.matrix_from_rotvec(np.array([0.0, heading, 0.0]))
    path = [joints_over_time(default_body(), c.poses, c.trans, c.shape)[1][:, 0] for c in (plain, moved)]
    there = path[0] @ turn.T + np.array([shift[0], 0.0, shift[2]])  # the ground is found again, so no height
    np.testing.assert_allclose(path[1], there, atol=0.004)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_the_shortest_files_are_clips_too(tmp_path: Path, frames: int) -> None:
    for name, convention in CONVENTIONS.items():
        path = write_bvh(tmp_path / "a.bvh", convention)
        head, motion = path.read_bytes().decode().replace("\r", "").split("MOTION\n")
        lines = motion.split("\n")
        path.write_text("\n".join([head + "MOTION", f"Frames: {frames}", lines[1], *lines[2 : 2 + frames]]))
        clip = read_clip(path)
        assert len(clip) == frames, name
        assert clip.valid.all()


def test_fingers_come_along_where_the_file_has_them(tmp_path: Path) -> None:
    clip = read_clip(write_bvh(tmp_path / "known.bvh", CONVENTIONS["mixamo"]))
    fingers = [n for n in JOINTS if n[-1] in "12" and "spine" not in n]
    assert len(fingers) == 20
    assert worst(clip, fingers)[0] < 3.0


def test_hands_stay_flat_where_the_file_has_no_fingers(tmp_path: Path) -> None:
    clip = read_clip(write_bvh(tmp_path / "known.bvh", CONVENTIONS["xsens"]))
    assert np.abs(clip.poses[:, 22:]).max() < 1e-9


def test_the_notes_say_what_was_found_out(tmp_path: Path) -> None:
    notes = " ".join(read_clip(write_bvh(tmp_path / "a.bvh", CONVENTIONS["biped, z-up, inch"])).source.notes)
    assert "unit: inch" in notes
    assert "up axis: z" in notes
    assert "rest pose: used as it is" in notes


def test_what_the_user_states_is_believed(tmp_path: Path) -> None:
    path = write_bvh(tmp_path / "a.bvh", CONVENTIONS["xsens"])
    small = read_clip(path, unit="mm")
    assert small.shape.scale < 0.2
    lying = read_clip(path, up="z")
    up = joints_over_time(default_body(), lying.poses, lying.trans, lying.shape)[0][:, 0, 1, 1]
    assert np.abs(up).max() < 0.5


def test_a_left_handed_file_is_mirrored(tmp_path: Path) -> None:
    path = write_bvh(tmp_path / "a.bvh", CONVENTIONS["xsens"])
    text = path.read_text()
    head, motion = text.split("MOTION")
    lines = motion.strip().split("\n")
    rows = np.array([[float(x) for x in line.split()] for line in lines[2:]])
    rows[:, 2] *= -1.0  # z to -z: positions
    rows[:, 3:] = rows[:, 3:] * np.where(np.arange(rows.shape[1] - 3) % 3 == 2, 1.0, -1.0)  # order YXZ: z turns stay
    flipped = []
    for line in head.split("\n"):
        if "OFFSET" in line:
            pad, x, y, z = line.split("OFFSET")[0], *line.split("OFFSET")[1].split()
            line = f"{pad}OFFSET {x} {y} {-float(z)}"
        flipped.append(line)
    body = "\n".join(" ".join(f"{x:.6f}" for x in row) for row in rows)
    path.write_text("\n".join(flipped) + "MOTION\n" + "\n".join(lines[:2]) + "\n" + body + "\n")
    clip = read_clip(path)
    assert any("left-handed" in note for note in clip.source.notes)
    # mirrored along x instead of z: the known motion, turned half around the vertical
    G, _ = known_motion()
    rotations, _ = joints_over_time(default_body(), clip.poses, clip.trans, clip.shape)
    about = np.diag([-1.0, 1.0, -1.0])
    j = [JOINT_INDEX[n] for n in LIMBS]
    assert np.degrees(so3.angle_between(rotations[:, j], about @ G[:, j])).max() < 2.0


def test_a_first_frame_that_only_shows_the_skeleton_is_a_gap(tmp_path: Path) -> None:
    path = write_bvh(tmp_path / "a.bvh", CONVENTIONS["cmu"])
    head, motion = path.read_text().split("Frame Time:")
    time, first, rest = motion.split("\n", 2)
    numbers = first.split()
    still = " ".join(numbers[:3] + ["0"] * (len(numbers) - 3))
    path.write_text(f"{head.replace('Frames: 120', 'Frames: 121')}Frame Time:{time}\n{still}\n{first}\n{rest}")
    clip = read_clip(path)
    assert len(clip) == 121
    assert not clip.valid[0]
    assert clip.valid[1:].all()


def test_axes_of_the_tests_are_rotations() -> None:
    for turn in TO_Y_UP.values():
        np.testing.assert_allclose(turn @ turn.T, np.eye(3))
        assert np.linalg.det(turn) == pytest.approx(1.0)
