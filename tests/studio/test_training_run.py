"""Runs from the window, small and real: started, paused, gone on with, cancelled, killed; here and in a child."""

import os
import signal
import subprocess
import time

import pytest
import torch

from m3n_studio.annotation.model import Change
from m3n_studio.learning import loop
from m3n_studio.learning.config import write_config
from m3n_studio.learning.events import Epoch, follow
from m3n_studio.learning.run_folder import RunFolder
from m3n_studio.project import Project
from m3n_studio.studio.core.jobs import Jobs
from m3n_studio.studio.frame.window import Window
from m3n_studio.studio.training import process
from m3n_studio.studio.training.orders import RunOrder, arguments, order_of
from m3n_studio.studio.training.run_queue import RunQueue
from tests.learning.test_cli_learn import project as make_project
from tests.studio.conftest import active
from tests.studio.training_orders import order

LONG = 20_000


@pytest.fixture
def folder(tmp_path):
    """A project of five people who move slowly and fast, on the left wrist."""
    return make_project(tmp_path / "study")


@pytest.fixture
def queue(qtbot):
    jobs = Jobs()
    made = RunQueue(jobs)
    yield made
    jobs.stop()


def state(queue, one):
    return queue.item(one.path).state


def epochs_of(path):
    if not (path / "events.jsonl").is_file():
        return 0
    return sum(isinstance(e.message, Epoch) for e in follow(path).new())


def weights(path):
    found = {}
    for file in sorted(path.glob("folds/*/checkpoints/last.pt")):
        model = torch.load(file, weights_only=True)["model"]
        found |= {f"{file.parts[-3]}/{name}": value for name, value in model.items()}
    return found


def same(a, b):
    assert a
    assert a.keys() == b.keys()
    for name, value in a.items():
        assert torch.equal(value, b[name]), name


def test_a_run_here_and_one_in_a_child_are_the_same_and_in_order(qtbot, queue, folder):
    here, apart = order(folder), order(folder, "apart", apart=True)
    begun = []
    queue.changed.connect(lambda: begun.append(tuple(q.state for q in queue.items)))
    queue.add(here)
    queue.add(apart)
    assert [q.state for q in queue.items] == ["running", "waiting"]
    qtbot.waitUntil(lambda: [q.state for q in queue.items] == ["finished", "finished"], timeout=120_000)
    assert not any(states.count("running") > 1 for states in begun)
    assert RunFolder.open(here.path).metrics["mean"]["macro_f1"] > 0.5
    one, other = (RunFolder.open(o.path) for o in (here, apart))
    assert one.about.data == other.about.data
    assert one.about.made_from == other.about.made_from
    assert one.config == other.config
    same(weights(here.path), weights(apart.path))


def test_paused_and_gone_on_with_is_as_never_paused_though_labels_changed(qtbot, queue, folder, monkeypatch):
    monkeypatch.setattr(loop, "SAVE_S", 0.0)
    whole, parted = order(folder, epochs=60), order(folder, "parted", epochs=60)
    queue.add(whole)
    qtbot.waitUntil(lambda: state(queue, whole) == "finished", timeout=120_000)
    queue.add(parted)
    queue.add(order(folder, "after", epochs=1))
    qtbot.waitUntil(lambda: epochs_of(parted.path) >= 7, timeout=60_000)
    queue.pause(parted.path)
    qtbot.waitUntil(lambda: state(queue, parted) == "paused", timeout=10_000)
    assert RunFolder.open(parted.path).state.status == "cancelled"
    assert [q.state for q in queue.items] == ["finished", "paused", "waiting"]  # nothing begins while one is paused
    with Project.open(folder) as project:  # labelling goes on meanwhile
        session = project.sessions()[0].id
        project.annotate(session, Change("Remove", tuple(project.annotations(session)[:1]), ()))
    queue.go_on(parted.path)
    qtbot.waitUntil(lambda: [q.state for q in queue.items] == ["finished"] * 3, timeout=120_000)
    assert any(getattr(e.message, "what", "") == "resume" for e in follow(parted.path).new())
    same(weights(whole.path), weights(parted.path))


