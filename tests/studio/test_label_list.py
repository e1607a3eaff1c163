"""The list of labels: rows of any number, filtered, sorted, gone to, changed together over sessions, copied."""

import csv
import io
import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from m3n_studio.annotation.find import Filter
from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier
from m3n_studio.project import Project
from m3n_studio.studio.labels.label_entries import COLUMNS, NOTE, arranged, as_csv, filtered, rows_of
from m3n_studio.studio.labels.label_table import LabelModel
from tests.studio.conftest import active
from tests.studio.test_label_view import still_then_moving

TIER = Tier("activity", classes=(LabelClass("walk", "#4c9be8", "w", id="w"), LabelClass("sit", "#e8a14c", "s", id="s")),
            id="tier")  # fmt: skip


def many(count):
    out = []
    for i in range(count):
        source, sure = ("model", 0.5) if i % 5 == 0 else ("person", None)
        note = "limps" if i % 1000 == 0 else ""
        end = i + 0.1 * (i % 9 + 1)
        out.append(Annotation("tier", "ws"[i % 2], float(i), end, f"p{i % 3}", source, sure, note, id=f"a{i}"))
    return out


def test_a_hundred_thousand_rows_are_filtered_and_sorted_while_one_waits(qapp):
    rows = rows_of([TIER], "one", "P1 · one", 0, many(100_000))
    model = LabelModel()
    began = time.perf_counter()
    found = filtered(rows, Filter(sources=frozenset({"model"}), duration_s=(0.0, 0.5)), "", frozenset({"walk"}))
    model.set_rows(found)
    model.sort(2, Qt.SortOrder.DescendingOrder)
    assert time.perf_counter() - began < 5.0
    assert len(found) == sum(1 for i in range(0, 100_000, 10) if 0.1 * (i % 9 + 1) < 0.5 + 1e-6 and _short(i))
    model.set_rows(rows)
    assert model.rowCount() == 100_000
    assert len(filtered(rows, Filter(), "LIMPS p0", frozenset())) == sum(
        1 for i in range(0, 100_000, 1000) if i % 3 == 0
    )


def _short(i):
    return i + 0.1 * (i % 9 + 1) - i <= 0.5


@pytest.mark.parametrize("column", range(len(COLUMNS)))
def test_every_column_sorts_both_ways_and_says_something(column):
    rows = rows_of([TIER], "one", "P1 · one", 0, many(50))
    up, down = arranged(rows, column, back=False), arranged(rows, column, back=True)
    keys = [COLUMNS[column].key(r) for r in up]
    assert keys == sorted(keys)
    assert [COLUMNS[column].key(r) for r in down] == sorted(keys, reverse=True)
    assert len({r.annotation.id for r in up}) == 50


def test_csv_says_all_and_survives_what_people_write():
    a = Annotation("tier", "w", 1.0 / 3.0, 2.0, "ana", "model", 0.25, 'a "b", c\nd')
    (row,) = csv.DictReader(io.StringIO(as_csv(rows_of([TIER], "one", "P1 · one", 0, [a]))))
    assert float(row["start_s"]) == a.start_s
    assert (row["class"], row["note"], row["confidence"], row["session"]) == ("walk", a.note, "0.25", "P1 · one")


@pytest.fixture
def opened(qtbot, window, tmp_path):
    with Project.create(tmp_path / "study") as project:
        project.add_label_set("labels", [TIER])
        subject = project.add_subject("P1")
        for name in ("one", "two"):
            session = project.add_session(name, subject.id)
            project.add_recording(session.id, still_then_moving(), placement="left_wrist")
            labels = [Annotation("tier", "w", 2.0, 10.0, "ana", id=f"{name}-a"),
                      Annotation("tier", "s", 12.0, 20.0, "net", "model", 0.6, id=f"{name}-b"),
                      Annotation("tier", "w", 40.0, 44.0, "ana", id=f"{name}-c")]  # fmt: skip
            project.annotate(session.id, Change("Given", (), tuple(labels)))
    window.projects.open(tmp_path / "study")
    qtbot.waitUntil(lambda: window.desk.project is not None, timeout=20000)
    window.desk.session_wanted.emit(window.desk.project.sessions()[0].id)
    qtbot.waitUntil(lambda: window.desk.session is not None and window.clock.end_s > 50, timeout=20000)
    window.desk.author = "ana"
    view = window.views["label_list"]
    window.host.show_dock("label_list")
    qtbot.waitUntil(lambda: view.isVisible() and len(view.model.rows) == 3, timeout=20000)
    active(qtbot, window)
    return window, view


