"""Acclaim files: a skeleton beside a motion, and how the pair breaks."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from m3n_studio.errors import FileError
from m3n_studio.motion.formats import read_clip
from m3n_studio.motion.skeletons.asf_amc import find_skeleton, parse
from tests.motion.skeleton_files import write_asf_amc
from tests.motion.test_bvh import mutate, outcome


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_skeleton_is_found_beside_the_motion(tmp_path: Path) -> None:
    amc = write_asf_amc(tmp_path)
    (tmp_path / "08.asf").write_text("another")
    assert find_skeleton(amc).name == "07.asf"
    (tmp_path / "07_02.ASF").write_text("its own")
    assert find_skeleton(amc).name == "07_02.ASF"


def test_the_only_skeleton_serves_any_motion(tmp_path: Path) -> None:
    amc = write_asf_amc(tmp_path).rename(tmp_path / "walk.amc")
    assert find_skeleton(amc).name == "07.asf"


def test_no_skeleton_is_an_error_that_says_what_to_put_there(tmp_path: Path) -> None:
    amc = write_asf_amc(tmp_path)
    (tmp_path / "07.asf").unlink()
    with pytest.raises(FileError, match=r"no \.asf skeleton beside it; expected 07_02\.asf or 07\.asf"):
        read_clip(amc)


def test_the_rate_is_the_librarys_unless_stated(tmp_path: Path) -> None:
    amc = write_asf_amc(tmp_path)
    clip = read_clip(amc)
    assert clip.rate_hz == 120.0
    assert any("120 Hz" in note for note in clip.source.notes)
    assert read_clip(amc, rate_hz=60.0).rate_hz == 60.0


@pytest.mark.parametrize("unit", [0.45, 1.0])
def test_lengths_are_in_the_declared_inches(tmp_path: Path, unit: float) -> None:
    clip = read_clip(write_asf_amc(tmp_path, unit=unit))
    assert max(map(abs, clip.shape.limbs.values())) < 0.03


def test_a_gap_in_a_frame_is_a_gap(tmp_path: Path) -> None:
    amc = write_asf_amc(tmp_path)
    lines = amc.read_text().split("\n")
    at = next(i for i, line in enumerate(lines) if line == "5")
    assert lines[at + 2].startswith("lowerback")
    del lines[at + 2]  # one bone says nothing in frame 5
    amc.write_text("\n".join(lines))
    motion, _ = parse(amc)
    assert np.flatnonzero(~motion.valid).tolist() == [4]


BROKEN = [
    ("07_02.amc", "lowerback ", "tail ", "bone 'tail' that the .asf does not have"),
    ("07_02.amc", "lowerback ", "lowerback 1 ", "4 numbers for lowerback; expected 3"),
    ("07_02.amc", "lowerback ", "lowerback x", "07_02.amc: line"),
    ("07_02.amc", "\n1\n", "\n", "before the first frame"),
    ("07.asf", "dof rx", "dof qx", "degree of freedom 'qx'"),
    ("07.asf", "direction ", "direction x", "3 numbers"),
    ("07.asf", "root root_to_lowerback", "root nothing", "bone 'nothing' that :bonedata does not have"),
    ("07.asf", " XYZ\n    dof", " XYQ\n    dof", "axis order"),
]


@pytest.mark.parametrize(("name", "old", "new", "message"), BROKEN)
def test_errors_name_file_and_line(tmp_path: Path, name: str, old: str, new: str, message: str) -> None:
    amc = write_asf_amc(tmp_path)
    change(tmp_path / name, old, new)
    with pytest.raises(FileError, match=message):
        read_clip(amc)


def test_a_hierarchy_that_bites_its_tail_is_refused(tmp_path: Path) -> None:
    amc = write_asf_amc(tmp_path)
    text = (tmp_path / "07.asf").read_text()
    (tmp_path / "07.asf").write_text(text.replace("root root_to_lfemur", "ltoes root_to_lfemur"))
    with pytest.raises(FileError):
        read_clip(amc)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["07.asf", "07_02.amc"])
def test_damaged_pairs_give_a_clip_or_one_clear_error(tmp_path: Path, name: str) -> None:
    amc = write_asf_amc(tmp_path)
    lines = amc.read_text().split("\n")
    stop = next(i for i, line in enumerate(lines) if line == "9")
    amc.write_text("\n".join(lines[:stop]) + "\n")
    original = (tmp_path / name).read_text()
    rng = np.random.default_rng(11)
    clips = errors = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(500):
            (tmp_path / name).write_text(mutate(rng, original), encoding="latin-1")
            message = outcome(amc)
            assert "\n" not in message
            clips, errors = clips + (not message), errors + bool(message)
    assert clips > 50
    assert errors > 100
