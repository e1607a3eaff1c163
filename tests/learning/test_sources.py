"""Sources of labelled recordings: recipes, folders of recordings, motions; what cannot be used is told."""

import numpy as np
import pytest

from m3n_studio.errors import Cancelled, FileError, UnknownName, ValueProblem
from m3n_studio.learning.config import WindowSpec
from m3n_studio.learning.demo_data import demo_recordings
from m3n_studio.learning.simulated import simulated
from m3n_studio.learning.sources import load
from m3n_studio.learning.windows import cut
from m3n_studio.motion.formats import read_clip
from m3n_studio.recordings.folder import run, scan
from m3n_studio.recordings.tables import write_signals
from m3n_studio.resources import resource
from tests.motion import written
from tests.recordings import samples

from . import made, motions
from .tables import RECIPE, SENSORS, table

SPEC = WindowSpec(placements=("left_wrist",), rate_hz=20.0, length_s=1.0, stride_s=0.5)


def recipe(folder, text=RECIPE, name="mine"):
    path = folder / f"{name}.recipe.toml"
    path.write_text(text)
    return path


def test_a_recipes_tables_are_recordings_of_those_they_name(tmp_path):
    (tmp_path / "deep").mkdir()
    table(tmp_path / "one.csv", ["ana", "ben"])
    table(tmp_path / "deep" / "two.csv", ["ana"])
    (tmp_path / "notes.csv.txt").write_text("no table")
    told, done = [], []
    found = load(recipe(tmp_path), tell=told.append, progress=lambda *x: done.append(x))
    assert [(r.name, r.subject) for r in found] == [("ana/deep/two", "ana"), ("ana/one", "ana"), ("ben/one", "ben")]
    assert [tuple(s) for s in found[1].labels] == [(0.0, 10.0, "walk"), (10.0, 20.0, "sit")]
    assert told == []
    assert done[-1] == (2, 2)
    worn = found[1].signals["left_wrist"]
    assert worn.name == "left_wrist"
    assert np.linalg.norm(worn.acc_mps2.mean(axis=0)) == pytest.approx(9.81, abs=0.5)  # the table is in g
    assert cut(found, SPEC).counts().tolist() == [57, 57]  # what lies across the change is neither


def test_two_sensors_on_one_clock_are_one_recording(tmp_path):
    table(tmp_path / "one.csv", ["ana"])
    found = load(recipe(tmp_path, RECIPE + SENSORS.format(name="right", placement="right_wrist")))
    assert [set(r.signals) for r in found] == [{"left_wrist", "right_wrist"}]
    assert len(found[0].labels) == 2


def test_a_sensor_that_is_nowhere_is_left_out_and_told(tmp_path):
    table(tmp_path / "one.csv", ["ana"])
    told = []
    found = load(recipe(tmp_path, RECIPE + SENSORS.format(name="spare", placement="")), tell=told.append)
    assert [set(r.signals) for r in found] == [{"left_wrist"}]
    assert "nothing says where they were worn: 1 × 'spare'" in told[0]
    assert "[[sensor]]" in told[0]
    assert "grave findings in 1 file, the first one.csv: reject: watch and spare" in told[1]  # the same numbers twice
    with pytest.raises(
        FileError, match=r"no place where it was worn for 1 × 'watch'; expected who wore it and where, said in mine"
    ):
        load(recipe(tmp_path, RECIPE.replace('placement = "left_wrist"', "")))


def test_a_placement_of_no_known_name_is_taken_and_told(tmp_path):
    table(tmp_path / "one.csv", ["ana"])
    told = []
    found = load(recipe(tmp_path, RECIPE.replace("left_wrist", "left_wirst")), tell=told.append)
    assert "no known name, taken as they are: left_wirst" in told[0]
    with pytest.raises(ValueProblem, match="asked for left_wrist; the recordings have left_wirst"):
        cut(found, SPEC)


def test_a_broken_table_costs_only_itself(tmp_path):
    table(tmp_path / "good.csv", ["ana", "ben"])
    (tmp_path / "broken.csv").write_text("t,who,x\n1,ana,2\n")
    told = []
    found = load(recipe(tmp_path), tell=told.append)
    assert {r.subject for r in found} == {"ana", "ben"}
    assert [line for line in told if line.startswith("left out broken.csv: ")] == told
    assert "ax" in told[0]
    (tmp_path / "good.csv").unlink()
    with pytest.raises(FileError, match=r"nothing to learn from in 1 file: 1 cannot be read \(the first: broken.csv"):
        load(tmp_path / "mine.recipe.toml")


