"""Populations as files: what was written is read back, and whatever else is there is told."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_studio.body.files import default_body
from m3n_studio.body.measure import NAMES
from m3n_studio.errors import FileError
from m3n_studio.imu.population import Population, Spread, of_people
from m3n_studio.imu.population_file import from_dict, load_population, open_population, save_population, to_dict

MIXED = Population(
    ("stature", "forearm", "thigh"),
    (Spread("normal", 1.68, 0.06), Spread("uniform", 0.21, 0.27), Spread("fixed", 0.41)),
    ((1.0, -0.4, 0.0), (-0.4, 1.0, 0.0), (0.0, 0.0, 1.0)),
    0.5,
)
CASES = (MIXED, Population(("mass",), (Spread("normal", 71.3, 9.0),)), Population((), ()))


@pytest.mark.parametrize("suffix", [".toml", ".json"])
@pytest.mark.parametrize("population", CASES)
def test_what_was_written_is_read_back(tmp_path, population, suffix):
    path = tmp_path / f"people{suffix}"
    save_population(path, population)
    assert load_population(path) == population


@given(st.floats(1e-3, 1e3), st.floats(0, 1e3), st.floats(0, 2))
def test_numbers_keep_every_digit(a, b, variety):
    population = Population(("stature",), (Spread("normal", a, b),), None, variety)
    assert from_dict(json.loads(json.dumps(to_dict(population)))) == population


def test_a_preset_is_as_among_people():
    body = default_body()
    assert open_population("people", body) == of_people(body)
    assert open_population("people:all", body).attributes == NAMES
    with pytest.raises(FileError, match="people"):
        open_population("peple", body)


WRONG = [
    ({"format": "other"}, "format"),
    ({"version": 2}, "version"),
    ({"version": True}, "version"),
    ({"variety": "much"}, "variety"),
    ({"variety": 3.0}, "variety"),
    ({"colour": 1}, "colour"),
    ({"correlation": [[1.0]]}, "3 rows"),
    ({"correlation": [[1, 2, 0], [2, 1, 0], [0, 0, 1]]}, "from -1 to 1"),
    ({"attribute": 3}, "attribute"),
    ({"attribute": [{"name": "hight", "kind": "fixed", "value": 1.0}], "correlation": "people"}, "hight"),
    ({"attribute": [{"name": "stature", "kind": "fixd", "value": 1.0}]}, "kind"),
    ({"attribute": [{"name": "stature", "kind": "fixed", "mean": 1.0}]}, "mean"),
    ({"attribute": [{"name": "stature", "kind": "fixed"}]}, "value: nothing"),
    ({"attribute": [{"name": "stature", "kind": "fixed", "value": 10**400}]}, "finite"),
    ({"attribute": [{"name": "stature", "kind": "uniform", "low": 2.0, "high": 1.0}]}, "range"),
    ({"attribute": [["stature"]]}, "table with a name"),
]


@pytest.mark.parametrize(("change", "needle"), WRONG)
def test_what_is_wrong_is_named(change, needle):
    with pytest.raises(FileError, match=needle) as caught:
        from_dict({**to_dict(MIXED), **change}, "p.toml")
    assert str(caught.value).startswith("p.toml")


@pytest.mark.parametrize("data", [None, [], "x", 3])
def test_nonsense_is_no_population(data):
    with pytest.raises(FileError):
        from_dict(data)


@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_damage_is_told_and_never_more_than_that(tmp_path, suffix):
    path, chance = tmp_path / f"p{suffix}", random.Random(0)
    save_population(path, MIXED)
    whole = path.read_bytes()
    spoiled = [whole[:n] for n in range(0, len(whole), 7)]
    for _ in range(300):
        bytes_ = bytearray(whole)
        bytes_[chance.randrange(len(bytes_))] = chance.randrange(256)
        spoiled.append(bytes(bytes_))
    spoiled += [b"\xff\xfe", b"[" * 5000, b"x" * 100_000, b'{"a":' * 3000]
    untold = []
    for data in spoiled:
        path.write_bytes(data)
        try:
            load_population(path)
        except FileError as error:
            untold += [] if str(path) in str(error) else [str(error)]
    assert not untold


def test_a_file_that_is_not_there_or_cannot_be_written_is_told(tmp_path):
    with pytest.raises(FileError, match="cannot be read"):
        load_population(tmp_path / "none.toml")
    with pytest.raises(FileError, match="cannot be written"):
        save_population(tmp_path / "no" / "p.toml", MIXED)
