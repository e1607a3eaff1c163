"""Damaged files of labels: each is read or refused with one FileError, never anything else."""

import numpy as np
import pytest

from m3n_studio.annotation.exchange.formats import read_labels, write_labels
from m3n_studio.errors import FileError
from tests.annotation.foreign import EAF, LABEL_STUDIO
from tests.annotation.test_exchange import FILES, exact_file
from tests.damage import mutate

WORDS = [
    b"nan", b"inf", b"-1e999", b",", b"\n", b"\r", b"\0", b"\xff\xfe", b"1e308", b"\t", b'"', b"{", b"]", b"null", b"<",
    b"&#0;", b"\\ud800", b"true", b"[[", b"99999999999999999999", b"TIER", b"ts1", b"-5", b"0001-01-01T00:00:00+09:00",
]  # fmt: skip
ROUNDS = 700


def survives(path, name=""):
    """Whether it was read; it may only be refused in one line that names the file."""
    try:
        found = read_labels(path, format=name)
    except FileError as error:
        message = str(error)
        assert path.stem in message
        assert "\n" not in message
        assert len(message) < 2000
        return False
    assert all(np.isfinite((a.start_s, a.end_s)).all() and a.start_s <= a.end_s for a in found.annotations)
    return True


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", list(FILES))
def test_mutated_files_are_read_or_refused(tmp_path, name):
    path = tmp_path / FILES[name]
    write_labels(path, exact_file(), format=name)
    data, rng = path.read_bytes(), np.random.default_rng(sum(name.encode()))
    read = []
    for i in range(ROUNDS):
        path.write_bytes(mutate(data, rng, WORDS))
        read.append(survives(path, name if i % 2 else ""))
    assert not all(read)
    for cut in range(0, len(data), max(len(data) // 150, 1)):
        path.write_bytes(data[:cut])
        survives(path, name)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("name", "data"), [("a.eaf", EAF.encode()), ("a.json", LABEL_STUDIO.encode())])
def test_mutated_files_of_others_are_read_or_refused(tmp_path, name, data):
    path, rng = tmp_path / name, np.random.default_rng(5)
    read = []
    for _ in range(ROUNDS):
        path.write_bytes(mutate(data, rng, WORDS))
        read.append(survives(path))
    assert any(read)
    assert not all(read)


@pytest.mark.timeout(60)
def test_mutated_descriptions_beside_events_are_read_or_refused(tmp_path):
    path, rng = tmp_path / "sub-01_events.tsv", np.random.default_rng(6)
    write_labels(path, exact_file())
    data = path.with_suffix(".json").read_bytes()
    read = []
    for _ in range(ROUNDS):
        path.with_suffix(".json").write_bytes(mutate(data, rng, WORDS))
        read.append(survives(path))
    assert any(read)
    assert not all(read)


def test_entities_and_deep_nesting_are_refused(tmp_path):
    path = tmp_path / "a.eaf"
    path.write_text('<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;">]><ANNOTATION_DOCUMENT>&z;</ANNOTATION_DOCUMENT>')
    with pytest.raises(FileError, match="cannot be read"):
        read_labels(path)
    path = tmp_path / "a.json"
    path.write_text('[{"data": ' + "[" * 200_000)
    with pytest.raises(FileError):
        read_labels(path)
