"""A run's inputs kept with it: begun in the window, stopped, gone on with from the command line, and the other way."""

import json
import signal
import threading

import pytest
import torch

from m3n_studio.annotation.model import Change
from m3n_studio.cli import main
from m3n_studio.errors import Cancelled, FileError, UnknownName, ValueProblem
from m3n_studio.learning import loop
from m3n_studio.learning.config import write_config
from m3n_studio.learning.run_folder import RunFolder
from m3n_studio.learning.windows import LabelledRecording, LabelSpan
from m3n_studio.project import Project
from m3n_studio.project.training_inputs import NAME, as_it_began, remember, without
from m3n_studio.studio.training.orders import RunOrder, arguments, free_name, order_of
from m3n_studio.studio.training.process import Share, train_here

from . import made, tiny
from .test_cli_learn import project


class Task:
    """Stops after some messages."""

    def __init__(self, most=10**9):
        self.left = most
        self.shares = []

    def progress(self, done, total):
        self.left -= 1
        self.shares.append(done / total)

    def cancelled(self):
        return self.left <= 0

    def check(self):
        if self.cancelled():
            raise Cancelled("stopped")


def order(folder, name, **more):
    config = tiny.settings(**{"windows.placements": ("left_wrist",), "finetune.validation_users": 0})
    return RunOrder("finetune", folder / "runs" / name, config, str(folder), "activity", ("u2",), **more)


def weights(path):
    files = sorted(path.glob("folds/*/checkpoints/last.pt"))
    assert files
    return [torch.load(file, weights_only=True)["model"] for file in files]


def test_stopped_in_the_window_gone_on_with_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(loop, "SAVE_S", 0.0)
    folder = project(tmp_path / "p")
    (folder / "runs").mkdir()
    whole, parted = order(folder, "whole"), order(folder, "parted")
    task = Task()
    train_here(whole, task)
    assert task.shares == sorted(task.shares)
    assert task.shares[-1] > 0.99
    with pytest.raises(Cancelled):
        train_here(parted, Task(30))
    assert RunFolder.open(parted.path).state.status == "cancelled"
    with Project.open(folder) as opened:
        learned = {subject.id for subject in opened.subjects() if subject.name != "u2"}
        session = next(s.id for s in opened.sessions() if s.subject in learned)
        opened.annotate(session, Change("Remove", tuple(opened.annotations(session)), ()))
    main(arguments(order_of(parted.path), parted.path / "config.toml"))
    assert "going on after" in capsys.readouterr().err
    assert RunFolder.open(parted.path).state.status == "finished"
    for one, other in zip(weights(whole.path), weights(parted.path), strict=True):
        assert all(torch.equal(value, other[name]) for name, value in one.items())
    (parted.path / NAME).unlink()
    with pytest.raises(SystemExit):  # without the labels it began with it is another run
        main(arguments(order_of(parted.path), parted.path / "config.toml"))
    assert "it cannot be resumed" in capsys.readouterr().err


def test_an_order_goes_through_the_command_line_and_back(tmp_path):
    folder = project(tmp_path / "p")
    one = order(folder, "one")
    settings = tmp_path / "settings.toml"
    write_config(settings, one.config)
    (folder / "runs").mkdir()
    main(arguments(one, settings))
    again = order_of(one.path)
    assert (again.config, again.tier, again.without, again.data) == (one.config, "activity", ("u2",), str(folder))
    assert RunFolder.open(one.path).about.facts["folds"] == [f"fold {i} of 4" for i in (1, 2, 3, 4)]
    with pytest.raises(SystemExit):
        main(["finetune", "--data", str(folder), "--out", str(tmp_path / "x"), "--without", "u9"])
    folder.rename(tmp_path / "moved")
    assert order_of(tmp_path / "moved" / "runs" / "one").data == str(tmp_path / "moved")
    (tmp_path / "moved" / "runs" / "one").rename(tmp_path / "alone")
    with pytest.raises(ValueProblem, match="cannot be found"):
        order_of(tmp_path / "alone")


