"""What there is to learn from: counted against hand counts and against real windows; said where there is nothing."""

import numpy as np
import pytest

from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier
from m3n_studio.learning.config import WindowSpec
from m3n_studio.learning.windows import cut
from m3n_studio.project import Project
from m3n_studio.project.training_data import labelled_recordings
from m3n_studio.recordings.signal import Signal
from m3n_studio.studio.training.data_work import balance, look_at_data
from m3n_studio.studio.training.placing import place_all
from tests.learning.test_cli_learn import project as make_project
from tests.studio.conftest import active


class Quiet:
    def progress(self, *_):
        """Nobody looks."""

    def check(self):
        """Nobody cancels."""


SPEC = WindowSpec(placements=("left_wrist",), rate_hz=16.0)


def signal(seconds, hz=32.0):
    t = np.arange(round(seconds * hz)) / hz
    wave = np.column_stack([np.sin(t), np.cos(t), 9.81 + 0 * t])
    return Signal("watch", t, wave, wave / 10)


def test_counts_are_those_of_real_windows(tmp_path):
    with Project.open(make_project(tmp_path / "p")) as project:
        data = look_at_data(project, "", SPEC, Quiet())
        windows = cut(labelled_recordings(project), SPEC)
    assert data.tier == "activity"
    assert data.subjects == tuple(f"u{i}" for i in range(5))
    assert data.of_class("slow")[0] == pytest.approx(60.0)
    by_class = dict(zip(windows.classes, windows.counts().tolist(), strict=True))
    assert {name: data.of_class(name)[1] for name, _ in data.classes} == {n: by_class[n] for n in ("slow", "fast")}
    assert data.of_class("slow", without=("u0", "u1")) == (pytest.approx(36.0), by_class["slow"] * 3 // 5)
    assert data.problem == ""
    assert data.placements == (("left_wrist", pytest.approx(5 * 23.97, abs=0.2)),)
    assert balance(data) == "All classes have about the same time."


def test_only_what_was_recorded_counts_and_null_is_no_class(tmp_path):
    classes = (LabelClass("walk", id="w"), LabelClass("sit", id="s"), LabelClass("null", id="n"))
    with Project.create(tmp_path / "p") as project:
        project.add_label_set("labels", [Tier("mine", classes=classes, id="mine")])
        for i, name in enumerate(("ana", "bo")):
            session = project.add_session("day", project.add_subject(name).id)
            project.add_recording(session.id, signal(20.0), placement="left_wrist")
            labels = [Annotation("mine", "w", -5.0, 8.0), Annotation("mine", "n", 8.0, 12.0)]
            labels += [Annotation("mine", "s", 19.0, 30.0)] if i == 0 else []
            project.annotate(session.id, Change("Given", (), tuple(labels)))
        data = look_at_data(project, "mine", SPEC, Quiet())
    assert [name for name, _ in data.classes] == ["walk", "sit"]
    assert data.of_class("walk")[0] == pytest.approx(16.0)
    assert data.of_class("sit")[0] == pytest.approx(1.0, abs=0.1)
    assert data.of_class("sit")[1] == 0  # too short for a window
    assert "times as much walk as sit" in balance(data)
    assert balance(data, without=("ana",)) == "Nobody chosen has sit."


def test_what_is_missing_is_said(tmp_path):
    with Project.create(tmp_path / "p") as project:
        assert "Import some" in look_at_data(project, "", SPEC, Quiet()).problem
        one = project.add_session("day")
        recording = project.add_recording(one.id, signal(20.0), name="watch")
        found = look_at_data(project, "", SPEC, Quiet())
        assert "where it was worn" in found.problem
        assert found.unplaced == ((recording.name, 1),)


def test_places_are_said_once_for_all_and_labels_are_followed(qtbot, window, tmp_path):
    classes = (LabelClass("walk", id="w"), LabelClass("sit", id="s"))
    with Project.create(tmp_path / "p") as project:
        project.add_label_set("labels", [Tier("mine", classes=classes, id="mine")])
        for name in ("ana", "bo", "cy"):
            session = project.add_session("day", project.add_subject(name).id)
            project.add_recording(session.id, signal(20.0), name="watch")
    window.projects.open(tmp_path / "p")
    qtbot.waitUntil(lambda: window.desk.project is not None)
    view = window.views["training"]
    window.host.show_dock("training")
    active(qtbot, window)
    qtbot.waitUntil(lambda: view.form is not None and view.kind == "pretrain")  # nothing was ever trained here
    view.switch.choose("finetune")
    qtbot.waitUntil(lambda: view.placing.isVisible())
    assert "3 recordings" in view.placing.name.currentText()
    view.placing.apply.click()
    assert {r.placement for r in window.desk.project.recordings()} == {"left_wrist"}
    qtbot.waitUntil(lambda: "Nothing is labelled" in view.hint.words.text())
    assert not view.placing.isVisible()
    assert not view.starter.begin.isEnabled()
    assert "import_labels" in view.hint.buttons
    for session in window.desk.project.sessions():
        labels = (Annotation("mine", "w", 0.0, 10.0), Annotation("mine", "s", 10.0, 20.0))
        assert window.desk.write(session.id, Change("Given", (), labels))
    qtbot.waitUntil(lambda: len(view.data.data.subjects) == 3)
    assert view.data.isVisible()
    assert view.starter.begin.isEnabled()
    assert list(view.data.placements) == ["left_wrist"]
    view.data.placements["left_wrist"].click()
    assert view.data.placements["left_wrist"].isChecked()  # the last one stays: something must be worn
    folds = view.form.rows["finetune.folds"].editor
    for left, by in ((2, "time5"), (1, "time5"), (0, "time5")):  # too few to fold by: by time
        assert folds.currentData() == ("users5" if left == 2 else by)
        item = view.data.people.item(left)
        item.setCheckState(item.checkState().Unchecked)
        assert folds.currentData() == by
        assert view.starter.begin.isEnabled() == (left > 0)
    assert "Tick a subject" in view.starter.words.text()
    view.data.leave_out(())
    view.data.changed.emit()
    assert folds.currentData() == "users5"
    view.form.draft.put({"finetune.folds": "leave-one-out"})
    view.data.leave_out(("ana",))
    view.data.changed.emit()
    assert view.form.draft.value("finetune.folds") == "time5"
    window.desk.open(None)
    qtbot.waitUntil(lambda: "Open or make a project" in view.hint.words.text())
    assert not view.starter.isVisible()


def test_placing_is_one_undo(qtbot, window, tmp_path):
    with Project.create(tmp_path / "p") as project:
        session = project.add_session("day", project.add_subject("ana").id)
        for _ in range(3):
            project.add_recording(session.id, signal(2.0), name="watch")
    window.projects.open(tmp_path / "p")
    qtbot.waitUntil(lambda: window.desk.project is not None)
    assert place_all(window.desk, "watch", "right_wrist")
    window.actions_by_name["undo"].trigger()
    assert {r.placement for r in window.desk.project.recordings()} == {""}


def test_without_torch_it_says_how_to_install_it(qtbot, window, tmp_path, monkeypatch):
    from m3n_studio.studio.training import training_page

    monkeypatch.setattr(training_page, "missing", lambda: "torch")
    view = window.views["training"]
    view._arrange()
    assert 'pip install ".[learning,text]"' in view.hint.words.text()
    assert not view.switch.isVisibleTo(view)
