"""Full disks, media that cannot be written, damaged files, and kills: a clear message, an intact project."""

import importlib.util
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import h5py
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio.annotation.model import Annotation, Change
from m3n_studio.errors import FileError
from m3n_studio.project.backup import KEEP, backups
from m3n_studio.project.check import check
from m3n_studio.project.repair import repair
from m3n_studio.project.store import Project
from tests.project import made

TOOLS = Path(__file__).parents[2] / "tools"


def many(project, count=3000):
    tier = project.tiers()[0]
    return Change("many", (), tuple(
        Annotation(tier.id, tier.classes[0].id, 1000 + i, 1001 + i, note="x" * 200) for i in range(count)
    ))  # fmt: skip


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 6 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", place], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("a small file system cannot be mounted here (needs the superuser)")
    yield place
    subprocess.run(["umount", place], check=True)


def fill(place):
    with (place / "filler").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            pass


def test_a_full_disk_is_said_and_nothing_is_broken(small_disk):
    folder = small_disk / "p"
    with made.project(folder, annotations=5) as project:
        session, before = project.sessions()[0].id, made.state(project)
        with pytest.raises(FileError, match="the disk is full"):
            project.add_recording(session, (made.signal(70_000, start_s=i * 700) for i in range(9)))
        fill(small_disk)
        with pytest.raises(FileError, match="the disk is full; the change was not made"):
            project.annotate(session, many(project))
        with pytest.raises(FileError, match="cannot be written"):
            project.add_recording(session, made.signal())
        with pytest.raises(FileError, match=r"backup cannot be written|disk is full"):
            project.backup()
        assert made.state(project) == before
        (small_disk / "filler").unlink()
        project.annotate(session, many(project, 10))
        after = made.state(project)
    with Project.open(folder) as project:
        assert made.state(project) == after
    assert check(folder) == ()


def test_a_file_that_may_not_grow_is_said(tmp_path):
    """The same without a file system of its own: the process may write no more than a little to any file."""
    with made.project(tmp_path / "p", annotations=5) as project:
        session, before = project.sessions()[0].id, made.state(project)
        usual = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, usual[1]))
        try:
            with pytest.raises(FileError, match="the change was not made"):
                project.annotate(session, many(project))
            with pytest.raises(FileError, match="cannot be written"):
                project.add_recording(session, made.signal(100_000))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, usual)
        assert made.state(project) == before
        project.annotate(session, many(project, 10))
    assert check(tmp_path / "p") == ()


@pytest.mark.parametrize("log", [False, True], ids=["at rest", "with a log"])
def test_a_still_medium_opens_read_only(tmp_path, log):
    project = made.project(tmp_path / "p")
    before = made.state(project)
    if log:  # as a killed program leaves it: edits in the log only
        shutil.copytree(tmp_path / "p", tmp_path / "copy")
        (tmp_path / "copy" / "project.sqlite-shm").unlink()
        assert (tmp_path / "copy" / "project.sqlite-wal").stat().st_size
    project.close()
    folder = tmp_path / ("copy" if log else "p")
    names = sorted(path.name for path in folder.rglob("*"))
    with made.unprivileged(folder), Project.open(folder) as still:
        assert still.read_only
        assert "reading only" in still.remarks[0]
        assert made.state(still) == before
        assert still.signal(still.recordings()[0]).verify()
        session = still.sessions()[0].id
        for edit in (
            lambda: still.annotate(session, many(still, 1)), lambda: still.add_subject("x"),
            lambda: still.add_recording(session, made.signal()),
        ):  # fmt: skip
            with pytest.raises(FileError, match=r"open for reading only; the change was not made.*a copy"):
                edit()
    assert sorted(path.name for path in folder.rglob("*")) == names


def test_read_only_when_asked(tmp_path):
    made.project(tmp_path / "p").close()
    with Project.open(tmp_path / "p", read_only=True) as project, pytest.raises(FileError, match="reading only"):
        project.add_subject("x")


