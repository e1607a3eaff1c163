"""Labels go out in every format and come in again: what is lost is said, tiers stay free of overlaps, all is undone."""

import itertools

import pytest
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox

from m3n_studio.annotation.exchange.formats import KIND, label_formats, read_labels, write_labels
from m3n_studio.annotation.exchange.values import LabelFile
from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier
from m3n_studio.errors import Cancelled, FileError, ValueProblem
from m3n_studio.plugins import the_door
from m3n_studio.project import Project
from m3n_studio.project.label_export import plan_export, write
from m3n_studio.project.label_import import SKIP, Into, offset_for, plan_import, session_for, take_in
from m3n_studio.studio.core.jobs import Jobs
from m3n_studio.studio.projects.exchange_export import ExportDialog
from m3n_studio.studio.projects.exchange_import import ImportDialog

WALK, SIT = LabelClass("walk", "#2a7fff", key="w"), LabelClass("sit", "#ff7f2a", key="s")
TIER = Tier("activity", classes=(WALK, SIT))
EVENTS = Tier("marks", "event", False, (LabelClass("clap", "#11aa55"),))


@pytest.fixture(autouse=True)
def formats():
    """The label formats, also where the installed metadata does not name them."""
    from m3n_studio.annotation.builtin import register

    door = the_door()
    if not list(door.all(KIND)):
        door.admit("annotation", lambda: register)


@pytest.fixture
def folder(tmp_path):
    """Two people with two sessions each; labels in three of them."""
    with Project.create(tmp_path / "study", "study") as project:
        project.add_label_set("labels", [TIER, EVENTS])
        for who, name in itertools.product(("P1", "P2"), ("01", "02")):
            subject = next((s for s in project.subjects() if s.name == who), None) or project.add_subject(who)
            session = project.add_session(name, subject.id, started_at="2024-05-01T12:00:00+00:00")
            if (who, name) == ("P2", "02"):
                continue
            labels = [Annotation(TIER.id, (WALK, SIT)[i % 2].id, i * 2.0, i * 2.0 + 1.5, "ada") for i in range(10)]
            labels.append(Annotation(EVENTS.id, EVENTS.classes[0].id, 3.25, 3.25, "ada", confidence=0.5))
            project.annotate(session.id, Change("put", (), tuple(labels)))
    return tmp_path / "study"


@pytest.fixture
def project(folder):
    with Project.open(folder) as opened:
        yield opened


@pytest.fixture
def jobs(qapp):
    made = Jobs()
    yield made
    made.stop()


def session(project, who, name):
    subject = next(s for s in project.subjects() if s.name == who)
    return next(s for s in project.sessions(subject.id) if s.name == name)


def spans(project, at, tier=TIER.name):
    found = next(t for t in project.tiers() if t.name == tier)
    names = {c.id: c.name for c in found.classes}
    return [(names[a.label], a.start_s, a.end_s) for a in project.annotations(at.id, found.id)]


def sound(project):
    """No exclusive tier of any session has overlaps."""
    for one, tier in itertools.product(project.sessions(), project.tiers()):
        if tier.exclusive and tier.kind == "interval":
            rows = project.annotations(one.id, tier.id)
            assert all(a.end_s <= b.start_s + 1e-9 for a, b in itertools.pairwise(rows)), (one.name, tier.name)
    return True


@pytest.mark.parametrize("name", ["csv", "parquet", "elan", "label-studio", "bids"])
def test_what_holds_everything_comes_back_to_an_empty_session(project, tmp_path, name):
    plan = plan_export(project, project.sessions(), name, tmp_path / "out")
    assert len(plan.items) == 3
    assert plan.lost() == ()
    assert plan.empty == ("02",)
    paths = write(plan)
    here, there = session(project, "P1", "01"), session(project, "P2", "02")
    source = next(p for p in paths if p.name.startswith("P1_01"))
    read = read_labels(source)
    done = plan_import(project, [Into(there, read)])
    assert done.edits == ()
    assert done.new == 11
    assert done.there == done.touched == done.cut == 0
    take_in(project, done)
    for tier in ("activity", "marks"):
        assert spans(project, there, tier) == spans(project, here, tier)
    assert [a.author for a in project.annotations(there.id)] == ["ada"] * 11
    again = plan_import(project, [Into(there, read)])
    assert again.there == 11
    assert not again.changes
    assert again.edits == ()


