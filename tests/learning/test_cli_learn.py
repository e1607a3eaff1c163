"""The commands of learning, from motions to predictions, in folders of their own."""

import json

import numpy as np
import pytest
import torch

from m3n_studio.annotation.exchange.formats import read_labels
from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier
from m3n_studio.cli import main
from m3n_studio.cli_learn import placed
from m3n_studio.errors import FileError, M3nError, ValueProblem
from m3n_studio.learning import demo_data
from m3n_studio.learning.run_folder import RunFolder
from m3n_studio.learning.windows import cut
from m3n_studio.project import Project
from m3n_studio.project.training_data import labelled_recordings
from m3n_studio.project.values import Subject
from m3n_studio.recordings.tables import write_signals
from m3n_studio.recordings.timemap import TimeMap
from m3n_studio.resources import resource

from . import made, tiny
from .tables import RECIPE, table


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def project(folder, users=5):
    """A project whose users do two things; the watch's clock is 100 s behind the session's."""
    tier = Tier("activity", classes=(LabelClass("slow"), LabelClass("fast")))
    with Project.create(folder) as made_project:
        made_project.add_label_set("labels", [tier])
        for user in range(users):
            subject = made_project.add_subject(f"u{user}")
            session = made_project.add_session("day", subject.id)
            slow = made.signal(12, 32.0, seed=user, hz=1.0)
            fast = made.signal(12, 32.0, start_s=12.0, seed=user, hz=3.0)
            both = slow.with_(**{
                f: np.concatenate([getattr(slow, f), getattr(fast, f)])
                for f in ("time_s", "acc_mps2", "gyr_radps", "valid")
            })  # fmt: skip
            made_project.add_recording(session.id, both, placement="left_wrist", time_map=TimeMap.offset(100.0))
            labels = [Annotation(tier.id, tier.classes[i].id, 100.0 + 12 * i, 112.0 + 12 * i) for i in (0, 1)]
            made_project.annotate(session.id, Change("label", add=tuple(labels)))
    return folder


SMALL = ["--set", "windows.rate_hz=16", "--set", "finetune.optimiser.epochs=10", "--set", "finetune.validation_users=0"]


def test_a_projects_sessions_are_labelled_recordings(tmp_path):
    with Project.open(project(tmp_path / "p")) as opened:
        found = labelled_recordings(opened)
        assert [r.name for r in found] == [f"u{i}/day" for i in range(5)]
        first = found[0].signals["left_wrist"]
        assert first.time_s[0] == pytest.approx(100.0)
        assert [tuple(s) for s in found[0].labels] == [(100.0, 112.0, "slow"), (112.0, 124.0, "fast")]
        windows = cut(found, tiny.settings().windows)
        assert windows.counts().tolist() == [50, 55]  # the window across the change is more slow than fast
        with pytest.raises(M3nError, match="did you mean 'activity'"):
            labelled_recordings(opened, "activty")
        opened.add_session("alone")
        lonely = next(s for s in opened.sessions() if s.name == "alone")
        opened.add_recording(lonely.id, made.signal(3), placement="left_wrist")
        with pytest.raises(ValueProblem, match="has no subject"):
            labelled_recordings(opened)


def test_from_a_project_to_predictions(tmp_path, capsys):
    run, data = tmp_path / "run", str(project(tmp_path / "p"))
    main(["finetune", "--data", data, "--preset", "smoke", "--wrists", "left", "--out", str(run), *SMALL])
    said = capsys.readouterr()
    assert "5 users, 2 classes" in said.err
    assert "macro F1" in said.out
    main(["evaluate", str(run), "--json"])
    metrics = json.loads(capsys.readouterr().out)
    assert metrics["mean"]["macro_f1"] > 0.8
    recording = tmp_path / "new.csv"
    write_signals(recording, [made.signal(10, 32.0, seed=2, hz=3.0, name="watch")])
    out, labels = tmp_path / "out.npz", tmp_path / "labels.csv"
    main(["predict", str(run), str(recording), "--out", str(out), "--labels", str(labels)])
    capsys.readouterr()
    made_of = read_labels(labels)
    longest = max(made_of.annotations, key=lambda a: a.duration_s)
    assert made_of.tiers[0].by_id(longest.label).name == "fast"
    assert longest.source == "model"
    _suggestions_are_of_what_has_no_label(run, data, capsys)
    main(["runs", "list", str(tmp_path)])
    assert "finetune  base  seed 0  finished" in capsys.readouterr().out
    main(["runs", "show", str(run)])
    assert "finetune.optimiser.epochs = 10" in capsys.readouterr().out
    for arguments, wanted in (
        (["finetune", "--data", data, "--out", str(run)], "a run is there already"),
        (["finetune", "--data", data, "--out", str(tmp_path / "x"), "--set", "finetune.epochs=3"], "unknown setting"),
        (["finetune", "--data", data, "--out", str(tmp_path / "x"), "--wrists", "up"], "left, right, both"),
        (["predict", str(tmp_path), str(recording), "--out", str(out)], "no run.json"),
    ):
        with pytest.raises(SystemExit) as end:
            main(arguments)
        assert end.value.code == 2
        assert wanted in capsys.readouterr().err