@pytest.mark.parametrize("apart", [False, True])
def test_cancel_stops_what_would_not_end_and_it_can_go_on(qtbot, queue, folder, apart):
    one = order(folder, epochs=LONG, apart=apart)
    queue.add(one)
    qtbot.waitUntil(lambda: epochs_of(one.path) >= 3, timeout=60_000)
    queue.cancel(one.path)
    assert state(queue, one) == "stopping"
    qtbot.waitUntil(lambda: state(queue, one) == "cancelled", timeout=10_000)
    assert RunFolder.open(one.path).state.status in ("cancelled", "interrupted")
    assert (one.path / "folds/1/checkpoints/last.pt").is_file()
    before = epochs_of(one.path)
    queue.go_on(one.path)
    qtbot.waitUntil(lambda: epochs_of(one.path) > before, timeout=60_000)
    queue.cancel(one.path)
    qtbot.waitUntil(lambda: state(queue, one) == "cancelled", timeout=10_000)
    queue.remove(one.path)
    assert queue.items == ()
    assert one.path.is_dir()


def test_a_child_killed_is_told_and_offered(qtbot, queue, folder):
    one = order(folder, epochs=LONG, apart=True)
    queue.add(one)
    qtbot.waitUntil(lambda: epochs_of(one.path) >= 3, timeout=60_000)
    os.kill(RunFolder.open(one.path).state.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: state(queue, one) == "failed", timeout=10_000)
    assert "can be gone on with" in queue.item(one.path).message
    assert RunFolder.open(one.path).state.status == "interrupted"
    again = order_of(one.path)
    assert (again.config, again.data, again.tier, again.resume) == (one.config, str(folder), "activity", True)


def test_what_cannot_be_learned_from_says_why_and_the_next_begins(qtbot, queue, folder):
    bad = order(folder, "bad")
    bad = RunOrder("finetune", bad.path, bad.config, str(folder), "activty")
    good = order(folder, "good", epochs=1)
    queue.add(bad)
    queue.add(good)
    qtbot.waitUntil(lambda: state(queue, good) == "finished", timeout=60_000)
    assert "did you mean 'activity'" in queue.item(bad.path).message
    failing = RunOrder("finetune", folder / "runs" / "apart", bad.config, str(folder), "activty", apart=True)
    queue.add(failing)
    qtbot.waitUntil(lambda: state(queue, failing) == "failed", timeout=60_000)
    assert "did you mean 'activity'" in queue.item(failing.path).message


def test_a_child_ends_when_its_window_is_gone(folder):
    one = order(folder, epochs=LONG, apart=True)
    one.path.parent.mkdir()
    settings = folder / "settings.toml"
    write_config(settings, one.config)
    with (folder / "said.txt").open("wb") as said:
        child = process._start(arguments(one, settings), said)
    try:
        end = time.monotonic() + 60
        while epochs_of(one.path) < 2 and time.monotonic() < end:
            time.sleep(0.05)
        child.stdin.close()  # what the system does to the pipe of a process that is gone
        assert child.wait(20) != 0
    except subprocess.TimeoutExpired:
        child.kill()
        raise
    assert RunFolder.open(one.path).state.status == "cancelled"


# ---------------------------------------------------------------------- the window


def open_training(qtbot, window, folder, kind="finetune"):
    window.projects.open(folder)
    qtbot.waitUntil(lambda: window.desk.project is not None)
    view = window.views["training"]
    window.host.show_dock("training")
    active(qtbot, window)
    qtbot.waitUntil(lambda: view.form is not None and bool(view.data.data.parts))
    view.switch.choose(kind)
    return view


def choose(view, **values):
    draft = view.form.draft
    draft.put({name.replace("__", "."): value for name, value in values.items()})
    view._on_form()


def small(view, epochs=2):
    view.form.preset_chosen.emit("smoke")
    choose(view, windows__rate_hz=16.0, finetune__optimiser__epochs=epochs, finetune__validation_users=0,
           finetune__optimiser__stop_patience=10**6)  # fmt: skip


