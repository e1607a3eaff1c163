"""Views are built when they are seen or asked for, the rest after the first paint; hidden ones lag, seen ones never."""

import gc
import weakref

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from m3n_studio import workbench
from m3n_studio.body.shape import Shape
from m3n_studio.imu.envelope import Envelope
from m3n_studio.studio.core.document import Document, set_shape
from m3n_studio.studio.frame.window import Window
from m3n_studio.studio.scene.visuals import shadow_mesh
from m3n_studio.studio.traces.trace_data import QUANTITIES
from m3n_studio.studio.traces.tracks import Lines, Track
from tests.studio.conftest import waves

EVERY = ["body", "traces", "spectrum", "attributes", "fidelity", "transport"]


@pytest.fixture
def unshown(display, qtbot):
    """A window that is not on screen yet."""
    window = Window(theme="light")
    yield window
    window.close()
    window.deleteLater()


@pytest.fixture
def document(body, clip):
    return Document("walk", body, clip, placements=workbench.place(body, workbench.WRISTS))


@pytest.fixture
def opened(window, document, qtbot):
    """A window with a motion in it, everything built and told."""
    window.show_document(document)
    qtbot.waitUntil(lambda: bool(window.contents.simulated) and window.views.complete, timeout=20_000)
    qtbot.waitUntil(lambda: not window.views._behind)
    return window


def hidden(window):
    return {n for n, d in window.host.docks.items() if not d.in_front}


def test_a_window_begins_with_the_body_and_the_names_of_all(unshown):
    assert list(unshown.views) == EVERY
    assert list(unshown.views.built) == ["body"]
    assert "fidelity" in unshown.views
    assert "nothing" not in unshown.views
    assert not unshown.views.complete


def test_who_asks_for_a_view_gets_it_in_its_dock(unshown):
    view = unshown.views["fidelity"]
    assert unshown.views["fidelity"] is view
    assert unshown.host.docks["fidelity"].widget() is view
    assert list(unshown.views.built) == ["body", "fidelity"]
    with pytest.raises(KeyError):
        unshown.views["nothing"]


def test_after_the_first_paint_everything_is_built_with_its_actions(unshown, qtbot):
    assert "traces.measure" not in unshown.actions_by_name
    unshown.show()
    qtbot.waitUntil(lambda: unshown.views.complete, timeout=10_000)
    assert list(unshown.views.built) == EVERY
    assert "traces.measure" in unshown.actions_by_name
    assert not unshown.views._idle.isActive()


def test_views_built_later_begin_in_the_theme_of_now(unshown):
    unshown.set_theme("dark")
    assert unshown.views["traces"]._theme.name == "dark"


def test_nothing_is_built_after_the_window_closed(display):
    window = Window(theme="light")
    window.show()
    window.close()
    QApplication.processEvents()
    assert not window.views._idle.isActive()
    assert not window.views._rest.isActive()
    assert not window.views.complete
    window.deleteLater()


def test_seen_views_are_told_at_once_hidden_ones_when_the_hand_rests(opened, qtbot):
    views = opened.views.built
    assert opened.host.docks["traces"].in_front
    assert "fidelity" in hidden(opened)
    before = views["fidelity"].contents
    opened.history.apply(set_shape(Shape(limbs={"forearm": 0.1})))
    shown = opened.contents
    assert views["traces"]._contents is shown
    assert views["body"].stage.scene is shown.scene
    assert views["fidelity"].contents is before
    qtbot.waitUntil(lambda: views["fidelity"].contents is opened.contents)


def test_a_view_that_comes_to_the_front_shows_what_there_is(opened):
    views = opened.views.built
    opened.history.apply(set_shape(Shape(limbs={"forearm": 0.1})))
    assert views["fidelity"].contents is not opened.contents
    opened.host.show_dock("fidelity")
    assert views["fidelity"].contents is opened.contents


