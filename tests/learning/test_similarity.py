"""Similarity: matrices equal double loops, blocks keep every pair, the best are apart, words come out as embed's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio.errors import ValueProblem
from m3n_studio.learning.similarity import (
    SentenceReader,
    best_apart,
    blocks,
    class_order,
    clustered_order,
    group_similarity,
    similarity,
    window_similarity,
)


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def mean_of_pairs(a, b, rows, columns, *, same):
    values = [cosine(a[i], b[j]) for i in rows for j in columns if not (same and i == j)]
    return np.mean(values) if values else np.nan


@pytest.mark.parametrize("same", [False, True])
def test_class_by_class_is_the_double_loop(same):
    rng = np.random.default_rng(3)
    a = rng.normal(size=(40, 7)).astype(np.float32)
    b = a if same else rng.normal(size=(25, 7)).astype(np.float32)
    group_a = rng.integers(-1, 4, 40)
    group_a[group_a == 3] = -1
    group_a[0] = 3  # a class of one window: nothing to compare it with but itself
    group_b = group_a if same else rng.integers(-1, 2, 25)
    shape = (5, 5) if same else (5, 3)
    found = group_similarity(a, b, group_a, group_b, shape, same=same)
    for g in range(shape[0]):
        for h in range(shape[1]):
            expected = mean_of_pairs(a, b, np.flatnonzero(group_a == g), np.flatnonzero(group_b == h), same=same)
            assert found[g, h] == pytest.approx(expected, abs=1e-6, nan_ok=True)
    assert np.isnan(found[4]).all()
    assert not same or np.isnan(found[3, 3])


def test_similarity_of_zero_vectors_is_nothing():
    assert similarity(np.zeros((1, 3), np.float32), np.ones((2, 3), np.float32)).tolist() == [[0.0, 0.0]]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 80), st.integers(2, 30), st.integers(1, 6), st.integers(0, 9))
def test_blocks_are_few_contiguous_and_of_one_class(n, most, classes, seed):
    rng = np.random.default_rng(seed)
    group = rng.integers(-1, classes, n)
    order = class_order(group, rng.normal(size=n))
    found = blocks(order, most, group)
    assert sorted(set(found.tolist())) == list(range(found.max() + 1))
    assert (np.diff(found[order]) >= 0).all()
    assert found.max() + 1 <= max(most, len(set(group.tolist()))) or n <= most
    if n > most:
        assert all(len(set(group[found == k].tolist())) == 1 for k in range(found.max() + 1))
    else:
        assert found[order].tolist() == list(range(n))


def test_what_is_alike_stands_together():
    rng = np.random.default_rng(0)
    centre = np.eye(8, dtype=np.float32)[:4]
    group = rng.permutation(np.arange(4).repeat(10))
    order = clustered_order(centre[group] + 0.05 * rng.normal(size=(40, 8)).astype(np.float32))
    assert sorted(order.tolist()) == list(range(40))
    assert (np.diff(group[order]) != 0).sum() == 3


def test_many_rows_are_ordered_too(monkeypatch):
    monkeypatch.setattr("m3n_studio.learning.similarity.MOST_CLUSTERED", 30)
    rng = np.random.default_rng(0)
    group = rng.permutation(np.arange(4).repeat(25))
    vectors = np.eye(8, dtype=np.float32)[group] + 0.02 * rng.normal(size=(100, 8)).astype(np.float32)
    order = clustered_order(vectors)
    assert sorted(order.tolist()) == list(range(100))
    assert (np.diff(group[order]) != 0).sum() == 3


def test_windows_are_compared_over_what_they_have():
    imu = np.array([[[1, 0], [0, 1]], [[1, 0], [0, 1]]], dtype=np.float32)
    mask = np.array([[True, True], [False, True]])
    found = window_similarity(imu, mask, np.array([2.0, 0.0], dtype=np.float32))
    assert found.tolist() == pytest.approx([0.5, 0.0])


def test_the_best_do_not_overlap_a_better_one_of_their_session():
    score = np.array([0.9, 0.95, 0.8, 0.7, 0.6])
    session = np.array(["a", "a", "a", "b", "a"])
    start = np.array([0.0, 1.0, 3.0, 1.0, 2.0])
    assert best_apart(score, session, start, 2.0, 10).tolist() == [1, 2, 3]
    assert best_apart(score, session, start, 2.0, 2).tolist() == [1, 2]


def test_a_sentence_comes_out_as_embed_text_says(tmp_path):
    pytest.importorskip("torch")
    from m3n_studio.learning.embed import embed_text
    from m3n_studio.learning.pretrain import open_pretrained
    from tests.learning import runs

    runs.pretrained(tmp_path / "run")
    of = open_pretrained(tmp_path / "run")
    reader = SentenceReader(of)
    assert (reader.said.name, reader.said.understands) == ("hashing", False)
    sentences = ("a person is waving", "jumping")
    assert np.allclose(reader.vectors(sentences), embed_text(of, sentences), atol=1e-6)
    of.model.text = None
    with pytest.raises(ValueProblem, match="no text encoder"):
        SentenceReader(of)
