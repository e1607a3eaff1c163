"""The Embedding view in the real window: points equal the command line's, picks agree everywhere, labels, playing."""

import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt

pytest.importorskip("torch")

from m3n_studio.annotation.model import Annotation, Change
from m3n_studio.cli import main
from m3n_studio.learning.embed import read_embeddings
from m3n_studio.learning.predict import Predicted
from m3n_studio.learning.projection import nearest, unit
from m3n_studio.studio.core.moments import Moment
from m3n_studio.studio.embedding.embedding_table import NONE, POSE, REAL, SYNTHETIC, TEXT
from tests.studio import embedding_made as made
from tests.studio.conftest import active


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return made.study(tmp_path_factory.mktemp("embedding") / "study")


@pytest.fixture
def opened(qtbot, window, study, tmp_path):
    folder = shutil.copytree(study, tmp_path / "study")
    window.projects.open(folder)
    qtbot.waitUntil(lambda: window.desk.project is not None)
    window.desk.session_wanted.emit(window.desk.project.sessions()[0].id)
    qtbot.waitUntil(lambda: window.desk.session is not None and window.clock.end_s > 10)
    window.desk.author = "ana"
    window.host.show_dock("embedding")
    view = window.views["embedding"]
    active(qtbot, window)
    qtbot.waitUntil(lambda: view.space.count() > 0)
    quiet(qtbot, window)
    return window, view


def quiet(qtbot, window):
    qtbot.waitUntil(lambda: not [j for j in window.jobs.running if j.key.startswith("embedding")])
    qtbot.wait(20)
    qtbot.waitUntil(lambda: not [j for j in window.jobs.running if j.key.startswith("embedding")])


def choose(view, name):
    at = next(i for i in range(view.space.count()) if view.space.itemText(i).startswith(name))
    view.space.setCurrentIndex(at)


def embedded(qtbot, window, view, name="before", motions="demo"):
    choose(view, name)
    view.motion_actions[motions].trigger()
    quiet(qtbot, window)
    if view.table is None:
        view.embed_button.click()
        assert view.busy.isVisible()
        qtbot.waitUntil(lambda: view.table is not None or view.words.text() != "", timeout=120_000)
    assert view.table is not None, view.words.text()
    qtbot.waitUntil(lambda: view.said is not None)
    quiet(qtbot, window)
    return view.table


def test_points_are_those_of_the_command_line_and_are_kept(qtbot, opened, tmp_path):
    window, view = opened
    folder = window.desk.project.folder
    table = embedded(qtbot, window, view)
    main(["embed", str(folder / "runs" / "before"), "--data", str(folder), "--out", str(tmp_path / "real.h5")])
    main(["embed", str(folder / "runs" / "before"), "--motion", "demo", "--out", str(tmp_path / "motions.h5")])
    real, motions = (read_embeddings(tmp_path / f"{name}.h5") for name in ("real", "motions"))
    titles = view.said.titles
    rows = {(titles[str(table.session[i])], round(float(table.start_s[i]), 3)): i
            for i in np.flatnonzero(table.modality == REAL)}  # fmt: skip
    both = unit(unit(real.imu.reshape(-1, real.imu.shape[2])).reshape(real.imu.shape).sum(axis=1))
    assert len(real) > 50
    for i in range(len(real)):
        row = rows[str(real.name[i]), round(float(real.start_s[i]), 3)]
        assert np.allclose(table.vector[row], both[i], atol=1e-5)
        assert view.said.labels[row] == real.topics[real.topic[i]]
    synthetic = np.flatnonzero(table.modality == SYNTHETIC)
    both = unit(unit(motions.imu.reshape(-1, motions.imu.shape[2])).reshape(motions.imu.shape).sum(axis=1))
    assert np.allclose(table.vector[synthetic], both, atol=1e-5)
    assert np.allclose(table.vector[table.modality == POSE], unit(motions.pose), atol=1e-5)
    texts = table.vector[table.modality == TEXT]
    assert np.allclose(texts[-len(motions.text) :], unit(motions.text), atol=1e-5)
    kept = sorted((folder / "cache" / "embeddings").glob("*.h5"))
    assert len(kept) == 2
    choose(view, "after")
    choose(view, "before")
    qtbot.waitUntil(lambda: view.table is not None)  # without a press
    assert np.array_equal(view.table.vector, table.vector)
    kept[0].write_bytes(b"damaged")
    choose(view, "after")
    choose(view, "before")
    qtbot.waitUntil(lambda: view.table is not None, timeout=60_000)
    assert np.allclose(view.table.vector, table.vector, atol=1e-6)


