"""The Predictions view in the real window, with runs really trained, as small as they get."""

import shutil
import threading

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor

pytest.importorskip("torch")

import torch

from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier
from m3n_studio.cli import main
from m3n_studio.errors import Cancelled
from m3n_studio.learning.finetune import finetune
from m3n_studio.project import Project
from m3n_studio.recordings.tables import write_signals
from m3n_studio.studio.core.jobs import Task
from m3n_studio.studio.predictions.gate_rows import decider
from m3n_studio.studio.predictions.prediction_work import open_prediction, predict_piece
from m3n_studio.studio.predictions.tier_writer import tier_name
from tests.learning import made, tiny
from tests.learning.runs import finetuned, pretrained
from tests.studio.conftest import active

CLASSES = (LabelClass("class 0", "#aa2020", "w", id="w"), LabelClass("class 1", "#2020aa", "s", id="s"))
TIER = Tier("activity", classes=CLASSES, id="tier")
SECONDS = 150.0


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run with experts, its first two folds."""
    folder = tmp_path_factory.mktemp("runs")
    path = finetuned(folder / "plus", pretrained(folder / "before").path).path
    for number in (3, 4, 5):
        shutil.rmtree(path / "folds" / str(number), ignore_errors=True)
    return path


@pytest.fixture
def folder(tmp_path, run):
    with Project.create(tmp_path / "study") as project:
        project.add_label_set("labels", [TIER])
        session = project.add_session("one")
        signal = made.without(made.signal(SECONDS, rate_hz=50.0), 70.0, 73.3)
        project.add_recording(session.id, signal, placement="left_wrist")
        project.annotate(session.id, Change("given", (), (Annotation("tier", "w", 5.0, 60.0, "ana"),
                                                          Annotation("tier", "s", 80.0, 120.0, "ana"))))  # fmt: skip
    (tmp_path / "study" / "runs").mkdir()
    shutil.copytree(run, tmp_path / "study" / "runs" / "plus")
    return tmp_path / "study"


def open_session(qtbot, window, folder, end_s=10.0):
    window.desk.author = "ana"
    window.projects.open(folder)
    qtbot.waitUntil(lambda: window.desk.project is not None)
    window.desk.session_wanted.emit(window.desk.project.sessions()[0].id)
    qtbot.waitUntil(lambda: window.desk.session is not None and window.clock.end_s > end_s)
    window.host.show_dock("predictions")
    qtbot.waitUntil(lambda: window.views.complete)
    view = window.views["predictions"]
    qtbot.waitUntil(view.isVisible)
    active(qtbot, window)
    return view


@pytest.fixture
def view(qtbot, window, folder):
    return open_session(qtbot, window, folder)


def settled(qtbot, view):
    qtbot.waitUntil(lambda: not view.predictor.busy and view.strip.groups and view.strip.groups[0].found is not None)
    qtbot.wait(80)


def found_in(view):
    return view.book.found(view.desk.session.id, view.book.models[0])


def test_what_is_shown_is_what_the_command_line_says(qtbot, view, folder, tmp_path):
    settled(qtbot, view)
    recording = view.desk.project.recordings()[0]
    signal = view.desk.project.signal(recording).read()
    write_signals(tmp_path / "r.csv", [signal.with_(name="left_wrist")])
    out = tmp_path / "p.npz"
    main(["predict", str(folder / "runs" / "plus"), str(tmp_path / "r.csv"), "--out", str(out)])
    found = found_in(view)
    with np.load(out, allow_pickle=False) as told:
        np.testing.assert_allclose(found.time_s, told["time_s"], atol=1e-6)
        for name in ("probability", "window_probability", "gates"):
            np.testing.assert_allclose(getattr(found, name), told[name], atol=1e-4)
        assert list(told["classes"]) == list(found.classes)
    view.export(str(tmp_path / "mine.npz"))
    qtbot.waitUntil((tmp_path / "mine.npz").is_file)
    with np.load(tmp_path / "mine.npz", allow_pickle=False) as mine:
        assert np.array_equal(mine["probability"], found.probability, equal_nan=True)
    assert view.strip.groups[0].about.startswith("mean of 2 folds · without right_wrist")


def test_pieces_come_from_the_cache_and_damaged_ones_are_made_anew(qtbot, view, folder):
    settled(qtbot, view)
    whole = found_in(view).probability
    assert (view.predictor.computed, view.predictor.cached) == (3, 0)
    pieces = sorted((folder / "cache").rglob("*.piece"))
    assert len(pieces) == 3
    pieces[1].write_bytes(pieces[1].read_bytes()[:-40] + b"x" * 40)
    models = view.book.models
    view._on_chosen(())
    qtbot.wait(80)
    assert view.strip.groups == ()
    assert view.notice.isVisible()
    view._on_chosen(models)
    settled(qtbot, view)
    assert (view.predictor.computed, view.predictor.cached) == (4, 2)
    assert np.array_equal(found_in(view).probability, whole, equal_nan=True)


def test_around_the_cursor_comes_first_and_paused_means_nothing_comes(qtbot, window, folder):
    view = open_session(qtbot, window, folder)
    settled(qtbot, view)
    models = view.book.models
    shutil.rmtree(folder / "cache")
    view._on_chosen(())
    window.clock.seek(140.0)
    view.tools.pause.setChecked(True)
    seen = []
    view.book.changed.connect(lambda *_: seen.append(found_in(view)))
    view._on_chosen(models)
    qtbot.wait(250)
    assert seen == []
    assert "Paused" in view.tools.words.text()
    view.tools.pause.setChecked(False)
    qtbot.waitUntil(lambda: len(seen) >= 1)
    assert seen[0].moment_at(140.0) is not None
    assert seen[0].moment_at(10.0) is None
    settled(qtbot, view)
    assert seen[-1].moment_at(10.0) is not None
    assert seen[-1].moment_at(71.7) is None  # there is nothing in the gap


def test_bands_are_painted_in_the_classes_colours_where_they_are(qtbot, window, view):
    settled(qtbot, view)
    window.selection.set_visible((20.0, 40.0))
    qtbot.wait(80)
    picture = view.strip.grab().toImage()
    layout, found = view.strip.layout_now(), found_in(view)
    row = layout.row("bands")
    for time_s in (22.0, 30.0, 38.0):
        at = found.moment_at(time_s)
        x = round(layout.x_of(float(found.time_s[at]) + found.hop_s / 2))
        upto = np.cumsum(found.probability[at])
        for class_, (low, high) in enumerate(zip([0.0, *upto[:-1]], upto, strict=True)):
            if high - low < 0.1:
                continue
            y = round(row.top + row.height * (1 - (low + high) / 2))
            assert QColor(picture.pixel(x, y)).name() == CLASSES[class_].color, (time_s, class_)
    best = layout.row("best")
    at = found.moment_at(30.0)
    color = QColor(picture.pixel(round(layout.x_of(30.0)) + 3, round(best.top + 2))).name()
    assert color == CLASSES[int(found.probability[at].argmax())].color
    wrong = view.strip.groups[0].labels.at(np.array([30.0]))[0] != found.probability[at].argmax()
    labels = layout.row("labels")
    marked = QColor(picture.pixel(round(layout.x_of(30.0)) + 3, round(labels.top + labels.height - 2))).name()
    assert (marked == QColor(view.strip.theme.error_text).name()) == wrong


def test_the_axis_is_that_of_the_traces(qtbot, window, view):
    settled(qtbot, view)
    start = view.strip.mapToGlobal(QPoint(0, 0)).x()
    view._selection.plot_edges = lambda: (start + 61.0, start + view.strip.width() - 17.0, False)
    view.strip.repaint()
    layout = view.strip.layout_now()
    assert (layout.left, round(view.strip.width() - layout.right), layout.ruler) == (61.0, 17, True)
    qtbot.mouseClick(view.strip, Qt.MouseButton.LeftButton, pos=QPoint(61 + int(layout.width / 2), 60))
    assert window.clock.time_s == pytest.approx(layout.time_of(61 + int(layout.width / 2)), abs=0.01)


def test_reading_gates_and_table_say_what_the_arrays_say(qtbot, window, view):
    settled(qtbot, view)
    window.clock.seek(30.0)
    found = found_in(view)
    at, p = found.window_at(30.0), found.probability[found.moment_at(30.0)]
    words = view.reading.words()[0]
    assert f"{found.classes[int(p.argmax())]} {100 * float(p.max()):.0f} %" in words
    says = found.says(at, int(p.argmax()), 0)
    who = decider(found, 30.0, 0)
    assert (who.expert, who.part, who.whole) == pytest.approx((int(says.argmax()), says.max(), says.sum()))
    told = (
        f"the experts of fold 1 say little of it: {says.sum():+.2f} of about {who.total:+.2f} logits, most expert"
        if who.little else f"expert {who.expert + 1} of fold 1 decided: {says.max():+.2f} of {says.sum():+.2f}"
    )  # fmt: skip
    assert told in words
    assert "labelled class 0" in words
    experts = found.mean_gates.shape[2]
    assert len([r for r in view.strip.layout_now().rows if r.kind == "gate"]) == experts
    view.tools.gates.setChecked(False)
    assert not [r for r in view.strip.layout_now().rows if r.kind == "gate"]
    view.tools.experts.setChecked(True)
    model = view.table.model
    assert (model.rowCount(), model.columnCount()) == (experts, len(found.classes))
    sums = model.mean.sum(axis=0)
    np.testing.assert_allclose(sums[np.isfinite(sums)], 1.0, atol=1e-4)
    view.table.by.setCurrentIndex(1)
    known = np.isfinite(found.window_probability).all(axis=1)
    middle = found.window_start_s + found.length_s / 2
    assert model.count[0] == (known & (middle >= 5) & (middle < 60)).sum()
    view.tools.fold.setCurrentIndex(view.tools.fold.findText("All folds"))
    view.tools.fold.activated.emit(0)
    assert "mean of all folds" in view.table.caption.text()


def test_a_tier_is_made_of_it_in_one_step_and_made_anew(qtbot, window, view):
    settled(qtbot, view)
    desk, name = view.desk, tier_name("plus")
    window.actions_by_name["predictions.make_tier"].trigger()
    (tier,) = [t for t in desk.tiers if t.name == name]
    made_of = desk.project.annotations(desk.session.id, tier.id)
    expected = found_in(view).annotations("plus").annotations
    assert [(a.start_s, a.end_s, a.author, a.source, a.confidence) for a in made_of] == [
        (a.start_s, a.end_s, "plus", "model", a.confidence) for a in expected
    ]
    assert [c.color for c in tier.classes] == [c.color for c in CLASSES][: len(tier.classes)]
    window.actions_by_name["undo"].trigger()
    assert name not in [t.name for t in desk.tiers]
    window.actions_by_name["redo"].trigger()
    assert len(desk.project.annotations(desk.session.id, tier.id)) == len(expected)
    window.actions_by_name["predictions.make_tier"].trigger()
    assert len(desk.project.annotations(desk.session.id, tier.id)) == len(expected)
    assert [t.name for t in desk.tiers].count(name) == 1


def test_keys_go_from_disagreement_to_disagreement(qtbot, window, view):
    from m3n_studio.studio.predictions.bands import disputes

    settled(qtbot, view)
    spans = disputes(found_in(view), view.strip.groups[0].labels)
    assert spans
    window.clock.seek(0.0)
    for start, _ in spans[:3]:
        window.actions_by_name["predictions.next"].trigger()
        assert window.clock.time_s == pytest.approx(start, abs=1e-6)
    if len(spans) > 1:
        window.actions_by_name["predictions.previous"].trigger()
        assert window.clock.time_s == pytest.approx(spans[min(len(spans), 3) - 2][0], abs=1e-6)


def test_what_is_missing_is_said(qtbot, window, tmp_path, run):
    with Project.create(tmp_path / "p") as project:
        session = project.add_session("one")
        for where in ("pocket", "left_foot"):
            project.add_recording(session.id, made.signal(20.0, rate_hz=50.0, name=where), placement=where)
    window.host.show_dock("predictions")
    qtbot.waitUntil(lambda: window.views.complete)
    view = window.views["predictions"]
    assert "No project" in view.hint.text()
    open_session(qtbot, window, tmp_path / "p")
    assert "no finetuned model yet" in view.hint.text()
    (tmp_path / "p" / "runs").mkdir()
    shutil.copytree(run, tmp_path / "p" / "runs" / "plus")
    qtbot.waitUntil(lambda: "learned from left_wrist, right_wrist" in view.notice.text())
    assert "left_foot, pocket" in view.notice.text()
    assert view.notice.isVisible()
    assert not view.predictor.busy


def test_a_run_in_training_is_shown_anew_after_its_epochs(qtbot, window, folder, monkeypatch):
    """A real run, trained in another thread as a child process would: only its files are seen."""
    from m3n_studio.learning import loop

    monkeypatch.setattr(loop, "SAVE_S", 0.0)
    shutil.rmtree(folder / "runs" / "plus")
    view = open_session(qtbot, window, folder)
    steps, stop = threading.Semaphore(0), threading.Event()

    def tell(message):
        if type(message).__name__ == "Epoch":
            steps.acquire()

    def train():
        config = tiny.settings(finetune__optimiser__epochs=400, finetune__optimiser__stop_patience=400)
        with pytest.raises(Cancelled):
            finetune(folder / "runs" / "live", config, tiny.windows(), accelerator="cpu", tell=tell,
                     cancelled=stop.is_set)  # fmt: skip

    def anew():
        found = found_in(view) if view.book.models else None
        return found is not None and found.what not in abouts

    thread = threading.Thread(target=train)
    thread.start()
    abouts = []
    try:
        for _ in range(3):
            steps.release()
            qtbot.waitUntil(anew, timeout=90_000)
            abouts.append(found_in(view).what)
    finally:
        stop.set()
        steps.release(1000)
        thread.join()
    assert all(a.startswith("fold 1 in training, epoch ") for a in abouts)
    assert len(set(abouts)) == 3
    qtbot.waitUntil(lambda: not view.predictor.busy)


def test_two_hours_are_covered_without_being_read_whole(tmp_path):
    """Every piece reads what it needs and no more; all of it is covered; nothing but times is read before."""
    rate, seconds = 50.0, 7200

    def pieces():
        for at in range(0, seconds, 600):
            yield made.signal(600.0, rate, start_s=float(at), seed=at)

    config = tiny.settings(windows__length_s=4.0, windows__rate_hz=8.0, finetune__optimiser__epochs=1)
    windows = made.windows(tiny.USERS, placements=("left_wrist",), samples=32, rate_hz=8.0)
    finetune(tmp_path / "run", config.with_({"windows.placements": ("left_wrist",)}), windows, accelerator="cpu")
    for number in range(2, 6):
        shutil.rmtree(tmp_path / "run" / "folds" / str(number))

    class Now(Task):
        def __init__(self):
            pass

        def cancelled(self):
            return False

    with Project.create(tmp_path / "p") as project:
        session = project.add_session("long")
        project.add_recording(session.id, pieces(), placement="left_wrist")
        opened = open_prediction(project, session.id, str(tmp_path / "run"), None, Now())
        (source,) = opened.sources
        assert source.samples_read <= 60 * rate  # one window, to see what the model gives
        most = 0
        for number in range(len(opened.edges) - 1):
            before = source.samples_read
            piece = predict_piece(opened, number, Now())
            most = max(most, source.samples_read - before)
            opened.partial.take(piece.first, *piece.arrays)
        assert most < 75 * rate
        assert source.samples_read < 1.25 * seconds * rate
        found = opened.partial.predicted()
        assert np.isfinite(found.probability).all()
        assert found.time_s[-1] + found.hop_s == pytest.approx(seconds, abs=0.5)
