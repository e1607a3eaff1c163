"""Importing in the window: plan, checks, job, summary, undo; videos and the project follow each other."""

import shutil

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QInputDialog

from m3n_studio.project import Project
from m3n_studio.project.values import ClipEntry, Video
from m3n_studio.recordings.tables import write_signals
from m3n_studio.recordings.timemap import TimeMap
from m3n_studio.studio.frame.preferences import Store
from m3n_studio.studio.labels import tier_edits
from m3n_studio.studio.labels.tier_menu import tier_menu
from m3n_studio.studio.video.video_edits import add_video, change_video, remove_video
from tests.project import made
from tests.project.test_bulk import still
from tests.recordings.video import clips
from tests.shared import data_dir

WAIT = 20_000


@pytest.fixture
def files(tmp_path):
    place = tmp_path / "in"
    place.mkdir()
    write_signals(place / "a.csv", [still(seed=1)])
    write_signals(place / "b.csv", [still("hip", seed=3)])
    (place / "c.csv").write_bytes((place / "a.csv").read_bytes()[:120])
    (place / "table.csv").write_text("time,ax,ay,az\n0,1,2,3\n0.01,1,2,3\n")
    return place


@pytest.fixture
def empty(qtbot, window, tmp_path):
    window.projects.create(tmp_path / "p")
    qtbot.waitUntil(lambda: window.desk.project is not None, timeout=WAIT)
    return window


def planned(qtbot, window, paths):
    window.projects.import_paths(paths)
    qtbot.waitUntil(lambda: window.projects.imports.dialog is not None, timeout=WAIT)
    dialog = window.projects.imports.dialog
    qtbot.waitUntil(lambda: bool(dialog.checked) or not dialog.plan.items, timeout=WAIT)
    return dialog


def test_a_folder_is_imported_and_undone(qtbot, empty, files):
    dialog = planned(qtbot, empty, [files])
    assert dialog.heading.text() == "3 recording files found in in"
    assert not dialog.recipe.isHidden()
    assert dialog.go.text() == "Import 2 files"  # the broken one is not ticked any more
    assert "not read" in next(r for p, r in dialog._rows.items() if p.name == "c.csv").text(1)
    dialog.setFocus()
    qtbot.keyClick(dialog.go, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: empty.projects.imports.summary is not None, timeout=WAIT)
    summary = empty.projects.imports.summary
    assert "2 recordings and 0 labels in 2 sessions were imported." in summary.words.text()
    assert [s.name for s in empty.desk.project.sessions()] == ["a", "b"]
    qtbot.mouseClick(summary.open_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: empty.desk.session is not None, timeout=WAIT)
    assert empty.desk.session.name == "a"
    empty.history.stack.undo()
    assert empty.desk.project.sessions() == ()
    assert empty.desk.session is None
    assert empty.history.document.session_id == ""
    empty.history.stack.redo()
    assert [s.name for s in empty.desk.project.sessions()] == ["a", "b"]


def test_where_they_were_worn_is_asked_where_files_do_not_say_it(qtbot, empty, files):
    dialog = planned(qtbot, empty, [files])
    assert list(dialog.worn.boxes) == ["wrist", "hip"]
    assert dialog.worn.isVisible()
    box = dialog.worn.boxes["wrist"]
    box.setFocus()
    box.setCurrentIndex(box.findData("left_wrist"))
    box.activated.emit(box.currentIndex())
    dialog.rate.editingFinished.emit()  # the checks run again, and what was chosen stays
    qtbot.waitUntil(lambda: not any(j.share < 1 for j in empty.jobs.running), timeout=WAIT)
    assert dialog.wish().placements == {"wrist": "left_wrist"}
    qtbot.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: empty.projects.imports.summary is not None, timeout=WAIT)
    assert {r.name: r.placement for r in empty.desk.project.recordings()} == {"wrist": "left_wrist", "hip": ""}
    assert "1 × 'hip'" in empty.projects.imports.summary.words.text()
    empty.projects.imports.summary.reject()


