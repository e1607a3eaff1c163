"""Embedding, retrieving and exporting from the command line."""

import json

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from m3n_studio.cli import main
from m3n_studio.motion.native import save_clip
from tests.learning import runs
from tests.learning.motions import clip


def run(words):
    """Exit code of a command."""
    try:
        main(words)
    except SystemExit as done:
        return done.code or 0
    return 0


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    runs.pretrained(folder / "before")
    (folder / "motions").mkdir()
    for i, text in enumerate(("waving", "punching")):
        save_clip(folder / "motions" / f"{text}.npz", clip(text=text, seed=i))
    save_clip(folder / "motions" / "short.npz", clip(0.3))
    return folder


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_motions_are_embedded_and_searched(made, tmp_path, capsys):
    out = tmp_path / "e.h5"
    assert run(["embed", str(made / "before"), "--motion", str(made / "motions"), "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert "windows of motions" in said.out
    assert "left out short.npz" in said.err
    assert run(["retrieve", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"text -> left_wrist", "pose -> right_wrist", "left_wrist -> pose"} <= set(found["retrieval"])
    assert 0 <= found["zero_shot"]["macro_f1"] <= 1
    assert run(["retrieve", str(made / "before"), "--motion", str(made / "motions")]) == 0
    table = capsys.readouterr().out
    assert "text -> left_wrist" in table
    assert "zero-shot: macro F1" in table


def test_a_model_is_exported(made, tmp_path, capsys):
    out = tmp_path / "model"
    words = ["export", str(made / "before"), "--out", str(out), "--format", "onnx", "--licence", "ours=CC0"]
    assert run(words) == 0
    assert "differs by at most" in capsys.readouterr().out
    assert "- ours: CC0" in (out / "CARD.md").read_text()
    assert run(words) == 2
    assert "something is there already" in capsys.readouterr().err


def test_what_is_unclear_is_asked_for(made, tmp_path, capsys):
    assert run(["embed", str(made / "before"), "--out", str(tmp_path / "e.h5")]) == 2
    assert "--motion or --data" in capsys.readouterr().err
    assert run(["export", str(made / "before"), "--out", str(tmp_path / "m"), "--licence", "free"]) == 2
    assert "NAME=TEXT" in capsys.readouterr().err