def test_a_view_asked_for_is_up_to_date_although_hidden(opened):
    opened.history.apply(set_shape(Shape(limbs={"forearm": 0.2})))
    assert opened.views.built["spectrum"]._contents is not opened.contents
    assert opened.views["spectrum"]._contents is opened.contents


def test_docks_know_whether_they_are_in_front(opened, qtbot):
    docks = opened.host.docks
    opened.host.show_dock("spectrum")
    qtbot.waitUntil(lambda: docks["spectrum"].in_front and not docks["traces"].in_front)
    docks["spectrum"].close()
    qtbot.waitUntil(lambda: not docks["spectrum"].in_front)


# ---------------------------------------------------------------- what a slider need not do again


def test_lines_of_the_very_same_samples_are_one_line_and_let_go_with_them():
    lines, one = Lines(), waves("wrist")
    other = object.__new__(type(one))
    vars(other).update(vars(one))
    vars(other)["acc_mps2"] = one.acc_mps2 + 1.0
    acc, gyr = QUANTITIES
    assert lines.line(one, gyr, "x") is lines.line(other, gyr, "x")
    assert lines.line(one, acc, "x") is not lines.line(other, acc, "x")
    np.testing.assert_allclose(
        lines.line(other, acc, "x").values - lines.line(one, acc, "x").values,
        np.where(one.valid, 1.0, np.nan),
    )
    kept = weakref.ref(lines.line(one, gyr, "x"))
    del one, other
    gc.collect()
    assert kept() is None
    assert not lines._of_arrays


def test_bands_are_made_again_only_for_another_population():
    def envelope():
        t = np.arange(5) / 10.0
        values = np.arange(3 * 5 * 4, dtype=np.float32).reshape(3, 5, 4)
        return Envelope("wrist", "acc", t, np.array([0.05, 0.5, 0.95]), values, np.ones(5, bool), 7)

    lines, (acc, gyr), one = Lines(), QUANTITIES, envelope()
    first = lines.bands(Track("wrist", envelopes=(one,)), acc, "y")
    assert lines.bands(Track("wrist", envelopes=(one,)), acc, "y") is first
    np.testing.assert_array_equal(first.lines[1].values, one.values[1, :, 1])
    assert lines.bands(Track("wrist", envelopes=(envelope(),)), acc, "y") is not first
    assert lines.bands(Track("wrist", envelopes=(one,)), gyr, "y") is None
    assert lines.bands(Track("wrist"), acc, "y") is None
    assert not lines._bands


def test_a_shape_gives_only_the_lanes_it_changes_other_points(opened):
    lanes = opened.views["traces"].lanes
    before = [lane.lines["simulated"] for lane in lanes]
    opened.history.apply(set_shape(Shape(limbs={"forearm": 0.2})))
    for lane, old in zip(lanes, before, strict=True):
        assert (lane.lines["simulated"] is old) == (lane.quantity.name == "gyr")
        drawn = lane.lines["simulated"].drawn(*opened.views["traces"].visible_s, int(lane.view.width()))
        np.testing.assert_array_equal(lane.curves["simulated"].getData()[1], drawn.values)


# ---------------------------------------------------------------- the shadow


def test_the_shadow_is_darkest_under_a_low_segment_and_nothing_at_its_edge():
    joints = np.zeros((52, 3), np.float32)
    joints[:, 1] = 50.0  # far above the ground: no shadow to speak of
    joints[[7, 10]] = (0.0, 0.02, 0.0), (0.0, 0.02, 0.2)  # an ankle and its foot
    mesh = shadow_mesh(joints, 0.5)
    dark = mesh[np.argmax(mesh[:, 2])]
    assert 0.3 < mesh[:, 2].max() <= 1.0
    assert abs(dark[0]) < 0.6
    assert mesh[:, 2].min() >= 0.0
    assert np.isfinite(mesh).all()
    edge = mesh.reshape(33, 41, 3)
    for rim in (edge[0], edge[-1], edge[:, 0], edge[:, -1]):
        assert rim[:, 2].max() < 1e-6
