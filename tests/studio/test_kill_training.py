"""The window is killed while it trains and labels: no acknowledged label and no epoch it told of is lost."""

import subprocess
import sys
import time

import pytest

from m3n_studio.learning import checkpoints
from m3n_studio.learning.events import Epoch, follow
from m3n_studio.learning.run_folder import RunFolder
from m3n_studio.project import Project
from tests.learning.test_cli_learn import project as make_project


@pytest.mark.parametrize("most_s", [0.6, 2.9])
def test_a_window_killed_while_it_trains_loses_nothing(tmp_path, most_s):
    folder = make_project(tmp_path / "study")
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.studio.training_child", str(folder)], stdout=subprocess.PIPE, text=True
    )
    path, acknowledged = folder / "runs" / "one", []
    try:
        while not (path / "folds" / "1" / "checkpoints" / "last.pt").is_file():
            line = child.stdout.readline()
            assert line, "the window ended by itself"
            acknowledged.append(line)
        until = time.monotonic() + most_s
        while time.monotonic() < until:
            acknowledged.append(child.stdout.readline())
    finally:
        child.kill()
        rest, _ = child.communicate()
    acknowledged += rest.splitlines(keepends=True)
    ids = {line.split()[0] for line in acknowledged if line.endswith("end\n")}
    assert len(ids) > 5
    with Project.open(folder) as project:
        there = {a.id for s in project.sessions() for a in project.annotations(s.id)}
    assert ids <= there
    assert RunFolder.open(path).state.status == "interrupted"
    kept = checkpoints.load(path / "folds" / "1" / "checkpoints" / "last.pt")["position"]["epoch"]
    told = max(e.message.epoch for e in follow(path).new() if isinstance(e.message, Epoch))
    assert kept >= 1
    assert told - 1 <= kept <= told + 1  # one may be between its checkpoint and its line, or the other way round
