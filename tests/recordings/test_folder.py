"""Whole folders: each file finds its reader or a reason; one bad file costs only itself; memory stays flat."""

import tracemalloc

import numpy as np
import pytest

from m3n_studio.errors import Cancelled, FileError
from m3n_studio.recordings.folder import run, scan
from m3n_studio.recordings.imported import Reading
from m3n_studio.recordings.recipe import make_recipe
from tests.recordings import samples


@pytest.fixture
def mixed(tmp_path):
    root = tmp_path / "data"
    root.mkdir()
    samples.openpack_user(root)
    (root / "gym").mkdir()
    samples.mmfit(root / "gym" / "w03_sw_l_acc.npy")
    samples.watch(root / "s01_01_sw.csv")
    samples.xsens(root / "trial_00B4.txt")
    np.save(root / "bare.npy", np.zeros((10, 6)))
    (root / "notes.txt").write_text("hello\n")
    (root / "mystery.csv").write_text("a,b,c\n1,2,3\n")
    (root / ".hidden.csv").write_text("x")
    return root


def test_every_file_has_a_reader_or_a_reason(mixed):
    plan = scan(mixed)
    assert {item.path.name: item.reader for item in plan.items} == {
        "S0100.csv": "openpack", "w03_sw_l_acc.npy": "mmfit", "s01_01_sw.csv": "watch", "trial_00B4.txt": "xsens",
        "bare.npy": "npy",
    }  # fmt: skip
    why = {skipped.path.name: skipped.why for skipped in plan.skipped}
    assert "labels" in why["S0100.csv"]
    assert "gyroscope" in why["w03_sw_l_gyr.npy"]
    assert "recipe" in why["mystery.csv"]
    assert "notes.txt" in why
    assert ".hidden.csv" not in why
    both = plan.groups()["U0102", "S0100"]
    assert [item.facts.placement for item in both] == ["right_wrist", "left_wrist"]
    assert next(item.needs for item in plan.items if item.path.name == "bare.npy") == ("rate",)


def test_one_bad_file_does_not_stop_the_others(mixed):
    (mixed / "s01_01_sw.csv").write_text("x_acc,y_acc,z_acc,x_gyro,y_gyro,z_gyro,timestamp,label\n1,2,3,4,5,6,oops,A\n")
    seen = []
    outcomes = {str(o.item.path.relative_to(mixed)): o for o in run(scan(mixed), progress=lambda *x: seen.append(x))}
    assert not outcomes["s01_01_sw.csv"].ok
    assert "oops" in outcomes["s01_01_sw.csv"].error
    assert "rate" in outcomes["bare.npy"].error
    assert sum(outcome.ok for outcome in outcomes.values()) == 4
    assert seen[0][0] == 0
    assert seen[-1][:2] == (6, 6)


def test_a_rate_and_remedies_reach_the_signals(mixed):
    plan = scan(mixed / "bare.npy")
    (outcome,) = run(plan, reading=Reading(rate_hz=20.0))
    assert outcome.imports[0].signals[0].rate_hz == pytest.approx(20.0)
    assert {finding.code for finding in outcome.findings} >= {"constant-channel"}
    (plain,) = run(scan(mixed / "s01_01_sw.csv"))
    (turned,) = run(scan(mixed / "s01_01_sw.csv"), fixes=("flip_gravity",))
    assert np.array_equal(turned.imports[0].signals[0].acc_mps2, -plain.imports[0].signals[0].acc_mps2)
    assert "chosen remedy: flip_gravity" in turned.imports[0].notes


def test_a_recipe_in_the_folder_reads_its_tables(mixed):
    (mixed / "mystery.csv").write_text("a,b,c\n" + "\n".join("1,2,9.5" for _ in range(5)) + "\n")
    made = make_recipe({"format": "m3n-recipe", "version": 1, "name": "mine", "files": "mystery*.csv",
                        "time": {"rate_hz": 5.0}, "sensor": [{"acc": ["a", "b", "c"]}]})  # fmt: skip
    made.write(mixed / "mine.recipe.toml")
    item = next(item for item in scan(mixed).items if item.path.name == "mystery.csv")
    assert item.reader == "recipe:mine"
    outcome = next(o for o in run(scan(mixed)) if o.item.path.name == "mystery.csv")
    assert outcome.ok
    assert len(outcome.imports[0].signals[0]) == 5
    (mixed / "mine.recipe.toml").write_text("format = 'm3n-recipe'\nversion = 1\nsensors = 1\n")
    with pytest.raises(FileError, match="'sensor'"):
        scan(mixed)


def test_items_can_be_left_out_and_the_rest_cancelled(mixed):
    plan = scan(mixed)
    fewer = plan.without([plan.items[0].path])
    assert len(fewer.items) == len(plan.items) - 1
    assert any(skipped.why == "left out by choice" for skipped in fewer.skipped)
    outcomes = run(plan, cancelled=iter([False, False, True]).__next__)
    assert next(outcomes).ok is not None
    next(outcomes)
    with pytest.raises(Cancelled):
        next(outcomes)
    with pytest.raises(Cancelled):
        scan(mixed, cancelled=lambda: True)


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(FileError, match="nothing there"):
        scan(tmp_path / "gone")


def test_memory_stays_flat_over_many_files(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(12):
        np.save(tmp_path / f"{i:02}.npy", np.column_stack([np.arange(50_000) / 100, rng.normal(size=(50_000, 6))]))
    plan = scan(tmp_path)

    def peak(items):
        tracemalloc.start()
        for outcome in run(type(plan)(plan.root, items, ())):
            assert outcome.ok
            del outcome
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(plan.items[:1])
    assert peak(plan.items) < 1.5 * peak(plan.items[:2])
