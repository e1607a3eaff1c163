"""Synthetic and real: bodies are compared and hinted at on the sliders; a simulation is held against its recording."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFileDialog

from m3n_studio.errors import ValueProblem
from m3n_studio.project import Project
from m3n_studio.project.demo_project import make_demo_project
from m3n_studio.recordings.signal import Signal
from m3n_studio.resources import resource
from m3n_studio.studio.core.shape_hints import ShapeHint
from m3n_studio.studio.embedding import closeness_pair
from m3n_studio.studio.embedding import closeness_work as work
from m3n_studio.studio.embedding.closeness_session import stretches
from tests.studio.conftest import active

pytest.importorskip("pydantic")


class Quiet:
    def progress(self, *_):
        """Nobody looks."""

    def check(self):
        """Nobody cancels."""

    def cancelled(self):
        """No."""
        return False


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_demo_project(tmp_path_factory.mktemp("demo") / "demo")


@pytest.fixture
def folder(made, tmp_path):
    return shutil.copytree(made, tmp_path / "demo")


@pytest.fixture
def opened(qtbot, window, folder):
    window.projects.open(folder)
    qtbot.waitUntil(lambda: window.desk.project is not None)
    subject = next(s for s in window.desk.project.subjects() if s.name == "P2")
    session = next(s for s in window.desk.project.sessions(subject.id) if s.name == "morning")
    window.desk.session_wanted.emit(session.id)
    qtbot.waitUntil(lambda: window.contents.document.session_id == session.id and bool(window.contents.real))
    window.host.show_dock("closeness")
    active(qtbot, window)
    return window, window.views["closeness"]


def asked(project, **more):
    person = more.pop("person", "P2")
    subject = next(s for s in project.subjects() if s.name == person)
    (tier,) = project.tiers()
    cls = tier.by_name(more.pop("cls", "walking"))
    base = {"placement": "left_wrist", "motions": work.OWN, "space": "any strap", "bodies": 200}
    return work.Question(subject.id, tier.id, cls.id if cls else "", **{**base, **more})


def compute(qtbot, page):
    page.compute.click()
    assert page.busy.isVisibleTo(page)
    qtbot.waitUntil(lambda: page.busy.job is None)


# ---------------------------------------------------------------------- the work, without a window


def test_the_height_of_made_up_people_is_hinted_at(made, body):
    with Project.open(made, read_only=True) as project:
        heights, best = [], []
        for subject in project.subjects():
            answer = work.compare_bodies(project, body, asked(project, person=subject.name), Quiet())
            stature = next(h for h in answer.found.hints if h.name == "stature")
            assert stature.low - 0.01 <= subject.height_m <= stature.high + 0.01
            heights.append(subject.height_m)
            best.append(stature.best)
        assert np.corrcoef(heights, best)[0, 1] > 0.8


def test_what_is_missing_is_told(made, body):
    with Project.open(made, read_only=True) as project:
        for question, words in (
            (asked(project, placement="head"), "no recording at head"),
            (asked(project, person="P5", cls="none", motions="path:/nowhere/at/all"), "no such folder"),
        ):
            with pytest.raises(Exception, match=words):
                work.compare_bodies(project, body, question, Quiet())
        unlabelled = asked(project, person="P5")
        windows, blocks = work.real_windows(project, unlabelled, work._spec("left_wrist"))
        everything, _ = work.real_windows(project, asked(project, person="P5", cls="all"), work._spec("left_wrist"))
        assert 8 < len(windows) == len(blocks) < len(everything)
        assert len(np.unique(blocks)) < len(blocks)


def test_motions_are_found_by_what_they_are_called(made):
    with Project.open(made, read_only=True) as project:
        for cls, expected in (("walking", {"walk"}), ("sitting", {"sit_stand"}), ("sawing", {"saw"})):
            _, names, notes = work.find_motions(project, asked(project, cls=cls, motions=work.LIKE))
            assert set(names) == expected
            assert notes == ()
        motions, names, _ = work.find_motions(project, asked(project))
        assert names == ("P2 afternoon", "P2 morning")
        assert all(len(m.spans) == 1 for m in motions)
        path = f"{work.PATH}{resource('motions')}"
        assert work.find_motions(project, asked(project, cls="waving", motions=path))[1] == ("wave",)
        assert len(work.find_motions(project, asked(project, cls="all", motions=path))[1]) == 10


def test_a_simulation_that_differs_is_seen_to_differ(tmp_path):
    pytest.importorskip("torch")
    from tests.learning import runs

    before = runs.pretrained(tmp_path / "pre").path
    after = runs.finetuned(tmp_path / "fine", before).path
    t = np.arange(1200) / 60.0
    rng = np.random.default_rng(1)
    acc = np.column_stack([3 * np.sin(6 * t), 2 * np.cos(9 * t), 9.81 + np.sin(3 * t)])
    same = Signal("left_wrist", t, acc, np.zeros((1200, 3)))
    noise = np.where(t[:, None] > 10.0, rng.normal(0, 30, (1200, 3)), 0.0)
    other = same.with_(acc_mps2=acc + noise, gyr_radps=0.3 * noise)
    one = closeness_pair.compare_session({"left_wrist": (same, same)}, "left_wrist", str(before), str(after), Quiet())
    two = closeness_pair.compare_session({"left_wrist": (other, same)}, "left_wrist", str(before), str(after), Quiet())
    assert np.allclose(one.cosine, 1.0, atol=1e-6)
    assert one.agreement == 1.0
    early, late = two.cosine[two.time_s < 9.0], two.cosine[two.time_s > 11.0]
    assert early.min() > 0.99
    assert late.max() < early.min()
    assert -1.0 <= one.apart < np.median(one.cosine)
    assert one.classes == two.classes
    assert len(two.moments_s) == len(two.real) == len(two.simulated)
    assert np.array_equal(one.real, two.real)
    with pytest.raises(ValueProblem, match="none of them is here"):
        closeness_pair.compare_session({"head": (same, same)}, "head", "", str(after), Quiet())


def test_stretches_end_where_nothing_is_known():
    time_s = np.array([0.0, 1.0, 2.0, 3.0, 7.0, 8.0])
    best = np.array([0, 0, 1, -1, 1, 1])
    assert stretches(time_s, best, ["a", "b"]) == [(0.0, 2.0, "a"), (2.0, 3.0, "b"), (7.0, 9.0, "b")]


# ---------------------------------------------------------------------- in the window


def test_without_a_project_the_demo_is_offered_and_opens(qtbot, window, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "demo"), ""))
    assert window.actions_by_name["demo.learning"].isEnabled()
    window.views.reveal("closeness")
    view = window.views["closeness"]
    assert view.empty.isVisibleTo(view)
    assert not view.work.isVisibleTo(view)
    view.demo.click()
    qtbot.waitUntil(lambda: window.desk.session is not None and window.contents.clip is not None)
    assert window.desk.session.name == "morning"
    assert not window.host.docks["labels"].isHidden()
    qtbot.waitUntil(lambda: window.host.docks["body"].in_front)
    assert view.work.isVisibleTo(view)
    page = view.bodies
    assert (page.subject.currentText(), page.label_box.currentText()) == ("P1", "walking")
    assert page.motions.currentData() == work.OWN
    assert window.store.value.projects[0] == str(tmp_path / "demo")


def test_the_start_page_makes_the_demo_project_and_a_taken_folder_is_told(qtbot, window, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("keep")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "mine"), ""))
    window.empty.demo_project.click()
    qtbot.waitUntil(lambda: window.error_bar.isVisible())
    assert window.desk.project is None
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.txt"]
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    window.empty.demo_project.click()
    assert not window.jobs.running


def test_bodies_are_compared_and_hinted_at_and_the_best_is_taken_as_one_step(qtbot, opened):
    window, view = opened
    page = view.bodies
    assert page.subject.currentText() == "P2"
    assert page.label_box.currentText() == "walking"
    assert page.motions.currentData() == work.OWN
    page.bodies.setValue(300)
    compute(qtbot, page)
    assert "300 bodies" in page.words.text()
    rows = {row.title: row for row in page.strips.rows}
    assert rows["Stature"].preferred
    assert not rows["Foot"].preferred
    assert rows["Foot"].words == "no preference"
    assert "Stature: 1" in page.strips.accessibleDescription()
    page.show_hints.click()
    hints = window.hints.all
    assert set(hints) == {h.name for h in page.answer.found.hints if h.preferred}
    window.host.show_dock("attributes")
    sliders = window.views["attributes"].body
    qtbot.waitUntil(lambda: sliders.rows["stature"].take.isVisible() and sliders.rows["stature"].take.isEnabled())
    assert sliders.rows["stature"].slider.hint == hints["stature"]
    assert not sliders.rows["foot"].take.isVisible()
    assert "P2’s recordings" in sliders.rows["stature"].take.toolTip()
    assert "P2’s recordings" in sliders.rows["stature"].slider.toolTip()
    count, before = window.history.stack.count(), window.history.document.body
    qtbot.mouseClick(sliders.rows["stature"].take, Qt.MouseButton.LeftButton)
    assert sliders.rows["stature"].slider.shown_value == pytest.approx(hints["stature"].best, abs=1e-3)
    assert window.history.stack.count() == count + 1
    window.actions_by_name["undo"].trigger()
    assert window.history.document.body == before
    page.clear_hints.click()
    assert not window.hints.all
    assert sliders.rows["stature"].slider.hint is None
    assert not page.clear_hints.isEnabled()


def test_a_comparison_is_cancelled_and_what_fails_is_told(qtbot, opened):
    window, view = opened
    page = view.bodies
    page.bodies.setValue(2000)
    page.compute.click()
    page.busy.cancel.click()
    assert page.words.text() == "Stopped."
    assert page.compute.isVisibleTo(page)
    qtbot.waitUntil(lambda: not window.jobs.running)
    assert page.answer is None
    assert not page.show_hints.isEnabled()
    page.choose_path("/nowhere/at/all")
    compute(qtbot, page)
    assert "no such folder" in page.words.text()
    window.projects.close()
    assert view.empty.isVisibleTo(view)


def test_a_session_is_compared_with_its_simulation_and_a_click_goes_there(qtbot, opened, folder):
    pytest.importorskip("torch")
    from tests.learning import runs

    window, view = opened
    page = view.session
    view.choice.button(1).click()
    assert "no finished run" in page.words.text()
    before = runs.pretrained(folder / "runs" / "pre").path
    runs.finetuned(folder / "runs" / "fine", before)
    window.runs.look()
    assert (page.run.currentText(), page.model.currentText()) == ("pre", "fine")
    page.compare.click()
    qtbot.waitUntil(lambda: page.busy.job is None)
    found = page.tracks_found
    assert found is not None, page.words.text()
    assert np.median(found.cosine) > 0.9
    assert "predicted alike" in page.words.text()
    qtbot.waitUntil(lambda: page.track.isVisible())
    middle = page.track.LEFT + (page.track.width() - page.track.LEFT - 8) // 2
    qtbot.mouseClick(page.track, Qt.MouseButton.LeftButton, pos=QPoint(middle, 40))
    first, last = window.contents.span_s()
    assert window.clock.time_s == pytest.approx((first + last) / 2, rel=0.03)
    before = window.clock.time_s
    qtbot.keyClick(page.track, Qt.Key.Key_Right)
    assert window.clock.time_s == pytest.approx(before + 1.0, abs=0.1)
    window.desk.put("")
    assert page.tracks_found is None
    assert not page.track.isVisible()


def test_hints_from_elsewhere_are_drawn_where_they_are(qtbot, opened):
    window, _ = opened
    window.host.show_dock("attributes")
    sliders = window.views["attributes"].body
    qtbot.waitUntil(lambda: sliders.rows["forearm"].slider.isEnabled())
    slider = sliders.rows["forearm"].slider
    plain = slider.grab().toImage()
    window.hints.put({"forearm": ShapeHint(0.24, 0.25, 0.26, "Said a test")})
    marked = slider.grab().toImage()
    y = 4
    for value, differs in ((0.25, True), (0.245, True), (0.30, False)):
        x = round(slider.x_of(value) * slider.devicePixelRatioF())
        assert (plain.pixelColor(x, y) != marked.pixelColor(x, y)) == differs
