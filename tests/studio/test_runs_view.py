"""The Runs view in the window: real runs read, compared, diagnosed, followed live from another process, trashed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtWidgets import QMessageBox

pytest.importorskip("torch")

from m3n_studio.learning.events import Event, EventLog, Remark, Step
from m3n_studio.learning.run_folder import RunFolder
from m3n_studio.learning.run_history import History
from m3n_studio.project import Project
from m3n_studio.studio.look.theme import load_theme
from m3n_studio.studio.training.curve_data import curves_of
from m3n_studio.studio.training.curves import CurvePlot
from tests.learning import tiny
from tests.learning.test_diagnosis import epochs

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A finetuning and a pretraining."""
    folder = tmp_path_factory.mktemp("made")
    return tiny.CASES["finetune"](folder / "tuned").path, tiny.CASES["pretrain"](folder / "pre").path


@pytest.fixture
def folder(tmp_path):
    with Project.create(tmp_path / "study") as project:
        project.add_session("one")
    return tmp_path / "study"


def opened(qtbot, window, folder):
    window.projects.open(folder)
    qtbot.waitUntil(lambda: window.desk.project is not None)
    window.host.show_dock("runs")
    view = window.views["runs"]
    qtbot.waitUntil(view.isVisible)
    window.runs.look()
    return view


@pytest.fixture
def view(qtbot, window, folder, made):
    for path in made:
        shutil.copytree(path, folder / "runs" / path.name)
    return opened(qtbot, window, folder)


def path_of(view, name):
    return next(e.path for e in view.shelf.entries if e.name == name)


def choose(qtbot, view, *names):
    paths = [path_of(view, n) for n in names]
    view.list.choose(paths)
    qtbot.waitUntil(lambda: all(p in view.reader.results for p in paths))
    view.refresh()
    return paths


def test_without_runs_it_says_what_to_do(qtbot, window, folder):
    view = opened(qtbot, window, folder)
    assert view.whole.currentIndex() == 0
    assert "No runs yet" in view.hint.text()
    assert view.hint_button.isVisible()
    window.desk.open(None)
    assert "Open or make one" in view.hint.text()
    assert not view.hint_button.isVisible()


