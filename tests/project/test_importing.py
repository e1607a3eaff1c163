"""What files say goes into a project whole, once, and can be taken back."""

from pathlib import Path

import numpy as np
import pytest

from m3n_studio.errors import Cancelled, FileError
from m3n_studio.project.importing import add_import, take_back
from m3n_studio.project.store import Project
from m3n_studio.recordings.imported import Import, LabelRun, LabelTrack, Recorded, SubjectFacts
from tests.project import made

UNIX_S = 1.7e9


def imported(start_s=50.0, name="wrist", path="a.csv", clock="file", session="kitchen", **facts):
    signal = made.signal(start_s=start_s, name=name)
    runs = (LabelRun(start_s + 1, start_s + 2, "walking"), LabelRun(start_s + 2, start_s + 4, "sitting"))
    track = LabelTrack("activity", runs, ("lying", "sitting", "walking"))
    return Import(
        (Recorded(signal, "left_wrist", "watch 7", ("gyr",)),), (track,), SubjectFacts("P3", **facts), session, "csv",
        (Path(path),), clock, ("a note",),
    )  # fmt: skip


@pytest.fixture
def project(tmp_path):
    with Project.create(tmp_path / "p") as found:
        yield found


def test_an_import_becomes_a_session_with_its_labels(project):
    added = add_import(project, imported(height_m=1.8, mass_kg=70.0, handedness="left"))
    (subject,), (session,), (recording,) = project.subjects(), project.sessions(), project.recordings()
    assert (subject.name, subject.height_m, subject.mass_kg, subject.handedness) == ("P3", 1.8, 70.0, "left")
    assert (session.name, session.subject, session.note) == ("kitchen", subject.id, "a note")
    assert (recording.placement, recording.source) == ("left_wrist", "a.csv")
    assert recording.note == "no angular velocity was recorded"
    assert recording.span_s == pytest.approx((0.0, 9.99))
    assert [d.name for d in project.devices()] == ["watch 7"]
    tier = project.tiers()[0]
    assert [c.name for c in tier.classes] == ["lying", "sitting", "walking"]
    found = [(tier.by_id(a.label).name, a.start_s, a.end_s) for a in project.annotations(session.id)]
    assert found == [("walking", 1.0, 2.0), ("sitting", 2.0, 4.0)]
    assert (added.annotations, added.recordings, added.skipped) == (2, (recording,), ())
    np.testing.assert_allclose(project.signal(recording).read().time_s[0], 50.0)


def test_files_of_one_session_share_its_clock_and_go_in_once(project):
    add_import(project, imported())
    second = add_import(project, imported(start_s=53.0, name="ankle", path="b.csv"))
    assert second.recordings[0].span_s[0] == pytest.approx(3.0)
    again = add_import(project, imported())
    assert (again.recordings, again.annotations, again.skipped) == ((), 0, ("wrist",))
    assert len(project.sessions()) == 1
    assert len(project.annotations(second.session.id)) == 4
    other = add_import(project, imported(start_s=UNIX_S, clock="unix", path="c.csv"))
    assert other.session.name == "kitchen (2)"
    assert other.session.started_at == "2023-11-14T22:13:20.000+00:00"
    assert other.recordings[0].span_s == pytest.approx((0.0, 9.99), abs=1e-5)


def test_it_is_all_or_nothing_and_can_be_taken_back(project, monkeypatch):
    empty = made.state(project)
    with pytest.raises(Cancelled):
        add_import(project, imported(), cancelled=lambda: True)
    assert made.state(project) == empty
    monkeypatch.setattr(project, "annotate", lambda *_: (_ for _ in ()).throw(FileError("x", found="the disk is full")))
    with pytest.raises(FileError, match="full"):
        add_import(project, imported())
    monkeypatch.undo()
    assert made.state(project) == empty
    take_back(project, add_import(project, imported()))
    assert made.state(project) == empty
    assert add_import(project, imported()).annotations == 2


def test_an_impossible_body_does_not_keep_the_samples_out(project):
    add_import(project, imported(height_m=180.0))
    assert project.subjects()[0].height_m is None
    assert "height" in project.subjects()[0].note