def test_a_table_that_needs_a_recipe_leads_to_its_dialog(qtbot, empty, files):
    dialog = planned(qtbot, empty, [files])
    qtbot.mouseClick(dialog.recipe, Qt.MouseButton.LeftButton)
    imports = empty.projects.imports
    qtbot.waitUntil(lambda: imports.recipe_dialog is not None, timeout=WAIT)
    assert imports.recipe_dialog.draft.path.name == "table.csv"
    imports.recipe_dialog.reject()
    dialog.reject()


def test_files_without_times_wait_for_a_rate(qtbot, empty):
    dialog = planned(qtbot, empty, [data_dir("xsens_mtw")])
    wanting = [r for r in dialog._rows.values() if r.text(1).startswith("needs a rate")]
    assert wanting
    before = len(dialog.chosen().items)
    dialog.checked = {}
    dialog.rate.setValue(100.0)
    dialog.rate.editingFinished.emit()
    qtbot.waitUntil(lambda: bool(dialog.checked), timeout=WAIT)
    assert len(dialog.chosen().items) == before + len(wanting) == len(dialog.plan.items)
    assert {r.text(1) for r in wanting} == {"xsens"}
    dialog.reject()


def test_dropped_files_are_asked_about_only_with_a_project(qtbot, empty, files, monkeypatch):
    asked = []
    monkeypatch.setattr(type(empty.projects), "ask_where", lambda self, paths: asked.append(paths) or "project")
    empty._on_dropped([files / "a.csv"])
    qtbot.waitUntil(lambda: empty.projects.imports.dialog is not None, timeout=WAIT)
    assert asked == [[files / "a.csv"]]
    empty.projects.imports.dialog.reject()


def test_closing_the_project_stops_an_import_between_files(qtbot, empty, tmp_path):
    place = tmp_path / "many"
    place.mkdir()
    write_signals(place / "f00.csv", [still(n=20000)])
    for i in range(1, 12):
        shutil.copy(place / "f00.csv", place / f"f{i:02}.csv")
    dialog = planned(qtbot, empty, [place])
    folder = empty.desk.project.folder
    qtbot.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: any(j.share > 0 for j in empty.jobs.running), timeout=WAIT)
    empty.projects.close()
    with Project.open(folder) as project:
        recordings = project.recordings()
        assert 0 < len(recordings) < 12
        assert len(list((folder / "signals").glob("*.h5"))) == len(recordings)
        assert {s.id for s in project.sessions()} == {r.session for r in recordings}


@pytest.fixture
def filmed(qtbot, window, tmp_path):
    path = tmp_path / "film.mp4"
    clips.write(path, clips.constant(60, start_s=0.5))
    made.project(tmp_path / "p").close()
    with Project.open(tmp_path / "p") as project:
        session = project.sessions()[0]
        project.add(Video(session.id, "film", str(path), 2.5, TimeMap.offset(1.0)))
        project.add(Video(session.id, "lost", str(tmp_path / "lost.mp4"), 2.0))
        project.add(ClipEntry(session.id, "gone", "clips/gone.npz"))
    told = []
    window.desk.failed.connect(told.append)
    window.projects.open(tmp_path / "p", session.id)
    qtbot.waitUntil(lambda: len(window.history.document.videos) == 2, timeout=WAIT)
    window.told = told
    return window


def rows(window):
    return {v.name: v for v in window.desk.project.videos(window.desk.session.id)}


def test_a_session_opens_though_files_are_missing(filmed):
    assert filmed.history.document.recordings
    said = "\n".join(filmed.told)
    assert "gone" in said
    assert "lost" in said
    track = next(t for t in filmed.history.document.videos if t.name == "film.mp4")
    assert track.time_map == TimeMap.offset(1.0)
    assert track.span_s == pytest.approx((0.5, 2.5), abs=0.02)


