"""The command line: what it says, where, and its exit codes."""

import json
import sqlite3

import pytest

from m3n_studio.cli import main
from m3n_studio.project.store import Project
from tests.project import made


def run(capsys, *arguments):
    code = 0
    try:
        main(["project", *map(str, arguments)])
    except SystemExit as stop:
        code = stop.code
    said = capsys.readouterr()
    return code, said.out, said.err


def test_new_info_check_export_import_repair(tmp_path, capsys):
    code, out, err = run(capsys, "new", tmp_path / "p", "--name", "field study")
    assert (code, out) == (0, "")
    assert "field study" in err
    made.project(tmp_path / "m", recordings=2).close()
    code, out, _ = run(capsys, "info", tmp_path / "m")
    assert code == 0
    assert "1 subject, 1 session, 2 recordings" in out
    assert "wrist at left_wrist: 1000 samples, 100 Hz, 0.2 min" in out
    assert "labels activities / activity: walking, sitting, strolling" in out
    code, out, _ = run(capsys, "info", tmp_path / "m", "--json")
    assert json.loads(out)["sessions"][0]["annotations"] == 20
    assert run(capsys, "check", tmp_path / "m")[:2] == (0, "all is well\n")
    code, _, err = run(capsys, "export", tmp_path / "m", "-o", tmp_path / "m.zip")
    assert code == 0
    assert "wrote" in err
    assert run(capsys, "import", tmp_path / "m.zip", tmp_path / "n")[0] == 0
    with Project.open(tmp_path / "m") as one, Project.open(tmp_path / "n") as other:
        assert made.state(one) == made.state(other)
    assert run(capsys, "repair", tmp_path / "n")[:2] == (0, "there was nothing to mend\n")


def test_damage_is_said_and_mended(tmp_path, capsys):
    made.project(tmp_path / "m").close()
    path = tmp_path / "m" / "project.sqlite"
    path.write_bytes(b"\0" * 5000)
    code, out, _ = run(capsys, "check", tmp_path / "m")
    assert code == 2
    assert out.startswith("damage: project.sqlite")
    code, _, err = run(capsys, "info", tmp_path / "m")
    assert code == 2
    assert err.count("\n") == 1
    assert "project repair" in err
    code, out, _ = run(capsys, "repair", tmp_path / "m")
    assert code == 0
    assert "restored from the backup" in out
    assert "was taken in again" in out
    assert run(capsys, "check", tmp_path / "m")[0] == 0
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM recording").fetchone() == (1,)
    db.close()


@pytest.mark.parametrize("command", ["info", "repair", "check"])
def test_no_project_is_one_line(tmp_path, capsys, command):
    code, out, err = run(capsys, command, tmp_path / "none")
    assert code == 2
    assert (out + err).count("\n") == 1
