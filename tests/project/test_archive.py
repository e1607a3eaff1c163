"""A project goes through a zip and comes out the same; a zip that lies or climbs is refused whole."""

import json
import stat
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio.errors import Cancelled, FileError
from m3n_studio.project.archive import export_project, import_project
from m3n_studio.project.check import check
from m3n_studio.project.store import Project
from m3n_studio.project.values import Video
from tests.project import made

#: What is no database, signal, video or clip: kept, but for what can be computed again.
RUN = {
    "runs/one/run.json": "{}", "runs/one/folds/1/checkpoints/last.pt": "weights", "rejected_suggestions.json": "{}",
    "runs/one/.run.json.part": "half", "cache/predictions/x.npz": "again",
}  # fmt: skip


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """A project, its zip, and what the project says."""
    folder = tmp_path_factory.mktemp("packed")
    with made.project(folder / "p") as project:
        session = project.sessions()[0].id
        (folder / "p" / "videos" / "k.mp4").write_bytes(b"film" * 1000)
        project.add(Video(session, "kitchen", "videos/k.mp4"))
        project.add(Video(session, "far away", str(folder / "other.mp4")))
        (folder / "p" / "signals" / ".x.h5.part").write_bytes(b"half")
        for name, text in RUN.items():
            (folder / "p" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "p" / name).write_text(text)
        state = made.state(project)
        assert export_project(folder / "p", folder / "p.zip") == (str(folder / "other.mp4"),)
    return folder / "p", folder / "p.zip", state


def rewritten(packed, target, files=None, manifest=None, info=None):
    """A copy of the zip with other files or another manifest; `info` is put in too."""
    with zipfile.ZipFile(packed[1]) as source:
        old = {name: source.read(name) for name in source.namelist()}
    old |= files or {}
    read = json.loads(old["manifest.json"])
    if manifest is not None:
        manifest(read)
    old["manifest.json"] = json.dumps(read).encode()
    with zipfile.ZipFile(target, "w") as out:
        for name, data in old.items():
            if data is not None:
                out.writestr(name, data)
        if info is not None:
            out.writestr(*info)
    return target


def test_there_and_back(packed, tmp_path):
    steps = []
    with import_project(packed[1], tmp_path / "q", progress=lambda *step: steps.append(step)) as project:
        assert made.state(project) == packed[2]
        assert project.signal(project.recordings()[0]).verify()
        assert (tmp_path / "q" / "videos" / "k.mp4").read_bytes() == b"film" * 1000
        kept = {name for name, text in RUN.items() if (tmp_path / "q" / name).is_file()}
        assert kept == {name for name in RUN if "part" not in name and "cache" not in name}
    assert steps[-1][0] == steps[-1][1]
    assert [f.where for f in check(tmp_path / "q")] == [str(packed[0].parent / "other.mp4")]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["q"]
    with zipfile.ZipFile(packed[1]) as archive:
        assert not [name for name in archive.namelist() if "part" in name or "backups" in name]


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "a\\evil", "C:evil", "a//b", "./a", "videos/"])
def test_names_that_climb_out_are_refused(packed, tmp_path, name):
    def add(manifest):
        manifest["files"][name] = {"bytes": 1, "sha256": "x"}

    (tmp_path / "in").mkdir()
    lying = rewritten(packed, tmp_path / "z.zip", {name: b"x"}, add)
    with pytest.raises(FileError):
        import_project(lying, tmp_path / "in" / "q")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["in", "z.zip"]


def test_links_are_refused(packed, tmp_path):
    info = zipfile.ZipInfo("videos/link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16

    def add(manifest):
        manifest["files"]["videos/link"] = {"bytes": 11, "sha256": "x"}

    with pytest.raises(FileError, match="not allowed"):
        import_project(rewritten(packed, tmp_path / "z.zip", None, add, (info, "/etc/passwd")), tmp_path / "q")


def test_what_the_manifest_does_not_say_is_refused(packed, tmp_path):
    def no_size(manifest):
        manifest["files"]["videos/k.mp4"]["bytes"] = 5

    def newer(manifest):
        manifest["version"] = 2

    def nonsense(manifest):
        manifest["files"] = [1, 2]

    for at, (files, manifest, words) in enumerate((
        ({"videos/k.mp4": b"fiLm" * 1000}, None, "other bytes"), ({"more": b"x"}, None, "other files"),
        ({"videos/k.mp4": None}, None, "other files"), (None, no_size, "other bytes"), (None, newer, "version 2"),
        (None, nonsense, "no manifest of ours"), ({"project.sqlite": b"junk"}, None, "other bytes"),
    )):  # fmt: skip
        path = rewritten(packed, tmp_path / f"{at}.zip", files, manifest)
        with pytest.raises(FileError, match=words):
            import_project(path, tmp_path / "q")
    with pytest.raises(FileError, match="more than may be unpacked"):
        import_project(packed[1], tmp_path / "q", most_bytes=1000)
    with pytest.raises(Cancelled):
        import_project(packed[1], tmp_path / "q", cancelled=lambda: True)
    with pytest.raises(Cancelled):
        export_project(packed[0], tmp_path / "c.zip", cancelled=lambda: True)
    assert {path.suffix for path in tmp_path.iterdir()} == {".zip"}
    assert not (tmp_path / "c.zip").exists()


def test_nothing_is_overwritten(packed, tmp_path):
    (tmp_path / "q").mkdir()
    (tmp_path / "q" / "mine").write_text("mine")
    with pytest.raises(FileError, match="something is there already"):
        import_project(packed[1], tmp_path / "q")
    with pytest.raises(FileError, match="cannot be unpacked"):
        import_project(tmp_path / "none.zip", tmp_path / "r")


@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_zip_is_refused_or_the_same(packed, tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("z")
    raw = bytearray(packed[1].read_bytes())
    if data.draw(st.booleans()):
        del raw[data.draw(st.integers(0, len(raw) - 1)) :]
    else:
        for _ in range(data.draw(st.integers(1, 8))):
            raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    (folder / "z.zip").write_bytes(raw)
    try:
        with import_project(folder / "z.zip", folder / "q") as project:
            assert made.state(project) == packed[2]
    except FileError:
        assert [path.name for path in folder.iterdir()] == ["z.zip"]


def test_a_project_in_use_is_exported_as_it_is(tmp_path):
    with made.project(tmp_path / "p") as project:
        project.add_subject("new")
        export_project(tmp_path / "p", tmp_path / "p.zip")
        with import_project(tmp_path / "p.zip", tmp_path / "q") as other:
            assert made.state(other) == made.state(project)
    assert Project.open(tmp_path / "q").close() is None
