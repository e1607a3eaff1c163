"""The shelf of runs, moments, predictions: shared by all views."""

from __future__ import annotations

import pytest

pytest.importorskip("pydantic")

from m3n_studio.learning.config import load_preset
from m3n_studio.learning.events import Epoch, EventLog
from m3n_studio.learning.run_folder import About, RunFolder
from m3n_studio.project import Edit, Project, Run
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.history import UndoStack
from m3n_studio.studio.core.moments import Moment, Moments
from m3n_studio.studio.core.predictions import PredictionBook
from m3n_studio.studio.core.run_shelf import RunShelf


@pytest.fixture
def desk(qtbot, tmp_path):
    made = Desk(UndoStack())
    with Project.create(tmp_path / "project") as project:
        project.add_session("one")
        made.open(project)
        yield made
        made.open(None)
        made.release()


def make_run(path, status="running"):
    path.parent.mkdir(exist_ok=True)
    run = RunFolder.create(
        path, load_preset("smoke"), About("finetune", 0, "d", {}, {"method": "base", "classes": ["a"]})
    )
    run.set_state(status)
    return run


def epoch(number):
    return Epoch("fold 1", number, 5, {"loss": 1.0}, {"macro_f1": 0.5}, 1e-3, True, 1.0, 4.0)


def test_runs_of_the_project_are_listed_and_heard_while_they_run(desk, qtbot):
    shelf, told, ended, changes = RunShelf(desk), [], [], []
    shelf.told.connect(lambda path, events: told.append((path, events)))
    shelf.epoch_ended.connect(ended.append)
    shelf.changed.connect(lambda: changes.append(1))
    run = make_run(desk.project.folder / "runs" / "first")
    shelf.look()
    assert [(e.name, e.kind, e.method, e.status, e.classes) for e in shelf.entries] == [
        ("first", "finetune", "base", "running", ("a",))
    ]
    assert ended == [str(run.path)]  # whatever it has said so far, its checkpoints may be new
    ended.clear()
    log = EventLog(run)
    log(epoch(1))
    shelf.look()
    assert ended == [str(run.path)]
    assert [e.message.epoch for _, events in told for e in events] == [1]
    log.close()
    run.set_state("finished")
    count = len(changes)
    shelf.look()
    assert shelf.entry(run.path).status == "finished"
    assert len(changes) == count + 1
    shelf.look()
    assert len(changes) == count + 1


def test_a_run_elsewhere_is_followed_by_its_entry_and_history_comes_when_watched(desk, qtbot, tmp_path):
    shelf, told = RunShelf(desk), []
    shelf.told.connect(lambda path, events: told.extend(events))
    run = make_run(tmp_path / "far" / "away", "running")
    log = EventLog(run)
    log(epoch(1))
    log(epoch(2))
    log.close()
    run.set_state("finished")
    assert desk.edit(Edit("Follow run", None, Run("theirs", folder=str(run.path))))
    shelf.look()
    assert [(e.name, e.elsewhere, e.status) for e in shelf.entries] == [("theirs", True, "finished")]
    assert not told
    shelf.watch(run.path)
    qtbot.waitUntil(lambda: len(told) == 2)


def test_a_folder_that_is_no_run_says_so_and_the_others_are_there(desk, qtbot):
    run = make_run(desk.project.folder / "runs" / "good", "finished")
    bad = run.path.parent / "bad"
    bad.mkdir()
    (bad / "run.json").write_text("{")
    shelf = RunShelf(desk)
    shelf.look()
    assert {e.name: e.status for e in shelf.entries} == {"good": "finished", "bad": "unreadable"}
    assert "run.json" in shelf.entry(bad).message


def test_moments_of_a_session_that_is_gone_are_dropped(desk, qtbot):
    moments, heard = Moments(desk), []
    moments.changed.connect(lambda: heard.append(1))
    one = desk.project.sessions()[0].id
    moments.pick([Moment(one, 2.0, 3.0), Moment(one, 0.0, 1.0), Moment(one, 2.0, 3.0)])
    assert [m.start_s for m in moments.picked] == [0.0, 2.0]
    moments.pick(reversed(moments.picked))
    assert len(heard) == 1
    desk.open(None)
    assert moments.picked == ()


def test_the_book_of_predictions_forgets_another_project(desk, qtbot):
    book, heard = PredictionBook(desk), []
    book.changed.connect(lambda s, r: heard.append((s, r)))
    desk.project_changed.emit()
    book.put("s", "r", object())
    book.show(("r",))
    desk.project_changed.emit()
    assert book.found("s", "r") is not None
    desk.open(None)
    assert book.found("s", "r") is None
    assert book.models == ()
    assert heard == [("s", "r"), ("s", "r")]
