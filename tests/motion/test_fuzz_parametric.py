"""Damaged and malicious motion files: a clip or one error; never a crash, a hang, a warning, or anything run."""

import io
import pickle
import resource
import struct
import time
import zipfile
import zlib

import numpy as np
import pytest

from m3n_studio.errors import FileError
from m3n_studio.motion.clip import Clip
from m3n_studio.motion.formats import read_clip
from tests.motion import written

CLIP = written.walking(5)
SECONDS_EACH = 2.0


def outcome(path) -> str:
    """Read a file that may be anything: "clip", or the one line of its error."""
    started = time.perf_counter()
    try:
        clip = read_clip(path)
        assert isinstance(clip, Clip)
        said = "clip"
    except FileError as error:
        said = str(error)
        assert path.name in said
        assert "\n" not in said
    assert time.perf_counter() - started < SECONDS_EACH, f"{path} took too long"
    return said


def flipped(data: bytes, rng: np.random.Generator) -> bytes:
    """One to eight bytes changed, or a stretch cut out, doubled or cut off."""
    out = bytearray(data)
    kind = rng.integers(5)
    a, b = sorted(rng.integers(0, len(out) + 1, 2))
    if kind == 0:
        return bytes(out[:a])
    if kind == 1 and b - a < len(out) // 2:
        return bytes(out[:a] + out[b:])
    if kind == 2 and b - a < 2000:
        return bytes(out[:b] + out[a:b] + out[b:])
    reach = len(out) if kind == 3 else min(len(out), 400)  # headers and opcodes are at the front
    for _ in range(rng.integers(1, 9)):
        out[rng.integers(reach)] = rng.integers(256)
    return bytes(out)