def test_a_classifiers_space_has_its_predictions_and_experts(qtbot, opened):
    window, view = opened
    table = embedded(qtbot, window, view, "after", motions="")
    from m3n_studio.learning.evaluate import fold_predictions
    from m3n_studio.learning.run_folder import RunFolder

    assert table.classes == ("rest", "shake")
    assert (table.expert >= 0).all()
    run = RunFolder.open(window.desk.project.folder / "runs" / "after")
    held = {}
    for p in fold_predictions(run).values():
        for n, s, b in zip(p.recording, p.start_s.tolist(), p.probability.argmax(axis=1).tolist(), strict=True):
            held[str(n), round(s, 3)] = table.classes[b]
    assert len(held) > 50
    for row in range(len(table)):
        key = view.said.titles[str(table.session[row])], round(float(table.start_s[row]), 3)
        assert view.said.predicted[row] == held.get(key, table.classes[table.predicted[row]])
    view.color_box.setCurrentIndex(view.color_box.findData("expert"))
    qtbot.waitUntil(lambda: view.said.by == "expert")
    assert sum(view.said.groups.counts) == len(table)
    view.color_box.setCurrentIndex(view.color_box.findData("error"))
    qtbot.waitUntil(lambda: view.said.by == "error")
    wrong = (view.said.labels != view.said.predicted) & (view.said.labels != "")
    counts = dict(zip(view.said.groups.names, view.said.groups.counts.tolist(), strict=True))
    assert sum(n for name, n in counts.items() if " as " in name) == wrong.sum()


def says(seed, unknown=()):
    """A made-up prediction of a session: a class for every quarter of a second, at some moments nothing."""
    rng = np.random.default_rng(seed)
    probability = rng.dirichlet((1.0, 1.0, 1.0), 46).astype(np.float32)
    probability[list(unknown)] = np.nan
    nothing = np.zeros((1, 0, 0, 0), dtype=np.float32)
    return Predicted(0.2 + 0.25 * np.arange(46), probability, np.zeros(0), np.zeros((0, 3), dtype=np.float32), nothing,
                     ("rest", "shake", "walk"), ("left_wrist",), 0.25, 1.0)  # fmt: skip


def errors_by_hand(view, shown):
    """How often each thing happens, one window at a time."""
    count = {}
    for row in range(len(view.table)):
        session, label = str(view.table.session[row]), str(view.said.labels[row])
        middle = float(view.table.start_s[row]) + view.table.length_s / 2
        said = ""
        if session in shown and view.table.modality[row] == REAL:
            of = shown[session]
            inside = [i for i, t in enumerate(of.time_s) if t <= middle + 1e-9 and middle < t + of.hop_s - 1e-9]
            if inside and np.isfinite(of.probability[inside[0]]).all():
                said = of.classes[int(np.argmax(of.probability[inside[0]]))]
        name = "none" if not label or not said else "right" if label == said else f"{label} as {said}"
        count[name] = count.get(name, 0) + 1
    return count


