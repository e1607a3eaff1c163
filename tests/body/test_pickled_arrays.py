"""Pickled arrays are built from checked parts: everything NumPy writes comes back, damage is refused."""

import collections
import contextlib
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from m3n_studio.body import unpickle
from m3n_studio.errors import FileError

KINDS = st.one_of(
    hnp.floating_dtypes(endianness="?"), hnp.integer_dtypes(endianness="?"), hnp.unsigned_integer_dtypes(),
    hnp.boolean_dtypes(), hnp.complex_number_dtypes(), hnp.unicode_string_dtypes(), hnp.byte_string_dtypes(),
)  # fmt: skip


def there_and_back(value, protocol):
    return unpickle.loads(pickle.dumps(value, protocol=protocol), path="a.pkl")


@settings(max_examples=150, deadline=None)
@given(hnp.arrays(KINDS, hnp.array_shapes(min_dims=0, min_side=0, max_side=4)), st.integers(0, 5), st.booleans())
def test_any_plain_array_comes_back_at_any_protocol(array, protocol, fortran):
    array = np.asfortranarray(array) if fortran else array
    back = there_and_back({"a": [array, (array,)]}, protocol)["a"][1][0]
    assert (back.shape, back.dtype) == (array.shape, array.dtype)
    assert back.tobytes() == array.tobytes()
    assert back.flags.writeable


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_inside_of_everything_come_back(protocol):
    objects = np.array([1, None, np.eye(2)], dtype=object)
    value = {
        "objects": objects, "scalar": np.float32(3), "flag": np.bool_(True), "bytes": b"\xff", "empty": b"",
        "ordered": collections.OrderedDict(a=np.eye(2)), "default": collections.defaultdict(list, {1: np.ones(2)}),
    }  # fmt: skip
    back = there_and_back(value, protocol)
    np.testing.assert_array_equal(back["objects"][2], np.eye(2))
    np.testing.assert_array_equal(back["ordered"]["a"], np.eye(2))
    np.testing.assert_array_equal(back["default"][1], np.ones(2))
    assert (back["scalar"], back["flag"], back["bytes"], back["empty"]) == (3, True, b"\xff", b"")


@pytest.mark.parametrize(
    "state",
    [
        (1, (3,), "f8", False, bytes(23)), (1, (-3,), "f8", False, bytes(24)), (1, (10**12,), "f8", False, bytes(24)),
        (1, (2,), "O8", False, [1]), (1, 3, "f8", False, bytes(24)), (1, (1,), "U1", False, b"\xff" * 4), (), None,
    ],
)  # fmt: skip
def test_parts_that_do_not_fit_are_refused(state):
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
    if state:
        dtype = f"cnumpy\ndtype\n(S'{state[2]}'\ntR".encode()
        before, after = pickle.dumps(state[1], 2)[2:-1], pickle.dumps(state[4], 2)[2:-1]
        state_bytes = b"(I1\n" + before + dtype + b"I00\n" + after + b"t"
    else:
        state_bytes = pickle.dumps(state, 2)[2:-1]
    with pytest.raises(FileError, match="could not be read as data"):
        unpickle.loads(array + state_bytes + b"b.", path="a.pkl")


def test_structured_types_are_refused():
    with pytest.raises(FileError, match="array elements"):
        there_and_back(np.zeros(2, dtype=[("a", "f8"), ("b", "i4")]), 2)


def test_damaged_bytes_never_crash():
    rng = np.random.default_rng(0)
    good = pickle.dumps({"a": np.eye(3), "b": np.array([None, 1], dtype=object), "c": np.array(["x"])}, protocol=4)
    for _ in range(4000):
        data = bytearray(good)
        for _ in range(rng.integers(1, 6)):
            data[rng.integers(len(data))] = rng.integers(256)
        with contextlib.suppress(FileError):
            unpickle.loads(bytes(data), path="a.pkl")


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x02N" + b"r\xff\xff\xff\x7f.",  # a place in the memo two thousand million away
        b"\x80\x05\x96" + b"\xff" * 6 + b"\0\0.",  # a byte array of 280 TB
        b"cchumpy.ch\nCh\n(N}S'array'\nI1\nstb.",  # a state for a class
        b"c__builtin__\nlist\n(}S'a'\nI1\nstb.",
    ],
)
def test_steps_that_ask_for_memory_or_change_the_program_cost_nothing(data):
    kept = vars(unpickle.ChumpyStub)["array"]
    with contextlib.suppress(FileError):
        assert unpickle.loads(data, path="a.pkl") is None
    assert vars(unpickle.ChumpyStub)["array"] is kept


@pytest.mark.parametrize(("start", "end"), [(b"}", b"I1\ns."), (b"\x8f(", b"\x90."), (b"(", b"\x91.")])
def test_keys_that_never_finish_hashing_are_refused(start, end):
    """Tuples of the same tuple twice, sixty deep: 2 to the 60 steps to hash, 300 bytes of pickle."""
    nest = b"I1\nI1\n\x86q\x00"
    for i in range(60):
        nest += b"h" + bytes([i]) + b"\x86q" + bytes([i + 1])
    with pytest.raises(FileError, match="a key that is a tuple"):
        unpickle.loads(b"\x80\x04" + start + nest + end, path="a.pkl")