def test_from_labels_to_a_finished_run_in_the_window(qtbot, window, folder):
    view = open_training(qtbot, window, folder)
    assert view.data.data.subjects == tuple(f"u{i}" for i in range(5))
    assert [b.name for b in view.data.bars.bars] == ["slow", "fast"]
    assert sum(b.windows for b in view.data.bars.bars) == 105
    small(view)
    assert view.form.draft.config.windows.placements == ("left_wrist",)
    view.data.people.item(4).setCheckState(view.data.people.item(4).checkState().Unchecked)
    assert view.data.without == ("u4",)
    view.starter.estimate.click()
    qtbot.waitUntil(lambda: "parameters" in view.starter.words.text(), timeout=60_000)
    assert "4 folds" in view.starter.words.text()
    assert view.starter.begin.isEnabled()
    view.starter.begin.click()
    (item,) = view.queue.items
    assert item.path.name.startswith("finetune-base-2")
    card = view.queue_list.cards[item.path]
    assert card.isVisible()
    qtbot.waitUntil(lambda: view.queue.items[0].state == "finished", timeout=60_000)
    run = RunFolder.open(item.path)
    assert run.about.made_from["without"] == "u4"
    assert len(run.about.facts["folds"]) == 4
    assert run.config == item.order.config
    assert card.buttons["again"].isVisible()
    choose(view, finetune__optimiser__epochs=9)
    view.data.leave_out(())
    card.buttons["again"].click()
    assert view.form.draft.config == item.order.config
    assert view.data.without == ("u4",)
    order, why = view.ordered()
    assert why == ""
    assert order.path != item.path


def test_the_window_closes_in_mid_training_and_the_next_offers_to_go_on(qtbot, window, folder, display):
    view = open_training(qtbot, window, folder)
    assert view.offers.cards == {}
    small(view, LONG)
    view.start()
    path = view.queue.items[0].path
    qtbot.waitUntil(lambda: epochs_of(path) >= 3, timeout=60_000)
    window.close()
    assert RunFolder.open(path).state.status == "cancelled"
    other = Window(theme="dark")
    try:
        other.show()
        active(qtbot, other)
        view = open_training(qtbot, other, folder)
        assert list(view.offers.cards) == [path]
        before = epochs_of(path)
        view.offers.cards[path].go.click()
        assert view.offers.cards == {}
        qtbot.waitUntil(lambda: epochs_of(path) > before, timeout=60_000)
        view.queue_list.cards[path].buttons["pause"].click()
        qtbot.waitUntil(lambda: view.queue.items[0].state == "paused", timeout=10_000)
        assert view.queue_list.cards[path].buttons["go_on"].isVisible()
        assert view.offers.cards == {}  # what is in the queue is not offered as well
    finally:
        other.close()
        other.deleteLater()


def test_pretraining_on_the_demo_motions_then_finetuning_from_it(qtbot, window, folder):
    view = open_training(qtbot, window, folder)
    view.switch.choose("pretrain")
    view.form.preset_chosen.emit("smoke")
    choose(view, windows__rate_hz=16.0, windows__length_s=2.0, pretrain__optimiser__epochs=1)
    view.start()
    qtbot.waitUntil(lambda: view.queue.items and view.queue.items[0].state == "finished", timeout=120_000)
    path = view.queue.items[0].path
    assert RunFolder.open(path).about.kind == "pretrain"
    view.switch.choose("finetune")
    qtbot.waitUntil(lambda: view.form.pretrained.count() == 1)
    choose(view, finetune__method="multi3net_plus")
    assert view.form.pretrained_path == str(path)
    config = view.form.draft.config
    assert (config.windows.rate_hz, config.finetune.placements) == (16.0, ("left_wrist",))
    choose(view, finetune__optimiser__epochs=1, finetune__validation_users=0)
    view.start()
    qtbot.waitUntil(lambda: view.queue.items[1].state in ("finished", "failed"), timeout=120_000)
    assert view.queue.items[1].message == ""
    assert RunFolder.open(view.queue.items[1].path).about.made_from["pretrained"] == str(path)


def test_a_run_of_a_project_that_was_moved_goes_on_there(qtbot, queue, folder, monkeypatch):
    monkeypatch.setattr(loop, "SAVE_S", 0.0)
    one = order(folder, epochs=LONG)
    queue.add(one)
    qtbot.waitUntil(lambda: epochs_of(one.path) >= 3, timeout=60_000)
    queue.cancel(one.path)
    qtbot.waitUntil(lambda: state(queue, one) == "cancelled", timeout=10_000)
    moved = folder.with_name("moved")
    folder.rename(moved)
    again = order_of(moved / "runs" / "one")
    assert again.data == str(moved)
    before = epochs_of(again.path)
    queue.add(again)
    qtbot.waitUntil(lambda: epochs_of(again.path) > before + 1, timeout=60_000)