def test_what_is_lost_is_said_for_all_sessions(project, tmp_path):
    plan = plan_export(project, project.sessions(), "audacity", tmp_path)
    said = dict(plan.lost())
    assert said["author of 33 annotations"] == 3
    assert any("confidence" in text for text in said)
    assert not list(tmp_path.glob("*.txt"))


def test_files_of_one_name_are_kept_apart(project, tmp_path):
    project.add_subject("P/1")
    odd = next(s for s in project.subjects() if s.name == "P/1")
    copy = project.add_session("01", odd.id)
    also = project.add_session("0:1", session(project, "P1", "01").subject)
    for one in (copy, also):
        project.annotate(one.id, Change("put", (), (Annotation(TIER.id, WALK.id, 0, 1),)))
    names = [one.path.name for one in plan_export(project, project.sessions(), "csv", tmp_path).items]
    assert len(set(names)) == len(names) == 5
    assert all("/" not in n and ":" not in n for n in names)


def test_a_cancel_and_a_folder_that_cannot_be_made(project, tmp_path):
    plan = plan_export(project, project.sessions(), "csv", tmp_path / "out")
    asked = iter((False, True))
    with pytest.raises(Cancelled):
        write(plan, cancelled=lambda: next(asked))
    assert len(list((tmp_path / "out").iterdir())) == 1
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError):
        write(plan_export(project, project.sessions(), "csv", tmp_path / "file" / "out"))


def test_files_find_their_sessions(project, tmp_path):
    for one in write(plan_export(project, project.sessions(), "audacity", tmp_path)):
        read = read_labels(one)
        found = session_for(project, one, read)
        assert one.name == f"{next(s.name for s in project.subjects() if s.id == found.subject)}_{found.name}.txt"
    assert session_for(project, tmp_path / "01.txt", LabelFile()) is None
    assert session_for(project, tmp_path / "P2-take-02.txt", LabelFile()) == session(project, "P2", "02")


def foreign(*rows, tier="activity", exclusive=True, **about):
    """A stranger's labels: (name, start, end)."""
    classes = tuple(LabelClass(n) for n in dict.fromkeys(r[0] for r in rows))
    ids = {c.name: c.id for c in classes}
    own = Tier(tier, "interval", exclusive, classes)
    return LabelFile((own,), tuple(Annotation(own.id, ids[n], s, e) for n, s, e in rows), **about)


def test_new_labels_win_or_give_way_and_nothing_overlaps(project):
    at = session(project, "P1", "01")
    read = foreign(("Walk", 1.0, 5.0), ("jump", 4.0, 4.75), ("run", 30.0, 31.0), exclusive=False)
    wins = plan_import(project, [Into(at, read)], author="bob")
    assert {c.name: (c.becomes, c.is_new) for c in wins.tiers[0].classes} == {
        "Walk": ("walk", False), "jump": ("jump", True), "run": ("run", True),
    }  # fmt: skip
    assert wins.touched == 3
    assert wins.new == 3
    stays = plan_import(project, [Into(at, read)], keep_mine=True)
    assert stays.touched == 0
    assert stays.cut == 2
    take_in(project, stays)
    kept = spans(project, at)
    assert [s for s in kept if s[0] in ("walk", "sit")][:2] == [("walk", 0.0, 1.5), ("walk", 1.5, 2.0)]
    assert ("sit", 2.0, 3.5) in kept
    assert ("run", 30.0, 31.0) in kept
    assert sound(project)
    project.take_apart(stays.edits, tuple(stays.changes.items()))
    take_in(project, plan_import(project, [Into(at, read)], author="bob"))
    now = spans(project, at)
    assert ("walk", 0.0, 1.0) in now
    assert ("jump", 4.0, 4.75) in now
    assert ("sit", 2.0, 3.5) not in now
    assert sound(project)
    jump = next(c for t in project.tiers() if t.name == "activity" for c in t.classes if c.name == "jump")
    assert jump.key
    assert jump.key not in "ws"
    assert next(a for a in project.annotations(at.id) if a.label == jump.id).author == "bob"


