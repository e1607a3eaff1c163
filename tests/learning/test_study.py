"""Studies: which cells there are, resuming, tables and figures; prediction; runs in words."""

import json

import numpy as np
import pytest

from m3n_studio.errors import Cancelled, FileError, ValueProblem
from m3n_studio.learning import predict as prediction
from m3n_studio.learning.predict import Predicted, blend, predict, write_predicted
from m3n_studio.learning.run_folder import About, RunFolder
from m3n_studio.learning.runs import comparison, details, summary
from m3n_studio.learning.study import cells, read_plan, results, run_study
from m3n_studio.learning.study_tables import tables, write_tables

from . import made, tiny

PLAN = """
version = 1
name = "{name}"
data = "data"
out = "out"
preset = "smoke"
[pretraining]
demo = ["motions"]
[grid]
methods = {methods}
pretraining = ["demo"]
labels = [0, 2]
wrists = ["left", "both"]
experts = [1, 2]
share = [0.5, 1.0]
seeds = [0, 1]
[settings]
"windows.rate_hz" = 16.0
"finetune.optimiser.epochs" = 1
"""


def plan(tmp_path, methods=("forest",), name="OpenPack", more=""):
    path = tmp_path / "plan.toml"
    path.write_text(PLAN.format(methods=json.dumps(list(methods)), name=name) + more)
    return read_plan(path)


def recordings(_path=""):
    """Five users who do two things, fast and slow."""
    out = []
    for user in range(5):
        for number, (label, hz) in enumerate((("slow", 1.0), ("fast", 3.0))):
            signals = {p: made.signal(12, 32.0, seed=10 * user + number, name=p, hz=hz) for p in tiny.BOTH}
            out.append(made.recording(f"u{user} {label}", f"u{user}", labels=[(0, 12, label)], **signals))
    return out


def test_cells_are_what_makes_sense(tmp_path):
    found = cells(plan(tmp_path, ("forest", "base", "multi3net", "multi3net_plus")))
    each = 2 * 2 * 2  # labels, wrists, seeds
    counted = {m: sum(c.method == m for c in found) for m in ("forest", "base", "multi3net", "multi3net_plus")}
    assert counted == {"forest": each, "base": each, "multi3net": 2 * each, "multi3net_plus": 4 * each}
    assert len({c.name for c in found}) == len(found)


def test_a_setting_that_does_not_concern_a_method_computes_nothing_anew(tmp_path):
    told = []
    run_study(plan(tmp_path), recordings, tell=told.append)
    changed = plan(tmp_path, more='"pretrain.optimiser.epochs" = 7\n"model.imu.width" = 64\n')
    assert len(results(changed)) == 8
    run_study(changed, recordings, tell=told.append)
    assert len(told) == 8
    assert not results(plan(tmp_path, more='"windows.purity" = 0.7\n'))
    next((changed.out / "cells").iterdir()).unlink()  # its run was made with other settings that do not concern it
    run_study(changed, recordings, tell=told.append)
    assert len(told) == 9


def test_a_study_goes_on_where_it_was(tmp_path):
    own, told = plan(tmp_path), []
    with pytest.raises(Cancelled):
        run_study(own, recordings, tell=told.append, cancelled=lambda: len(told) >= 3)
    assert len(results(own)) == 3
    first = {p.name: p.stat().st_mtime_ns for p in (own.out / "cells").iterdir()}
    found = run_study(own, recordings, tell=told.append)
    assert len(found) == len(cells(own)) == 8
    assert len(told) == 8
    assert all((own.out / "cells" / name).stat().st_mtime_ns == at for name, at in first.items())
    assert min(r["mean"] for r in found if r["cell"]["labels"] == 0) > 0.9
    written = {p.name for p in write_tables(own)}
    assert {"table_models.csv", "table_models.md", "table_labels.csv", "figure_labels.png"} <= written
    (own.out / "cells" / next(iter(first))).write_text("{")
    with pytest.raises(FileError, match="delete it"):
        results(own)


def fake(own, value=lambda cell: 0.5):
    from dataclasses import asdict

    return [{"cell": asdict(c), "mean": value(c)} for c in cells(own)]


