"""Edits, undo and the engine: what is shown always follows from the document."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from m3n_studio import workbench
from m3n_studio.body.shape import Shape
from m3n_studio.errors import M3nError
from m3n_studio.studio.core import derived, document
from m3n_studio.studio.core.document import Document, Edit
from m3n_studio.studio.core.engine import Engine
from m3n_studio.studio.core.history import History
from m3n_studio.studio.core.jobs import Jobs

SHAPES = [Shape(limbs={"forearm": x}) for x in (0.0, 0.1, -0.1)]


@pytest.fixture
def full(body, clip):
    return Document(title="t", model=body, clip=clip, placements=workbench.place(body, workbench.WRISTS))


def test_undo_and_redo_give_the_very_documents_back(qapp, full):
    history = History()
    history.apply(Edit("Open", lambda _: full))
    history.apply(document.set_shape(SHAPES[1]))
    after = history.document
    history.stack.undo()
    assert history.document is full
    history.stack.redo()
    assert history.document is after


def test_a_drag_undoes_as_one_step_and_the_next_drag_as_another(qapp, full):
    history = History()
    history.apply(Edit("Open", lambda _: full))
    for x in (0.01, 0.02, 0.03):
        history.apply(document.set_shape(Shape(limbs={"forearm": x}), merge="forearm"))
    history.seal()
    history.apply(document.set_shape(Shape(limbs={"forearm": 0.05}), merge="forearm"))
    history.stack.undo()
    assert history.document.shape.limbs["forearm"] == 0.03
    history.stack.undo()
    assert history.document is full


def test_an_edit_that_cannot_be_made_is_told_and_changes_nothing(qapp, qtbot):
    history = History()

    def impossible(_):
        raise M3nError("no such sensor")

    with qtbot.waitSignal(history.refused) as told:
        assert not history.apply(Edit("Do", impossible))
    assert told.args == ["no such sensor"]
    assert history.stack.count() == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(steps=st.lists(st.sampled_from(["shape", "ghost", "sensor", "remove", "undo", "redo"]), max_size=25))
def test_any_walk_through_history_keeps_documents_whole(qapp, body, full, steps):
    history = History()
    history.apply(Edit("Open", lambda _: full))
    rng = np.random.default_rng(len(steps))
    for step in steps:
        if step == "undo":
            history.stack.undo()
        elif step == "redo":
            history.stack.redo()
        else:
            edit = {
                "shape": document.set_shape(SHAPES[rng.integers(3)]), "ghost": document.keep_ghost(),
                "sensor": document.put_sensor(workbench.place(body, ["left_ankle"])[0]),
                "remove": document.remove_sensor("left_ankle"),
            }[step]  # fmt: skip
            history.apply(edit)
        names = [p.name for p in history.document.placements]
        assert len(names) == len(set(names))
    while history.stack.canUndo():
        history.stack.undo()
    assert history.document == Document() or history.document.clip is None


def test_the_engine_shows_what_simulating_gives(qtbot, full):
    jobs = Jobs()
    engine = Engine(jobs)
    changed = full.with_(shape=SHAPES[1], ghost=SHAPES[0])
    with qtbot.waitSignal(engine.shown, timeout=10_000):
        engine.set_document(changed)
    from m3n_studio.imu.simulate import simulate

    for shape, shown in ((SHAPES[1], engine.contents.simulated), (SHAPES[0], engine.contents.ghost)):
        for one, other in zip(shown, simulate(full.model, full.clip, full.placements, shape=shape), strict=True):
            keep = one.valid & other.valid
            np.testing.assert_allclose(one.acc_mps2[keep], other.acc_mps2[keep], atol=2e-3)
            np.testing.assert_allclose(one.gyr_radps[keep], other.gyr_radps[keep], atol=1e-6)
    jobs.stop()


def test_a_slider_needs_no_new_base(qtbot, full):
    jobs = Jobs()
    engine = Engine(jobs)
    with qtbot.waitSignal(engine.shown, timeout=10_000):
        engine.set_document(full)
    base = engine.base
    with qtbot.waitSignal(engine.shown, timeout=10):  # in the same call
        engine.set_document(full.with_(shape=SHAPES[2]))
    assert engine.base is base
    assert engine.contents.scene.track.shape is SHAPES[2]
    jobs.stop()


def test_recordings_are_judged_when_the_hand_rests_and_what_was_set_by_hand_is_kept(qtbot, full):
    from m3n_studio.imu.align import Alignment

    base = derived.make_base(full)
    left = derived.signals(base, full.body)[0]
    late = left.with_(name="left_wrist_watch", time_s=left.time_s + 0.1)
    jobs = Jobs()
    engine = Engine(jobs)
    by_hand = Alignment().with_clock(offset_s=-0.1)
    with qtbot.waitSignal(engine.refined, timeout=20_000):
        engine.set_document(full.with_(recordings=(late,), alignments={"left_wrist": by_hand}))
    assert engine.contents.closeness[("left_wrist", "left_wrist_watch", "acc", "x")] > 0.999
    assert engine._verdict.judged["left_wrist"].alignment is by_hand
    jobs.stop()


def test_a_newer_job_of_the_same_key_takes_the_place_of_the_older(qtbot):
    import threading

    jobs, gate, heard = Jobs(), threading.Event(), []

    def work(task):
        gate.wait(5)
        return "old" if not task.cancelled() else "dropped"

    jobs.run("old", work, done=heard.append, key="k")
    jobs.run("new", lambda task: "new", done=heard.append, key="k")
    gate.set()
    qtbot.waitUntil(lambda: not jobs.running)
    assert heard == ["new"]


def test_nothing_starts_once_everything_was_stopped(qtbot):
    jobs, begun = Jobs(), []
    jobs.stop()
    jobs.run("late", lambda task: begun.append(1), key="late")
    qtbot.wait(50)
    assert not begun
    assert not jobs.running


def test_garbage_is_never_collected_in_a_worker_thread(qtbot):
    import gc

    jobs, seen = Jobs(), []
    assert gc.isenabled()
    jobs.run("one", lambda task: seen.append(gc.isenabled()))
    jobs.run("two", lambda task: seen.append(gc.isenabled()))
    qtbot.waitUntil(lambda: not jobs.running)
    assert seen == [False, False]
    assert gc.isenabled()