def test_errors_are_those_of_the_predictions_other_views_show(qtbot, opened):
    window, view = opened
    embedded(qtbot, window, view, motions="")
    book, run = window.predictions, str(window.desk.project.folder / "runs" / "after")
    for file in (window.desk.project.folder / "runs" / "after").rglob("predictions.*"):
        file.unlink()  # so that the run itself says nothing of people it did not learn from
    book.show(())
    view.color_box.setCurrentIndex(view.color_box.findData("error"))
    qtbot.waitUntil(lambda: view.said.by == "error")

    def counts():
        return {("none" if name == NONE else name): n
                for name, n in zip(view.said.groups.names, view.said.groups.counts.tolist(), strict=True)}  # fmt: skip

    def are_right():
        quiet(qtbot, window)
        known = {s: of for s in sessions if (of := book.found(s, run)) is not None and book.models}
        return counts() == errors_by_hand(view, known)

    sessions = [s.id for s in window.desk.project.sessions()]
    qtbot.waitUntil(lambda: counts() == {"none": len(view.table)}, timeout=10_000)
    assert "no model says" in view.legend.toolTip().lower()
    others = [s for s in sessions if s != window.desk.session.id]
    book.show((run,))
    book.put(others[0], run, says(1))
    book.put(others[1], run, says(2, unknown=range(10, 20)))
    qtbot.waitUntil(lambda: counts() != {"none": len(view.table)} and are_right(), timeout=20_000)
    assert {"right", "shake as rest", "shake as walk", "none"} <= set(counts())
    assert "no model says" not in view.legend.toolTip().lower()
    assert view.said.groups.names[0] == "right"
    before = counts()
    book.put(others[1], run, says(3))
    qtbot.waitUntil(lambda: counts() != before and are_right(), timeout=10_000)
    before = counts()
    old = window.desk.project.annotations(window.desk.session.id)
    window.desk.annotate(Change("Away", tuple(old), ()))
    qtbot.waitUntil(lambda: counts()["none"] > before["none"] and are_right(), timeout=10_000)


def test_a_shown_models_errors_are_of_people_it_did_not_learn_from(qtbot, opened):
    window, view = opened
    embedded(qtbot, window, view, motions="")
    run = str(window.desk.project.folder / "runs" / "after")
    window.predictions.show((run,))
    view.color_box.setCurrentIndex(view.color_box.findData("error"))
    qtbot.waitUntil(lambda: view.said.by == "error" and bool((view.said.predicted != "").any()), timeout=10_000)
    from m3n_studio.learning.evaluate import fold_predictions
    from m3n_studio.learning.run_folder import RunFolder

    folder = RunFolder.open(run)
    classes, held = folder.about.facts["classes"], {}
    for p in fold_predictions(folder).values():
        for n, s, b in zip(p.recording, p.start_s.tolist(), p.probability.argmax(axis=1).tolist(), strict=True):
            held[str(n), round(s, 3)] = classes[b]
    told = 0
    for row in np.flatnonzero(view.table.modality == REAL):
        key = view.said.titles[str(view.table.session[row])], round(float(view.table.start_s[row]), 3)
        if key in held:
            assert view.said.predicted[row] == held[key]
            told += 1
    assert told > 50


def rows_of(view, moments):
    """What is to be picked for moments, found one by one."""
    table, out = view.table, set()
    for m in moments:
        mine = [i for i in range(len(table)) if table.modality[i] == REAL and table.session[i] == m.session]
        same = [i for i in mine if table.moment(i) == m]
        middles = {i: float(table.start_s[i]) + table.length_s / 2 for i in mine}
        inside = [i for i in mine if m.start_s <= middles[i] < m.end_s]
        away = {i: abs(middles[i] - (m.start_s + m.end_s) / 2) for i in mine}
        near = [i for i in mine if away[i] <= min(away.values()) + 1e-9
                and away[i] < (table.length_s + m.end_s - m.start_s) / 2]  # fmt: skip
        out |= set(same or inside or near)
    return out


def agree(window, view):
    """All views show the same as picked."""
    table, moments = view.table, window.moments
    real = {i for i in view.picks.rows.tolist() if table.modality[i] == REAL}
    assert real == rows_of(view, moments.picked)
    assert np.flatnonzero(view.cloud.picked).tolist() == view.picks.rows.tolist()
    assert view.cloud.picked.sum() == len(view.picks.rows)
    shown = window.views["traces"].marks
    assert shown.spans == tuple((m.start_s, m.end_s) for m in moments.here)
    assert view.picked_row.isVisibleTo(view) == (len(view.picks.rows) > 0)


