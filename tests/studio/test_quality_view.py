"""Coverage and agreement: figures against hand counts, over sessions; the way through disagreements in the window."""

import math

import pytest

from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier
from m3n_studio.project import Project
from m3n_studio.studio.labels.quality_work import Side, compare, imbalance, look, totals
from tests.studio.conftest import active
from tests.studio.test_label_view import still_then_moving

CLASSES = (LabelClass("walk", "#4c9be8", "w", id="w"), LabelClass("sit", "#e8a14c", "s", id="s"))
MINE = Tier("mine", classes=CLASSES, id="mine")
NETS = Tier("nets", classes=(LabelClass("walk", id="w2"), LabelClass("sit", id="s2")), id="nets")


class Quiet:
    def progress(self, *_):
        """Nobody looks."""

    def check(self):
        """Nobody cancels."""


@pytest.fixture
def folder(tmp_path):
    """Two sessions of 60 s: in each 20 s walk and 20 s sit by ana; the net is 2 s late, and only in the first."""
    with Project.create(tmp_path / "study") as project:
        project.add_label_set("labels", [MINE, NETS])
        for i, name in enumerate(("P1", "P2")):
            session = project.add_session(f"day {i + 1}", project.add_subject(name).id)
            project.add_recording(session.id, still_then_moving(), placement="left_wrist")
            labels = [Annotation("mine", "w", 0.0, 20.0, "ana"), Annotation("mine", "s", 20.0, 40.0, "ana")]
            if i == 0:
                labels += [Annotation("nets", "w2", 0.0, 22.0, "net", "model", 0.9),
                           Annotation("nets", "s2", 22.0, 40.0, "net", "model", 0.9)]  # fmt: skip
            project.annotate(session.id, Change("Given", (), tuple(labels)))
    return tmp_path / "study"


A, B = Side("mine", "person", "ana"), Side("nets", "model", "net")


def test_coverage_counts_by_class_and_subject(folder):
    with Project.open(folder) as project:
        found = look(project, "", "mine", Quiet())
    rows = {r.name: r for r in totals(found.coverage)}
    assert rows["walk"].seconds == pytest.approx(40.0)
    assert rows["walk"].count == 2
    assert rows[None].seconds == pytest.approx(2 * 19.98)
    assert rows["walk"].share == pytest.approx(40 / (2 * 59.98))
    one = {r.name: r for r in totals(found.coverage, "P2")}
    assert one["sit"].seconds == pytest.approx(20.0)
    assert one["sit"].share == pytest.approx(20 / 59.98)
    assert {s for s, _ in found.sides} == {A, B}
    assert imbalance(totals(found.coverage)) == "All classes have about the same time."


def test_agreement_is_what_one_counts_by_hand(folder):
    with Project.open(folder) as project:
        near = compare(project, "", A, B, 0.5, Quiet())
        far = compare(project, "", A, B, 2.5, Quiet())
    total = 59.98
    assert near.confusion.total_s == pytest.approx(total)  # the second session was not seen by the net
    assert near.confusion.agreement == pytest.approx((total - 2) / total)
    rows, columns = (20, 20, total - 40), (22, 18, total - 40)
    chance = sum(r * c for r, c in zip(rows, columns, strict=True)) / total**2
    assert near.confusion.kappa == pytest.approx(((total - 2) / total - chance) / (1 - chance))
    assert (near.boundaries.matched, far.boundaries.matched) == (1, 2)
    assert far.boundaries.f1 == 1.0
    assert far.boundaries.mean_offset_s == pytest.approx(1.0)
    (place,) = near.places
    assert (place.what.start_s, place.what.end_s) == (20.0, 22.0)
    assert (place.what.first, place.what.second) == ("sit", "walk")
    assert math.isnan(compare_nothing(folder).confusion.kappa)


def compare_nothing(folder):
    with Project.open(folder) as project:
        return compare(project, "", A, Side("nets", "person", "nobody"), 0.5, Quiet())


def test_the_view_compares_lists_and_goes_there(qtbot, window, folder):
    window.projects.open(folder)
    qtbot.waitUntil(lambda: window.desk.project is not None, timeout=20000)
    window.desk.session_wanted.emit(next(s.id for s in window.desk.project.sessions() if s.name == "day 1"))
    qtbot.waitUntil(lambda: window.desk.session is not None and window.clock.end_s > 50, timeout=20000)
    view = window.views["quality"]
    window.host.show_dock("quality")
    active(qtbot, window)
    qtbot.waitUntil(lambda: view.agreement is not None, timeout=20000)
    assert {view.first.currentData(), view.second.currentData()} == {A, B}
    assert "κ 0.9" in view.figures.text()
    assert [r.name for r in view.bars.rows] == ["walk", "sit", None]
    window.clock.seek(0.0)
    window.actions_by_name["labels.next_disagreement"].trigger()
    assert window.clock.time_s == 20.0
    assert window.selection.proposed == (20.0, 22.0)
    window.actions_by_name["labels.next_disagreement"].trigger()
    assert "after" in view.toast.text()
    view.map.chosen = ("walk", "sit")
    view.map.cell_chosen.emit("walk", "sit")
    assert view.listed() == []
    view.map.chosen = None
    view.scope.setCurrentIndex(1)
    view.refresh()
    qtbot.waitUntil(lambda: view.subject.count() == 3, timeout=20000)
    change = window.desk.track.annotations[0]
    window.desk.annotate(Change("Longer", (change,), (change.with_(end_s=19.0),)))
    qtbot.waitUntil(lambda: view.agreement is not None and view.agreement.total == 2, timeout=20000)


def test_with_one_author_it_says_what_is_needed(qtbot, window, folder):
    with Project.open(folder) as project:
        session = next(s for s in project.sessions() if s.name == "day 2")
    window.projects.open(folder)
    qtbot.waitUntil(lambda: window.desk.project is not None, timeout=20000)
    window.desk.session_wanted.emit(session.id)
    qtbot.waitUntil(lambda: window.desk.session is not None, timeout=20000)
    view = window.views["quality"]
    window.host.show_dock("quality")
    qtbot.waitUntil(lambda: "two must have labelled" in view.figures.text(), timeout=20000)
    assert not view.map.isVisible()
    assert not view.first.isEnabled()


def test_edits_one_after_the_other_are_looked_at_once(qtbot, window, folder):
    window.projects.open(folder)
    qtbot.waitUntil(lambda: window.desk.project is not None)
    window.desk.session_wanted.emit(next(s.id for s in window.desk.project.sessions() if s.name == "day 1"))
    qtbot.waitUntil(lambda: window.desk.session is not None and window.clock.end_s > 50)
    window.host.show_dock("quality")
    view = window.views["quality"]
    qtbot.waitUntil(lambda: view.agreement is not None and not window.jobs.running)
    looked = []
    window.jobs.started.connect(lambda job: looked.append(job.key))
    for step in range(1, 6):
        first = window.desk.track.annotations[0]
        assert window.desk.annotate(Change("Shorter", (first,), (first.with_(end_s=20.0 - step),)))
        qtbot.wait(20)
    assert "coverage" not in looked
    qtbot.waitUntil(lambda: looked.count("coverage") == 1)
    qtbot.waitUntil(lambda: [p.what.start_s for p in view.agreement.places] == [15.0, 20.0])
    assert looked.count("coverage") == 1
