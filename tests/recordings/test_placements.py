"""Words for placements and the names they become."""

import pytest

from m3n_studio.imu.placement import SITES
from m3n_studio.recordings.placements import placement_of


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("LeftWrist", "left_wrist"), ("wrist_l", "left_wrist"), ("Right Ankle", "right_ankle"),
        ("Lumbar", "lower_back"),
        ("tibia_r_imu", "right_shank"), ("left upper arm", "left_upper_arm"), ("wrist", ""), ("s01_02", ""), ("", ""),
    ],
)  # fmt: skip
def test_words_become_names(words, name):
    assert placement_of(words) == name


def test_every_name_given_is_a_place_a_sensor_can_be_put():
    from m3n_studio.recordings import mmfit, openpack, placements

    sided = {f"{side}_{name}" for side in ("left", "right") for name in placements._SIDED}
    named = {*sided, *placements._MIDDLE, *openpack.PLACEMENTS.values(), *mmfit.PLACEMENTS.values()}
    assert named <= set(SITES)