def test_a_recipe_that_fits_nothing_says_so(tmp_path):
    table(tmp_path / "one.csv", ["ana"])
    with pytest.raises(FileError, match=r"files: no file beneath .* expected a pattern"):
        load(recipe(tmp_path, RECIPE.replace("*.csv", "*.dat")))
    with pytest.raises(FileError, match="no label in 1 recording; expected \\[label\\]"):
        load(recipe(tmp_path, RECIPE.replace('[label]\ncolumn = "what"', "")))
    with pytest.raises(FileError, match=r"1 do not say whose they are; expected who .* said in .* subject_column"):
        load(recipe(tmp_path, RECIPE.replace('subject_column = "who"', "")))
    with pytest.raises(UnknownName, match="unknown tier 'posture': known are activity"):
        load(recipe(tmp_path), tier="posture")
    with pytest.raises(FileError, match="cannot be read"):
        load(tmp_path / "nowhere.recipe.toml")


def openpack(root):
    """Two users as published, two wrists each."""
    samples.openpack_user(root)
    (root / "U0102").rename(root / "U0101")
    samples.openpack_user(root)
    return root


def test_a_folder_of_recordings_is_read_as_an_import_would(tmp_path):
    found = load(openpack(tmp_path))
    assert [(r.name, r.subject) for r in found] == [("U0101/S0100", "U0101"), ("U0102/S0100", "U0102")]
    assert all(set(r.signals) == {"left_wrist", "right_wrist"} for r in found)
    assert [s.label for s in found[0].labels] == ["Picking", "Null"]  # both devices' files state them; once is enough
    assert found[0].labels[0].start_s == pytest.approx(1634885794.3)
    straight = next(o for o in run(scan(tmp_path / "U0101")) if o.item.facts.placement == "right_wrist")
    own = straight.imports[0].signals[0]
    assert np.array_equal(found[0].signals["right_wrist"].acc_mps2, own.acc_mps2)
    assert cut(found, WindowSpec(rate_hz=30.0, length_s=0.3, stride_s=0.3)).classes == ("Picking",)


def test_a_device_that_began_again_is_a_recording_of_its_own(tmp_path):
    told = []
    openpack(tmp_path)
    again = tmp_path / "U0101" / "atr" / "again" / "atr" / "atr01"
    again.mkdir(parents=True)
    samples.openpack(again / "S0100.csv")
    found = load(tmp_path, tell=told.append)
    assert [r.name for r in found] == ["U0101/S0100", "U0101/S0100 2", "U0102/S0100"]
    assert set(found[1].signals) == {"right_wrist"}


def test_signals_of_one_table_stay_together(tmp_path):
    """Two recipes in a folder, both of the one session: the second table's pair does not fill up the first's."""
    for name in ("alone_day.csv", "pair_day.csv"):
        table(tmp_path / name, ["ana"], seconds=5.0 if name.startswith("alone") else 10.0)
    session = '[path]\npattern = "(?P<session>day)"\n'
    both = RECIPE + SENSORS.format(name="right", placement="right_wrist")
    recipe(tmp_path, (RECIPE + session).replace("*.csv", "alone*.csv"), name="alone")
    recipe(tmp_path, (both + session).replace("*.csv", "pair*.csv"), name="pair")
    one, two = load(tmp_path)
    assert (one.name, set(one.signals)) == ("ana/day", {"left_wrist"})
    assert (two.name, set(two.signals)) == ("ana/day 2", {"left_wrist", "right_wrist"})
    assert [s.end_s for s in one.labels] == [5.0, 10.0]
    assert [s.end_s for s in two.labels] == [10.0, 20.0]


def test_tables_of_one_name_are_not_one_session(tmp_path):
    table(tmp_path / "a.csv", ["ana"])
    table(tmp_path / "a.tab", ["ana"])
    assert [r.name for r in load(recipe(tmp_path, RECIPE.replace("*.csv", "a.*")))] == ["ana/a", "ana/a 2"]


def test_kinds_of_labels_are_told_apart_by_name(tmp_path):
    openpack(tmp_path)
    samples.utd_mhad(tmp_path / "a1_s3_t2_inertial.mat")
    with pytest.raises(ValueProblem, match=r"one kind of labels is needed \(--tier\); there are operation, action"):
        load(tmp_path)
    found = load(tmp_path, tier="action")
    assert [s.label for r in found for s in r.labels] == ["swipe left"]


def test_a_folder_that_names_nobody_is_not_learned_from(tmp_path):
    write_signals(tmp_path / "a.csv", [made.signal(3)])
    (tmp_path / "readme.txt").write_text("hello\n")
    told = []
    with pytest.raises(FileError, match=r"1 do not say whose they are.*said in a recipe.*project add"):
        load(tmp_path, tell=told.append)
    assert told[0] == "not read: readme.txt: no recording format known here"
    (tmp_path / "a.csv").unlink()
    with pytest.raises(FileError, match="neither a recording nor a motion among 1 file "):
        load(tmp_path)
    with pytest.raises(FileError, match="nothing there"):
        load(tmp_path / "nowhere")


