"""The bar that says what to do next, and layouts that follow the room there is."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QToolButton

from m3n_studio.annotation.model import Annotation, LabelClass, Tier
from m3n_studio.annotation.track import Track
from m3n_studio.learning.run_folder import About, RunFolder
from m3n_studio.recordings.tables import write_signals
from m3n_studio.studio.app import dispose
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.document import Document
from m3n_studio.studio.frame.layouts import BY_ROOM, LOW, NARROW
from m3n_studio.studio.frame.learn_watch import Learned, enough
from m3n_studio.studio.frame.next_step import STEPS
from m3n_studio.studio.frame.preferences import Store, from_dict, to_dict
from m3n_studio.studio.frame.samples import samples
from m3n_studio.studio.frame.window import Window
from tests.learning import tiny
from tests.learning.test_cli_learn import project as make_project

from .conftest import waves

pytestmark = pytest.mark.gl


@pytest.fixture
def window(qtbot, display):
    window = Window(theme="light", store=Store())
    window.resize(1280, 800)
    window.show()
    qtbot.waitExposed(window)
    yield window
    dispose(window)


def opened(window, qtbot, sample):
    window.opener.open_sample(sample)
    qtbot.waitUntil(lambda: window.contents.clip is not None and not window.jobs.running, timeout=30_000)


def test_an_empty_window_has_its_own_words(window):
    assert window.next_step.isHidden()


def test_a_motion_alone_asks_for_its_recording(window, qtbot):
    opened(window, qtbot, samples()[1])
    assert not window.next_step.isHidden()
    assert "recording" in window.next_step.text.text()
    assert set(window.next_step.buttons) == {"open", "shape"}


def test_the_focus_is_on_play_once_something_is_open(window, qtbot):
    opened(window, qtbot, samples()[1])
    assert window.focusWidget() is window.findChild(QToolButton, "play")


def test_a_recording_alone_asks_for_its_motion(window, qtbot, tmp_path):
    path = tmp_path / "watch.csv"
    write_signals(path, (waves("left_wrist"),))
    window.open_path(path)
    qtbot.waitUntil(lambda: bool(window.contents.real), timeout=20_000)
    assert "motion" in window.next_step.text.text()
    assert set(window.next_step.buttons) == {"open"}


def test_a_comparison_leads_to_where_and_why_and_is_not_offered_again(window, qtbot):
    opened(window, qtbot, samples()[0])
    qtbot.waitUntil(lambda: bool(window.contents.judged), timeout=30_000)
    assert "left wrist r 0.9" in window.next_step.text.text()
    window.next_step.buttons["differences"].click()
    assert window.store.value.layout_name == "Fidelity"
    assert window.next_step.isHidden()
    qtbot.waitUntil(lambda: not window.host.docks["fidelity"].visibleRegion().isEmpty(), timeout=5_000)
    window.next_step.show_for(window.contents)
    assert window.next_step.isHidden()
    assert window.store.value.hints_done == ("differences",)


def test_what_was_put_away_is_remembered(window, qtbot):
    opened(window, qtbot, samples()[1])
    window.next_step.close_button.click()
    kept, problems = from_dict(json.loads(json.dumps(to_dict(window.store.value))))
    assert not problems
    assert kept.hints_done == ("recording",)
    window.next_step.show_for(window.contents)
    assert window.next_step.isHidden()


def shown(window):
    """Left and right edge of every dock that can be seen."""
    docks = {n: d for n, d in window.host.docks.items() if not d.visibleRegion().isEmpty()}
    lefts = {n: d.mapTo(window.host, QPoint()).x() for n, d in docks.items()}
    return {n: (lefts[n], lefts[n] + docks[n].width()) for n in docks}


@pytest.mark.parametrize("size", [(900, 650), (1280, 800), (1600, 1000)])
@pytest.mark.parametrize("name", list(BY_ROOM["wide"]))
def test_no_view_is_cut_off_in_any_layout_at_any_size(window, qtbot, name, size):
    opened(window, qtbot, samples()[1])
    window.resize(*size)
    qtbot.wait(150)
    window.layouts.show(name)
    qtbot.wait(150)
    edges = shown(window)
    front = {"Overview": "traces", "Fidelity": "fidelity", "Shape": "attributes", "Label": "labels",
             "Learn": "training"}  # fmt: skip
    assert front[name] in edges
    beside = {"Label": "video", "Learn": "labels"}.get(name, "body")
    assert beside in edges or (name in ("Label", "Learn") and size[0] == 900)  # no room for both
    assert max(right for _, right in edges.values()) <= window.host.width()
    columns = sorted(set(edges.values()))
    assert all(a[1] <= b[0] or a[0] == b[0] for a, b in pairwise(columns))


def test_a_layout_as_delivered_follows_the_room_and_one_that_was_touched_does_not(window, qtbot):
    opened(window, qtbot, samples()[1])
    window.resize(1600, 1000)
    qtbot.waitUntil(lambda: window.layouts.room == "wide")
    window.layouts.show("Shape")
    qtbot.wait(150)
    assert {"attributes", "traces", "body"} == set(shown(window))
    window.resize(900, 650)
    qtbot.waitUntil(lambda: window.layouts.room == "narrow" and len(shown(window)) == 2, timeout=5_000)
    window.resize(1600, 1000)
    qtbot.waitUntil(lambda: len(shown(window)) == 3, timeout=5_000)
    window.host.docks["spectrum"].close()
    qtbot.wait(150)
    window.resize(900, 650)
    qtbot.wait(300)
    assert window.layouts.room == "narrow"
    assert {"attributes", "traces", "body"} <= {n for n, d in window.host.docks.items() if not d.isHidden()}
    assert window.host.docks["spectrum"].isHidden()


def test_the_room_is_told_by_width_and_height():
    assert set(BY_ROOM) == {"wide", "low", "narrow"}
    assert all(set(table) == set(BY_ROOM["wide"]) for table in BY_ROOM.values())
    assert NARROW > 900
    assert LOW < 1000


def step(learned, *, session="s", done=()):
    """The name of the step that is next."""
    contents = Contents(document=Document(session_id=session))
    return next((s.name for s in STEPS if s.name not in done and s.when(contents, learned)), "")


def test_the_bar_leads_from_labels_to_a_model_and_what_it_suggests():
    assert step(Learned()) == "label"
    assert step(Learned(labelled=True)) == "train"
    assert step(Learned(labelled=True, runs=1, running="pretrain")) == "pretraining"
    ready = Learned(labelled=True, runs=1, encoder="pre")
    assert step(ready) == "finetune"
    assert step(replace(ready, runs=2, running="finetune")) == "finetuning"
    trained = replace(ready, runs=2, classifier="fine")
    assert step(trained) == "predictions"
    assert step(trained, done=("predictions",)) == "suggestions"
    assert step(trained, done=("predictions", "suggestions")) == "label"
    assert step(replace(trained, cut_off="other")) == "cut off"
    assert step(replace(trained, cut_off="other", running="finetune")) == "finetuning"
    assert step(Learned(labelled=True), session="") == ""


def test_what_was_taken_is_hidden_until_something_else_is_next(window):
    bar, contents = window.next_step, Contents(document=Document(session_id="s"))
    wanted = []
    bar.wanted.disconnect(window._on_next)
    bar.wanted.connect(wanted.append)
    bar.show_for(contents, Learned(labelled=True))
    bar.buttons["training"].click()
    bar.show_for(contents, Learned(labelled=True))
    assert bar.isHidden()
    bar.show_for(contents, Learned(runs=1, running="pretrain"))
    assert not bar.isHidden()
    bar.close_button.click()
    assert window.store.value.hints_done == ()  # said again with the next run after a start
    bar.show_for(contents, Learned(runs=1, classifier="fine"))
    bar.buttons["predictions"].click()
    assert window.store.value.hints_done == ("predictions",)
    assert wanted == ["training", "predictions"]


def test_a_session_is_labelled_enough_with_two_classes_over_half_of_it():
    tier = Tier("activity", classes=(LabelClass("a", id="a"), LabelClass("b", id="b")), id="t")
    labels = (Annotation("t", "a", 0.0, 3.0), Annotation("t", "b", 3.0, 5.0))
    assert enough(Track.of(tier, labels), (0.0, 10.0))
    assert not enough(Track.of(tier, labels), (0.0, 10.1))
    assert not enough(Track.of(tier, (Annotation("t", "a", 0.0, 10.0),)), (0.0, 10.0))


def test_a_run_that_was_cut_off_is_offered_while_the_train_view_is_closed(window, qtbot, tmp_path):
    folder = make_project(tmp_path / "study")
    RunFolder.create(folder / "runs" / "night", tiny.settings(), About("finetune", 0, "none")).set_state("cancelled")
    window.projects.open(folder)
    qtbot.waitUntil(lambda: "night was cut off" in window.next_step.text.text())
    assert window.host.docks["training"].isHidden()
    window.next_step.buttons["training"].click()
    assert window.store.value.layout_name == "Learn"
    qtbot.waitUntil(lambda: not window.host.docks["training"].visibleRegion().isEmpty(), timeout=5_000)
    assert len(window.views["training"].offers.cards) == 1


def test_predictions_and_labels_begin_and_end_at_the_same_pixel(window, qtbot):
    labels, selection = window.views["labels"].strip, window.selection
    window.resize(1280, 800)
    opened(window, qtbot, samples()[1])
    window.layouts.show("Learn")
    qtbot.wait(200)
    assert not window.host.docks["predictions"].visibleRegion().isEmpty()
    assert selection.plot_edges() is None  # the traces are behind a tab

    def edges():
        start = labels.mapToGlobal(QPoint()).x()
        return start + 61.0, start + labels.width() + 4.0, False  # a little of it under a scroll bar

    selection.strip_edges = edges
    selection.axis_moved.emit()
    labels.grab()
    assert (labels.geometry_now().left, labels.geometry_now().right) == (61.0, labels.width() + 4.0)