def test_ctrl_c_stops_with_a_checkpoint(tmp_path, monkeypatch, capsys):
    folder = project(tmp_path / "p")
    epochs = []
    save = loop._Loop._judge

    def judge(self, watched):
        epochs.append(self.at.epoch)
        if len(epochs) == 3:
            signal.raise_signal(signal.SIGINT)
        return save(self, watched)

    monkeypatch.setattr(loop._Loop, "_judge", judge)
    assert threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT)
    said = ["finetune", "--data", str(folder), "--preset", "smoke", "--wrists", "left", "--out", str(tmp_path / "run"),
            "--set", "windows.rate_hz=16", "--set", "finetune.validation_users=0"]  # fmt: skip
    with pytest.raises(SystemExit):
        main(said)
    assert "it can be resumed" in capsys.readouterr().err
    assert RunFolder.open(tmp_path / "run").state.status == "cancelled"
    found = torch.load(tmp_path / "run/folds/1/checkpoints/last.pt", weights_only=True)
    assert found["position"]["epoch"] == 3
    assert signal.getsignal(signal.SIGINT) is before
    main([*said, "--resume"])
    assert RunFolder.open(tmp_path / "run").state.status == "finished"


def recording(name="a/day", labels=((0.0, 1.5, "walk"), (1.5, 2.25, "sit"))):
    return LabelledRecording(name, name[0], {"left_wrist": made.signal(3)}, tuple(LabelSpan(*s) for s in labels))


def test_labels_are_kept_as_they_were(tmp_path):
    remember(tmp_path, [recording()])
    changed = recording(labels=((0.0, 9.0, "run"),))
    (found,) = as_it_began(tmp_path, [changed, recording("b/new")])
    assert found.labels == recording().labels
    assert found.signals is changed.signals
    with pytest.raises(ValueProblem, match=r"'a/day'.*is gone"):
        as_it_began(tmp_path, [recording("b/new")])
    assert [r.subject for r in without([recording(), recording("b/new")], ["a"])] == ["b"]
    with pytest.raises(UnknownName):
        without([recording()], ["c"])
    with pytest.raises(ValueProblem, match="nobody is left"):
        without([recording()], ["a"])


@pytest.mark.parametrize(
    "damage",
    ["", "[]", "{", '{"version": 2, "recordings": []}', '{"version": 1, "recordings": [{"name": 3}]}',
     '{"version": 1, "recordings": [{"name": "a", "subject": "a", "labels": [[2, 1, "x"]]}]}',
     '{"version": 1, "recordings": [{"name": "a", "subject": "a", "labels": [[NaN, 1, "x"]]}]}', "[" * 5000],
)  # fmt: skip
def test_damaged_labels_are_one_line(tmp_path, damage):
    (tmp_path / NAME).write_text(damage)
    with pytest.raises(FileError):
        as_it_began(tmp_path, [recording()])


def test_names_are_free_and_shares_grow(tmp_path):
    assert free_name(tmp_path, "finetune", "base", "2026-03-01").name == "finetune-base-2026-03-01"
    (tmp_path / "finetune-base-2026-03-01").mkdir()
    taken = {"finetune-base-2026-03-01-2"}
    assert free_name(tmp_path, "finetune", "base", "2026-03-01", taken).name == "finetune-base-2026-03-01-3"
    from m3n_studio.learning.events import Epoch, Remark, Step

    (tmp_path / "run.json").write_text(json.dumps({
        "version": 1, "kind": "finetune", "seed": 0, "data": "d", "made_from": {}, "environment": {}, "created_at": "",
        "facts": {"folds": ["one", "two"]}}))  # fmt: skip
    share = Share(tmp_path)
    assert share.after(Remark("fold", part="one")) == 0.0
    assert share.after(Step("one", 1, 10, 2, 4, {}, 1.0, 1.0, 1.0, 0.0, 1.0)) == pytest.approx(0.025)
    assert share.after(Epoch("one", 5, 10, {}, {}, 1.0, True, 1.0, 1.0)) == pytest.approx(0.25)
    assert share.after(Epoch("two", 1, 10, {}, {}, 1.0, True, 1.0, 1.0)) == pytest.approx(0.55)
    assert share.after(Epoch("one", 1, 10, {}, {}, 1.0, True, 1.0, 1.0)) == pytest.approx(0.55)
