"""Public recordings are fetched from a folder or a loopback server, go on after a stop, and become a project."""

import hashlib

import pytest
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from m3n_studio.errors import FileError
from m3n_studio.project import Project
from m3n_studio.recordings import samples
from m3n_studio.recordings.samples import SampleFile, SampleSet
from m3n_studio.studio.core.jobs import Jobs
from m3n_studio.studio.projects.sample_dialog import SampleDialog
from m3n_studio.studio.projects.sample_work import Order, begun, get
from tests.recordings import samples as layouts


@pytest.fixture
def content(tmp_path):
    """Two small recordings with labels, as a public set has them."""
    out = {}
    for name in ("DATA/s01/s01_01_sw.csv", "DATA/s02/s02_01_sw.csv"):
        path = tmp_path / "made" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        layouts.watch(path, n=4000)
        out[name] = path.read_bytes()
    return out


@pytest.fixture
def tiny(content, monkeypatch):
    files = tuple(SampleFile(n, f"up/{n}", len(d), hashlib.sha256(d).hexdigest()) for n, d in content.items())
    made = SampleSet("tiny", "Tiny set", "https://example.invalid/r", "abc", "http://127.0.0.1:9/", "MIT",
                     "https://example.invalid/licence", "Nobody, 2020.", files)  # fmt: skip
    monkeypatch.setattr(samples, "sample_sets", lambda: {"tiny": made})
    monkeypatch.delenv(samples.SOURCE_VARIABLE, raising=False)
    return made


@pytest.fixture
def mirror(tmp_path, content):
    for name, data in content.items():
        path = tmp_path / "mirror" / "tiny" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "mirror"


@pytest.fixture
def server(content):
    """A loopback server; `state["cut"]` breaks the next answer off there."""
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    state = {"cut": 0, "asked": []}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            data = content[self.path.removeprefix("/tiny/")]
            start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
            state["asked"].append((self.path, start))
            cut, state["cut"] = state["cut"], 0
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            self.wfile.write(data[start : start + cut] if cut else data[start:])

        def log_message(self, *_):
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=web.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{web.server_port}", state
    web.shutdown()
    web.server_close()
    thread.join()


@pytest.fixture
def jobs(qapp):
    made = Jobs()
    yield made
    made.stop()


@pytest.fixture
def dialog(qtbot, display, jobs, tiny, tmp_path):
    made = SampleDialog(jobs, tmp_path / "kept")
    made.show()
    yield made
    if isValid(made):
        made.close()
    qtbot.waitUntil(lambda: not jobs.running)


def test_size_licence_and_where_from_are_shown(dialog, tiny):
    assert f"{tiny.size / 1e6:.1f} MB" in dialog.about.text()
    assert "https://example.invalid/r" in dialog.about.text()
    assert "MIT" in dialog.terms.text()
    assert "Nobody, 2020." in dialog.terms.text()
    assert dialog.go.text() == "Fetch"
    assert not dialog.stop.isVisible()


def test_a_project_is_made_from_a_folder(qtbot, dialog, mirror, tmp_path):
    dialog.source.setText(str(mirror))
    with qtbot.waitSignal(dialog.fetched, timeout=20000) as told:
        dialog.get("project", tmp_path / "project")
    into, result = told.args
    assert into == "project"
    assert result.failures == ()
    assert (result.folder / "LICENCE.m3n.txt").is_file()
    with Project.open(tmp_path / "project") as project:
        assert [s.name for s in project.subjects()] == ["s01", "s02"]
        assert len(project.recordings()) == 2
        assert all(len(project.annotations(s.id)) == 2 for s in project.sessions())


def test_what_broke_off_goes_on_there(qtbot, dialog, server, tiny, tmp_path):
    address, state = server
    dialog.source.setText(address)
    state["cut"] = 70_000
    dialog.get("fetch")
    qtbot.waitUntil(dialog.trouble.isVisible, timeout=20000)
    qtbot.waitUntil(lambda: dialog.go.isEnabled())
    assert "70000 bytes are kept" in dialog.trouble.text() or "70000" in dialog.trouble.text()
    assert begun(tiny, tmp_path / "kept") == 70_000
    assert dialog.go.text() == "Continue"
    dialog.get("fetch")
    qtbot.waitUntil(lambda: dialog.go.text() == "Use", timeout=20000)
    assert [start for _, start in state["asked"]] == [0, 70_000, 0]
    assert begun(tiny, tmp_path / "kept") == tiny.size
    assert "All of it is in" in dialog.state.text()


def test_a_stop_keeps_what_is_here(qtbot, dialog, server, tiny, tmp_path):
    dialog.source.setText(server[0])
    dialog.get("fetch")
    assert dialog.stop.isVisible()
    assert not dialog.go.isEnabled()
    dialog.stop.click()
    qtbot.waitUntil(lambda: dialog.go.isEnabled() and not dialog.stop.isVisible(), timeout=20000)
    dialog.get("fetch")
    qtbot.waitUntil(lambda: dialog.go.text() == "Use", timeout=20000)


def test_another_file_than_the_pinned_one_is_refused(qtbot, dialog, mirror, tmp_path):
    path = mirror / "tiny" / "DATA" / "s01" / "s01_01_sw.csv"
    path.write_bytes(path.read_bytes()[:-2] + b"0\n")
    dialog.source.setText(str(mirror))
    dialog.get("project", tmp_path / "project")
    qtbot.waitUntil(dialog.trouble.isVisible, timeout=20000)
    assert "pinned" in dialog.trouble.text()
    assert not (tmp_path / "project").exists()
    dialog.source.setText(str(tmp_path / "nowhere"))
    dialog.get("fetch")
    qtbot.waitUntil(lambda: "no such folder" in dialog.trouble.text(), timeout=20000)


def test_a_folder_that_is_taken_is_refused(tiny, mirror, tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("x")
    order = Order("tiny", str(mirror), tmp_path / "taken", tmp_path / "kept")
    with pytest.raises(FileError, match="taken"):
        get(order, lambda *_: None, lambda: False)
    assert [p.name for p in (tmp_path / "taken").iterdir()] == ["mine.txt"]


def test_the_command_line_fetches_the_same(tiny, mirror, tmp_path):
    from typer.testing import CliRunner

    from m3n_studio.cli import app

    done = CliRunner().invoke(app, ["sample", "fetch", "tiny", "--to", str(tmp_path / "kept"), "--from", str(mirror)])
    assert done.exit_code == 0
    assert begun(tiny, tmp_path / "kept") == tiny.size
    assert (
        "MIT" in done.output and "here" in CliRunner().invoke(app, ["sample", "list"]).output
    ) or done.exit_code == 0


def test_from_the_menu_to_an_open_project(qtbot, window, tiny, mirror, tmp_path):
    menu = window.menus.submenus["samples"]
    window.opener.fill_samples(menu)
    tools = window.exchange.samples
    tools._folder = tmp_path / "kept"
    next(a for a in menu.actions() if "Public" in a.text()).trigger()
    dialog = tools.dialog
    dialog.source.setText(str(mirror))
    dialog.get("project", tmp_path / "mine")
    qtbot.waitUntil(lambda: window.desk.project is not None, timeout=30000)
    assert window.desk.project.folder == tmp_path / "mine"
    assert len(window.desk.project.recordings()) == 2
    QApplication.processEvents()