def test_a_video_moved_in_the_window_is_moved_in_the_project(qtbot, filmed):
    track = next(t for t in filmed.history.document.videos if t.name == "film.mp4")
    filmed.history.apply(change_video(track.path, "Move", lambda t: t.moved(2.5)))
    assert rows(filmed)["film"].time_map.offset_s == pytest.approx(3.5)
    filmed.history.stack.undo()
    assert rows(filmed)["film"].time_map.offset_s == pytest.approx(1.0)
    before = rows(filmed)["film"]
    filmed.history.apply(remove_video(track.path, "film"))
    assert "film" not in rows(filmed)
    filmed.history.stack.undo()
    assert rows(filmed)["film"] == before
    filmed.history.apply(add_video(track.__class__(track.path.replace("film", "other"), (0.0, 3.0))))
    assert rows(filmed)["other"].duration_s == 3.0


def test_a_video_moved_in_the_project_is_moved_in_the_window(qtbot, filmed, tmp_path):
    from dataclasses import replace

    from m3n_studio.project.values import Edit

    row = rows(filmed)["film"]
    filmed.desk.edit(Edit("Move", row, replace(row, time_map=TimeMap.offset(4.0))))

    def offset():
        return next(t for t in filmed.history.document.videos if t.name == "film.mp4").time_map.offset_s

    assert offset() == 4.0
    filmed.history.stack.undo()
    assert offset() == 1.0
    with Project.open(tmp_path / "p") as other:
        other.change(row, replace(row, time_map=TimeMap.offset(7.0)))
    qtbot.waitUntil(lambda: offset() == 7.0, timeout=WAIT)


def test_the_last_project_and_session_are_opened_again(qtbot, display, tmp_path):
    from m3n_studio.studio.frame.window import Window

    made.project(tmp_path / "p").close()
    store = tmp_path / "preferences.json"
    first = Window(theme="light", store=Store(store))
    first.show()
    with Project.open(tmp_path / "p") as project:
        wanted = project.sessions()[0].id
    first.projects.open(tmp_path / "p", wanted)
    qtbot.waitUntil(lambda: first.desk.session is not None, timeout=WAIT)
    first.close()
    first.deleteLater()
    second = Window(theme="light", store=Store(store))
    second.show()
    second.projects.reopen()
    qtbot.waitUntil(lambda: second.desk.session is not None, timeout=WAIT)
    assert second.desk.session.id == wanted
    second.store.change(reopen=False)
    second.close()
    second.deleteLater()
    third = Window(theme="light", store=Store(store))
    third.projects.reopen()
    assert third.jobs.running == ()
    third.close()
    third.deleteLater()


def test_tiers_are_changed_by_a_menu(qtbot, empty, monkeypatch):
    desk = empty.desk
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: ("posture", True))
    pick = lambda text: next(a for a in tier_menu(desk, desk.tier.id, empty).actions() if a.text() == text)  # noqa: E731
    pick("&Add tier…").trigger()
    assert [t.name for t in desk.tiers] == ["activity", "posture"]
    assert desk.tier.name == "posture"
    pick("Move &up").trigger()
    pick("No &overlaps").trigger()
    pick("&Events, not intervals").trigger()
    assert [(t.name, t.kind, t.exclusive) for t in desk.tiers] == [
        ("posture", "event", False), ("activity", "interval", True),
    ]  # fmt: skip
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: ("stance", True))
    pick("Re&name…").trigger()
    assert desk.tier.name == "stance"
    assert not tier_edits.rename_tier(desk, desk.tier.id, "activity")
    pick("&Remove tier").trigger()
    assert [t.name for t in desk.tiers] == ["activity"]
    for _ in range(6):
        empty.history.stack.undo()
    assert [(t.name, t.kind, t.exclusive) for t in desk.tiers] == [("activity", "interval", True)]