def test_backups_rotate(tmp_path):
    with made.project(tmp_path / "p") as project:
        for _ in range(KEEP + 3):
            project.backup()
        assert len(backups(tmp_path / "p")) == KEEP
    assert check(tmp_path / "p") == ()


def damage(path, data, most=400):
    raw = bytearray(path.read_bytes())
    if data.draw(st.integers(0, 3)) == 0:
        del raw[data.draw(st.integers(0, len(raw) - 1)) :]
    else:
        for _ in range(data.draw(st.integers(1, most))):
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw)


@settings(max_examples=40)
@given(data=st.data())
def test_a_damaged_database_is_an_error_and_is_mended(whole_project, tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("d") / "p"
    shutil.copytree(whole_project, folder)
    with Project.open(folder) as project:
        recordings = {r.sha256 for r in project.recordings()}
    damage(folder / "project.sqlite", data)
    try:
        with Project.open(folder) as project:
            made.state(project)
            return
    except FileError:
        pass
    done = repair(folder)
    assert done
    with Project.open(folder) as project:
        found = made.state(project)
        assert {r.sha256 for r in project.recordings()} >= recordings
        assert len(found[-1][0]) >= 20
        project.add_subject("after")


@pytest.fixture(scope="module")
def whole_project(tmp_path_factory):
    """A project with a backup, and a recording and labels that are newer than it."""
    folder = tmp_path_factory.mktemp("whole") / "p"
    with made.project(folder, annotations=20) as project:
        project.backup()
        session = project.sessions()[0].id
        project.add_recording(session, made.signal(seed=9))
        project.annotate(session, many(project, 200))
    return folder


def test_repair_keeps_what_is_newer_than_the_backup(whole_project, tmp_path):
    folder = Path(shutil.copytree(whole_project, tmp_path / "p"))
    with Project.open(folder) as project:
        before = made.state(project)
    path = folder / "project.sqlite"
    raw = bytearray(path.read_bytes())
    raw[100] = 255  # what kind of page the first one is
    path.write_bytes(raw)
    assert check(folder)[0].level == "damage"
    with pytest.raises(FileError, match="project repair"):
        Project.open(folder)
    repair(folder)
    with Project.open(folder) as project:
        after = made.state(project)
        assert len(after[4]) == len(before[4]) == 2
    assert not [f for f in check(folder) if f.level == "damage"]


def test_a_lost_database_is_made_again_around_the_recordings(whole_project, tmp_path):
    folder = Path(shutil.copytree(whole_project, tmp_path / "p"))
    (folder / "project.sqlite").unlink()
    shutil.rmtree(folder / "backups")
    repair(folder)
    with Project.open(folder) as project:
        assert [s.name for s in project.sessions()] == ["recovered"]
        assert len(project.recordings()) == 2
        assert all(project.signal(r).verify() for r in project.recordings())


def test_check_names_what_is_wrong(whole_project, tmp_path):
    folder = Path(shutil.copytree(whole_project, tmp_path / "p"))
    with Project.open(folder) as project:
        first, second = project.recordings()
    with h5py.File(folder / first.file) as file:
        at = file["values"].id.get_chunk_info(2).byte_offset
    raw = bytearray((folder / first.file).read_bytes())
    raw[at + 100] ^= 1
    (folder / first.file).write_bytes(raw)
    (folder / second.file).unlink()
    os.utime(shutil.copy(folder / first.file, folder / "signals" / ".x.h5.abc.part"), (0, 0))
    (folder / "backups" / "20260101T000000000000Z-daily.sqlite").write_bytes(b"nothing")
    found = {finding.where: finding for finding in check(folder)}
    assert found[first.file].level == found[second.file].level == "damage"
    assert "missing" in found[second.file].what
    assert found["signals/.x.h5.abc.part"].level == "note"
    assert found["backups/20260101T000000000000Z-daily.sqlite"].level == "warning"
    assert [f.where for f in repair(folder)] == ["signals/.x.h5.abc.part"]


def test_two_programs_label_at_once(tmp_path):
    """Each puts in and takes out its own; the sum is right and nothing is damaged."""
    with made.project(tmp_path / "p", annotations=0) as project:
        session = project.sessions()[0].id
    script = (
        "import sys\nfrom m3n_studio.annotation.model import *\nfrom m3n_studio.project.store import Project\n"
        "p = Project.open(sys.argv[1]); s = p.sessions()[0].id; t = p.tiers()[0]\n"
        "for i in range(100):\n"
        "    a = Annotation(t.id, t.classes[0].id, i, i + 1, sys.argv[2])\n"
        "    p.annotate(s, Change('x', (), (a,)))\n"
        "    if i % 2: p.annotate(s, Change('y', (a,), ()))\n"
        "p.close()\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", script, tmp_path / "p", name]) for name in ("a", "b")]
    assert [child.wait(timeout=120) for child in both] == [0, 0]
    with Project.open(tmp_path / "p") as project:
        authors = [a.author for a in project.annotations(session)]
    assert (authors.count("a"), authors.count("b")) == (50, 50)
    assert check(tmp_path / "p") == ()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked")
