"""Runs as folders: killed and resumed, cancelled, diverged, followed, damaged."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from m3n_studio.errors import Cancelled, FileError, ValueProblem
from m3n_studio.learning import checkpoints
from m3n_studio.learning.events import Epoch, EventLog, Remark, Step, follow
from m3n_studio.learning.loop import Diverged
from m3n_studio.learning.pretrain import open_pretrained, pretrain
from m3n_studio.learning.run_folder import About, RunFolder, find_runs

from . import tiny

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def child(case, path):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.learning.tiny", case, str(path)], cwd=ROOT, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def killed_after(case, path, epochs):
    """SIGKILL a training of its own process once it has told so many epochs."""
    process = child(case, path)
    told = 0
    try:
        follower = None
        while told < epochs and process.poll() is None:
            if follower is None and (path / "events.jsonl").is_file():
                follower = follow(path)
            if follower is not None:
                told += sum(isinstance(e.message, Epoch) for e in follower.new())
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    finally:
        if process.poll() is None:
            process.kill()
        process.stderr.close()
    assert process.returncode == -signal.SIGKILL, "it ended before it could be killed"
    return told


def weights(path):
    return {p.relative_to(path): checkpoints.load(p) for p in sorted(path.rglob("*.pt"))}


def same(a, b):
    """Equal to the last bit, whatever it is made of."""
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b


@pytest.mark.parametrize(("case", "epochs"), [("pretrain", 2), ("finetune", 8)])
def test_killed_and_resumed_equals_never_killed(tmp_path, case, epochs):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    tiny.CASES[case](whole)
    killed_after(case, cut, epochs)
    assert RunFolder(cut).state.status == "interrupted"
    tiny.CASES[case](cut, resume=True)
    assert RunFolder(cut).state.status == "finished"
    ours, theirs = weights(cut), weights(whole)
    assert ours.keys() == theirs.keys()
    for name in ours:
        assert same(ours[name], theirs[name]), name
    ignoring = {"seconds"}
    assert {k: v for k, v in RunFolder(cut).metrics.items() if k not in ignoring} == RunFolder(whole).metrics
    remarks = [e.message.what for e in follow(cut).new() if isinstance(e.message, Remark)]
    assert "resume" in remarks


def test_cancelled_in_the_midst_of_an_epoch_goes_on_to_the_same(tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    tiny.CASES["pretrain"](whole)
    seen = []
    asked = []

    def tell(message):
        if isinstance(message, Step):
            seen.append(message)

    def cancelled():
        if len(seen) == 8:
            asked.append(True)
            return True
        return False

    with pytest.raises(Cancelled):
        tiny.CASES["pretrain"](cut, tell=tell, cancelled=cancelled)
    assert len(asked) == 1
    assert len(seen) == 8  # not one step after it was asked to stop
    assert RunFolder(cut).state.status == "cancelled"
    position = checkpoints.load(cut / "checkpoints" / "last.pt", ("position",))["position"]
    assert (position["epoch"], position["step"]) == (1, 3)
    tiny.CASES["pretrain"](cut, resume=True)
    assert all(same(weights(cut)[n], weights(whole)[n]) for n in weights(whole))


def test_a_cancelled_run_can_be_used(tmp_path):
    seen = []
    with pytest.raises(Cancelled):
        tiny.CASES["pretrain"](tmp_path / "run", tell=seen.append, cancelled=lambda: len(seen) > 9)
    assert open_pretrained(tmp_path / "run", "last.pt").placements == tiny.BOTH


def test_not_a_number_stops_with_the_last_good_checkpoint(tmp_path):
    path = tmp_path / "run"
    config = tiny.settings(pretrain__optimiser__epochs=3)

    class TurnsBad(tiny.Made):
        def epoch(self, seed, start=0):
            self.times = getattr(self, "times", 0) + 1
            self.poison = self.times > 2  # the first is the estimate's
            return super().epoch(seed, start)

    with pytest.raises(Diverged, match="not a number in epoch 2, step 4"):
        pretrain(path, config, TurnsBad(), method="multi3net", accelerator="cpu")
    state = RunFolder(path).state
    assert state.status == "failed"
    assert "epoch 2" in state.message
    kept = checkpoints.load(path / "checkpoints" / "last.pt", ("position",))
    assert kept["position"]["epoch"] == 1
    assert all(torch.isfinite(v).all() for v in kept["model"].values())


def test_losses_fall_and_messages_name_every_part(tmp_path):
    seen = []
    config = tiny.settings(pretrain__optimiser__epochs=8)
    run = pretrain(tmp_path / "run", config, tiny.Made(8), tiny.Made(2, 1), method="multi3net", accelerator="cpu",
                   tell=seen.append)  # fmt: skip
    steps = [m for m in seen if isinstance(m, Step)]
    epochs = [m for m in seen if isinstance(m, Epoch)]
    pairs = {"text-pose", "text-left_wrist", "text-right_wrist", "pose-left_wrist", "pose-right_wrist",
             "left_wrist-right_wrist"}  # fmt: skip
    assert pairs | {"pose2imu", "reconstruction", "contrastive", "loss"} == set(steps[0].losses)
    assert epochs[-1].validation["loss"] < 0.9 * epochs[0].validation["loss"]
    assert all(m.windows_per_s > 0 and 0 <= m.data_share <= 1 and m.grad_norm > 0 for m in steps)
    assert steps[0].eta_s > 0
    assert run.metrics["epochs"] == len(epochs)
    assert any(tmp_path.rglob("events.out.tfevents*"))


def test_a_run_is_not_written_over_nor_resumed_as_another(tmp_path):
    config = tiny.settings(pretrain__optimiser__epochs=1)
    pretrain(tmp_path / "run", config, tiny.Made(), method="multi3net", accelerator="cpu")
    with pytest.raises(FileError, match="a run is there already"):
        pretrain(tmp_path / "run", config, tiny.Made(), method="multi3net", accelerator="cpu")
    with pytest.raises(ValueProblem, match="has data"):
        pretrain(tmp_path / "run", config, tiny.Made(6), method="multi3net", accelerator="cpu", resume=True)
    other = config.with_({"pretrain.optimiser.learning_rate": 0.5})
    with pytest.raises(ValueProblem, match=r"pretrain\.optimiser\.learning_rate"):
        pretrain(tmp_path / "run", other, tiny.Made(), method="multi3net", accelerator="cpu", resume=True)


def test_two_processes_do_not_write_one_run(tmp_path):
    run = RunFolder.create(tmp_path / "run", tiny.settings(), About("pretrain", 0, "x"))
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        state = {
            "version": 1,
            "status": "running",
            "pid": sleeper.pid,
            "host": "",
            "heartbeat": time.time(),
            "message": "",
        }
        run.write_json("state.json", state)
        with pytest.raises(ValueProblem, match=f"process {sleeper.pid}"):
            run.claim()
    finally:
        sleeper.kill()
        sleeper.wait()
    assert run.state.status == "interrupted"
    run.claim()


def test_a_torn_line_is_passed_over_and_a_follower_gets_what_is_new(tmp_path):
    run = RunFolder.create(tmp_path / "run", tiny.settings(), About("pretrain", 0, "x"))
    log = EventLog(run)
    log(Remark("start", "one"))
    log.close()
    follower = follow(run.path)
    assert [e.message.text for e in follower.new()] == ["one"]
    with (run.path / "events.jsonl").open("ab") as file:
        file.write(b'{"time": 1.0, "kind": "remark", "wha')
    assert follower.new() == ()
    log = EventLog(run)
    log(Remark("resume", "two"))
    log.close()
    assert [e.message.text for e in follower.new()] == ["two"]
    assert [e.message.text for e in follow(run.path).new()] == ["one", "two"]
    assert [r.path for r in find_runs(tmp_path)] == [run.path]


def test_damaged_checkpoints_and_run_files_are_file_errors(tmp_path):
    tiny.CASES["pretrain"](tmp_path / "run")
    path = tmp_path / "run" / "checkpoints" / "best.pt"
    good = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(15):
        path.write_bytes(good[: rng.integers(len(good))])
        with pytest.raises(FileError):
            open_pretrained(tmp_path / "run")
    for _ in range(25):
        bad = bytearray(good)
        for at in rng.integers(0, len(bad), 3):
            bad[at] ^= int(rng.integers(1, 256))
        path.write_bytes(bad)
        try:
            open_pretrained(tmp_path / "run")
        except FileError:
            continue
    torch.save({"version": 1, "model": Evil()}, path)
    with pytest.raises(FileError, match="more than tensors"):
        open_pretrained(tmp_path / "run")
    path.write_bytes(good)
    about = tmp_path / "run" / "run.json"
    text = about.read_text()
    for bad_text in ("", "[]", "{}", text[:-5], text.replace('"samples": 32', '"samples": -1'), "\x00" * 50,
                     text.replace('"multi3net"', "7"), text.replace('"version": 1', '"version": 2')):  # fmt: skip
        about.write_text(bad_text)
        with pytest.raises(FileError):
            open_pretrained(tmp_path / "run")


class Evil:
    """Something a checkpoint must not hold."""

    def __reduce__(self):
        return (print, ("run",))
