"""A stranger's table: columns are given roles, what comes of it is seen, and it and those like it are imported."""

import math
import random
import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox

from m3n_studio.errors import FileError, M3nError
from m3n_studio.project import Project
from m3n_studio.recordings import recipe_shelf
from m3n_studio.recordings.recipe import FileSpec, read_recipe
from m3n_studio.recordings.recipe_guess import guess
from m3n_studio.studio.core.jobs import Jobs
from m3n_studio.studio.look.theme import load_theme
from m3n_studio.studio.projects.recipe_begin import begin, laid_out
from m3n_studio.studio.projects.recipe_columns import ROLE, SENSOR, UNIT
from m3n_studio.studio.projects.recipe_dialog import RecipeDialog
from m3n_studio.studio.projects.recipe_draft import draft_of, friendly, recipe_of, regex_of
from m3n_studio.studio.projects.recipe_look import fits, look, others
from m3n_studio.studio.projects.recipe_rows import PIECE, RowModel, RowSource
from tests.shared import data_dir

HEAD = "timestamp,ax,ay,az,gx,gy,gz,activity,participant"


def phone(path, *, seconds=40, subject="P07", head=HEAD, seed=0):
    """A phone on the wrist at 30 Hz in g and °/s, still for 10 s and turning for 10 s in turn."""
    rng = random.Random(seed)
    rows, angle = [head], 0.0
    for i in range(30 * seconds):
        still = (i // 300) % 2 == 0
        speed = 0.0 if still else 1.5 * math.cos(2 * math.pi * 0.7 * i / 30)
        angle += speed / 30
        acc = [0, math.sin(angle), math.cos(angle)]
        gyr = [math.degrees(speed), 0, 0]
        values = [*(f"{v + rng.gauss(0, 0.003):.5f}" for v in acc), *(f"{v + rng.gauss(0, 0.2):.4f}" for v in gyr)]
        stamp = 1700000000000 + round(i * 1000 / 30)
        rows.append(",".join([str(stamp), *values, "rest" if still else "wash", subject]))
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture(autouse=True)
def shelf(tmp_path, monkeypatch):
    monkeypatch.setenv(recipe_shelf.FOLDER_VARIABLE, str(tmp_path / "recipes"))
    return tmp_path / "recipes"


@pytest.fixture
def folder(tmp_path):
    """Five files of two people, and one that is none."""
    at = tmp_path / "study" / "phones"
    at.mkdir(parents=True)
    for i, subject in enumerate(("P07", "P07", "P07", "P09", "P09")):
        phone(at / f"{subject}_day{i}_left_wrist.csv", seconds=25, subject=subject, seed=i)
    (at / "notes.csv").write_text("who,what\nP07,nothing\n")
    return at


@pytest.fixture
def jobs(qapp):
    made = Jobs()
    yield made
    made.stop()


@pytest.fixture
def dialog(qtbot, display, jobs, folder):
    made = RecipeDialog(begin(folder / "P07_day0_left_wrist.csv"), load_theme("dark"), jobs, "study")
    made.show()
    qtbot.waitUntil(lambda: made.look is not None and made.files.fits != ())
    yield made
    made.reject()
    qtbot.waitUntil(lambda: not jobs.running)


def choose(dialog, title, column, value):
    """Choose in a cell of the list of columns as its editor would."""
    rows = dialog.columns.rows
    row = next(i for i in range(rows.rowCount()) if rows.index(i, 0).data() == title)
    assert rows.setData(rows.index(row, column), value)


def test_a_guess_is_a_draft_and_the_draft_is_the_guess_again(tmp_path):
    path = phone(tmp_path / "P07_day1_left_wrist.csv")
    guessed = guess(path).recipe
    draft = draft_of(path, guessed, guessed.file, guess(path).titles)
    again, problems = recipe_of(draft)
    assert not problems
    assert again.sensor == guessed.sensor
    assert again.time == guessed.time
    assert again.label == guessed.label
    assert [use.role for use in draft.uses[:4]] == ["time", "acc_x", "acc_y", "acc_z"]
    assert draft.units["", "acc"] == "g"
    assert draft.units["", "gyr"] == "deg/s"
    assert draft.placements[""] == "left_wrist"


def test_what_is_missing_is_said_with_its_field_and_remedy(tmp_path):
    path = phone(tmp_path / "a.csv")
    draft = begin(path).draft
    at = draft.titles.index("timestamp")
    recipe, problems = recipe_of(draft.with_role(at, ""))
    assert recipe is None
    assert [p.at for p in problems] == ["time"]
    assert "rate" in problems[0].remedy
    recipe, problems = recipe_of(draft.with_role(draft.titles.index("az"), ""))
    assert recipe is None
    assert problems[0].at == "columns"
    assert "z missing" in problems[0].what
    recipe, problems = recipe_of(draft.with_(pattern="(?P<nobody>x)"))
    assert recipe is None
    assert problems[0].at == "pattern"
    assert "nobody" in problems[0].remedy
    recipe, _ = recipe_of(draft.with_role(at, "").with_(by_rate=True, rate_hz=30.0))
    assert recipe.time.rate_hz == 30.0
    assert recipe.time.column is None


def test_a_role_moves_and_a_unit_is_all_axes(tmp_path):
    draft = begin(phone(tmp_path / "a.csv")).draft
    ax, ay = draft.titles.index("ax"), draft.titles.index("ay")
    moved = draft.with_role(ay, "acc_x")
    assert moved.uses[ay].role == "acc_x"
    assert moved.uses[ax].role == ""
    mg = draft.with_unit(ax, "mg")
    assert {mg.unit(i) for i in range(ax, ax + 3)} == {"mg"}
    assert mg.unit(ax + 3) == "deg/s"


def test_patterns_with_braces(tmp_path):
    path = Path("/data/s02_02_sw.csv")
    guessed = r"(?P<subject>[A-Za-z]{1,8}-?\d{1,4})_(?P<session>[A-Za-z]{0,8}-?\d{1,4})[^/]*$"
    assert friendly(guessed, path) == "{subject}_{session}_sw"
    draft = begin(phone(tmp_path / "P07_day1_left_wrist.csv")).draft
    recipe, _ = recipe_of(draft.with_(pattern="{subject}_{session}_*wrist"))
    from m3n_studio.recordings.recipe_read import path_facts

    facts = path_facts(recipe, Path("/x/P11_day9_right_wrist.csv"))
    assert (facts.subject, facts.session) == ("P11", "day9")
    assert path_facts(recipe, Path("/x/P11.csv")).subject == ""
    assert regex_of("no braces") == "no braces"


def test_the_beginning_is_seen_with_findings_before_remedies(tmp_path):
    path = phone(tmp_path / "a.csv")
    draft = begin(path).draft
    recipe, _ = recipe_of(draft)
    seen = look(recipe, path)
    figures = seen.sensors[0].figures
    assert figures.rate_hz == pytest.approx(30, rel=0.02)
    assert figures.gravity_mps2 == pytest.approx(9.81, rel=0.01)
    assert figures.gyr_gain == pytest.approx(1.0, abs=0.1)
    assert seen.whole
    assert dict(seen.labels) == {"rest": 2, "wash": 2}
    assert seen.sensors[0].acc.high.max() < 10.5
    wrong, _ = recipe_of(draft.with_unit(draft.titles.index("ax"), "m/s2"))
    findings = look(wrong, path).findings
    assert "acc_from_g" in {f.fix for f in findings}
    mended, _ = recipe_of(draft.with_unit(1, "m/s2").with_(fixes=("acc_from_g",)))
    again = look(mended, path)
    assert again.findings == findings
    assert again.sensors[0].figures.gravity_mps2 == pytest.approx(9.81, rel=0.01)


def test_rows_are_read_as_they_are_needed(qtbot, display, tmp_path):
    path = phone(tmp_path / "a.csv", seconds=200)
    model = RowModel(load_theme("light"))
    model.show_draft(begin(path).draft)
    assert model.rowCount() == PIECE
    times = []
    while model.canFetchMore(model.index(-1, -1)):
        start = time.perf_counter()
        model.fetchMore(model.index(-1, -1))
        times.append(time.perf_counter() - start)
    assert model.rowCount() == 6000
    assert sorted(times)[len(times) // 2] < 0.016
    assert model.index(5999, 0).data().startswith("1700000199")
    assert model.headerData(0, Qt.Orientation.Horizontal) == "timestamp\ntime"
    model.close()


def test_text_that_cannot_be_read_on_ends_the_rows(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 20000 + b"\xff\xfe,3\n")
    source = RowSource(path, FileSpec())
    assert len(source.take(100_000)) < 20001
    assert "utf-8" in source.trouble
    source.close()
    assert RowSource(tmp_path / "gone.csv", FileSpec()).trouble


def test_another_layout_keeps_what_was_said(tmp_path):
    path = phone(tmp_path / "a.csv")
    draft = begin(path).draft
    below = laid_out(draft, draft.file.model_copy(update={"rows_below_header": 3}))
    assert below.uses == draft.uses
    with pytest.raises(FileError):
        laid_out(draft, draft.file.model_copy(update={"skip_lines": 10_000}))


def test_which_files_it_fits(folder):
    path = folder / "P07_day0_left_wrist.csv"
    recipe, _ = recipe_of(begin(path).draft)
    found = fits(recipe, others(path, below=False), lambda *_: None, lambda: None)
    assert len(found) == 6
    assert sum(not f.why for f in found) == 5
    assert next(f for f in found if f.path.name == "notes.csv").why
    assert {f.path for f in fits(recipe, others(path, below=True), lambda *_: None, lambda: None)} == {
        f.path for f in found
    }


def test_a_kept_recipe_reads_the_next_file(folder, shelf):
    from m3n_studio.recordings.formats import find_reader, read_import, read_signals

    path = folder / "P07_day0_left_wrist.csv"
    with pytest.raises(FileError):
        read_signals(path)
    recipe, _ = recipe_of(begin(path).draft)
    kept = recipe_shelf.keep(recipe)
    assert kept.parent == shelf
    assert read_recipe(kept) == recipe
    other = folder / "P09_day4_left_wrist.csv"
    assert find_reader(other).name == "recipe"
    (signal,) = read_signals(other)
    assert signal.acc_mps2[:200, 2].mean() == pytest.approx(9.81, rel=0.02)
    whole = read_import(other)
    assert whole.subject.id == "P09"
    assert whole.labels[0].classes
    assert whole.recorded[0].placement == "left_wrist"
    assert begin(other).draft.name == recipe.name
    (shelf / "broken.recipe.toml").write_text("format = [")
    assert recipe_shelf.fitting(other) == recipe
    with pytest.raises(FileError):
        read_signals(folder / "notes.csv")


def test_nonsense_gives_errors_of_ours_only(tmp_path):
    good = phone(tmp_path / "a.csv", seconds=12).read_bytes()
    rng = random.Random(3)
    path = tmp_path / "b.csv"
    for _ in range(60):
        data = bytearray(good[: rng.randrange(1, len(good))])
        for _ in range(rng.randrange(0, 12)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(bytes(data))
        try:
            draft = begin(path).draft
            recipe, _ = recipe_of(draft)
            if recipe is not None:
                look(recipe, path)
            source = RowSource(path, draft.file)
            source.take(50)
            source.close()
        except M3nError:
            continue


def test_the_dialog_shows_what_comes_of_it(qtbot, dialog):
    assert dialog.recipe is not None
    assert dialog.go.isEnabled()
    assert not dialog.problem.isVisible()
    assert "fits 5 of 6 files" in dialog.files.count.text()
    assert dialog.files.table.item(0, 1).text() == "P07"
    assert dialog.outcome.acc.span[1] < 11
    assert dialog.outcome.gyr.span[1] < 2
    choose(dialog, "ax", UNIT, "m/s2")
    qtbot.waitUntil(lambda: dialog.look is not None)
    assert dialog.outcome.acc.span[1] < 2
    box = next(b for b in dialog.findChildren(QCheckBox) if "from g" in b.text())
    box.setChecked(True)
    qtbot.waitUntil(lambda: dialog.look is not None)
    assert dialog.draft.fixes == ("acc_from_g",)
    assert dialog.outcome.acc.span[1] > 9
    choose(dialog, "timestamp", ROLE, "")
    assert dialog.bar.trouble.isVisible()
    assert "rate" in dialog.bar.trouble.text()
    assert not dialog.go.isEnabled()
    dialog.bar.times.setCurrentIndex(1)
    dialog.bar.times.activated.emit(1)
    dialog.bar.rate.setValue(30.0)
    qtbot.waitUntil(lambda: dialog.look is not None)
    assert dialog.go.isEnabled()
    assert dialog.recipe.time.rate_hz == 30.0


def test_a_wrong_column_is_told_at_its_row(qtbot, dialog):
    choose(dialog, "activity", ROLE, "gyr_z")
    qtbot.waitUntil(lambda: "number" in dialog.problem.text())
    rows = dialog.columns.rows
    row = next(i for i in range(rows.rowCount()) if rows.index(i, 0).data() == "activity")
    assert "a number" in rows.index(row, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert not dialog.go.isEnabled()


def test_many_quick_changes_end_in_the_last(qtbot, dialog):
    for unit in ("mg", "g", "m/s2", "mg", "g") * 4:
        choose(dialog, "ay", UNIT, unit)
        QApplication.processEvents()
    qtbot.waitUntil(lambda: dialog.look is not None)
    assert dialog.recipe.sensor[0].acc_unit == "g"
    assert 9 < dialog.outcome.acc.span[1] < 11


def test_two_sensors_and_where_they_were_worn(qtbot, dialog):
    for axis in "xyz":
        choose(dialog, f"a{axis}", SENSOR, "phone")
        choose(dialog, f"g{axis}", SENSOR, "phone")
    assert list(dialog.worn.boxes) == ["phone"]
    box = dialog.worn.boxes["phone"]
    box.setCurrentIndex(box.findData("right_wrist"))
    box.activated.emit(box.currentIndex())
    assert dialog.recipe.sensor[0].placement == "right_wrist"
    assert dialog.recipe.sensor[0].name == "phone"


def test_the_choice_opens_with_the_keyboard(qtbot, dialog):
    dialog.columns.setFocus()
    dialog.columns.setCurrentIndex(dialog.columns.rows.index(1, ROLE))
    qtbot.keyClick(dialog.columns, Qt.Key.Key_Return)
    boxes = [b for b in dialog.columns.findChildren(QComboBox) if b.objectName() == "cellBox"]
    assert len(boxes) == 1
    assert boxes[0].currentData() == "acc_x"
    boxes[0].setCurrentIndex(boxes[0].findData("acc_y"))
    boxes[0].activated.emit(boxes[0].currentIndex())
    assert dialog.draft.uses[1].role == "acc_y"
    assert dialog.draft.uses[2].role == ""


def test_the_recipe_is_saved_whole(qtbot, dialog, tmp_path):
    dialog.save_to(tmp_path / "mine.toml")
    assert read_recipe(tmp_path / "mine.recipe.toml") == dialog.recipe
    dialog.save_to(tmp_path / "nowhere" / "mine.recipe.toml")
    assert "nowhere" in dialog.problem.text()


@pytest.mark.parametrize("size", [(900, 650), (1280, 800), (1600, 1000)])
def test_no_text_is_clipped(qtbot, dialog, size):
    dialog.resize(*size)
    QApplication.processEvents()
    assert (dialog.width(), dialog.height()) == size
    for button in (dialog.go, dialog.cancel, dialog.save, dialog.every, dialog.keep):
        assert button.width() >= button.sizeHint().width()
        assert button.height() >= button.sizeHint().height()
    for box in (dialog.bar.delimiter, dialog.bar.times, dialog.bar.decimal, dialog.into):
        assert box.width() >= box.fontMetrics().horizontalAdvance(box.currentText()) + 30


def dropped(window, path):
    from PySide6.QtCore import QMimeData, QPointF, QUrl

    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
                       Qt.KeyboardModifier.NoModifier)  # fmt: skip
    window.dropEvent(event)


def test_a_dropped_table_nobody_knows_is_offered_and_opened(qtbot, window, folder):
    dropped(window, folder / "P07_day0_left_wrist.csv")
    qtbot.waitUntil(window.error_bar.isVisible, timeout=20000)
    qtbot.waitUntil(window.error_bar.offered.isVisible)
    window.error_bar.offered.click()
    tools = window.exchange.tables
    qtbot.waitUntil(lambda: tools.dialog is not None and tools.dialog.look is not None)
    dialog = tools.dialog
    assert dialog.into.findData("project") < 0
    dialog.into.setCurrentIndex(dialog.into.findData("open"))
    dialog.into.activated.emit(dialog.into.currentIndex())
    dialog.go.click()
    qtbot.waitUntil(lambda: len(window.history.document.recordings) == 1, timeout=20000)
    assert window.history.document.recordings[0].acc_mps2[:100, 2].mean() == pytest.approx(9.81, rel=0.02)
    dropped(window, folder / "P09_day3_left_wrist.csv")
    qtbot.waitUntil(lambda: "P09" in window.history.document.recording_path, timeout=20000)


def test_all_that_fit_go_into_the_project_and_out_again(qtbot, window, folder, tmp_path):
    Project.create(tmp_path / "p", "p").close()
    window.open_paths([tmp_path / "p"])
    qtbot.waitUntil(lambda: window.desk.project is not None, timeout=20000)
    tools = window.exchange.tables
    tools.show_for(folder / "P07_day0_left_wrist.csv")
    qtbot.waitUntil(lambda: tools.dialog is not None and tools.dialog.look is not None)
    dialog = tools.dialog
    qtbot.waitUntil(lambda: len(dialog.files.fitting) == 5)
    assert dialog.into.currentData() == "project"
    assert dialog.every.isEnabled()
    dialog.every.setChecked(True)
    dialog.go.click()
    project = window.desk.project
    qtbot.waitUntil(lambda: len(project.recordings()) == 5 and not window.jobs.running, timeout=30000)
    assert [s.name for s in project.subjects()] == ["P07", "P09"]
    assert len(project.sessions()) == 5
    assert all(r.placement == "left_wrist" for r in project.recordings())
    first = project.annotations(project.sessions()[0].id)
    assert len(first) == 3
    window.history.stack.undo()
    qtbot.waitUntil(lambda: not project.recordings())


def test_a_new_project_is_made_of_them(qtbot, window, folder, tmp_path):
    from m3n_studio.studio.projects.recipe_dialog import Wanted

    recipe, _ = recipe_of(begin(folder / "P07_day0_left_wrist.csv").draft)
    paths = (*sorted(folder.glob("P0*.csv")), folder / "notes.csv")
    window.exchange.tables.make_project(Wanted(recipe, paths, "new", False), tmp_path / "fresh")
    qtbot.waitUntil(lambda: window.desk.project is not None, timeout=30000)
    assert len(window.desk.project.recordings()) == 5
    qtbot.waitUntil(lambda: "1 not imported" in window.error_bar.text)


SP = "DATA/s02/s02_02_sw.csv"


def test_real_tables_taken_as_unknown():
    path = data_dir("sp_sw_har") / SP
    recipe, problems = recipe_of(begin(path).draft)
    assert not problems
    seen = look(recipe, path)
    assert seen.sensors[0].figures.rate_hz == pytest.approx(100, rel=0.02)
    assert seen.facts.subject == "s02"
    files = [f for f in others(path, below=True) if f.parent != path.parent.parent]
    assert all(not f.why for f in fits(recipe, files, lambda *_: None, lambda: None))
    assert len(files) > 60
    gait = begin(data_dir("gaitmap_foot") / "imu_sample.csv")
    assert recipe_of(gait.draft)[0] is None
    assert gait.draft.sensors == ("left_sensor", "right_sensor")
    recipe, _ = recipe_of(gait.draft.with_(rate_hz=204.8))
    feet = look(recipe, gait.draft.path).sensors
    assert len(feet) == 2
    assert all(8 < s.figures.gravity_mps2 < 12 for s in feet)
    apdm = data_dir("xsens_mtw") / "APDM" / "imuData01.csv"
    recipe, _ = recipe_of(begin(apdm).draft)
    assert len(look(recipe, apdm).sensors) == 4
