"""Old projects open, migrated, with nothing lost; newer ones are refused and left as they are."""

import hashlib
import shutil
import sqlite3
from pathlib import Path

import pytest

from m3n_studio.annotation.model import Annotation, LabelClass
from m3n_studio.errors import FileError
from m3n_studio.project import migrations, schema
from m3n_studio.project.backup import backups
from m3n_studio.project.database import Database
from m3n_studio.project.store import Project
from tests.project import made

OLD = Path(__file__).parent / "version1"
#: What tools/make_old_project.py gave the second recording; 15 digits are not enough for it.
OFFSET_S = 12.3456789012345678


@pytest.fixture
def old(tmp_path):
    return Path(shutil.copytree(OLD, tmp_path / "old"))


def rows(path, table):
    with sqlite3.connect(path) as db:
        found = db.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()
    db.close()
    return found


def test_nothing_of_an_old_project_is_lost(old):
    before = {table: rows(old / "project.sqlite", table) for table in ("subject", "session", "annotation", "recording")}
    assert sqlite3.connect(old / "project.sqlite").execute("PRAGMA user_version").fetchone() == (1,)
    with Project.open(old) as project:
        assert project.remarks == ("the project was of version 1 and is now of 2",)
        assert project.name == "old one"
        assert [(s.name, s.height_m, s.handedness, s.sex) for s in project.subjects()] == [("Ada", 1.7, "left", "")]
        assert {(s.id, s.name, s.subject) for s in project.sessions()} == {
            ("e1", "morning", "s1"), ("e2", "evening", "s1"), ("e3", "morning", "")}  # fmt: skip
        devices = {device.id: device.name for device in project.devices()}
        assert sorted(devices.values()) == ["Watch 7", "Watch 8"]
        found = {r.id: (devices[r.device], r.time_map.offset_s, r.samples) for r in project.recordings()}
        assert found == {f"r{i}": (f"Watch {(7, 8, 7)[i]}", OFFSET_S * i, 700) for i in range(3)}
        assert [m.time_map.offset_s for m in project.media()] == [OFFSET_S, -OFFSET_S]
        assert project.tiers()[0].classes[0] == LabelClass("walking", "#2a7fff", "w", id="c1")
        labels = {a.id: a for s in project.sessions() for a in project.annotations(s.id)}
        for key, _, tier, label, start_s, end_s, author, source, confidence, note in before["annotation"]:
            assert labels.pop(key) == Annotation(tier, label, start_s, end_s, author, source, confidence, note, key)
        assert not labels
        assert all(project.signal(r).verify() for r in project.recordings())
        assert [r.regular for r in project.recordings()] == [True, True, False]
    assert rows(old / "project.sqlite", "subject")[1][:6] == before["subject"][1][:6]
    (copy,) = backups(old)
    assert copy.reason == "before-version-2"
    assert rows(copy.path, "recording") == before["recording"]


def test_an_old_project_on_a_still_medium_opens_as_it_is(old):
    digest = hashlib.sha256((old / "project.sqlite").read_bytes()).hexdigest()
    with made.unprivileged(old), Project.open(old) as project:
        assert project.read_only
        assert len(project.annotations("e1")) == 20
        with pytest.raises(FileError, match="reading only"):
            project.add_subject("new")
    assert hashlib.sha256((old / "project.sqlite").read_bytes()).hexdigest() == digest
    assert sorted(p.name for p in old.iterdir()) == ["project.sqlite", "signals"]


def test_a_migration_that_fails_changes_nothing(old, monkeypatch):
    before = {table: rows(old / "project.sqlite", table) for table in ("recording", "annotation")}

    def broken(connection):
        migrations._devices_and_maps(connection)
        raise OSError("the power is gone")

    monkeypatch.setattr(migrations, "MIGRATIONS", (migrations._first_tables, broken))
    with pytest.raises(OSError, match="power"):
        Project.open(old)
    assert {table: rows(old / "project.sqlite", table) for table in before} == before
    monkeypatch.undo()
    Project.open(old).close()


def test_a_newer_project_is_refused_and_left_alone(tmp_path):
    made.project(tmp_path / "p").close()
    with sqlite3.connect(tmp_path / "p" / "project.sqlite") as db:
        db.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    db.close()
    for read_only in (False, True):
        with pytest.raises(FileError, match=r"of version 3; this program knows up to 2.*newer m3n Studio"):
            Project.open(tmp_path / "p", read_only=read_only)
    assert sqlite3.connect(tmp_path / "p" / "project.sqlite").execute("PRAGMA user_version").fetchone() == (3,)


def test_a_new_database_is_the_migrated_empty_one(tmp_path):
    database = Database.create(tmp_path / "a.sqlite")
    assert len(migrations.MIGRATIONS) == schema.VERSION
    migrations.migrate(database, to=1)
    assert database.version == 1
    migrations.migrate(database)
    assert database.version == schema.VERSION
    database.close()
