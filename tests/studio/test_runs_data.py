"""Curves out of histories, results out of folders, runs followed and trashed: without a window."""

import csv

import numpy as np
import pytest

pytest.importorskip("torch")

from m3n_studio.errors import FileError, ValueProblem
from m3n_studio.learning.events import Epoch, Event, Remark, Step
from m3n_studio.learning.run_history import History, read_history
from m3n_studio.learning.runs import compared, comparison
from m3n_studio.project import Edit, Project, Run
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.history import UndoStack
from m3n_studio.studio.training.curve_data import MEAN, curves_of, decimate, write_csv
from m3n_studio.studio.training.plot_marks import duration, log_ticks, short, started, ticks
from m3n_studio.studio.training.run_list import RunRow, result_words
from m3n_studio.studio.training.run_moves import entry_of, followed, learned_from, trash_step
from m3n_studio.studio.training.run_results import read_results, with_history
from tests.learning import tiny
from tests.learning.test_diagnosis import pretraining


@pytest.fixture(scope="module")
def finetuned(tmp_path_factory):
    return tiny.CASES["finetune"](tmp_path_factory.mktemp("runs") / "tuned").path


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    return tiny.CASES["pretrain"](tmp_path_factory.mktemp("runs") / "pre").path


@pytest.fixture
def desk(qtbot, tmp_path):
    made = Desk(UndoStack())
    with Project.create(tmp_path / "project") as project:
        project.add_session("one")
        made.open(project)
        yield made
        made.open(None)
        made.release()


def told(events):
    history = History()
    history.add(events)
    return history


def test_curves_of_a_pretraining_have_every_part_twice_and_the_best_marked(pretrained):
    history = read_history(pretrained)
    curves = curves_of([("pre", history)], "losses", False)
    keys = list(dict.fromkeys(line.key for line in curves.lines))
    assert keys[0] == "total"
    assert {"text – pose", "left wrist – right wrist", "Pose2IMU", "reconstruction"} < set(keys)
    assert len(keys) == 10
    part = history.parts[""]
    total = {line.dashed: line for line in curves.lines if line.key == "total"}
    np.testing.assert_array_equal(total[True].y, part.epochs.column("train/loss"))
    np.testing.assert_array_equal(total[False].y, part.epochs.column("validation/loss"))
    (best,) = [m for m in curves.marks if m.y is not None]
    assert best.x == np.argmin(total[False].y) + 1
    assert best.y == total[False].y.min()
    by_step = curves_of([("pre", history)], "losses", True)
    val = next(line for line in by_step.lines if line.key == "total" and not line.dashed)
    assert val.x[0] == part.steps_an_epoch


def test_folds_are_faint_with_a_mean_and_macro_f1_has_a_colour_a_fold(finetuned):
    history = read_history(finetuned)
    curves = curves_of([("tuned", history)], "losses", False)
    faint = [line for line in curves.lines if line.faint and not line.dashed]
    (mean,) = [line for line in curves.lines if not line.faint and not line.dashed]
    assert len(faint) == len(history.parts) == 5
    assert mean.y[0] == pytest.approx(np.mean([line.y[0] for line in faint]))
    f1 = curves_of([("tuned", history)], "macro_f1", False)
    assert [line.color for line in f1.lines] == [0, 1, 2, 3, 4, MEAN]
    two = curves_of([("a", history), ("b", history)], "losses", False)
    assert {(line.key, line.color) for line in two.lines} == {("a", 0), ("b", 1)}
    for quantity in ("lr", "grad_norm", "windows_per_s", "data_share"):
        found = curves_of([("tuned", history)], quantity, True)
        assert found.lines, quantity


def test_unfreezing_is_marked_where_it_happened():
    events = pretraining({"text-pose": np.linspace(2, 1, 12)})
    history = told([*events[:6], Event(6.0, Remark("unfreeze", "", "", {"epoch": 7})), *events[6:]])
    (mark,) = [m for m in curves_of([("r", history)], "losses", False).marks if m.y is None]
    assert (mark.x, mark.words) == (7.0, "encoder unfrozen after epoch 7")