def test_whatever_is_picked_wherever_all_views_agree(qtbot, opened):  # noqa: C901 - a function an action
    window, view = opened
    table = embedded(qtbot, window, view)
    view.play_action.setChecked(False)
    view.cloud.resize(500, 400)
    sessions = [s.id for s in window.desk.project.sessions()]

    def lasso(rng):
        w, h = view.cloud.width(), view.cloud.height()
        corners = [(float(rng.uniform(0, w)), float(rng.uniform(0, h))) for _ in range(5)]
        view.cloud.pick_in(corners, add=bool(rng.integers(2)))

    def click(rng):
        view._on_clicked(int(rng.integers(-1, len(table))), bool(rng.integers(2)))

    def others(rng):
        start = float(rng.uniform(-1, 12))
        window.moments.pick(Moment(sessions[rng.integers(5)], start, start + float(rng.uniform(0.01, 5)))
                            for _ in range(rng.integers(0, 3)))  # fmt: skip

    def label(rng):
        ids = [a.id for a in window.desk.track]
        window.desk.pick([i for i in ids if rng.integers(2)])

    def hide(rng):
        view.legend.show_only(view.said.groups.names[rng.integers(len(view.said.groups.names))])

    def theirs(rng):
        before = window.moments.picked
        view.picks.pick_labels()
        assert window.moments.picked == before
        assert window.desk.picked_ids == view.picks.labels_of()

    def annotate(rng):
        start = float(rng.uniform(0, 10))
        window.desk.annotate(Change("A", (), (Annotation("tier", "rest", start, start + 0.5, "bo"),)))

    def undo(rng):
        window.actions_by_name["undo"].trigger()

    def session(rng):
        window.desk.put(sessions[rng.integers(5)])

    def everything(rng):
        view.pick_shown()

    actions = (lasso, click, others, label, hide, theirs, annotate, undo, session, everything)

    @given(st.lists(st.tuples(st.sampled_from(actions), st.integers(0, 10**6)), max_size=12))
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    def play(steps):
        for action, seed in steps:
            action(np.random.default_rng(seed))
            agree(window, view)

    play()
    quiet(qtbot, window)
    window.desk.put(sessions[0])
    qtbot.wait(300)
    quiet(qtbot, window)


def test_picked_windows_are_labelled_over_sessions_as_one_step(qtbot, opened):
    window, view = opened
    table = embedded(qtbot, window, view, motions="")
    project = window.desk.project
    first, second = (s.id for s in project.sessions()[:2])
    mine, other = (np.flatnonzero((table.session == i) & (table.modality == REAL)) for i in (first, second))
    view.picks.pick(np.concatenate([mine[:6], other[-1:]]))
    view.class_box.setCurrentIndex(view.class_box.findData("rest"))
    before = {s: project.annotations(s) for s in (first, second)}
    view.label_button.click()
    for session, rows in ((first, mine[:6]), (second, other[-1:])):
        span = table.moment(rows[0]).start_s, table.moment(rows[-1]).end_s
        made_now = [a for a in project.annotations(session) if a.note == "embedding"]
        assert [(a.label, a.author) for a in made_now] == [("rest", "ana")]
        assert (made_now[0].start_s, made_now[0].end_s) == pytest.approx(span)
    qtbot.waitUntil(lambda: set(view.said.labels[mine[:6]]) == {"rest"})
    window.actions_by_name["undo"].trigger()
    assert {s: project.annotations(s) for s in (first, second)} == before
    qtbot.waitUntil(lambda: set(view.said.labels[mine[:6]]) == {"shake"})


def test_a_click_goes_there_plays_and_lists_true_neighbours(qtbot, opened):
    window, view = opened
    table = embedded(qtbot, window, view)
    here = window.desk.session.id
    away = (table.session != here) & (table.modality == REAL)
    row = int(np.flatnonzero(away & (np.abs(table.start_s - 4.0) < 0.3))[0])
    view.cloud.setFocus()
    at = view.cloud.place_of(row)
    near = view.cloud.point_at(at.x(), at.y())
    qtbot.mouseClick(view.cloud, Qt.MouseButton.LeftButton, pos=QPoint(round(at.x()), round(at.y())))
    assert view.cloud.current == view.cloud.point_at(round(at.x()), round(at.y())) or view.cloud.current == near
    view._on_clicked(row, False)
    moment = table.moment(row)
    assert window.moments.picked == (moment,)
    qtbot.waitUntil(lambda: window.desk.session.id == moment.session)
    qtbot.waitUntil(lambda: window.clock.loop == (moment.start_s, moment.end_s))
    assert window.clock.playing
    window.clock.pause()
    qtbot.waitUntil(lambda: view.near.count() == 12 and view.near_of[0] == row)
    alike = table.vector @ table.vector[row]
    alike[row] = -2
    assert np.allclose(sorted(alike[view.near_of[1]], reverse=True), np.sort(alike)[::-1][:12], atol=1e-6)
    assert np.array_equal(view.near_of[1], nearest(table.vector, row, 12)[0])
    view.near.itemClicked.emit(view.near.item(0))
    assert view.picks.rows.tolist() == [int(view.near_of[1][0])] or len(window.moments.picked) == 1
    window.clock.pause()
    qtbot.keyClick(view.cloud, Qt.Key.Key_PageDown)
    assert view.cloud.current == row + 1
    qtbot.keyClick(view.cloud, Qt.Key.Key_Escape)
    assert len(view.picks.rows) == 0
    window.clock.set_loop(None)