def test_thirty_kills_lose_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, TOOLS / "kill_project.py", "--kills", "30", "--seed", "3"], capture_output=True, text=True,
        check=False, timeout=250, env=os.environ | {"PYTHONPATH": str(TOOLS.parent), "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    said = dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)
    assert said["lost"] == said["unopened"] == said["half written"] == "0"
    assert int(said["acknowledged"]) > 50
    assert int(said["recordings"]) > 0


def test_the_kill_tool_notices_losses(tmp_path):
    """Its own check can fail: an annotation taken away behind its back is a loss."""
    sys.path.insert(0, str(TOOLS))
    try:
        spec = importlib.util.spec_from_file_location("kill_project", TOOLS / "kill_project.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules["kill_project"] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(TOOLS))
    run = module.Kills(tmp_path, 0)
    with Project.open(run.project) as project:
        run._after_label(project, [["try", module.asdict(many(project, 2))], ["done", ""]])
    assert run.tally.lost == 2
    assert not run.tally.good


def test_rows_that_make_no_sense_are_found_and_mended(tmp_path):
    """Damage inside a text leaves a database that SQLite finds whole."""
    folder = tmp_path / "p"
    made.project(folder, recordings=2).close()
    with sqlite3.connect(folder / "project.sqlite") as db:
        db.execute("UPDATE label_class SET color = '#12zz56' WHERE name = 'walking'")
        db.execute("UPDATE label_class SET name = 'walking' WHERE name = 'sitting'")
        db.execute("UPDATE recording SET time_map = '{' WHERE rowid = 1")
    db.close()
    assert [f.level for f in check(folder)] == ["damage"]
    assert any("made no sense" in f.what for f in repair(folder))
    with Project.open(folder) as project:
        assert len(project.annotations(project.sessions()[0].id)) == 20
        assert len(project.recordings()) == 2
        names = [c.name.split()[0] for c in project.tiers()[0].classes]
        assert names == ["walking", "walking", "strolling"]
    assert check(folder) == ()
    assert repair(folder) == ()


def test_repair_leaves_a_project_in_use_and_a_newer_one_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("m3n_studio.project.database.BUSY_S", 0.1)
    folder = tmp_path / "p"
    made.project(folder).close()
    with sqlite3.connect(folder / "project.sqlite") as db:
        db.execute("PRAGMA user_version = 9")
    db.close()
    before = (folder / "project.sqlite").read_bytes()
    with pytest.raises(FileError, match="newer m3n Studio"):
        repair(folder)
    assert (folder / "project.sqlite").read_bytes() == before
    with sqlite3.connect(folder / "project.sqlite") as db:
        db.execute("PRAGMA user_version = 2")
    db.close()
    other = sqlite3.connect(folder / "project.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with Project.open(folder) as project, pytest.raises(FileError, match="another program has been writing"):
        project.add_subject("x")
    assert repair(folder) == ()
    other.execute("ROLLBACK")
    other.close()
    assert not list((folder / "backups").glob("damaged*"))