def test_decimation_keeps_peaks_ends_and_order():
    x = np.arange(50_000.0)
    y = np.sin(x / 500) + np.random.default_rng(0).normal(0, 0.1, len(x))
    y[31_234] = 99.0
    dx, dy = decimate(x, y, x[0], x[-1], 500)
    assert len(dx) <= 2 * 500 + 1
    assert dy.max() == 99.0
    assert dy.min() == y.min()
    assert (np.diff(dx) >= 0).all()
    assert (dx[0], dx[-1]) == (x[0], x[-1])
    zx, zy = decimate(x, y, 31_200, 31_300, 500)
    assert 99.0 in zy
    assert zx[0] <= 31_200 <= 31_300 <= zx[-1]
    assert len(zx) < 110
    same = decimate(x[:100], y[:100], 0, 99, 500)
    np.testing.assert_array_equal(same[1], y[:100])


def test_a_csv_holds_every_number(finetuned, tmp_path):
    history = read_history(finetuned)
    count = write_csv(tmp_path / "c.csv", [("tuned, again", history)])
    with (tmp_path / "c.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == count > 100
    part = history.parts["fold 2 of 5"]
    found = [
        float(r["value"])
        for r in rows
        if (r["run"], r["fold"], r["by"], r["what"]) == ("tuned, again", part.name, "epoch", "validation/macro_f1")
    ]
    assert found == pytest.approx(part.epochs.column("validation/macro_f1"))


def test_results_equal_what_the_run_wrote(finetuned):
    from m3n_studio.learning.run_folder import RunFolder

    metrics = RunFolder(finetuned).metrics
    results = read_results(str(finetuned), read_history(finetuned))
    assert results.scores.macro_f1 == pytest.approx(metrics["pooled"]["macro_f1"])
    assert [list(row) for row in results.scores.confusion] == metrics["pooled"]["confusion"]
    assert [f.macro_f1 for f in results.folds] == pytest.approx([f["macro_f1"] for f in metrics["folds"]])
    assert all(f.state == "finished" and f.epochs and f.tested == 24 for f in results.folds)
    assert results.changes["finetune.method"] == ("multi3net_plus", "base")
    assert results.trouble == ""


def test_results_of_the_folds_so_far_and_damage_is_told(finetuned, tmp_path):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(finetuned, copy)
    for number in ("3", "4", "5"):
        (copy / "folds" / number / "result.json").unlink()
    results = read_results(str(copy), read_history(finetuned))
    assert [f.state for f in results.folds] == ["finished"] * 2 + ["waiting"] * 3
    assert results.scores.windows == 48
    half = told(
        [
            Event(0.0, Remark("fold", "", "fold 3 of 5")),
            Event(1.0, Epoch("fold 3 of 5", 2, 6, {"loss": 1.0}, {"loss": 1.0}, 1e-3, True, 1.0, 4.0)),
        ]
    )
    rows = with_history(results.folds, half, live=True)
    assert (rows[2].state, rows[2].epochs, rows[2].best_epoch) == ("running", 2, 2)
    (copy / "folds" / "1" / "predictions.npz").write_bytes(b"PK\x03\x04 no")
    damaged = read_results(str(copy), half)
    assert "predictions" in damaged.trouble
    assert damaged.scores.windows == 24
    (copy / "run.json").write_text("{")
    assert "run.json" in read_results(str(copy), half).trouble


def test_the_comparison_in_data_is_the_one_in_words(finetuned, pretrained):
    found = compared([finetuned, pretrained])
    assert found.names == ("tuned", "pre")
    facts = dict(found.facts)
    assert facts["kind"] == ("finetune", "pretrain")
    words = comparison([finetuned, pretrained])
    assert len(words) == 1 + len(found.facts) + len(found.settings)
    for name, values in (*found.facts, *found.settings):
        line = next(w for w in words if w.startswith(f"{name} "))
        assert all(v in line for v in values)
    with pytest.raises(ValueProblem):
        compared([finetuned])


def test_progress_and_what_is_left():
    history = told([Event(0.0, Step("fold 1 of 5", 2, 10, 5, 10, {"loss": 1.0}, 1e-3, 1.0, 90.0, 0.1, 42.0))])
    assert history.share(5) == pytest.approx(0.15 / 5)
    assert history.eta_s(1) == 42.0
    done = told(
        [
            Event(0.0, Epoch("a", 1, 10, {"loss": 1.0}, {}, 1e-3, True, 30.0, 9.0)),
            Event(0.0, Remark("fold", "", "a", {"macro_f1": 0.5})),
            Event(0.0, Epoch("b", 1, 10, {"loss": 1.0}, {}, 1e-3, True, 3.0, 12.0)),
        ]
    )
    assert done.share(4) == pytest.approx((1 + 0.1) / 4)
    assert done.eta_s(4) == pytest.approx(12.0 + 2 * 30.0)


def test_words_for_numbers_times_and_results():
    assert [short(v) for v in (0.0, 0.1234, 12.345, 4321.0, 1e-5, 2.5e7, float("nan"))] == [
        "0", "0.123", "12.3", "4\u202f321", "1e-5", "2.5e7", "–"]  # fmt: skip
    assert [duration(v) for v in (3.2, 59.9, 600, 7300, 86400 * 3, float("nan"))] == [
        "3 s", "1 min", "10 min", "2 h 02 min", "3 days", "–"]  # fmt: skip
    assert started("no time") == ""
    assert ticks(0, 10, 5) == [0, 2, 4, 6, 8, 10]
    assert ticks(1, 1, 5) == []
    assert log_ticks(-3.1, 0.1, 4) == [-3, -2, -1, 0]
    assert result_words({"mean": {"macro_f1": 0.5}, "std": {"macro_f1": 0.01}}) == "F1 50.0 ± 1.0"
    assert result_words({"mean": 3, "loss": "x"}) == ""
    assert RunRow


def test_following_names_what_is_wrong_and_leaves_out_what_is_there(finetuned, tmp_path):
    (one,) = followed(tmp_path, [finetuned], [])
    assert (one.name, one.folder, one.kind) == ("tuned", str(finetuned), "finetune")
    (same,) = followed(tmp_path, [finetuned.parent], [])  # a folder of runs
    assert same.folder == one.folder
    (inside,) = followed(finetuned.parent, [finetuned], [])
    assert inside.folder == "tuned"
    (named,) = followed(tmp_path, [finetuned], ["/else/where/tuned"])
    assert named.name == f"{finetuned.parent.name}/tuned"
    with pytest.raises(ValueProblem, match="in the list already"):
        followed(tmp_path, [finetuned], [str(finetuned)])
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileError, match=r"no run\.json"):
        followed(tmp_path, [tmp_path / "empty"], [])
    with pytest.raises(FileError, match="nothing is there"):
        followed(tmp_path, [tmp_path / "gone"], [])
    (tmp_path / "empty" / "run.json").write_text("[]")
    with pytest.raises(FileError):
        followed(tmp_path, [tmp_path / "empty"], [])