def test_runs_are_listed_and_the_newest_is_shown(qtbot, view):
    assert view.count.text() == "2 runs"
    assert len(view.list.chosen) == 1
    words = [view.list.runs.index(i).data() for i in range(2)]
    assert any("tuned" in w and "Finetune" in w and "finished" in w and "F1" in w for w in words)
    choose(qtbot, view, "pre")
    assert len(view.curves.legend.buttons) == 10
    words = view.curves.plot.words_at(2.0)
    history = view.reader.histories[path_of(view, "pre")]
    assert words.startswith("epoch 2: total (training)")
    assert f"{history.parts[''].epochs.column('train/loss')[1]:.3g}" in words
    view.list.setFocus()
    qtbot.keyClick(view.list, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == path_of(view, "pre")


def test_the_legend_hides_lines_and_they_stay_hidden(qtbot, view):
    choose(qtbot, view, "pre")
    view.curves.legend.buttons["contrastive sum"].click()
    assert "contrastive sum" not in {line.key for line in view.curves.plot.shown}
    choose(qtbot, view, "tuned")
    choose(qtbot, view, "pre")
    assert not view.curves.legend.buttons["contrastive sum"].isChecked()
    assert "contrastive sum" not in {line.key for line in view.curves.plot.shown}
    view.curves.legend.buttons["contrastive sum"].click()
    assert "contrastive sum" in {line.key for line in view.curves.plot.shown}


def test_keys_read_the_curves_and_the_mouse_zooms(qtbot, view):
    choose(qtbot, view, "pre")
    plot, said = view.curves.plot, []
    plot.read.connect(said.append)
    plot.setFocus()
    for key in (Qt.Key.Key_Home, Qt.Key.Key_Right, Qt.Key.Key_Right):
        qtbot.keyClick(plot, key)
    assert plot.reading == 3.0
    assert said[-1].startswith("epoch 3: ")
    qtbot.keyClick(plot, Qt.Key.Key_Plus)
    low, high = plot.view
    assert plot.span[0] <= low < 3.0 < high <= plot.span[1]
    assert high - low < plot.span[1] - plot.span[0]
    qtbot.mouseDClick(plot, Qt.MouseButton.LeftButton, pos=QPoint(120, 60))
    assert plot.view is None
    plot.grab()
    qtbot.mouseMove(plot, QPoint(round(plot._at(5.0, 0.0).x()), 60))
    qtbot.waitUntil(lambda: said[-1].startswith("epoch 5: "))


@pytest.mark.parametrize("quantity", range(6))
def test_every_quantity_is_painted_by_epoch_and_step_dark_and_light(qtbot, view, quantity):
    choose(qtbot, view, "tuned")
    for theme in ("dark", "light"):
        view.set_theme(load_theme(theme))
        for by in (0, 1):
            view.curves.what.setCurrentIndex(quantity)
            view.curves.by.setCurrentIndex(by)
            view.curves.refresh()
            assert view.curves.plot.shown
            picture = view.curves.plot.grab().toImage()
            seen = {picture.pixelColor(x, y).name() for x in range(0, picture.width(), 2)
                    for y in range(0, picture.height(), 2)}  # fmt: skip
            assert len(seen) > 8
    view.curves.log.click()
    assert view.curves.plot.log_y
    view.curves.plot.grab()


def test_results_show_folds_and_the_confusion(qtbot, view):
    from m3n_studio.learning.run_folder import RunFolder

    (path,) = choose(qtbot, view, "tuned")
    metrics = RunFolder(path).metrics
    view.show_page("results")
    table = view.results.folds
    shown = [table.item(i, 1).text() for i in range(table.rowCount())]
    assert shown == [f"{100 * f['macro_f1']:.1f}" for f in metrics["folds"]]
    matrix = view.results.map
    assert [list(r) for r in matrix.scores.confusion] == metrics["pooled"]["confusion"]
    truth = sum(metrics["pooled"]["confusion"][0])
    assert f"of {truth} windows" in matrix.words_of(0, 1)
    assert f"± {100 * metrics['std']['macro_f1']:.1f}" in view.results.figures.text()
    matrix.setFocus()
    qtbot.keyClick(matrix, Qt.Key.Key_Right)
    assert matrix.accessibleDescription() == matrix.words_of(0, 1)
    choose(qtbot, view, "pre")
    assert not matrix.isVisible()
    assert "Pretraining ended with a loss" in view.results.message.text()


def test_two_runs_are_compared_by_results_settings_and_curves(qtbot, view, folder, made):
    from m3n_studio.learning.finetune import finetune

    other = tiny.settings(finetune__optimiser__epochs=3, finetune__validation_users=1)
    finetune(folder / "runs" / "short", other, tiny.windows(), accelerator="cpu")
    window = view.window()
    window.runs.look()
    choose(qtbot, view, "tuned", "short")
    view.show_page("compare")
    qtbot.waitUntil(lambda: view.compare.table.rowCount() > 5)
    rows = dict(view.compare.rows())
    heads = [view.compare.table.horizontalHeaderItem(i).text() for i in (1, 2)]
    epochs = dict(zip(heads, rows["finetune.optimiser.epochs"], strict=True))
    assert epochs == {"tuned": "6", "short": "3"}
    assert "finetune.optimiser.batch" not in rows
    results = {n: view.reader.results[path_of(view, n)].scores for n in heads}
    assert rows["macro F1, pooled"] == tuple(f"{100 * results[n].macro_f1:.1f}" for n in heads)
    view.show_page("curves")
    assert {line.key for line in view.curves.plot.curves.lines} == {"tuned", "short"}
    assert len({line.color for line in view.curves.plot.curves.lines}) == 2
    choose(qtbot, view, "tuned")
    view.show_page("compare")
    assert view.compare.message.isVisible()


def test_a_diagnosis_is_shown_in_words(qtbot, view, folder):
    run = RunFolder(Path(path_of(view, "tuned")))
    run.write_json("state.json", {"version": 1, "status": "failed", "pid": 1, "host": "", "heartbeat": 0.0,
                                  "message": "the loss is not a number in epoch 2, step 4"})  # fmt: skip
    view.window().runs.look()
    choose(qtbot, view, "tuned")
    view.show_page("diagnosis")
    qtbot.waitUntil(lambda: "Training broke down" in view.diagnosis.text())
    assert view.tabs["diagnosis"].text().startswith("Diagnosis (")
    assert "epoch 2, step 4" in view.trouble.text()
    view.diagnosis.copy.click()
    assert "learning_rate" in QGuiApplication.clipboard().text()


def test_a_run_of_another_process_is_followed_live(qtbot, window, folder):
    view = opened(qtbot, window, folder)
    out = folder / "runs" / "theirs"
    out.parent.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "m3n_studio", "finetune", "--data", "demo", "--out", str(out), "--method", "base",
         "--preset", "smoke", "--set", "finetune.optimiser.epochs=30", "--set", "finetune.optimiser.stop_patience=30"],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "DISPLAY": ""},
    )  # fmt: skip
    try:
        qtbot.waitUntil(lambda: any(e.live for e in view.shelf.entries), timeout=90_000)
        (path,) = [e.path for e in view.shelf.entries]
        lengths = []

        def grows():
            lines = view.curves.plot.curves.lines
            length = len(lines[0].x) if lines else 0
            if length and (not lengths or length > lengths[-1]):
                lengths.append(length)
            return len(lengths) >= 3

        qtbot.waitUntil(grows, timeout=90_000)
        row = view.list.runs.rows[0]
        assert 0 < row.share < 1
        assert row.eta_s > 0
        assert "left" in row.standing
        assert view.count.text() == "1 run · 1 running"
        qtbot.waitUntil(lambda: path in view.reader.results)
        view.show_page("results")
        assert [f.state for f in view.results.folds.rows].count("running") == 1
        process.terminate()
        process.wait(30)
        qtbot.waitUntil(lambda: view.shelf.entry(path).status in ("interrupted", "cancelled", "failed"))
        qtbot.waitUntil(lambda: not view.list.runs.rows[0].entry.live)
        assert view.count.text() == "1 run"
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def test_scores_come_with_every_fold_that_ends(qtbot, view, folder, made):
    home = folder / "runs" / "growing"
    shutil.copytree(made[0], home)
    for number in ("2", "3", "4", "5"):
        shutil.move(home / "folds" / number, home / f"later{number}")
    run = RunFolder(home)
    run.set_state("running")
    view.window().runs.look()
    choose(qtbot, view, "growing")
    view.show_page("results")
    assert "1 of 5 folds so far" in view.results.figures.text()
    shutil.move(home / "later2", home / "folds" / "2")
    log = EventLog(run)
    log(Remark("fold", "macro F1", "fold 2 of 5", {"macro_f1": 0.5}))
    log.close()
    qtbot.waitUntil(lambda: "2 of 5 folds so far" in view.results.figures.text())
    run.set_state("finished")


