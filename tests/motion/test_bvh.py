"""BVH as exporters write it, and as it breaks."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from m3n_studio.errors import FileError
from m3n_studio.motion.formats import read_clip
from m3n_studio.motion.skeletons.bvh import parse
from tests.motion.skeleton_files import CONVENTIONS, write_bvh

SMALL = """HIERARCHY
ROOT Hips
{
  OFFSET 1 2 3
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Spine Two
  {
    OFFSET 0 10 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 0 5 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.0083333
0 90 0 90 0 0 0 0 0
0 90 0 0 0 0 0 90 0
"""


def small(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = SMALL
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "small.bvh"
    path.write_text(text)
    return path


def test_positions_follow_the_tree(tmp_path: Path) -> None:
    motion = parse(small(tmp_path))
    assert motion.names == ("Hips", "Spine Two")
    assert motion.rate_hz == 120.0  # 1 / 0.0083333 means 120
    np.testing.assert_allclose(motion.positions[0], [[0, 90, 0], [-10, 90, 0]], atol=1e-9)
    np.testing.assert_allclose(motion.positions[1], [[0, 90, 0], [0, 100, 0]], atol=1e-9)
    np.testing.assert_allclose(motion.rotations[1, 1] @ [0, 0, 1], [0, -1, 0], atol=1e-9)
    np.testing.assert_allclose(motion.ends[1], [0, 5, 0])


@pytest.mark.parametrize("order", ["XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX"])
def test_rotations_apply_in_the_order_of_the_channels(tmp_path: Path, order: str) -> None:
    from scipy.spatial.transform import Rotation

    channels = " ".join(f"{axis}rotation" for axis in order)
    path = small(
        tmp_path, ("Zrotation Xrotation Yrotation", channels), ("0 90 0 90 0 0 0 0 0", "0 90 0 10 -40 75 0 0 0")
    )
    expected = Rotation.from_euler(order, [10, -40, 75], degrees=True).as_matrix()
    np.testing.assert_allclose(parse(path).rotations[0, 0], expected, atol=1e-12)


def test_layout_does_not_matter(tmp_path: Path) -> None:
    plain = parse(small(tmp_path))
    crammed = SMALL.replace("\n{\n", " {\n").replace("OFFSET 0 10 0\n    CHANNELS", "offset 0.0e0 1.0E+1 -0 CHANNELS")
    crammed = crammed.replace("ROOT", "Root").replace("JOINT", "joint").replace("Frames: 2", "FRAMES:\t2")
    crammed = crammed.replace("Frame Time: ", "frame time:").replace("End Site", "end site")
    path = tmp_path / "b.bvh"
    path.write_bytes(b"\xef\xbb\xbf" + (crammed + "\n\n  \n").replace("\n", "\r\n").encode())
    np.testing.assert_array_equal(parse(path).positions, plain.positions)


def test_frames_may_be_wrapped_over_lines(tmp_path: Path) -> None:
    path = small(tmp_path, ("0 90 0 90 0 0 0 0 0\n0 90 0 0 0 0 0 90 0", "0 90 0 90 0 0\n0 0 0 0 90 0 0\n0 0 0 90 0"))
    np.testing.assert_allclose(parse(path).positions[0, 1], [-10, 90, 0], atol=1e-9)


def test_a_joint_without_position_channels_keeps_its_offset(tmp_path: Path) -> None:
    path = small(
        tmp_path, ("CHANNELS 6 Xposition Yposition Zposition Zrotation", "CHANNELS 3 Zrotation"),
        ("0 90 0 90 0 0 0 0 0", "90 0 0 0 0 0"), ("0 90 0 0 0 0 0 90 0", "0 0 0 0 90 0"),
    )  # fmt: skip
    np.testing.assert_allclose(parse(path).positions[0, 0], [1, 2, 3])


def test_some_position_channels_leave_the_others_at_the_offset(tmp_path: Path) -> None:
    path = small(
        tmp_path, ("CHANNELS 6 Xposition Yposition Zposition Zrotation", "CHANNELS 4 Yposition Zrotation"),
        ("0 90 0 90 0 0 0 0 0", "90 0 0 0 0 0 0"), ("0 90 0 0 0 0 0 90 0", "80 0 0 0 0 90 0"),
    )  # fmt: skip
    np.testing.assert_allclose(parse(path).positions[:, 0], [[1, 90, 3], [1, 80, 3]])


def test_frames_without_numbers_are_gaps(tmp_path: Path) -> None:
    motion = parse(small(tmp_path, ("0 90 0 90 0 0 0 0 0", "nan -nan(ind) 0 1.#QNAN inf 0 0 0 1e300")))
    assert motion.valid.tolist() == [False, True]
    assert np.isfinite(motion.positions).all()


BROKEN = [
    ("Frames: 2", "Frames: 3", r"Frames:: 3 declared and 2 in the file"),
    ("Frames: 2", "Frames: many", r"Frames:: 'many'"),
    ("Frames: 2", "Frames: 99999999999999999999999999", "Frames:"),
    ("Frames: 2\n", "", r"Frames:: it is missing"),
    ("Frame Time: 0.0083333", "Frame Time: 0", r"Frame Time:: '0'"),
    ("Frame Time: 0.0083333", "Frame Time: -1", "Frame Time:"),
    ("Frame Time: 0.0083333\n", "", r"Frame Time:: it is missing"),
    ("MOTION\n", "", "MOTION: it is missing"),
    ("0 90 0 90 0 0 0 0 0", "0 90 0 90 0 0 0 0", r"line 19: 8 numbers; expected 9 channels"),
    ("0 90 0 90 0 0 0 0 0", "0 90 zero 90 0 0 0 0 0", r"line 19: 'zero'; expected a number"),
    ("OFFSET 0 10 0", "OFFSET 0 10", "line 8: OFFSET"),
    ("OFFSET 0 10 0", "OFFSET 0 1e99 0", "line 8: OFFSET"),
    ("CHANNELS 3 Z", "CHANNELS 4 Z", "line 9: CHANNELS"),
    ("CHANNELS 3 Zrotation", "CHANNELS 3 Wrotation", "line 9: channel 'Wrotation'"),
    ("CHANNELS 3 Zrotation", "CHANNELS -3 Zrotation", "line 9: CHANNELS"),
    ("JOINT Spine Two", "BONE Spine", "line 6: 'BONE Spine'"),
    ("JOINT Spine Two", "JOINT", "a joint without a name"),
    ("    }\n  }\n}", "    }\n  }", "1 braces still open"),
    ("    }\n  }\n}", "    }\n  }\n}\n}", "one closing brace too many"),
    ("End Site", "JOINT A { End Site { JOINT B", "line 10: a joint inside an End Site"),
    ("ROOT Hips\n{", "{", "an opening brace that belongs to nothing"),
]


@pytest.mark.parametrize(("old", "new", "message"), BROKEN)
def test_errors_name_the_line_or_field(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(FileError, match=message):
        parse(small(tmp_path, (old, new)))


def test_deep_nesting_is_refused_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "deep.bvh"
    deep = "".join(f"JOINT j{k} {{ OFFSET 0 1 0 CHANNELS 1 Xrotation\n" for k in range(20_000))
    path.write_text(f"HIERARCHY\nROOT r {{ OFFSET 0 0 0\n{deep}{'}' * 20_001}\nMOTION\nFrames: 1\nFrame Time: 1\n0\n")
    with pytest.raises(FileError, match="more than 1000 joints"):
        parse(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("OFFSET 0 10 0", "OFFSET 0 10 0 OFFSET 0 10 0", "OFFSET twice in joint Spine Two"),
        ("CHANNELS 3", "CHANNELS 300000000000000000000 Xrotation", "300000000 channels; expected at most 12"),
        ("End Site", "End Site { OFFSET 0 0 0 }\n" * 1001 + "End Site", "more than 1000 End Sites"),
    ],
)
def test_what_would_cost_without_end_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(FileError, match=message):
        parse(small(tmp_path, (old, new)))


def test_a_small_file_cannot_ask_for_all_memory(tmp_path: Path) -> None:
    joints = "".join(f"JOINT j{k} {{ OFFSET 0 1 0 }}\n" for k in range(900))
    head = f"HIERARCHY\nROOT r {{ OFFSET 0 0 0 CHANNELS 1 Xrotation\n{joints}}}\nMOTION\n"
    path = tmp_path / "wide.bvh"
    path.write_text(f"{head}Frames: 400000\nFrame Time: 1\n" + "0\n" * 400_000)
    with pytest.raises(FileError, match="400000 of 901 joints; expected at most 27746"):
        parse(path)


def test_endless_names_are_cut(tmp_path: Path) -> None:
    path = small(tmp_path, ("Spine Two", "_" * 200_000 + "l"))
    with pytest.raises(FileError, match="human skeleton"):
        read_clip(path)


def mutate(rng: np.random.Generator, text: str) -> str:
    """One or two small damages: lines and words lost, doubled, swapped or made odd; bytes changed; the end cut off."""
    odd = ["nan", "-1e308", "1e9", "{", "}", "0", "-5", "", "JOINT x", "End Site", "1,5", "\0", "é", "Frames: 7", "inf"]
    for _ in range(int(rng.integers(1, 3))):
        lines = text.split("\n")
        k = int(rng.integers(len(lines)))
        kind = int(rng.integers(7))
        if kind == 0:
            del lines[k]
        elif kind == 1:
            lines.insert(k, lines[int(rng.integers(len(lines)))])
        elif kind == 2:
            lines = lines[: k + 1]
        elif kind in (3, 4):
            words = lines[k].split(" ")
            words[int(rng.integers(len(words)))] = odd[int(rng.integers(len(odd)))]
            lines[k] = " ".join(words)
        elif kind == 5 and lines[k]:
            i = int(rng.integers(len(lines[k])))
            lines[k] = lines[k][:i] + chr(int(rng.integers(1, 256))) + lines[k][i + 1 :]
        else:
            j = int(rng.integers(len(lines)))
            lines[k], lines[j] = lines[j], lines[k]
        text = "\n".join(lines) or "x"
    return text


def short(text: str, frames: int = 12) -> str:
    """A written file cut to its first frames, so that thousands of them are quick."""
    head, motion = text.split("MOTION\n")
    lines = motion.split("\n")
    return "\n".join([head + "MOTION", f"Frames: {frames}", lines[1], *lines[2 : 2 + frames], ""])


def outcome(path: Path) -> str:
    """The one error a file gives, or nothing if it gives a clip; anything else fails the test."""
    try:
        clip = read_clip(path)
    except FileError as error:
        return str(error)
    assert np.isfinite(clip.poses).all()
    return ""


@pytest.mark.slow
def test_damaged_files_give_a_clip_or_one_clear_error(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    sources = [short(write_bvh(tmp_path / "s.bvh", CONVENTIONS[n]).read_text()) for n in ("cmu", "bandai", "mixamo")]
    clips = errors = 0
    path = tmp_path / "m.bvh"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for k in range(2400):
            path.write_text(mutate(rng, sources[k % 3]), encoding="latin-1")
            message = outcome(path)
            assert "\n" not in message
            assert len(message) < 900
            clips, errors = clips + (not message), errors + bool(message)
    assert clips > 100
    assert errors > 500


@pytest.mark.slow
def test_odd_numbers_give_gaps_or_wild_motion_but_never_a_warning(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    odd = ["0", "1e-300", "-1e6", "999999", "1e308", "nan", "-inf", "3.6e5", "1e-3", "-0"]
    sources = [short(write_bvh(tmp_path / "s.bvh", CONVENTIONS[n]).read_text()) for n in ("cmu", "lafan", "xsens")]
    path = tmp_path / "m.bvh"
    clips = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for k in range(300):
            words = sources[k % 3].split(" ")
            numbers = [i for i, w in enumerate(words) if w.replace(".", "", 1).replace("-", "", 1).isdigit()]
            for i in rng.choice(numbers, size=int(rng.integers(1, 40))):
                words[i] = odd[int(rng.integers(len(odd)))]
            path.write_text(" ".join(words))
            clips += not outcome(path)
    assert clips > 100
