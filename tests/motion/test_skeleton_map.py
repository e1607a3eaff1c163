"""Names of joints as software writes them."""

from pathlib import Path

import pytest

from m3n_studio.errors import FileError
from m3n_studio.motion.skeletons.bvh import parse
from m3n_studio.motion.skeletons.names import map_joints, split_name
from tests.motion.skeleton_files import CONVENTIONS, write_bvh

NAMES = [
    ("LeftUpLeg", "left", "upleg"), ("mixamorig:RightForeArm", "right", "forearm"), ("lfemur", "left", "femur"),
    ("mixamorig1:LeftHandIndex2", "left", "handindex2"), ("UpperLeg_L", "left", "upperleg"),
    ("Bip01 R Thigh", "right", "thigh"), ("Bip001 L UpperArm", "left", "upperarm"), ("thigh_l", "left", "thigh"),
    ("Character1_LeftArm", "left", "arm"), ("rShldr", "right", "shldr"), ("shoulder.R", "right", "shoulder"),
    ("lowerback", "", "lowerback"), ("root", "", "root"), ("RHipJoint", "", "rhipjoint"), ("ring1", "", "ring1"),
    ("ball_l", "left", "ball"), ("b_l_thigh", "left", "thigh"), ("mixamorigLeftLeg", "left", "leg"),
    ("LeftHandThumb2", "left", "handthumb2"), ("back", "", "back"), ("jnt_r_knee", "right", "knee"),
    ("Left_Knee", "left", "knee"), ("lhand", "left", "hand"), ("rtibia", "right", "tibia"), ("Neck1", "", "neck1"),
    ("skel|LeftFoot", "left", "foot"), ("joint_Root", "", "root"), ("Hips", "", "hips"),
    ("  RightToe ", "right", "toe"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "side", "part"), NAMES)
def test_names_split_into_side_and_part(name: str, side: str, part: str) -> None:
    assert split_name(name) == (side, part)


@pytest.mark.parametrize("name", CONVENTIONS)
def test_every_convention_names_every_joint(tmp_path: Path, name: str) -> None:
    convention = CONVENTIONS[name]
    motion = parse(write_bvh(tmp_path / "a.bvh", convention))
    joints = map_joints(tmp_path, motion)
    for smpl, theirs in convention.names.items():
        if smpl.startswith("spine") or smpl == "neck":
            continue
        assert motion.names[joints.joints[smpl]] == theirs
    assert motion.names[joints.chest] == convention.names["spine3"]
    assert motion.names[joints.neck[0]] == convention.names["neck"]


def test_a_missing_limb_is_named(tmp_path: Path) -> None:
    path = write_bvh(tmp_path / "a.bvh", CONVENTIONS["xsens"])
    path.write_text(path.read_text().replace("LeftKnee", "Peg"))
    with pytest.raises(FileError, match=r"no left_knee among the joints .* called lowerleg, leg"):
        map_joints(path, parse(path))


def test_limbs_in_the_wrong_order_are_refused(tmp_path: Path) -> None:
    path = write_bvh(tmp_path / "a.bvh", CONVENTIONS["xsens"])
    text = path.read_text().replace("LeftKnee", "#").replace("LeftAnkle", "LeftKnee").replace("#", "LeftAnkle")
    path.write_text(text)
    with pytest.raises(FileError, match="does not hang on"):
        map_joints(path, parse(path))
