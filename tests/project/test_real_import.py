"""Real recordings in a project: samples, subjects and labels as the files have them."""

import numpy as np

from m3n_studio.cli import main
from m3n_studio.project.check import check
from m3n_studio.project.importing import add_import
from m3n_studio.project.store import Project
from m3n_studio.recordings.formats import read_import
from tests.shared import data_dir


def test_labelled_watch_recordings(tmp_path):
    files = sorted(data_dir("sp_sw_har").glob("DATA/s*/*_sw.csv"))[::12]
    with Project.create(tmp_path / "p") as project:
        for file in files:
            imported = read_import(file)
            added = add_import(project, imported)
            assert len(added.recordings) == len(imported.recorded)
            for recording, recorded in zip(added.recordings, imported.recorded, strict=True):
                read = project.signal(recording).read()
                np.testing.assert_allclose(read.time_s, recorded.signal.time_s, rtol=0, atol=1e-6)
                np.testing.assert_allclose(read.acc_mps2, recorded.signal.acc_mps2, rtol=1e-6, atol=1e-6)
                np.testing.assert_array_equal(read.valid, recorded.signal.valid)
            names = {c.id: c.name for t in project.tiers() for c in t.classes}
            labels = [(names[a.label], a.start_s, a.end_s) for a in project.annotations(added.session.id)]
            runs = sorted((r.start_s, r.stop_s, r.name) for track in imported.labels for r in track.runs)
            origin_s = imported.start_s
            assert [name for name, *_ in labels] == [name for *_, name in runs]
            np.testing.assert_allclose([x[1:] for x in labels], np.array([r[:2] for r in runs]) - origin_s, atol=1e-9)
        assert project.subjects()
    assert check(tmp_path / "p") == ()


def test_a_folder_from_the_command_line(tmp_path, capsys):
    folder = data_dir("gaitmap_foot")
    main(["project", "new", str(tmp_path / "p")])
    main(["project", "add", str(tmp_path / "p"), str(folder / "imu_sample.csv")])
    assert "session 'imu_sample', 2 recordings" in capsys.readouterr().out
    assert check(tmp_path / "p") == ()
