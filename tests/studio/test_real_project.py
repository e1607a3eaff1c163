"""Five public data sets in one project: in by the command line, checked, packed and unpacked, every session seen."""

import resource

import numpy as np
import pytest

from m3n_studio.cli import main
from m3n_studio.project.store import Project
from tests.project import made
from tests.shared import data_dir
from tests.studio.conftest import active

#: What `project add` is given besides the folder, and how many sessions there are at least.
SETS = {
    "sp_sw_har": ((), 70), "xsens_mtw": (("--rate", "100"), 14), "gaitmap_foot": ((), 1), "qmt_full_body": ((), 1),
    "broad": ((), 2),
}  # fmt: skip
#: What opening them all one after another may leave behind, MB.
MOST_LEFT_MB = 150


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """All there is in one project."""
    places = {name: data_dir(name) for name in SETS}
    folder = tmp_path_factory.mktemp("real") / "study"
    main(["project", "new", str(folder)])
    for name, (options, least) in SETS.items():
        before = _sessions(folder)
        main(["project", "add", str(folder), str(places[name]), *options])
        assert _sessions(folder) - before >= least
    return folder


def _sessions(folder):
    with Project.open(folder, read_only=True) as project:
        return len(project.sessions())


def _memory_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


@pytest.mark.slow
def test_it_is_whole_and_comes_out_of_its_zip_as_it_went_in(study, tmp_path, capsys):
    main(["project", "check", str(study)])
    assert capsys.readouterr().out.strip() == "all is well"
    main(["project", "export", str(study), "--out", str(tmp_path / "study.zip")])
    main(["project", "import", str(tmp_path / "study.zip"), str(tmp_path / "again")])
    main(["project", "check", str(tmp_path / "again")])
    assert capsys.readouterr().out.strip().endswith("all is well")
    with Project.open(study) as before, Project.open(tmp_path / "again") as after:
        assert made.state(after) == made.state(before)
        assert len({s.name for s in after.subjects()}) >= 8
        assert sum(len(after.annotations(s.id)) for s in after.sessions()) > 400
        for recording in after.recordings()[::7]:
            for field in ("time_s", "acc_mps2", "gyr_radps", "valid"):
                old, new = (getattr(p.signal(recording).read(), field) for p in (before, after))
                assert (old is None) == (new is None)
                if old is not None:
                    np.testing.assert_array_equal(old, new)


@pytest.mark.slow
def test_every_session_is_seen_in_the_window_and_memory_stays(qtbot, window, study):
    window.projects.open(study)
    qtbot.waitUntil(lambda: window.desk.project is not None, timeout=20_000)
    qtbot.waitUntil(lambda: window.views.complete, timeout=20_000)
    active(qtbot, window)
    project, traces = window.desk.project, window.views["traces"]
    memory = []
    for session in project.sessions():
        window.projects.open_session(session.id)

        def there(wanted=session.id):
            document = window.contents.document
            return window.desk.session is not None and window.desk.session.id == wanted == document.session_id

        qtbot.waitUntil(there, timeout=20_000)
        qtbot.waitUntil(lambda: not window.jobs.running, timeout=20_000)
        qtbot.waitUntil(lambda: bool(traces.lanes) and any(lane.lines for lane in traces.lanes), timeout=5_000)
        assert window.error_bar.isHidden(), f"{session.name}: {window.error_bar.text}"
        assert window.clock.end_s > window.clock.start_s
        shown = {a.id for track in window.desk.tracks.values() for a in track}
        assert shown == {a.id for a in project.annotations(session.id)}
        memory.append(_memory_mb())
    settled = memory[len(memory) // 4]
    print(f"{len(memory)} sessions opened: {memory[0]:.0f} MB, {settled:.0f} MB, {memory[-1]:.0f} MB in the end")
    assert memory[-1] - settled < MOST_LEFT_MB
    assert not window.log.messages
