"""Preferences survive starts, old files, damage and killed writers; the dialog changes them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_studio.studio.frame import preferences
from m3n_studio.studio.frame.preferences import KEEP_RECENT, Preferences, Store, from_dict, migrate, to_dict

FULL = Preferences(
    theme="dark", less_drawing=True, sensors=("hip", "left_wrist"), bandwidth_hz=None, speed=0.25, geometry="00ff",
    layout="ab", layout_name="mine", layouts={"mine": "ab"}, recent=(("/a/walk.npz", "/a/watch.csv"), ("/b.bvh",)),
    shortcuts={"play": ("P",), "loop": ()},
)  # fmt: skip


def test_everything_comes_back(tmp_path):
    path = tmp_path / "not" / "yet" / "preferences.json"
    Store(path).set(FULL)
    again = Store(path)
    assert again.value == FULL
    assert again.notice == ""
    assert not list(path.parent.glob("*.part"))


def test_the_first_start_has_defaults_and_writes_nothing(tmp_path):
    store = Store(tmp_path / "preferences.json")
    assert store.value == Preferences()
    assert not list(tmp_path.iterdir())


def test_a_file_of_version_1_is_brought_up_to_date(tmp_path):
    old = tmp_path / "studio.ini"
    old.write_text('[General]\ngeometry="@ByteArray(\\x1\\xd9%)"\nsplitter="@ByteArray(x)"\ntheme=dark\n')
    store = Store(tmp_path / "preferences.json", old)
    assert store.value == Preferences(theme="dark")
    store.change(speed=2.0)
    old.write_text("[General]\ntheme=light\n")
    assert Store(tmp_path / "preferences.json", old).value == Preferences(theme="dark", speed=2.0)


def test_versions_are_taken_one_after_another(monkeypatch):
    monkeypatch.setattr(preferences, "VERSION", 4)
    steps = {1: lambda d: {"seen": "1"}, 2: lambda d: {"seen": d["seen"] + "2"}, 3: lambda d: {"seen": d["seen"] + "3"}}
    monkeypatch.setattr(preferences, "MIGRATIONS", steps)
    assert migrate({"version": 1}) == {"seen": "123", "version": 4}
    assert migrate({"version": 3, "seen": "x"}) == {"seen": "x3", "version": 4}


def test_every_version_has_a_way_on():
    assert set(preferences.MIGRATIONS) == set(range(1, preferences.VERSION))


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", "null", '{"version": 99}', '{"theme": "dark"}', "\x00\xff", "[" * 9999]
)
def test_a_damaged_file_costs_defaults_is_told_and_kept(tmp_path, text):
    path = tmp_path / "preferences.json"
    path.write_text(text, "utf-8")
    store = Store(path)
    assert store.value == Preferences()
    assert "damaged" in store.notice
    kept = tmp_path / "preferences.damaged-1.json"
    assert str(kept) in store.notice
    assert kept.read_text("utf-8") == text
    store.change(speed=2.0)
    assert Store(path).value.speed == 2.0


@pytest.mark.parametrize(
    ("name", "bad"),
    [("theme", "pink"), ("less_drawing", 1), ("sensors", []), ("bandwidth_hz", -3), ("bandwidth_hz", "x"),
     ("speed", float("nan")), ("speed", 1e9), ("geometry", "xyz"), ("layout", 5), ("layouts", {"a": "zz"}),
     ("recent", "no"), ("recent", [[1]]), ("shortcuts", {"play": "P"})],
)  # fmt: skip
def test_one_value_that_means_nothing_costs_only_itself(tmp_path, name, bad):
    path = tmp_path / "preferences.json"
    path.write_text(json.dumps({**to_dict(FULL), name: bad}))
    store = Store(path)
    assert store.value == FULL.with_(**{name: getattr(Preferences(), name)})
    assert name in store.notice


def test_what_cannot_be_written_is_a_notice(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    store = Store(blocked / "preferences.json")
    store.change(speed=2.0)
    assert store.value.speed == 2.0
    assert "could not be written" in store.notice


def test_recent_files_are_newest_first_and_few():
    p = Preferences()
    for i in range(30):
        p = p.with_recent((f"{i}",))
    p = p.with_recent(("25",))
    assert len(p.recent) == KEEP_RECENT
    assert [r[0] for r in p.recent[:3]] == ["25", "29", "28"]


_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=6,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from([*to_dict(FULL), "other"]), _values))
def test_whatever_a_file_holds_it_is_read_or_refused(data):
    try:
        value, _ = from_dict(data)
    except ValueError:
        return
    assert from_dict(json.loads(json.dumps(to_dict(value))))[0] == value


# ---------------------------------------------------------------- dialog


@pytest.fixture
def dialog(qtbot):
    from m3n_studio.studio.frame.preferences_dialog import PreferencesDialog

    dialog = PreferencesDialog(Preferences(), ("left_wrist", "right_wrist", "pelvis"))
    dialog.show()
    return dialog  # its test ends it with Esc


def test_the_dialog_tells_every_change_and_cancel_takes_them_back(dialog, qtbot):
    from PySide6.QtCore import Qt

    heard = []
    dialog.changed.connect(heard.append)
    dialog.theme.setCurrentIndex(2)
    dialog.less.click()
    dialog.sensors.item(2).setCheckState(Qt.CheckState.Checked)
    dialog.bandwidth.setValue(0.0)
    assert heard[-1] == Preferences(
        theme="dark", less_drawing=True, sensors=("left_wrist", "right_wrist", "pelvis"), bandwidth_hz=None
    )
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert heard[-1] == Preferences()