def repacked(data: bytes, rng: np.random.Generator) -> bytes:
    """A ``.npz`` with one member changed inside, checksums made right again."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        names = old.namelist()
        chosen = names[rng.integers(len(names))]
        for name in names:
            inner = old.read(name)
            new.writestr(name, flipped(inner, rng) if name == chosen else inner)
    return out.getvalue()


@pytest.mark.parametrize("name", written.FORMATS)
def test_damaged_bytes_give_a_clip_or_one_error(tmp_path, name):
    path = written.write(tmp_path, name, CLIP)
    good = path.read_bytes()
    assert outcome(path) == "clip"
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    said = set()
    for i in range(160):
        inside = path.suffix == ".npz" and i % 4
        path.write_bytes(repacked(good, rng) if inside else flipped(good, rng))
        said.add(outcome(path))
    assert len(said) > 5  # many kinds of damage were told apart


WRONG = (
    lambda a: a[:-1], lambda a: a[..., :-1], lambda a: a.T, lambda a: a[None, None], lambda a: a.astype("U8"),
    lambda a: a.astype(complex), lambda a: a.astype(np.float16), lambda a: np.full_like(a, np.nan),
    lambda a: np.full_like(a, np.inf), lambda a: a * 1e300, lambda a: a * 0, lambda a: a.astype(bool),
    lambda a: np.zeros((0, *a.shape[1:])), lambda a: np.zeros(()), lambda a: a.astype(np.float32) * 1e30,
    lambda a: np.array("text"), lambda a: np.array(b"\xff"), lambda a: -a, lambda a: a.astype(np.int8),
    lambda a: None, lambda a: [1, [2, 3]], lambda a: {"a": a}, lambda a: np.array([None, 1], dtype=object),
    lambda a: 10**400,
)  # fmt: skip


def changed(value, where: int, change, seen: list[int]):
    """A copy of nested data with the `where`-th leaf changed (``...``: left out)."""
    if isinstance(value, dict):
        out = {}
        for key, inner in value.items():
            new = changed(inner, where, change, seen)
            if new is not ...:
                out[key] = new
        return out
    if isinstance(value, list):
        return [new for v in value if (new := changed(v, where, change, seen)) is not ...]
    seen[0] += 1
    if seen[0] - 1 != where:
        return value
    with np.errstate(all="ignore"):
        try:
            return change(np.asarray(value))
        except (ValueError, TypeError, IndexError, np.exceptions.AxisError):
            return ...


@pytest.mark.parametrize("name", [n for n in written.FORMATS if n not in ("phalp", "positions")])
def test_wrong_fields_give_a_clip_or_one_error(tmp_path, name):
    path = written.write(tmp_path, name, CLIP)
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=True) as archive:
            data = {k: archive[k].item() if archive[k].dtype == object else archive[k] for k in archive.files}
    elif path.suffix == ".npy":
        data = np.load(path, allow_pickle=True).item()
    else:
        data = written.wham_data(CLIP) if name == "wham" else pickle.loads(path.read_bytes())
    leaves = [0]
    changed(data, -1, None, leaves)
    for where in range(min(leaves[0], 14)):
        for change in (lambda a: ..., *WRONG):
            save(path, changed(data, where, change, [0]))
            outcome(path)


def save(path, data) -> None:
    if path.suffix == ".pkl":
        path.write_bytes(pickle.dumps(data))
    elif path.suffix == ".npy":
        np.save(path, written.object_array(data))
    else:
        packed = {k: v if isinstance(v, np.ndarray) else written.object_array(v) for k, v in data.items()}
        np.savez(path, **packed)


class Runs:
    """Unpickled by anything careless, it would leave a mark."""

    def __init__(self, function, *args):
        self.made = (function, args)

    def __reduce__(self):
        return self.made


def evils(mark):
    code = f"open({str(mark)!r}, 'w').close()"
    import os

    yield from (Runs(os.system, f"touch {mark}"), Runs(eval, code), Runs(exec, code), Runs(open, str(mark), "w"))
    yield from (Runs(getattr, "", "format"), Runs(np.save, str(mark), np.zeros(1)), Runs(np.load, str(mark)))
    yield Runs(__import__, "subprocess")


@pytest.mark.parametrize("which", range(8))
@pytest.mark.parametrize("suffix", [".pkl", ".npy", ".npz"])
def test_nothing_in_a_pickle_is_run(tmp_path, which, suffix):
    mark = tmp_path / "mark"
    evil = list(evils(mark))[which]
    path = tmp_path / f"evil{suffix}"
    if suffix == ".pkl":
        path.write_bytes(pickle.dumps({"person_data": evil}))
    elif suffix == ".npy":
        np.save(path, written.object_array({"motion": evil, "num_samples": 1}))
    else:
        np.savez(path, results=written.object_array(evil))
    assert "not data" in outcome(path)
    assert not mark.exists()


def test_nothing_in_a_joblib_file_is_run(tmp_path):
    mark, path = tmp_path / "mark", tmp_path / "evil.pkl"
    for evil in evils(mark):
        data = written.joblib_like({0: {"pose_world": np.zeros((2, 72)), "x": evil}})
        path.write_bytes(data)
        assert "not data" in outcome(path)
        path.write_bytes(zlib.compress(data))
        assert "not data" in outcome(path)
    assert not mark.exists()


def npy(shape: str, descr: str = "<f8", body: bytes = b"") -> bytes:
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + body


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def bombs():
    """(suffix, bytes) of small files that ask for a lot."""
    rest = {"trans.npy": npy("(2, 3)", body=bytes(48)), "mocap_framerate.npy": npy("()", body=struct.pack("<d", 60))}
    for shape in ("(10000000000, 156)", "(99999999999999, 99999999999999)", "(2, 156, -1)", "(1e9,)", "(" * 5000):
        yield ".npz", zipped({"poses.npy": npy(shape), **rest})
        yield ".npy", npy(shape)
    yield ".npz", zipped({"poses.npy": npy("(20000000, 156)", body=bytes(1 << 26)), **rest})
    for descr in ("V999999999", "U999999", "|O", "<f8', 'x': '", "f4,f4", "<m8[ns]", "<f3"):
        yield ".npz", zipped({"poses.npy": npy("(2, 156)", descr), **rest})
        yield ".npy", npy("(2, 22, 3)", descr)
    yield ".npy", b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1) + b"{" * 100
    for call in (b"c__builtin__\nrange\n", b"c__builtin__\nbytearray\n", b"cnumpy\nndarray\n", b"cnumpy\nzeros\n"):
        yield ".pkl", call + b"(I9999999999\ntR."
        yield ".pkl", b"c__builtin__\nlist\n(" + call + b"(I9999999999\ntRtR."
    yield ".pkl", b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I9999999999\nt" + b"S'f8'\ntR."
    yield ".pkl", zlib.compress(bytes(1 << 26))
    laughs: object = [1.0]
    for _ in range(40):
        laughs = [laughs] * 9
    yield ".pkl", pickle.dumps({"person_data": laughs, "results": laughs, "poses": [laughs]})
    yield ".pkl", b"(" * 100_000
    yield ".pkl", b"\x80\x04" + b"\x95" + b"\xff" * 8
    loop: dict = {}
    loop["results"] = loop["poses"] = loop
    yield ".pkl", pickle.dumps(loop)
    yield ".npz", zipped({f"{i}.npy": npy("()", body=bytes(8)) for i in range(11_000)})


def test_small_files_that_ask_for_a_lot_get_little(tmp_path):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for i, (suffix, data) in enumerate(bombs()):
        path = tmp_path / f"bomb{i}{suffix}"
        path.write_bytes(data)
        assert outcome(path) != "clip"
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 400 * 1024


def test_frame_numbers_far_apart_do_not_make_an_endless_clip(tmp_path):
    path = tmp_path / "a.pkl"
    data = written.wham_data(CLIP)
    data[0]["frame_ids"] = np.array([0, 1, 2, 3, 2**52])
    path.write_bytes(written.joblib_like(data))
    assert len(read_clip(path)) == 5
