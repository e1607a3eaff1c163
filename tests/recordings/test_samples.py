"""Samples come whole from a folder or a loopback server, go on where they broke off, and nothing else passes."""

import hashlib
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from m3n_studio.errors import Cancelled, FileError, UnknownName
from m3n_studio.recordings import samples
from m3n_studio.recordings.samples import SampleFile, SampleSet

CONTENT = {"a.csv": bytes(range(256)) * 1200, "sub/b.txt": b"labels\n"}


@pytest.fixture
def tiny(monkeypatch):
    files = tuple(
        SampleFile(name, f"up/{name}", len(data), hashlib.sha256(data).hexdigest()) for name, data in CONTENT.items()
    )
    made = SampleSet("tiny", "Tiny set", "https://example.invalid/r", "abc", "http://127.0.0.1:9/", "MIT",
                     "https://example.invalid/l", "Nobody, 2020.", files)  # fmt: skip
    monkeypatch.setattr(samples, "sample_sets", lambda: {"tiny": made})
    monkeypatch.delenv(samples.SOURCE_VARIABLE, raising=False)
    return made


@pytest.fixture
def mirror(tmp_path):
    for name, data in CONTENT.items():
        path = tmp_path / "mirror" / "tiny" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "mirror"


@contextmanager
def server(*, cut=0, ranges=True, change=False):
    """A server on loopback; breaks the first answer off after `cut` bytes; notes what was asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            data = CONTENT[self.path.removeprefix("/tiny/")]
            data = data[:-1] + b"!" if change else data
            start = 0
            if ranges and "Range" in self.headers:
                start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            first = not asked
            asked.append((self.path, start))
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            self.wfile.write(data[start : start + cut] if first and cut else data[start:])

        def log_message(self, *_):
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=web.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{web.server_port}", asked
    finally:
        web.shutdown()
        web.server_close()
        thread.join()


def whole(folder):
    return all((folder / name).read_bytes() == data for name, data in CONTENT.items())


def test_a_local_folder_stands_in_and_nothing_is_fetched_twice(tiny, mirror, tmp_path):
    seen = []
    at = samples.fetch("tiny", folder=tmp_path / "out", source=str(mirror), progress=lambda *x: seen.append(x))
    assert whole(at)
    assert "MIT" in (at / "LICENCE.m3n.txt").read_text()
    assert seen[-1][:2] == (tiny.size, tiny.size)
    assert samples.is_whole(tiny, tmp_path / "out")
    assert not (at / ".parts").exists()
    for name in CONTENT:
        (mirror / "tiny" / name).unlink()
    assert whole(samples.fetch("tiny", folder=tmp_path / "out", source=str(mirror)))


def test_the_environment_names_a_mirror(tiny, mirror, tmp_path, monkeypatch):
    monkeypatch.setenv(samples.SOURCE_VARIABLE, str(mirror))
    assert whole(samples.fetch("tiny", folder=tmp_path / "out"))


def test_a_server_stands_in_and_a_broken_download_goes_on_where_it_stopped(tiny, tmp_path):
    with server(cut=100_000) as (address, asked):
        with pytest.raises(FileError, match="cannot be had"):
            samples.fetch("tiny", folder=tmp_path, source=address)
        assert not (tmp_path / "tiny" / "a.csv").exists()
        assert whole(samples.fetch("tiny", folder=tmp_path, source=address))
    assert asked[1] == ("/tiny/a.csv", 100_000)


def test_a_server_without_ranges_is_read_from_the_start(tiny, tmp_path):
    with server(cut=100_000, ranges=False) as (address, asked):
        with pytest.raises(FileError):
            samples.fetch("tiny", folder=tmp_path, source=address)
        assert whole(samples.fetch("tiny", folder=tmp_path, source=address))
    assert asked[1] == ("/tiny/a.csv", 0)


def test_another_file_than_the_pinned_one_is_refused_and_not_kept(tiny, mirror, tmp_path):
    with server(change=True) as (address, _), pytest.raises(FileError, match="not the pinned file"):
        samples.fetch("tiny", folder=tmp_path / "a", source=address)
    (mirror / "tiny" / "a.csv").write_bytes(CONTENT["a.csv"][:-1] + b"!")
    with pytest.raises(FileError, match="not the pinned file"):
        samples.fetch("tiny", folder=tmp_path / "b", source=str(mirror))
    (mirror / "tiny" / "a.csv").write_bytes(b"short")
    with pytest.raises(FileError, match="5 bytes"):
        samples.fetch("tiny", folder=tmp_path / "b", source=str(mirror))
    assert not (tmp_path / "a" / "tiny" / "a.csv").exists()
    assert not (tmp_path / "b" / "tiny" / "a.csv").exists()


def test_a_file_that_changed_here_is_fetched_again(tiny, mirror, tmp_path):
    at = samples.fetch("tiny", folder=tmp_path / "out", source=str(mirror))
    (at / "a.csv").write_bytes(b"spoilt")
    assert whole(samples.fetch("tiny", folder=tmp_path / "out", source=str(mirror)))


def test_no_connection_cancelling_and_unknown_names_are_said(tiny, mirror, tmp_path):
    with pytest.raises(FileError, match="M3N_SAMPLES_FROM"):
        samples.fetch("tiny", folder=tmp_path)
    with pytest.raises(Cancelled):
        samples.fetch("tiny", folder=tmp_path, source=str(mirror), cancelled=lambda: True)
    with pytest.raises(UnknownName, match="did you mean 'tiny'"):
        samples.fetch("tinny", folder=tmp_path)
    with pytest.raises(FileError, match="no such folder"):
        samples.fetch("tiny", folder=tmp_path, source=str(tmp_path / "gone"))


def test_what_ships_is_pinned_licensed_and_stays_in_its_folder():
    assert set(samples.sample_sets()) == {"broad", "qmt_full_body", "sp_sw_har"}
    for chosen in samples.sample_sets().values():
        assert len(chosen.version) == 40
        assert chosen.version in chosen.base
        assert chosen.licence in chosen.terms()
        for file in chosen.files:
            assert len(file.sha256) == 64
            assert file.size > 0
            assert ".." not in file.name
            assert not file.name.startswith("/")
