"""Projects hold what is put in, give it back the same, undo, and refuse what cannot be."""

import shutil
import sqlite3

import numpy as np
import pytest

from m3n_studio.annotation.model import Annotation, Change, LabelClass
from m3n_studio.errors import FileError, ValueProblem
from m3n_studio.project import frames
from m3n_studio.project.store import Project
from m3n_studio.project.values import ClipEntry, Edit, Recording, Run, Session, Subject, TextEntry, Video
from m3n_studio.recordings.timemap import TimeMap
from tests.project import made


@pytest.fixture
def project(tmp_path):
    with made.project(tmp_path / "p") as found:
        yield found


def test_everything_is_there_again_after_opening_and_moving(tmp_path, project):
    session = project.sessions()[0]
    for entry in (
        Video(session.id, "kitchen", "videos/k.mp4", 60.5, TimeMap.drift(1 / 3, 17)), Run("first", "runs/1"),
        ClipEntry(session.id, "body", "clips/b.npz", TimeMap.through([(0, 1), (5, 6.1)])),
        TextEntry(session.id, 1, 2.5, "she walks to the door", "me"),
    ):  # fmt: skip
        project.add(entry)
    before = made.state(project)
    samples = project.signal(project.recordings()[0]).read()
    project.close()
    shutil.move(tmp_path / "p", tmp_path / "moved")
    with Project.open(tmp_path / "moved") as moved:
        assert made.state(moved) == before
        again = moved.signal(moved.recordings()[0].id).read()
        np.testing.assert_array_equal(again.acc_mps2, samples.acc_mps2)


def test_every_edit_has_an_inverse(project):
    subject, session = project.subjects()[0], project.sessions()[0]
    steps = [
        Edit("rename", subject, Subject("Eve", 1.6, 50, "right", "", "x", subject.id)),
        Edit("add", None, Session("evening", subject.id)),
        Edit("move", project.recordings()[0], _with(project.recordings()[0], time_map=TimeMap.offset(4), note="moved")),
        Edit("remove", session, None),
        Edit("label sets", project.label_sets()[0], None),
    ]
    states = [made.state(project)]
    for step in steps:
        project.edit(step)
        states.append(made.state(project))
    assert len({repr(s) for s in states}) == len(states)
    for step, before in zip(reversed(steps), reversed(states[:-1]), strict=True):
        project.edit(step.inverse())
        assert made.state(project) == before


def _with(value, **changes):
    from dataclasses import replace

    return replace(value, **changes)


def test_what_belongs_to_something_removed_is_out_of_sight(project):
    edit = project.remove(project.subjects()[0])
    assert (project.sessions(), project.recordings()) == ((), ())
    assert frames.labels(project).empty
    project.edit(edit.inverse())
    assert len(project.recordings()) == 1


def test_an_edit_of_something_that_has_changed_is_refused(project):
    subject = project.subjects()[0]
    project.change(subject, _with(subject, note="taller"))
    for edit in (Edit("x", subject, None), Edit("x", subject, _with(subject, name="Z")), Edit("x", None, subject)):
        with pytest.raises(ValueProblem, match="changed in the meantime"):
            project.edit(edit)


def test_names_are_taken_once(project):
    with pytest.raises(ValueProblem, match="subject with that name"):
        project.add_subject("Ada")
    with pytest.raises(ValueProblem, match="session of that name"):
        project.add_session("morning", project.subjects()[0].id)
    project.add_session("morning")
    removed = project.remove(project.subjects()[0])
    project.add_subject("Ada")
    with pytest.raises(ValueProblem, match="subject with that name"):
        project.edit(removed.inverse())


def test_what_cannot_be_is_refused(project):
    session, recording = project.sessions()[0], project.recordings()[0]
    with pytest.raises(ValueProblem, match="no session"):
        project.add_recording("nowhere", made.signal())
    with pytest.raises(ValueProblem, match="no session"):
        project.annotate("nowhere", Change("x"))
    with pytest.raises(ValueProblem, match="samples of a recording"):
        project.change(recording, _with(recording, samples=5))
    with pytest.raises(ValueProblem, match="no subject"):
        project.add_session("x", "nobody")
    with pytest.raises(ValueProblem, match="height"):
        Subject("Tall", height_m=170)
    with pytest.raises(ValueProblem, match="refers"):
        project.add(_with(recording, id="other", file="signals/o.h5", device="none"))
    with pytest.raises(FileError, match="inside the project"):
        project.signal(_with(recording, id="evil", file="../../etc/passwd"))
    with pytest.raises(ValueProblem, match="found two"):
        Edit("x", session, recording)