def test_two_tiers_onto_one_and_one_left_out(project):
    at = session(project, "P2", "02")
    a, b = foreign(("walk", 0, 4), tier="left"), foreign(("sit", 2, 6), tier="right")
    read = LabelFile((*a.tiers, *b.tiers), (*a.annotations, *b.annotations))
    both = plan_import(project, [Into(at, read)], targets={"left": TIER.id, "right": TIER.id})
    assert both.edits == ()
    take_in(project, both)
    assert spans(project, at) == [("walk", 0, 2), ("sit", 2, 6)]
    assert sound(project)
    one = plan_import(project, [Into(at, read)], targets={"left": SKIP})
    assert [t.becomes for t in one.tiers] == ["", "right"]
    assert one.new == 1
    assert len(one.edits) == 1
    with pytest.raises(ValueProblem):
        plan_import(project, [Into(at, read)], targets={"left": EVENTS.id})
    with pytest.raises(ValueProblem):
        plan_import(project, [Into(at, read), Into(at, read)])


def test_clocks_move_labels_and_a_project_without_sets_gets_one(tmp_path):
    with Project.create(tmp_path / "p") as project:
        at = project.add_session("a", started_at="2024-05-01T12:00:00+00:00")
        epoch = 1714564800.0
        read = foreign(("walk", 1, 2), tier="activity", epoch_s=epoch + 30)
        assert offset_for(read, at) == 30
        assert offset_for(foreign(("walk", 1, 2), epoch_s=0.0), at) == 0
        take_in(project, plan_import(project, [Into(at, read, offset_for(read, at))]))
        assert spans(project, at) == [("walk", 31, 32)]
        assert [s.name for s in project.label_sets()] == ["imported"]


def test_the_command_line_does_the_same(folder, tmp_path):
    from typer.testing import CliRunner

    from m3n_studio.cli import app

    run = CliRunner()
    out = tmp_path / "out"
    made = run.invoke(app, ["labels", "export", str(folder), "--to", "elan", "--out", str(out)])
    assert made.exit_code == 0
    assert len(list(out.glob("*.eaf"))) == 3
    assert run.invoke(app, ["labels", "export", str(folder), "--to", "elan", "--out", str(out)]).exit_code != 0
    strict = ["labels", "export", str(folder), "--to", "audacity", "--out", str(tmp_path / "b"), "--strict"]
    assert run.invoke(app, strict).exit_code != 0
    assert not (tmp_path / "b").exists()
    source = str(out / "P1_01.eaf")
    args = ["labels", "import", str(folder), source, "--session", "P2/02", "--offset-s", "2"]
    assert "11 labels would come" in run.invoke(app, [*args, "--dry-run"]).output
    with Project.open(folder) as project:
        assert not spans(project, session(project, "P2", "02"))
    assert run.invoke(app, args).exit_code == 0
    with Project.open(folder) as project:
        assert spans(project, session(project, "P2", "02"))[0] == ("walk", 2.0, 3.5)
    assert run.invoke(app, ["labels", "import", str(folder), source, "--session", "01"]).exit_code != 0
    onto = ["labels", "import", str(folder), source, "--onto", "nowhere"]
    assert run.invoke(app, onto).exit_code != 0


@pytest.mark.usefixtures("display")
def test_the_export_dialog_says_what_is_lost_and_writes(qtbot, project, jobs, tmp_path):
    dialog = ExportDialog(project, session(project, "P1", "01").id, jobs)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.plan is not None)
    assert len(dialog.plan.items) == 1
    assert "11 labels go into 1 file" in dialog.count.text()
    dialog.which.setCurrentIndex(1)
    dialog.format.setCurrentIndex(dialog.format.findData("audacity"))
    dialog.format.activated.emit(0)
    dialog.folder.setText(str(tmp_path / "out"))
    qtbot.waitUntil(lambda: dialog.plan is not None and len(dialog.plan.items) == 3)
    texts = [dialog._list.itemAt(i).widget().text() for i in range(dialog._list.count() - 1)]
    assert any("Author of 33 annotations (3 of 3 sessions)" in text for text in texts)
    with qtbot.waitSignal(dialog.written) as told:
        dialog.go.click()
    assert told.args == [3]
    assert len(list((tmp_path / "out").glob("*.txt"))) == 3
    second = ExportDialog(project, "", jobs)
    second.show()
    second.format.setCurrentIndex(second.format.findData("audacity"))
    second.folder.setText(str(tmp_path / "out"))
    qtbot.waitUntil(lambda: second.plan is not None and second.plan.there != ())
    assert not second.go.isEnabled()
    assert second.over.isVisible()
    second.over.setChecked(True)
    assert second.go.isEnabled()
    second.reject()
    qtbot.waitUntil(lambda: not jobs.running)


