"""The demo project: whole, the same every time, its motions are what its watches read, some of it left to label."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from m3n_studio.body.files import default_body
from m3n_studio.body.quick import quick_gauge
from m3n_studio.cli import app
from m3n_studio.errors import Cancelled, FileError
from m3n_studio.imu.settings import Settings
from m3n_studio.imu.simulate import simulate
from m3n_studio.motion.formats import read_clip
from m3n_studio.project import Project
from m3n_studio.project.check import check
from m3n_studio.project.demo_project import CLASSES, GAPS, PEOPLE, SESSIONS, WRONG, make_demo_project
from m3n_studio.project.training_data import labelled_recordings


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    told = []
    made = make_demo_project(tmp_path_factory.mktemp("demo") / "new" / "demo", progress=lambda *t: told.append(t))
    assert told[-1][0] == told[-1][1] == len(told)
    return made


@pytest.fixture
def project(folder):
    with Project.open(folder, read_only=True) as opened:
        yield opened


def session_of(project, person, title):
    subject = next(s for s in project.subjects() if s.name == person)
    return next(s for s in project.sessions(subject.id) if s.name == title)


def test_people_sessions_and_labels_are_there_and_nothing_is_damaged(folder, project):
    assert not check(folder)
    assert project.name == "demo"
    assert {s.name for s in project.subjects()} == {p.name for p in PEOPLE}
    assert all(1.4 < s.height_m < 2.1 and s.mass_kg for s in project.subjects())
    assert len(project.sessions()) == len(PEOPLE) * len(SESSIONS)
    (tier,) = project.tiers()
    assert [(c.name, c.key) for c in tier.classes] == list(CLASSES.values())
    assert len({c.color for c in tier.classes}) == len(CLASSES)
    assert (folder / "runs").is_dir()
    assert {p.name for p in folder.parent.iterdir()} == {"demo"}
    for session in project.sessions():
        assert {r.placement for r in project.recordings(session.id)} == {"left_wrist", "right_wrist"}
        assert len(project.clips(session.id)) == 1


def test_most_is_labelled_and_what_is_not_is_left_for_suggestions(project):
    for person in PEOPLE:
        for title in SESSIONS:
            session = session_of(project, person.name, title)
            labels = project.annotations(session.id)
            share = GAPS.get((person.name, title), 1.0)
            end = max(r.stop_s for r in project.recordings(session.id))
            assert len(labels) == len(CLASSES) if share == 1.0 else len(labels) < len(CLASSES)
            assert all(a.end_s <= share * end + 0.1 for a in labels)


def test_one_label_is_wrong_and_the_session_says_so(project):
    person, title, motion, said = WRONG
    session = session_of(project, person, title)
    names = {c.id: c.name for c in project.tiers()[0].classes}
    found = [names[a.label] for a in project.annotations(session.id)]
    assert found.count(CLASSES[said][0]) == 2
    assert CLASSES[motion][0] not in found
    assert "wrong on purpose" in session.note


@pytest.mark.parametrize("person", ["P1", "P3"])
def test_the_motion_of_a_session_is_what_its_watches_read(project, person):
    session = session_of(project, person, "morning")
    clip = read_clip(project.path_of(project.clips(session.id)[0]))
    subject = next(s for s in project.subjects() if s.name == person)
    model = default_body()
    sizes = quick_gauge(model).values(clip.shape.vector(model))
    assert sizes["stature"] == pytest.approx(subject.height_m, abs=0.006)
    assert sizes["mass"] == pytest.approx(subject.mass_kg, abs=0.06)
    (made,) = simulate(model, clip, ["left_wrist"], settings=Settings(rate_hz=60.0))
    real = project.signal(next(r for r in project.recordings(session.id) if r.placement == "left_wrist")).read()
    both = made.valid & real.valid
    assert both.sum() > 0.9 * len(made)
    lengths = [np.linalg.norm(s.acc_mps2[both], axis=1) for s in (made, real)]
    assert np.corrcoef(*lengths)[0, 1] > 0.99
    assert 0.0 < np.abs(lengths[0] - lengths[1]).mean() < 0.5


def test_learning_takes_it_as_it_is(project):
    recordings = labelled_recordings(project)
    assert len(recordings) == 10
    assert {s.label for r in recordings for s in r.labels} == {name for name, _ in CLASSES.values()}


def test_it_is_the_same_every_time(project, tmp_path):
    with Project.open(make_demo_project(tmp_path / "again"), read_only=True) as again:
        for title in SESSIONS:
            first, second = (
                sorted((r.name, r.sha256) for r in p.recordings(session_of(p, "P4", title).id))
                for p in (project, again)
            )
            assert first == second


def test_cancelled_or_refused_it_leaves_nothing(tmp_path):
    calls = []
    with pytest.raises(Cancelled):
        make_demo_project(tmp_path / "demo", cancelled=lambda: bool(calls.append(1)) or len(calls) > 2)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep")
    with pytest.raises(FileError, match="something is there"):
        make_demo_project(tmp_path / "full")
    (tmp_path / "file").write_text("a file")
    with pytest.raises(FileError):
        make_demo_project(tmp_path / "file" / "demo")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "full"]


def test_the_command_line_makes_it_in_an_empty_folder_too(tmp_path):
    (tmp_path / "demo").mkdir()
    result = CliRunner().invoke(app, ["project", "demo", str(tmp_path / "demo"), "--name", "Trial"])
    assert result.exit_code == 0, result.output
    assert "5 subjects, 10 sessions" in result.output
    with Project.open(tmp_path / "demo", read_only=True) as project:
        assert project.name == "Trial"