def test_a_dropped_run_is_followed_forgotten_and_both_are_undone(qtbot, window, folder, made):
    view = opened(qtbot, window, folder)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(made[0]))])
    drop = QDropEvent(QPointF(20, 20), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton,
                      Qt.KeyboardModifier.NoModifier)  # fmt: skip
    view.dropEvent(drop)
    qtbot.waitUntil(lambda: len(view.shelf.entries) == 1)
    (entry,) = view.shelf.entries
    assert (entry.name, entry.elsewhere) == ("tuned", True)
    window.history.stack.undo()
    qtbot.waitUntil(lambda: not view.shelf.entries)
    window.history.stack.redo()
    qtbot.waitUntil(lambda: len(view.list.chosen) == 1)
    view.list.setFocus()
    qtbot.keyClick(view.list, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: not view.shelf.entries)
    assert (made[0] / "run.json").is_file()
    window.history.stack.undo()
    qtbot.waitUntil(lambda: len(view.shelf.entries) == 1)


def test_what_is_no_run_is_refused_with_its_path(qtbot, window, folder, tmp_path, monkeypatch):
    view = opened(qtbot, window, folder)
    said = []
    monkeypatch.setattr(view.commands, "_report", said.append)
    (tmp_path / "nothing").mkdir()
    view.commands.follow([tmp_path / "nothing"])
    qtbot.waitUntil(lambda: bool(said))
    assert "no run.json" in said[0]
    assert str(tmp_path / "nothing") in said[0]
    assert window.desk.project.runs() == ()