def test_tables_are_learned_by_their_recipe(tmp_path, capsys):
    table(tmp_path / "all.csv", [f"p{i}" for i in range(4)])
    table(tmp_path / "last.csv", ["p4"])
    (tmp_path / "broken.csv").write_text("t,who\n1,p5\n")
    recipe, run = tmp_path / "x.recipe.toml", tmp_path / "run"
    recipe.write_text(RECIPE)
    main(["finetune", "--data", str(recipe), "--preset", "smoke", "--wrists", "left", "--out", str(run), *SMALL])
    said = capsys.readouterr()
    assert "left out broken.csv: " in said.err
    assert "5 users, 2 classes" in said.err
    assert "macro F1" in said.out
    assert RunFolder(run).about.made_from["data"] == str(recipe.resolve())
    assert json.loads((run / "labels.json").read_text())["recordings"][0]["name"] == "p0/all"
    with pytest.raises(SystemExit):
        main(["finetune", "--data", str(tmp_path / "y.recipe.toml"), "--out", str(tmp_path / "z")])
    assert "y.recipe.toml: it cannot be read" in capsys.readouterr().err


def _suggestions_are_of_what_has_no_label(run, data, capsys):
    main(["labels", "suggest", data, str(run), "--most", "5"])
    assert capsys.readouterr().out == ""  # everything has a label
    with Project.open(data) as opened:
        session = next(s for s in opened.sessions() if opened.get(Subject, s.subject).name == "u1")
        last = max(opened.annotations(session.id), key=lambda a: a.start_s)
        opened.annotate(session.id, Change("Away", (last,), ()))
        other = opened.add_session("ankle only", session.subject)
        opened.add_recording(other.id, made.signal(12, 32.0), placement="left_ankle")
    main(["labels", "suggest", data, str(run), "--most", "5"])
    said = capsys.readouterr()
    lines = [line.split("  ") for line in said.out.splitlines()]
    assert 0 < len(lines) <= 5
    for line in said.out.splitlines():
        name, start, end = line.split()[:3]
        assert name == "u1/day"
        assert 112.0 - 1e-6 <= float(start) < float(end) <= 124.0 + 0.01
    assert "left out: u1/ankle only has left_ankle; the run knows left_wrist" in said.err
    main(["labels", "suggest", data, str(run), "--sure", "0.5"])
    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert all("throughout" in line for line in lines)
    assert max((line.split() for line in lines), key=lambda w: float(w[2]) - float(w[1]))[3] == "fast"
    with Project.open(data) as opened:
        opened.annotate(session.id, Change("Back", (), (last,)))


def test_smoke_from_demo_motions_to_predictions(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(demo_data, "ROUNDS", 1)
    pre, run = tmp_path / "pre", tmp_path / "run"
    short = ["--set", "pretrain.optimiser.epochs=1", "--set", "finetune.optimiser.epochs=3"]
    main(["pretrain", "--motion", "demo", "--preset", "smoke", "--out", str(pre), *short])
    assert "pretrained multi3net_plus" in capsys.readouterr().out
    main(["finetune", "--data", "demo", "--pretrained", str(pre), "--experts", "2", "--freeze", "never",
          "--out", str(run), *short])  # fmt: skip
    assert "macro F1" in capsys.readouterr().out
    facts = RunFolder(run).about
    assert facts.made_from["pretrained"] == str(pre)
    out = tmp_path / "out.h5"
    main(["predict", str(run), str(resource("recordings", "pack_box_watches.csv")), "--out", str(out), "--fold", "1"])
    import h5py

    with h5py.File(out) as file:
        gates = file["gates"][:]
    assert gates.shape[0] == 1
    assert gates.shape[2:] == (12, 2)
    assert np.allclose(gates.sum(axis=3), 1.0, atol=1e-5)


def test_windows_are_drawn_once_and_learned_from(tmp_path, capsys):
    drawn, run = tmp_path / "drawn.h5", tmp_path / "run"
    main(["draw", "--motion", "demo", "--preset", "smoke", "--epochs", "2", "--out", str(drawn)])
    assert "2 x " in capsys.readouterr().out
    short = ["--set", "pretrain.optimiser.epochs=1", "--preset", "smoke"]
    main(["pretrain", "--motion", str(drawn), *short, "--out", str(run)])
    said = capsys.readouterr()
    assert "as they were drawn into drawn.h5" in said.err
    assert "pretrained multi3net_plus" in said.out
    main(["runs", "show", str(run)])
    assert "parameters: imu.left_wrist " in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["draw", "--motion", "demo", "--out", str(tmp_path / "drawn.zip")])
    assert ".h5 or .hdf5" in capsys.readouterr().err


def test_signals_find_their_placements(tmp_path):
    left, other = made.signal(3, name="left_wrist"), made.signal(3, name="watch 2")
    wrists = ("left_wrist", "right_wrist")
    assert list(placed([left, other], wrists, (), tmp_path)) == ["left_wrist"]
    assert placed([left, other], wrists, ["right_wrist=watch 2"], tmp_path)["right_wrist"] is other
    assert placed([other], ("left_wrist",), (), tmp_path)["left_wrist"] is other
    with pytest.raises(FileError, match="--sensor"):
        placed([other], wrists, (), tmp_path)
    with pytest.raises(M3nError, match="watch 3"):
        placed([left], wrists, ["right_wrist=watch 3"], tmp_path)