def test_tables_have_the_papers_numbers_beside_ours(tmp_path):
    own = plan(tmp_path, ("deepconvlstm", "base", "multi3net_plus"))
    found = fake(own, lambda c: 0.6 + 0.1 * c.seed)
    models, experts, labels, shares = tables(own, found)
    assert models.heads == ("Model", "Left wrist", "Left wrist, paper", "Both wrists", "Both wrists, paper")
    rows = {row[0]: row[1:] for row in models.rows}
    assert rows["DCL (real)"] == ("65.0 ± 5.00 (n=2)", "43.3 ± 0.81", "65.0 ± 5.00 (n=2)", "43.1 ± 0.5")
    assert experts.rows[1] == ("OpenPack (Left wrist)", "2", "65.0 ± 5.00 (n=2)", "48.9 ± 0.21")
    assert labels.heads == ("Model", "all labels", "2 a class")
    assert [row[:2] for row in shares.rows] == [
        ("Left wrist", "Multi3Net+ (demo:not frozen)"), ("Both wrists", "Multi3Net+ (demo:not frozen)"),
    ]  # fmt: skip
    other = plan(tmp_path, ("base",), name="ours")
    assert tables(other, fake(other))[0].heads == ("Model", "Left wrist", "Both wrists")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"forest"', '"forrest"', "forest"),
        ("version = 1", "version = 9", "version"),
        ('preset = "smoke"', 'preset = "smoky"', "smoke"),
        ("seeds = [0, 1]", "seed = [0, 1]", "seeds"),
        ('pretraining = ["demo"]', 'pretraining = ["grab"]', "demo"),
        ('"windows.rate_hz" = 16.0', '"windows.rate" = 16.0', "rate_hz"),
        ('data = "data"', 'data = ""', "data"),
    ],
)
def test_a_wrong_plan_says_what_is_wrong(tmp_path, old, new, said):
    path = tmp_path / "plan.toml"
    path.write_text(PLAN.format(methods='["forest"]', name="x").replace(old, new))
    with pytest.raises((FileError, LookupError), match=said):
        read_plan(path)


def test_blending_is_a_weighted_mean_and_leaves_gaps_open():
    start = np.array([0.0, 1.0, 10.0])
    probability = np.float32([[1, 0], [0, 1], [1, 0]])
    time_s, blended = blend(start, probability, 2.0, 0.5)
    assert len(time_s) == 24
    assert np.allclose(blended[:2], [1, 0])
    assert np.allclose(blended[2:4], [[0.75, 0.25], [0.25, 0.75]])
    assert np.isnan(blended[6:20]).all()
    known = blended[np.isfinite(blended).all(axis=1)]
    assert np.allclose(known.sum(axis=1), 1)


def test_a_whole_recording_is_predicted(tmp_path):
    from m3n_studio.learning.finetune import finetune
    from m3n_studio.learning.windows import cut

    config = tiny.settings(finetune__optimiser__epochs=8, windows__stride_s=0.5, finetune__validation_users=0)
    windows = cut(recordings(), config.windows)
    run = finetune(tmp_path / "run", config, windows, accelerator="cpu")
    slow, fast = (made.signal(12, 32.0, start_s=s, seed=99, hz=hz) for s, hz in ((5.0, 1.0), (20.0, 3.0)))
    both = slow.with_(**{
        f: np.concatenate([getattr(slow, f), getattr(fast, f)]) for f in ("time_s", "acc_mps2", "gyr_radps", "valid")
    })  # fmt: skip
    found = predict(run.path, {"left_wrist": both, "right_wrist": both})
    made_of = found.annotations("run", shortest_s=1.0)
    names = {c.id: c.name for c in made_of.tiers[0].classes}
    said = [(names[a.label], a.start_s, a.end_s) for a in made_of.annotations]
    assert [s[0] for s in said] == ["slow", "fast"]
    assert said[0][1] == pytest.approx(5.0, abs=0.3)
    assert said[0][2] == pytest.approx(17.0, abs=0.6)
    assert said[1][1] == pytest.approx(20.0, abs=0.6)
    assert {(a.source, a.author) for a in made_of.annotations} == {("model", "run")}
    for name in ("p.npz", "p.h5"):
        write_predicted(tmp_path / name, found, run="run")
        assert (tmp_path / name).stat().st_size > 1000
    with np.load(tmp_path / "p.npz", allow_pickle=False) as file:
        assert file["classes"].tolist() == ["fast", "slow"]
        assert np.array_equal(file["probability"], found.probability, equal_nan=True)
    with pytest.raises(FileError, match=r"\.npz"):
        write_predicted(tmp_path / "p.txt", found)
    with pytest.raises(ValueProblem, match="asked for"):
        predict(run.path, {"ankle": both})
    lines = details(run.path)
    assert "finetune  base" in lines[0]
    assert any("finetune.optimiser.epochs = 8" in line for line in lines)


def test_gates_are_kept(tmp_path):
    empty = Predicted(*(np.zeros(s, dtype=np.float32) for s in ((3,), (3, 2), (1,), (1, 2), (1, 1, 6, 4))), ("a", "b"),
                      ("left_wrist",), 1.0, 3.0)  # fmt: skip
    import h5py

    write_predicted(tmp_path / "p.h5", empty, run="x")
    with h5py.File(tmp_path / "p.h5") as file:
        assert file["gates"].shape == (1, 1, 6, 4)
        assert file.attrs["format"] == prediction.FORMAT
        assert list(file.attrs["classes"]) == ["a", "b"]


def test_runs_side_by_side_show_what_differs(tmp_path):
    for name, rate in (("a", 0.1), ("b", 0.2)):
        config = tiny.settings(finetune__optimiser__learning_rate=rate)
        RunFolder.create(tmp_path / name, config, About("finetune", 0, "same", facts={"method": "base"}))
    lines = comparison([tmp_path / "a", tmp_path / "b"])
    assert lines[-1].split() == ["finetune.optimiser.learning_rate", "0.1", "0.2"]
    assert not any(line.startswith("windows") for line in lines)
    (tmp_path / "b" / "run.json").write_text("{")
    assert "damaged" in summary(RunFolder(tmp_path / "b"))