def test_phone_and_watch_tables_go_their_own_way(tmp_path):
    samples.watch(tmp_path / "s01_02_sw.csv")
    (found,) = load(tmp_path)
    assert (found.name, set(found.signals)) == ("s01_02", {"left_wrist"})


def test_motions_become_recordings_of_made_up_people():
    told = []
    found = load(resource("motions"), SPEC, tell=told.append)
    assert [r.subject for r in found] == [f"person {i}" for i in range(1, 6)]
    assert told == [
        "synthetic recordings: 5 made-up people do motions (10); to try things with, not to judge a method by"
    ]
    windows = cut(found, SPEC)
    assert windows.rate_hz == 20.0
    assert {"saw", "walking forward", "sit"} <= set(windows.classes)
    ordinary = np.linalg.norm(windows.imu[:, 0, :3].mean(axis=-1), axis=1)
    assert 8.5 < np.median(ordinary) < 11.0


def test_an_array_of_joints_is_a_motion_and_an_array_of_samples_a_recording(tmp_path):
    np.save(tmp_path / "walk.npy", written.positions_of(written.walking(80, hands=False)))
    assert {s.label for s in load(tmp_path, SPEC)[0].labels} == {"a person is walking"}
    samples.npy(tmp_path / "samples.npy")
    with pytest.raises(FileError, match="do not say whose they are"):
        load(tmp_path, SPEC)


def test_what_is_said_of_a_clip_lies_where_it_happens():
    walk = read_clip(resource("motions", "walk.npz"))
    turn = next(t for t in walk.texts if t.text == "turn around to the left")
    found = simulated([walk, walk], ("lower_back",), 60.0, people=2)
    (one, other) = found
    starts = [s.start_s for s in one.labels if s.label == turn.text]
    assert starts == pytest.approx([turn.start_s, turn.start_s + walk.duration_s + 1.0])
    signal = one.signals["lower_back"]
    up = np.abs(signal.gyr_radps[:, 0])  # the sensor's x points up the trunk
    inside = (signal.time_s >= turn.start_s) & (signal.time_s < turn.end_s)
    before = signal.time_s < turn.start_s
    assert up[inside].mean() > 3 * up[before].mean()
    assert not np.array_equal(signal.acc_mps2, other.signals["lower_back"].acc_mps2)
    again = simulated([walk, walk], ("lower_back",), 60.0, people=2)
    assert np.array_equal(again[0].signals["lower_back"].acc_mps2, signal.acc_mps2)
    assert np.diff(signal.time_s).max() == pytest.approx(1.0)


def test_simulating_refuses_places_there_are_not_and_stops_when_told():
    with pytest.raises(UnknownName, match="left_wrist"):
        simulated([motions.clip()], ("left_wirst",))
    done = []
    with pytest.raises(Cancelled):
        simulated([motions.clip()], progress=lambda *x: done.append(x), cancelled=lambda: len(done) == 2)
    assert done == [(1, 5), (2, 5)]


def test_motions_that_cannot_be_used_are_told(tmp_path):
    from m3n_studio.motion.native import save_clip

    save_clip(tmp_path / "waving.npz", motions.clip())
    save_clip(tmp_path / "short.npz", motions.clip(0.5))
    save_clip(tmp_path / "01_02.npz", motions.clip(text=""))
    told = []
    assert len(load(tmp_path, SPEC, tell=told.append)) == 5
    assert len(told) == 3
    assert "01_02.npz: nothing that says what is done" in told[0]
    assert "short.npz: 0.50 s of motion" in told[1]
    (tmp_path / "waving.npz").unlink()
    with pytest.raises(FileError, match="none of 2 motions can be used"):
        load(tmp_path, SPEC)


def test_the_demo_is_the_motions_by_their_names(monkeypatch):
    from m3n_studio.learning import demo_data

    monkeypatch.setattr(demo_data, "ROUNDS", 1)
    monkeypatch.setattr(demo_data, "PEOPLE", 1)
    (one,) = demo_recordings()
    assert one.name == "person 1, round 1"
    assert {s.label for s in one.labels} == {p.stem for p in resource("motions").glob("*.npz")}
    assert one.labels[0].start_s == 0.0
    assert one.labels[-1].end_s == one.signals["left_wrist"].time_s[-1]
    (same,) = load("demo")
    assert np.array_equal(same.signals["left_wrist"].acc_mps2, one.signals["left_wrist"].acc_mps2)
