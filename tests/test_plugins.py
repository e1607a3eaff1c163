"""One door for plugins and built-ins; a bad plugin costs nothing else."""

from importlib.metadata import EntryPoint

import pytest

from m3n_studio.errors import M3nError, UnknownName
from m3n_studio.plugins import GROUP, KINDS, Door, load, open_door, the_door


def test_the_built_ins_come_through_the_door():
    door = the_door()
    assert door.failures == []
    for kind in set(KINDS) - {"objective"}:  # ours are parts of the joint model
        assert list(door.all(kind)), f"nothing registered a {kind}"


def test_a_plugin_that_fails_is_named_and_contributes_nothing(monkeypatch):
    def bad(door: Door) -> None:
        door.add("device", "half_done", object())
        raise RuntimeError("no licence")

    def good(door: Door) -> None:
        door.add("device", "fine", "a device")

    door = Door()
    door.admit("bad", lambda: bad)
    door.admit("good", lambda: good)
    assert [(f.name, f.error) for f in door.failures] == [("bad", "RuntimeError: no licence")]
    assert "RuntimeError" in door.failures[0].trace
    assert dict(door.all("device")) == {"fine": "a device"}


def test_a_plugin_that_cannot_be_imported_is_named_and_the_built_ins_live():
    ghost = EntryPoint("ghost", "no_such_package.plugin:register", GROUP)
    built_in = EntryPoint("motion", "m3n_studio.motion.builtin:register", GROUP)
    door = open_door([ghost, built_in])
    assert [f.name for f in door.failures] == ["ghost"]
    assert "ModuleNotFoundError" in door.failures[0].error
    assert dict(door.all("motion_reader"))


def test_a_name_is_taken_once():
    door = Door()
    door.add("device", "watch", 1)
    with pytest.raises(M3nError, match="already registered"):
        door.add("device", "watch", 2)


def test_an_unknown_name_offers_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'smartwatch'"):
        the_door().get("device", "smartwach")


def test_an_unknown_kind_is_refused():
    with pytest.raises(UnknownName, match="kind of contribution"):
        Door().add("gadget", "x", 1)


def test_heavy_code_is_named_and_loaded_when_used():
    assert load("m3n_studio.errors:M3nError") is M3nError