def test_a_run_goes_to_the_trash_and_comes_back_with_its_entry(desk, finetuned):
    import shutil

    home = desk.project.folder / "runs" / "mine"
    shutil.copytree(finetuned, home)
    assert desk.edit(Edit("Follow", None, Run("mine", "runs/mine")))
    assert entry_of(desk, str(home)).name == "mine"
    step = trash_step(desk, str(home))
    assert step.redo()
    assert not home.exists()
    assert (desk.project.folder / "trash" / "runs" / "mine" / "run.json").is_file()
    assert desk.project.runs() == ()
    assert step.undo()
    assert (home / "run.json").is_file()
    assert [r.name for r in desk.project.runs()] == ["mine"]
    assert step.redo()
    shutil.copytree(finetuned, home)
    said = []
    desk.failed.connect(said.append)
    assert not step.undo()  # something is there by now
    assert "something is there already" in said[0]
    assert trash_step(desk, str(home)).target.name == "mine-2"
    with pytest.raises(ValueProblem, match="outside"):
        trash_step(desk, str(finetuned))


def test_a_run_at_work_is_not_trashed_and_who_needs_it_is_known(desk, finetuned, tmp_path):
    import shutil

    from m3n_studio.learning.run_folder import RunFolder

    home = desk.project.folder / "runs" / "live"
    shutil.copytree(finetuned, home)
    RunFolder(home).set_state("running")
    with pytest.raises(ValueProblem, match="running"):
        trash_step(desk, str(home))
    about = RunFolder(home).read_json("run.json")
    about["made_from"] = {"pretrained": str(tmp_path / "pre")}
    RunFolder(home).write_json("run.json", about)
    assert learned_from(str(tmp_path / "pre"), [str(home), str(finetuned)]) == ("live",)
    assert learned_from(str(tmp_path / "other"), [str(home), str(tmp_path)]) == ()
