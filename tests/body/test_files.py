"""Body files: read without options, refused in one clear line, and never run."""

import builtins
import io
import os
import pickle
import random
import subprocess
import zipfile

import numpy as np
import pytest
import scipy.sparse

from m3n_studio.body import unpickle
from m3n_studio.body.files import load_body
from m3n_studio.body.model import BodyModel
from m3n_studio.errors import FileError
from tests.bodies import body_arrays, write_body, write_pickle


@pytest.mark.parametrize("family", ["smpl", "smplh", "smplx"])
@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_a_pickle_with_chumpy_and_sparse_arrays_is_the_same_body(tmp_path, family, protocol):
    arrays = body_arrays(family)
    np.savez(tmp_path / "a.npz", **arrays)
    plain = load_body(tmp_path / "a.npz")
    pickled = load_body(write_pickle(tmp_path / "a.pkl", arrays, protocol=protocol))
    for name in ("vertices", "faces", "weights", "regressor", "shape_dirs", "pose_dirs", "parents"):
        assert np.array_equal(getattr(plain, name), getattr(pickled, name)), name


def test_family_and_gender_are_found_out(tmp_path):
    assert load_body(write_body(tmp_path / "SMPLX_FEMALE.npz", "smplx")).gender == "female"
    assert load_body(write_body(tmp_path / "basicmodel_m_lbs.npz", "smpl")).gender == "male"
    model = load_body(write_body(tmp_path / "model.npz", "smplh"))
    assert (model.family, model.gender) == ("smplh", "neutral")


@pytest.mark.parametrize(("stored", "betas"), [(400, 300), (20, 10), (16, 10)])
def test_expressions_of_smplx_are_no_shapes(tmp_path, stored, betas):
    arrays = body_arrays("smplx")
    arrays["shapedirs"] = arrays["shapedirs"][..., :stored]
    np.savez(tmp_path / "SMPLX_NEUTRAL.npz", **arrays)
    assert load_body(tmp_path / "SMPLX_NEUTRAL.npz").n_betas == betas


def test_object_arrays_in_official_files_are_left_alone(tmp_path):
    arrays = body_arrays("smplx")
    arrays["part2num"] = np.array({"head": Trap("touch ran")}, dtype=object)
    np.savez(tmp_path / "model.npz", **arrays, allow_pickle=True)
    assert load_body(tmp_path / "model.npz").family == "smplx"