def test_a_run_is_moved_to_trash_after_asking_and_undo_brings_it_back(qtbot, view, window, folder):
    (path,) = choose(qtbot, view, "tuned")
    view.list.setFocus()
    qtbot.keyClick(view.list, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: bool(view.findChildren(QMessageBox)))
    (box,) = view.findChildren(QMessageBox)
    assert "tuned" in box.text()
    qtbot.mouseClick(box.defaultButton(), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not Path(path).exists())
    assert [e.name for e in view.shelf.entries] == ["pre"]
    qtbot.waitUntil(lambda: not view.findChildren(QMessageBox))
    window.history.stack.undo()
    window.runs.look()
    assert {e.name for e in view.shelf.entries} == {"pre", "tuned"}
    assert (Path(path) / "run.json").is_file()


def test_the_menu_offers_what_can_be_done(qtbot, view, tmp_path):
    choose(qtbot, view, "tuned")
    menu = view.commands.menu()
    on = {a.text(): a.isEnabled() for a in menu.actions() if a.text()}
    assert on == {"Open &folder": True, "&Copy path": True, "&Export curves as CSV…": True,
                  "Fo&llow a run folder…": True, "F&orget (files stay)": False, "Move to &trash…": True}  # fmt: skip
    asked = []
    view.commands.open_url = lambda url: asked.append(url.toLocalFile()) or True
    next(a for a in menu.actions() if a.text() == "Open &folder").trigger()
    assert asked == [path_of(view, "tuned")]
    view.commands.export(tmp_path / "out.csv")
    qtbot.waitUntil((tmp_path / "out.csv").is_file)
    assert (tmp_path / "out.csv").read_text("utf-8").startswith("run,fold,by,epoch,step,what,value\ntuned,fold 1 of 5")
    menu.deleteLater()


def test_fifty_thousand_events_are_painted_as_few_points(qtbot):
    rng = np.random.default_rng(0)
    names = [f"part {i}" for i in range(9)]
    history = History()
    history.add(
        Event(float(i), Step("", 1 + i // 500, 100, 1 + i % 500, 500,
                             {"loss": 1.0, **{n: float(v) for n, v in zip(names, rng.random(9), strict=True)}},
                             1e-3, 1.0, 900.0, 0.1, 1.0)) for i in range(50_000)
    )  # fmt: skip
    plot = CurvePlot(load_theme("dark"))
    qtbot.addWidget(plot)
    plot.resize(800, 400)
    plot.show()
    qtbot.waitExposed(plot)
    curves = curves_of([("long", history)], "losses", True)
    assert len(curves.lines) == 10
    assert all(len(line.x) == 50_000 for line in curves.lines)
    plot.set_curves(curves, "step", "")
    first = plot.grab().toImage()
    kept = plot._picture
    plot.read_at(25_000.0)
    plot.grab()
    assert plot._picture is kept  # the curves are not painted again for the cursor
    plot.set_hidden(names)
    assert plot.grab().toImage() != first


def test_a_plot_lives_with_one_point_with_gaps_and_with_constants(qtbot):
    plot = CurvePlot(load_theme("light"))
    qtbot.addWidget(plot)
    for y in ([1.0], [1.0, float("nan"), 1.0], [0.0, 0.0, 0.0], [1e-9, 1e9]):
        history = History()
        history.add(epochs({"loss": np.array(y)}, part=""))
        plot.set_curves(curves_of([("r", history)], "losses", False), "epoch", "")
        for log in (False, True):
            plot.set_log(log)
            plot.read_at(1.0)
            plot.grab()
    plot.set_curves(curves_of([], "losses", False), "epoch", "")
    plot.grab()
    assert plot.words_at(1.0) == ""