def test_a_synthetic_point_opens_its_motion_at_its_time(qtbot, opened):
    window, view = opened
    table = embedded(qtbot, window, view)
    row = int(np.flatnonzero((table.modality == SYNTHETIC) & (table.start_s > 0.4))[0])
    view._on_clicked(row, False)
    assert window.moments.picked == ()
    assert view.picks.rows.tolist() == [row]
    assert view.open_motion.isVisible()
    view.open_motion.click()
    qtbot.waitUntil(lambda: window.history.document.motion_path.endswith(str(table.name[row])))
    qtbot.waitUntil(lambda: window.clock.loop is not None and window.clock.loop[0] == pytest.approx(table.start_s[row]))
    window.clock.pause()
    window.clock.set_loop(None)


def test_the_picture_goes_over_to_tsne_and_can_be_stopped(qtbot, opened):
    window, view = opened
    table = embedded(qtbot, window, view, motions="")
    qtbot.waitUntil(lambda: "trustworthiness" in view.words.text())
    pca = view.cloud.flat.copy()
    view.layout_box.setCurrentIndex(view.layout_box.findData("tsne"))
    view.layout_box.activated.emit(view.layout_box.currentIndex())
    assert view.busy.isVisible()
    view.cancel.click()
    assert view.layout_box.currentData() == "pca"
    quiet(qtbot, window)
    assert np.array_equal(view.cloud.flat, pca)
    view.layout_box.setCurrentIndex(view.layout_box.findData("tsne"))
    view.layout_box.activated.emit(view.layout_box.currentIndex())
    qtbot.waitUntil(lambda: view.shown_method == "tsne", timeout=60_000)
    assert view.cloud.moving
    with qtbot.waitSignal(view.cloud.settled):
        pass
    assert np.array_equal(view.cloud.flat, view.flats["tsne"])
    qtbot.waitUntil(lambda: "t-SNE" in view.words.text() and "trustworthiness" in view.words.text())
    assert len(view.flats["tsne"]) == len(table)


def test_groups_are_hidden_shown_alone_and_drawn_around(qtbot, opened):
    window, view = opened
    table = embedded(qtbot, window, view, motions="")
    view.legend.show_only("shake")
    assert set(view.said.labels[~view.cloud.look.hidden]) == {"shake"}
    w, h = view.cloud.width(), view.cloud.height()
    view.tools["box"].click()
    qtbot.mousePress(view.cloud, Qt.MouseButton.LeftButton, pos=QPoint(2, 2))
    qtbot.mouseMove(view.cloud, QPoint(w // 2, h // 2))
    qtbot.mouseMove(view.cloud, QPoint(w - 2, h - 2))
    qtbot.mouseRelease(view.cloud, Qt.MouseButton.LeftButton, pos=QPoint(w - 2, h - 2))
    assert view.picks.rows.tolist() == np.flatnonzero(view.said.labels == "shake").tolist()
    view.legend.show_only("shake")
    assert not view.cloud.look.hidden.any()
    view.placement_action.setChecked(True)
    embedded(qtbot, window, view, motions="")
    assert len(view.table) == 2 * (table.modality == REAL).sum() + (table.modality == TEXT).sum()


def test_what_to_do_next_is_said(qtbot, window, tmp_path):
    from m3n_studio.project import Project

    window.host.show_dock("embedding")
    view = window.views["embedding"]
    assert "No project is open" in view.empty.text()
    assert not view.embed_button.isEnabled()
    with Project.create(tmp_path / "bare"):
        pass
    window.projects.open(tmp_path / "bare")
    qtbot.waitUntil(lambda: window.desk.project is not None)
    qtbot.waitUntil(lambda: "no trained model" in view.empty.text())
    assert view.table is None