def test_classes_in_use_stay(project):
    label_set = project.label_sets()[0]
    tier = label_set.tiers[0]
    fewer = _with(label_set, tiers=(_with(tier, classes=tier.classes[1:2]),))
    with pytest.raises(ValueProblem, match=r"'walking' is used by 7 annotations"):
        project.change(label_set, fewer)
    with pytest.raises(ValueProblem, match="used by"):
        project.change(label_set, _with(label_set, tiers=()))
    circle = (_with(tier.classes[0], parent=tier.classes[2].id), *tier.classes[1:])
    with pytest.raises(ValueProblem, match="below itself"):
        project.change(label_set, _with(label_set, tiers=(_with(tier, classes=circle),)))
    assert project.label_sets() == (label_set,)
    more = _with(tier, classes=(LabelClass("lying"), *reversed(tier.classes)), name="posture")
    edit = project.change(label_set, _with(label_set, tiers=(more,)))
    assert project.tiers() == (more,)
    project.edit(edit.inverse())
    assert project.label_sets() == (label_set,)


def test_annotations_by_tier_and_span(project):
    session, tier = project.sessions()[0].id, project.tiers()[0]
    found = project.annotations(session, tier.id, (3.2, 5.0))
    assert [a.start_s for a in found] == [3.0, 4.0, 5.0]
    assert project.annotations(session, "other") == ()
    unknown = Annotation(tier.id, "none", 0, 1)
    with pytest.raises(ValueProblem, match="no class"):
        project.annotate(session, Change("x", (), (unknown,)))


def test_another_window_is_noticed_and_not_overwritten(tmp_path, project):
    session = project.sessions()[0].id
    first, second = project.annotations(session)[:2]
    with Project.open(tmp_path / "p") as other:
        assert not other.changed_elsewhere()
        project.annotate(session, Change("move", (first,), (first.with_(end_s=0.7),)))
        assert other.changed_elsewhere()
        assert not other.changed_elsewhere()
        assert not project.changed_elsewhere()
        before = other.annotations(session)
        with pytest.raises(ValueProblem, match="changed in the meantime"):
            other.annotate(session, Change("both", (second, first), ()))
        assert other.annotations(session) == before
        other.annotate(session, Change("one", (second,), ()))
    assert project.changed_elsewhere()
    assert second not in project.annotations(session)


def test_tables(project):
    labels = frames.labels(project)
    assert list(labels.columns[:5]) == ["subject", "session", "label_set", "tier", "label"]
    assert len(labels) == 20
    assert set(labels.label) == {"walking", "sitting", "strolling"}
    assert labels.duration_s.eq(0.5).all()
    assert frames.subjects(project).height_m.tolist() == [1.7]
    assert frames.recordings(project).device.tolist() == ["watch 0"]
    assert frames.sessions(project).recordings.tolist() == [1]
    assert frames.classes(project).parent.tolist() == ["", "", "walking"]
    assert frames.texts(project).empty


def test_a_place_that_is_taken_is_left_alone(tmp_path):
    (tmp_path / "x").write_text("mine")
    with pytest.raises(FileError, match="something is there already"):
        Project.create(tmp_path)
    with pytest.raises(FileError, match="something is there already"):
        Project.create(tmp_path / "x")
    with pytest.raises(FileError, match=r"no project\.sqlite"):
        Project.open(tmp_path)


def test_a_stranger_s_database_is_no_project(tmp_path):
    with sqlite3.connect(tmp_path / "project.sqlite") as db:
        db.execute("CREATE TABLE x (a)")
    db.close()
    before = (tmp_path / "project.sqlite").read_bytes()
    with pytest.raises(FileError, match="no project of m3n Studio"):
        Project.open(tmp_path)
    assert (tmp_path / "project.sqlite").read_bytes() == before


def test_a_closed_project_says_so(project):
    project.close()
    project.close()
    with pytest.raises(ValueProblem, match="closed"):
        project.subjects()


def test_values_check_themselves():
    for wrong in (
        lambda: Subject(" "), lambda: Subject("a", handedness="feet"), lambda: TextEntry("s", 2, 1, "x"),
        lambda: Recording("s", "r", start_s=2, stop_s=1), lambda: Edit("nothing"),
    ):  # fmt: skip
        with pytest.raises(ValueProblem):
            wrong()
