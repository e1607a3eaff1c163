"""The builder of the default body reads MakeHuman's names and sliders rightly (no assets needed)."""

import importlib.util
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_studio.body.skeleton import JOINTS

_SPEC = importlib.util.spec_from_file_location(
    "makehuman", Path(__file__).parents[2] / "tools" / "default_body" / "makehuman.py"
)
makehuman = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(makehuman)

unit = st.floats(0, 1)


def person(**given_):
    even = dict.fromkeys(makehuman.RACES, 1 / 3)
    return even | {"gender": 0.5, "age": 0.2, "muscle": 0.5, "weight": 0.5, "height": 0.5, "proportions": 0.5} | given_


def family(weights, start):
    return sum(w for name, w in weights.items() if name.startswith(start))


@given(gender=unit, age=unit, muscle=unit, weight=st.floats(-0.4, 2.4))
def test_morphs_of_each_family_share_one_person_out(gender, age, muscle, weight):
    """The parts sum to one: also where weight goes on beyond MakeHuman's range."""
    weights = makehuman.macro_weights(person(gender=gender, age=age, muscle=muscle, weight=weight))
    assert family(weights, "macrodetails/universal") == pytest.approx(1)
    assert sum(family(weights, f"macrodetails/{race}") for race in makehuman.RACES) == pytest.approx(1)


@given(height=unit)
def test_average_height_needs_no_morph(height):
    weights = makehuman.macro_weights(person(height=height))
    assert family(weights, "macrodetails/height") == pytest.approx(abs(height - 0.5) * 2, abs=1e-9)


def test_the_old_and_young_of_a_sex_are_its_only_parts_at_the_ends():
    weights = makehuman.macro_weights(person(gender=1.0, age=0.0, muscle=1.0, weight=0.0))
    assert weights["macrodetails/universal-male-young-maxmuscle-minweight"] == 1
    assert not any("female" in name or "old" in name for name in weights)


@pytest.mark.parametrize(
    ("bone", "joint"),
    [
        ("lowerarm02.L", "left_elbow"), ("finger1-2.R", "right_thumb2"), ("finger5-1.L", "left_pinky1"),
        ("metacarpal3.R", "right_wrist"), ("toe2-3.L", "left_foot"), ("foot.R", "right_ankle"), ("jaw", "head"),
        ("neck02", "neck"), ("spine01", "spine3"), ("spine05", "pelvis"), ("shoulder01.L", "left_collar"),
        ("pelvis.R", "pelvis"), ("upperleg01.L", "left_hip"), ("eye.L", "head"), ("breast.R", "spine3"),
    ],
)  # fmt: skip
def test_every_bone_has_its_joint(bone, joint):
    assert makehuman.joint_of(bone) == joint
    assert joint in JOINTS


def test_mixamo_has_a_bone_for_every_joint():
    bones = [makehuman.bone_of(joint) for joint in JOINTS]
    assert len(set(bones)) == len(JOINTS) == 52
    assert bones[JOINTS.index("left_elbow")] == "mixamorig:LeftForeArm"
    assert {"mixamorig:RightHandPinky3", "mixamorig:Spine2", "mixamorig:Hips"} <= set(bones)
    assert all(a != b for a, b in itertools.combinations(bones, 2))