def ids(view):
    return [r.annotation.id for r in view.model.rows]


def stored(window):
    project = window.desk.project
    return [a for s in project.sessions() for a in project.annotations(s.id)]


def whole_project(qtbot, view):
    view.filter.scope.setCurrentIndex(1)
    view.filter.scope_changed.emit()
    qtbot.waitUntil(lambda: len(view.model.rows) == 6, timeout=20000)


def test_a_click_goes_there_and_picks_and_filters_narrow_the_list(qtbot, opened):
    window, view = opened
    row = view.model.index(2, 3)
    view.table.scrollTo(row)
    qtbot.mouseClick(view.table.viewport(), Qt.MouseButton.LeftButton, pos=view.table.visualRect(row).center())
    assert window.clock.time_s == 40.0
    assert window.desk.picked_ids == {"one-c"}
    view.filter.words.setText("sit")
    qtbot.waitUntil(lambda: ids(view) == ["one-b"])
    assert view.count.text() == "1 of 3 labels"
    view.filter.words.clear()
    view.filter.source.setCurrentIndex(2)
    view.filter.changed.emit()
    assert ids(view) == ["one-b"]
    view.filter.source.setCurrentIndex(0)
    view.filter.more.setChecked(True)
    view.filter.most_s.setValue(5.0)
    assert ids(view) == ["one-c"]
    view.filter.clear()
    view.filter.least.setValue(50.0)
    assert ids(view) == ["one-b"]


def test_f3_walks_through_what_is_listed_in_order_of_time(qtbot, opened):
    window, view = opened
    view.filter.name.setCurrentIndex(view.filter.name.findData("walk"))
    view.filter.changed.emit()
    view.model.sort(2, Qt.SortOrder.DescendingOrder)
    places = []
    for name in ("next_match", "next_match", "next_match", "last_match"):
        window.actions_by_name[f"labels.{name}"].trigger()
        places.append(window.clock.time_s)
    assert places == [2.0, 40.0, 40.0, 2.0]
    assert "after" in view.toast.text()


def test_several_are_relabelled_accepted_and_deleted_over_sessions_as_one_step(qtbot, opened):
    window, view = opened
    whole_project(qtbot, view)
    view.table.selectAll()
    view.relabel("sit")
    assert {a.label for a in stored(window)} == {"s"}
    window.actions_by_name["undo"].trigger()
    assert sorted(a.label for a in stored(window)) == ["s", "s", "w", "w", "w", "w"]
    qtbot.waitUntil(lambda: sorted(r.label.name for r in view.model.rows)[0] == "sit" and not view._later.isActive())
    qtbot.waitUntil(lambda: [r.label.name for r in view.model.rows].count("walk") == 4, timeout=20000)
    view.table.selectAll()
    view.accept_button.click()
    assert [a for a in stored(window) if a.source == "model"] == []
    assert {a.author for a in stored(window)} == {"ana"}
    qtbot.waitUntil(lambda: all(r.annotation.source == "person" for r in view.model.rows), timeout=20000)
    view.table.setFocus()
    view.table.selectAll()
    qtbot.keyClick(view.table, Qt.Key.Key_Delete)
    assert stored(window) == []
    window.actions_by_name["undo"].trigger()
    assert len(stored(window)) == 6


def test_a_note_is_written_by_double_click_and_all_is_copied_as_csv(qtbot, opened):
    window, view = opened
    assert view.model.setData(view.model.index(0, NOTE), "limps")
    assert stored(window)[0].note == "limps"
    qtbot.waitUntil(lambda: view.model.rows[0].annotation.note == "limps")
    view.table.setFocus()
    view.table.clearSelection()
    qtbot.keyClick(view.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert len(list(csv.DictReader(io.StringIO(QGuiApplication.clipboard().text())))) == 3


def test_going_to_a_label_of_another_session_opens_it(qtbot, opened):
    window, view = opened
    whole_project(qtbot, view)
    at = ids(view).index("two-c")
    view.table.selectRow(at)
    view._on_go()
    second = window.desk.project.sessions()[1].id
    qtbot.waitUntil(lambda: window.desk.session.id == second and window.clock.time_s == 40.0, timeout=20000)
    assert window.desk.picked_ids == {"two-c"}


def test_labels_made_elsewhere_appear(qtbot, opened):
    window, view = opened
    window.desk.annotate(Change("Given", (), (Annotation("tier", "s", 50.0, 52.0, "bo", id="new"),)))
    qtbot.waitUntil(lambda: "new" in ids(view))
    assert view.filter.author.findData("bo") > 0
