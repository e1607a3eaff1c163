"""Every edit there is goes back and forth: undo all is the original, redo all is the end, whatever the order."""

import inspect

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from m3n_studio import workbench
from m3n_studio.body.shape import Shape
from m3n_studio.imu.align import Alignment
from m3n_studio.imu.population import Population, Spread
from m3n_studio.studio.core import document as d
from m3n_studio.studio.core.document import Document, Edit, OtherMotion
from m3n_studio.studio.core.history import History

from .conftest import moving, waves

merges = st.sampled_from(["", "", "drag", "other drag"])
sensors = st.sampled_from(["left_wrist", "right_wrist", "left_ankle"])
numbers = st.floats(-0.2, 0.2)


def placed(body, name, angle):
    from dataclasses import replace

    return replace(workbench.place(body, [name])[0], angle_rad=angle)


def population(mean):
    return Population(("stature",), (Spread("normal", mean, 0.05),))


def edits(body, clip):
    """A strategy for every function of the module that makes an edit, by its name."""
    shapes = st.builds(lambda x: Shape(limbs={"forearm": x}), numbers)
    alignments = st.none() | st.builds(lambda x: Alignment().with_clock(offset_s=x), numbers)
    others = st.builds(OtherMotion, st.just(clip), st.sampled_from(["a.npz", "b.npz"]), st.sampled_from(d.PLACES))
    which = st.none() | st.integers(0, 3)
    return {
        "set_shape": st.builds(lambda s, m: d.set_shape(s, merge=m), shapes, merges),
        "keep_ghost": st.builds(d.keep_ghost),
        "drop_ghost": st.builds(d.drop_ghost),
        "put_sensor": st.builds(lambda n, a, m: d.put_sensor(placed(body, n, a), merge=m), sensors, numbers, merges),
        "remove_sensor": st.builds(d.remove_sensor, sensors),
        "set_alignment": st.builds(lambda n, a, m: d.set_alignment(n, a, merge=m), sensors, alignments, merges),
        "pair_with": st.builds(d.pair_with, sensors, st.sampled_from(["", "left_wrist", "elsewhere"])),
        "set_population": st.builds(
            lambda p, m: d.set_population(p, merge=m), st.none() | st.builds(population, st.floats(1.5, 1.9)), merges
        ),
        "add_other": st.builds(d.add_other, others),
        "place_others": st.builds(d.place_others, st.sampled_from(d.PLACES), which),
        "remove_others": st.builds(d.remove_others, which),
        "set_mode": st.builds(d.set_mode, st.sampled_from(["exact", "imusim", "transpose"])),
    }


@pytest.fixture(scope="module")
def start(body, clip):
    sensors = workbench.place(body, workbench.WRISTS)
    return Document(title="t", model=body, clip=clip, placements=sensors, recordings=(waves("left_wrist"),))


def same(a, b):
    """Whether two documents say the same; arrays of clips and models by identity."""
    fields = vars(Document()).keys()
    return all(getattr(a, f) == getattr(b, f) for f in fields)


def test_the_table_names_every_edit_there_is(body, clip):
    made = {
        name for name, f in inspect.getmembers(d, inspect.isfunction)
        if f.__module__ == d.__name__ and f.__annotations__.get("return") == "Edit"
    }  # fmt: skip
    assert made == set(edits(body, clip))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(data=st.data())
def test_undo_all_is_the_original_and_redo_all_the_end(qapp, body, clip, start, data):
    history = History()
    history.apply(Edit("Open", lambda _: start))
    history.stack.clear()
    kinds = edits(body, clip)
    names = data.draw(st.lists(st.sampled_from([*sorted(kinds), "seal"]), max_size=20))
    for name in names:
        if name == "seal":
            history.seal()
            continue
        before, count = history.document, history.stack.count()
        if not history.apply(data.draw(kinds[name])):
            assert history.document is before
            assert history.stack.count() == count
    end, seen = history.document, [history.document]
    while history.stack.canUndo():
        history.stack.undo()
        seen.append(history.document)
    assert history.document is start
    while history.stack.canRedo():
        history.stack.redo()
        assert same(history.document, seen[-2 - history.stack.index() + 1])
    assert history.document is end
    assert len(seen) == history.stack.count() + 1


@pytest.mark.parametrize("name", sorted(edits(None, None)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8, deadline=None)
@given(data=st.data())
def test_an_edit_leaves_the_document_it_changes_alone(body, clip, start, name, data):
    rich = start.with_(
        ghost=Shape(), alignments={"left_wrist": Alignment()}, pairs={"left_wrist": "left_wrist"},
        others=(OtherMotion(clip, "a.npz"),), population=population(1.7),
    )  # fmt: skip
    kept = dict(vars(rich))
    data.draw(edits(body, clip)[name]).change(rich)
    assert all(vars(rich)[field] is value for field, value in kept.items())
    assert dict(rich.alignments) == {"left_wrist": rich.alignments["left_wrist"]}
    assert dict(rich.pairs) == {"left_wrist": "left_wrist"}


@pytest.mark.gl
def test_the_window_shows_the_original_again_after_a_walk_of_edits(window, qtbot, body):
    clip = moving(body, seconds=1.0)
    document = Document("t", body, clip, placements=workbench.place(body, ["left_wrist"]))
    window.show_document(document)
    qtbot.waitUntil(lambda: len(window.contents.simulated) == 1, timeout=20_000)
    before = window.contents.simulated[0].acc_mps2.copy()
    for edit in (
        d.set_shape(Shape(limbs={"forearm": 0.2})), d.keep_ghost(), d.put_sensor(placed(body, "left_wrist", 0.4)),
        d.put_sensor(placed(body, "left_ankle", 0.0)), d.add_other(OtherMotion(clip, "b.npz")),
        d.set_population(population(1.7)), d.remove_sensor("left_wrist"), d.set_mode("transpose"),
    ):  # fmt: skip
        assert window.history.apply(edit)
        qtbot.waitUntil(lambda: not window.jobs.running, timeout=20_000)
    while window.history.stack.canUndo():
        window.actions_by_name["undo"].trigger()
    qtbot.waitUntil(lambda: not window.jobs.running, timeout=20_000)
    assert window.history.document is document
    qtbot.waitUntil(lambda: [s.name for s in window.contents.simulated] == ["left_wrist"], timeout=20_000)
    np.testing.assert_array_equal(window.contents.simulated[0].acc_mps2, before)
    assert window.contents.ghost == () == window.contents.others
    assert window.contents.envelopes == ()
    assert window.views["body"].stage.companions == ()