BROKEN = {
    "a missing field": (lambda a: a.pop("weights"), "weights"),
    "a wrong shape": (lambda a: a.update(weights=a["weights"][:-1]), "weights"),
    "a number that is not finite": (lambda a: a["v_template"].__setitem__((3, 1), np.nan), "v_template"),
    "an index past the end": (lambda a: a["f"].__setitem__((0, 0), 10**6), "f"),
    "another tree": (lambda a: a["kintree_table"].__setitem__((0, 5), 1), "kintree_table"),
    "text for numbers": (lambda a: a.update(v_template=np.array([["a", "b", "c"]])), "v_template"),
    "an unknown number of joints": (lambda a: a.update(weights=a["weights"][:, :30]), "weights"),
    "a huge number": (lambda a: a.update(f=np.full((2, 3), 1e300)), "f"),
    "the wrong dimensions": (lambda a: a.update(kintree_table=np.zeros(52)), "kintree_table"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_names_itself_and_the_field(tmp_path, what):
    spoil, field = BROKEN[what]
    arrays = body_arrays("smplh")
    spoil(arrays)
    np.savez(tmp_path / "model.npz", **arrays)
    with pytest.raises(FileError, match=r"model\.npz: " + field) as caught:
        load_body(tmp_path / "model.npz")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["no.npz", "no.pkl", "no", "folder"])
def test_what_cannot_be_opened_is_said(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileError, match=name):
        load_body(tmp_path / name)


class Trap:
    """Pickles to a call of a shell command that would leave a file behind."""

    def __init__(self, command="touch ran"):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def call(function, *args):
    """A pickle that calls `function`, whatever it is."""
    return type("Call", (), {"__reduce__": lambda self: (function, args)})()


def _hostile():
    nested = {"v_template": [{"deep": (1, [call(os.system, "touch ran")])}]}
    inside = np.empty(1, dtype=object)
    inside[0] = call(os.system, "touch ran")
    with_getattr = call(getattr, "", "join")
    return {
        "os.system": pickle.dumps(Trap()),
        "eval": pickle.dumps(call(eval, "open('ran', 'w')")),
        "exec": pickle.dumps(call(exec, "open('ran', 'w')")),
        "getattr": pickle.dumps(with_getattr),
        "import": pickle.dumps(call(__import__, "antigravity")),
        "open": pickle.dumps(call(open, "ran", "w")),
        "subprocess": pickle.dumps(call(subprocess.call, ["touch", "ran"])),
        "nested": pickle.dumps(nested),
        "an object array": pickle.dumps({"v_template": inside}),
        "numpy's loader": pickle.dumps(call(np.load, "ran.npy")),
        "numpy's fromfile": pickle.dumps(call(np.fromfile, "/dev/zero")),
        "a sparse class's method": b"cscipy.sparse._base\nsparray.tocsr\n.",
        "a dotted name": b"\x80\x04\x8c\x05numpy\x8c\x0eos.system.func\x93.",
        "chumpy's name as a package": b"cchumpy.os\nsystem\n(S'touch ran'\ntR.",
        "a persistent id": b"Ptouch\n.",
        "a memo that is not there": b"g99\n.",
        "a giant string": b"\x8e" + (2**62).to_bytes(8, "little") + b"x.",
        "a giant range": pickle.dumps(call(list, range(10**10))),
        "a giant array": pickle.dumps(call(np.ndarray, (10**12,))),
        "a giant dtype": pickle.dumps(call(np.dtype, f"V{2**30}")),
        "an extension code": b"\x82\x01.",
        "build over a function": b"cbuiltins\nprint\n}S'a'\nI1\nsb.",
        "nothing": b"",
        "text": b"hello, I am a model",
    }


HOSTILE = _hostile()


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_pickle_runs_nothing(tmp_path, monkeypatch, what):
    monkeypatch.chdir(tmp_path)
    called = []
    for module, name in ((os, "system"), (builtins, "eval"), (builtins, "exec"), (subprocess, "call")):
        monkeypatch.setattr(module, name, lambda *a, name=name, **k: called.append(name))
    content = HOSTILE[what]
    path = tmp_path / "model.pkl"
    path.write_bytes(content)
    with pytest.raises(FileError, match=r"model\.pkl") as caught:
        load_body(path)
    assert called == []
    assert os.listdir() == ["model.pkl"]
    assert "\n" not in str(caught.value)


SPOILED_SPARSE = {
    "indices outside": lambda m: m.indices.__setitem__(0, 10**9),
    "negative indices": lambda m: m.indices.__setitem__(0, -5),
    "pointers past the end": lambda m: m.indptr.__setitem__(-1, 10**9),
    "pointers going back": lambda m: m.indptr.__setitem__(1, 10**6),
    "a giant shape": lambda m: setattr(m, "_shape", (10**9, 10**9)),
    "short data": lambda m: setattr(m, "data", m.data[:1]),
}


@pytest.mark.parametrize("what", SPOILED_SPARSE)
@pytest.mark.parametrize("layout", ["csr", "csc"])
def test_a_sparse_matrix_with_wild_indices_is_refused(what, layout):
    """SciPy's own conversion trusts them and writes outside its memory."""
    matrix = scipy.sparse.random_array((5, 7), density=0.5, format=layout, rng=np.random.default_rng(0))
    SPOILED_SPARSE[what](matrix)
    with pytest.raises(FileError, match="sparse matrix"):
        unpickle.loads(pickle.dumps(matrix), path="m.pkl")


@pytest.mark.parametrize("layout", ["csr", "csc", "coo"])
@pytest.mark.parametrize("make", [scipy.sparse.random_array, scipy.sparse.random])
def test_sparse_matrices_become_dense(layout, make):
    rng = {"rng": np.random.default_rng(1)}
    matrix = make((5, 7), density=0.4, format=layout, **rng) if make is scipy.sparse.random_array else make(
        5, 7, density=0.4, format=layout, **rng)  # fmt: skip
    assert np.array_equal(unpickle.loads(pickle.dumps(matrix, protocol=2), path="m.pkl"), matrix.toarray())


def mutate(rng, content):
    """One of the ways files break: flipped bytes, a cut, a piece repeated or lost, garbage in between."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(data))
        kind = rng.randrange(5)
        if kind == 0:
            data[at] = rng.randrange(256)
        elif kind == 1:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            del data[at : at + rng.randint(1, 40)]
        elif kind == 3:
            data[at:at] = data[at : at + rng.randint(1, 40)]
        else:
            data[at:at] = rng.randbytes(rng.randint(1, 8))
        if len(data) < 2:
            break
    return bytes(data[: rng.randrange(len(data))] if rng.random() < 0.1 else data)


def seeds(tmp_path):
    arrays = body_arrays("smplh", n_betas=2, per_joint=1)
    arrays["posedirs"] = arrays["posedirs"][..., :3]
    np.savez(tmp_path / "stored.npz", **arrays)
    np.savez_compressed(tmp_path / "deflated.npz", **arrays)
    write_pickle(tmp_path / "two.pkl", arrays, protocol=2)
    write_pickle(tmp_path / "zero.pkl", arrays, protocol=0)
    write_pickle(tmp_path / "four.pkl", arrays, protocol=4)
    return [tmp_path / name for name in ("stored.npz", "deflated.npz", "two.pkl", "zero.pkl", "four.pkl")]


@pytest.mark.slow
@pytest.mark.parametrize("which", range(5))
def test_mutated_files_give_one_error_or_a_body(tmp_path, which):
    """800 mutants of each kind of file; every third is hit in its first kilobyte, where the structure is."""
    seed = seeds(tmp_path)[which]
    content = seed.read_bytes()
    rng = random.Random(which)
    target = tmp_path / f"mutant{seed.suffix}"
    bodies, messages = 0, set()
    for k in range(800):
        head = mutate(rng, content[:1024]) + content[1024:] if k % 3 == 0 else mutate(rng, content)
        target.write_bytes(head)
        try:
            body = load_body(target)
        except FileError as error:
            messages.add(str(error))
            continue
        assert isinstance(body, BodyModel)
        assert np.isfinite(body.vertices).all()
        bodies += 1
    assert bodies < 800
    assert not any("\n" in message for message in messages)


def test_archives_that_lie_about_themselves(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (10**13, 3)})  # fmt: skip
    path = tmp_path / "model.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("v_template.npy", header.getvalue())
    with pytest.raises(FileError, match=r"model\.npz"):
        load_body(path)