@pytest.mark.usefixtures("display")
def test_every_format_can_be_chosen(qtbot, project, jobs):
    dialog = ExportDialog(project, "", jobs)
    assert [dialog.format.itemData(i) for i in range(dialog.format.count())] == [f.name for f in label_formats()]
    dialog.reject()
    qtbot.waitUntil(lambda: not jobs.running)


@pytest.mark.usefixtures("display")
def test_the_import_dialog_matches_and_says_what_changes(qtbot, project, jobs, tmp_path):
    good = tmp_path / "P2_02.txt"
    write_labels(good, foreign(("walk", 1.0, 2.0), ("hop", 3.0, 4.0)), format="audacity")
    bad = tmp_path / "bad.txt"
    bad.write_bytes(b"\x00\x01\x02")
    dialog = ImportDialog(project, [good, bad], "", "me", jobs)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.plan is not None)
    assert dialog.session_at(0) == session(project, "P2", "02")
    assert "1 not read" in dialog.trouble.text()
    assert dialog.plan.tiers[0].becomes == "labels"
    assert dialog.tiers.item(0, 3).text() == "new: walk, hop"
    box = dialog.tiers.cellWidget(0, 2)
    assert isinstance(box, QComboBox)
    assert box.findData(EVENTS.id) < 0
    box.setCurrentIndex(box.findData(TIER.id))
    box.activated.emit(box.currentIndex())
    qtbot.waitUntil(lambda: dialog.plan is not None)
    assert dialog.tiers.item(0, 3).text() == "1 known, new: hop"
    assert "2 labels come in" in dialog.summary.text()
    spin = dialog.files.cellWidget(0, 3)
    assert isinstance(spin, QDoubleSpinBox)
    spin.setValue(1.5)
    qtbot.waitUntil(lambda: dialog.plan is not None)
    with qtbot.waitSignal(dialog.wanted) as told:
        dialog.go.click()
    take_in(project, told.args[0])
    assert spans(project, session(project, "P2", "02")) == [("walk", 2.5, 3.5), ("hop", 4.5, 5.5)]
    qtbot.waitUntil(lambda: not jobs.running)


def test_an_import_in_the_window_is_one_step(qtbot, window, folder, tmp_path):
    path = tmp_path / "P1_01.txt"
    write_labels(path, foreign(("hop", 1.0, 2.25), ("walk", 90.0, 91.0)), format="audacity")
    window.open_paths([folder])
    qtbot.waitUntil(lambda: window.desk.project is not None, timeout=20000)
    desk, tools = window.desk, window.exchange.labels
    at = session(desk.project, "P1", "01")
    desk.put(at.id)
    before = (desk.project.label_sets(), desk.project.annotations(at.id))
    tools.show_import([path])
    dialog = tools.importing
    dialog._targets["labels"] = TIER.id
    qtbot.waitUntil(lambda: dialog.plan is not None and dialog.plan.tiers[0].becomes == "activity", timeout=10000)
    dialog.go.click()
    assert [s for s in spans(desk.project, at) if s[0] == "hop"] == [("hop", 1.0, 2.25)]
    assert len(desk.tracks[TIER.id]) == len(desk.project.annotations(at.id, TIER.id))
    after = (desk.project.label_sets(), desk.project.annotations(at.id))
    window.history.stack.undo()
    assert (desk.project.label_sets(), desk.project.annotations(at.id)) == before
    window.history.stack.redo()
    assert (desk.project.label_sets(), desk.project.annotations(at.id)) == after
    assert window.actions_by_name["export_labels"].isEnabled()
    assert sound(desk.project)
