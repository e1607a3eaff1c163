"""Retrieval on vectors whose answers are known, embeddings that come back from their file, and zero-shot classes."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from m3n_studio.errors import Cancelled, FileError, ValueProblem  # noqa: E402
from m3n_studio.learning.config import BodiesConfig  # noqa: E402
from m3n_studio.learning.embed import (  # noqa: E402
    Embeddings,
    embed_motions,
    embed_windows,
    read_embeddings,
    write_embeddings,
)
from m3n_studio.learning.pretrain import open_pretrained  # noqa: E402
from m3n_studio.learning.retrieve import AT, first_ranks, found, retrieve, zero_shot  # noqa: E402
from m3n_studio.learning.text import read_templates  # noqa: E402
from tests.learning import runs  # noqa: E402


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "before"
    runs.pretrained(path)
    return open_pretrained(path)


def brute_ranks(queries, keys, query_group, key_group):
    out = []
    for q, group in zip(queries, query_group, strict=True):
        near = [float(q @ k / np.linalg.norm(q) / np.linalg.norm(k)) for k in keys]
        order = sorted(range(len(keys)), key=lambda i: -near[i])
        out.append(1 + next(rank for rank, i in enumerate(order) if key_group[i] == group))
    return out


def test_ranks_are_those_of_a_written_out_search():
    rng = np.random.default_rng(0)
    queries, keys = rng.normal(size=(30, 8)).astype(np.float32), rng.normal(size=(50, 8)).astype(np.float32)
    groups, of = rng.integers(0, 6, 30), rng.integers(0, 6, 50)
    ranks = first_ranks(queries, keys, groups, of)
    assert ranks.tolist() == brute_ranks(queries, keys, groups, of)
    result = found(queries, keys, groups, of)
    assert result.mrr == pytest.approx(np.mean([1 / r for r in ranks]))
    assert result.recall == {k: pytest.approx(np.mean(ranks <= k)) for k in AT}


def test_chance_is_what_random_vectors_find():
    rng = np.random.default_rng(1)
    groups, of = np.arange(3).repeat(400), np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 2])
    result = found(rng.normal(size=(1200, 32)).astype(np.float32), np.eye(32, dtype=np.float32)[:10], groups, of)
    assert result.mrr == pytest.approx(result.chance["mrr"], abs=0.03)
    for k in AT:
        assert result.recall[k] == pytest.approx(result.chance[f"R@{k}"], abs=0.04)


def test_vectors_that_are_all_alike_find_nothing():
    same = np.ones((10, 4), dtype=np.float32)
    assert found(same, same, np.arange(10), np.arange(10)).recall == {1: 0.0, 2: 0.0, 5: 0.0}


def test_a_query_without_an_answer_is_left_out():
    queries = np.eye(3, dtype=np.float32)
    assert found(queries, queries[:2], np.arange(3), np.arange(2)).queries == 2
    with pytest.raises(ValueProblem):
        found(queries, queries, np.arange(3), np.arange(3) + 10)


def perfect():
    """Windows that are their topic's sentence, two windows and two sentences a topic."""
    topics = np.repeat(np.arange(3), 2)
    text = np.repeat(np.eye(3, 8, dtype=np.float32), 2, axis=0)
    own = text + 0.3 * np.eye(8, dtype=np.float32)[np.arange(6) % 2 + 4] + 0.1 * np.eye(6, 8, dtype=np.float32)
    return Embeddings(
        "motions", np.stack([own, own], axis=1), np.ones((6, 2), dtype=bool), own, text,
        tuple(f"sentence {i}" for i in range(6)), topics, ("a", "b", "c"), topics, np.array(list("uvwxyz")),
        np.full(6, ""), np.arange(6.0), ("left_wrist", "right_wrist"),
    )  # fmt: skip


def test_every_direction_finds_what_is_there():
    results = retrieve(perfect())
    assert set(results) >= {"text -> left_wrist", "left_wrist -> text", "pose -> right_wrist", "right_wrist -> pose"}
    assert all(r.recall[1] == 1.0 and r.mrr == 1.0 for r in results.values())
    assert results["text -> left_wrist"].queries == 6
    mixed = replace(perfect(), pose=perfect().pose[::-1].copy())
    assert retrieve(mixed)["pose -> left_wrist"].recall[1] == 0.0
    assert retrieve(mixed)["text -> left_wrist"].recall[1] == 1.0


def test_zero_shot_names_classes_by_their_sentences():
    probability, scores = zero_shot(perfect())
    assert scores.macro_f1 == 1.0
    np.testing.assert_allclose(probability.sum(axis=1), 1.0, rtol=1e-5)
    shuffled = replace(perfect(), sentence_topic=(perfect().sentence_topic + 1) % 3)
    assert zero_shot(shuffled)[1].macro_f1 == 0.0
    masked = perfect()
    masked.imu[:, 1] = -masked.imu[:, 1]
    masked.imu_mask[:, 1] = False
    assert zero_shot(masked)[1].macro_f1 == 1.0  # a placement that is not worn says nothing
    with pytest.raises(ValueProblem, match="no text"):
        zero_shot(replace(perfect(), text=None))
    with pytest.raises(ValueProblem, match="no sentence"):
        zero_shot(replace(perfect(), topics=("a", "b", "c", "d")))


def test_motions_and_recordings_share_a_space(before, tmp_path):
    motions = runs.motions()
    seen = []
    made = embed_motions(before, motions, progress=lambda *a: seen.append(a))
    assert made.imu.shape == (len(made), 2, runs.SMOKE.model.imu.embedding)
    assert seen[-1] == (len(made), len(made))
    again = embed_motions(before, motions)
    np.testing.assert_array_equal(made.imu, again.imu)
    other = embed_motions(before, motions, seed=1)
    np.testing.assert_array_equal(made.pose, other.pose)
    assert np.abs(made.imu - other.imu).max() > 1e-4
    windows = runs.windows()
    said = {c: read_templates().sentences(c) for c in windows.classes}
    real = embed_windows(before, windows, said)
    assert real.imu.shape[1:] == made.imu.shape[1:]
    assert set(retrieve(real)) == {f"{a} -> {b}" for p in before.placements for a, b in (("text", p), (p, "text"))}
    assert 0.0 <= zero_shot(real)[1].macro_f1 <= 1.0
    for one in (made, real):
        back = read_embeddings(write_embeddings(tmp_path / "e.h5", one))
        for name in ("imu", "imu_mask", "topic", "sentence_topic", "start_s", "name", "subject"):
            np.testing.assert_array_equal(getattr(back, name), getattr(one, name))
        assert (back.kind, back.sentences, back.topics, back.about) == (
            one.kind,
            one.sentences,
            one.topics,
            dict(one.about),
        )


def test_one_wrist_is_embedded_with_the_other_masked(before):
    windows = runs.windows().only(("right_wrist",))
    both = runs.windows()
    one, two = embed_windows(before, windows), embed_windows(before, both)
    assert one.imu_mask.tolist() == [[False, True]] * len(windows)
    np.testing.assert_allclose(one.imu[:, 1], two.imu[:, 1], atol=1e-6)


def test_real_windows_change_nothing_for_each_other(before):
    """No figure of the windows embedded enters their normalisation."""
    windows = runs.windows()
    alone = embed_windows(before, windows.take(np.arange(3)))
    louder = replace(windows, imu=np.concatenate([windows.imu[:3], windows.imu[3:] * 50]))
    np.testing.assert_allclose(embed_windows(before, louder).imu[:3], alone.imu, atol=1e-5)


def test_what_does_not_fit_is_refused(before):
    with pytest.raises(ValueProblem, match="samples"):
        embed_windows(before, replace(runs.windows(), rate_hz=50.0))
    with pytest.raises(Cancelled):
        embed_motions(before, runs.motions(), cancelled=lambda: True)
    with pytest.raises(Cancelled):
        embed_windows(before, runs.windows(), cancelled=lambda: True)
    ideal = embed_motions(before, runs.motions(), bodies=BodiesConfig(device="ideal"))
    assert np.isfinite(ideal.imu).all()


def test_a_damaged_file_is_a_file_error(tmp_path):
    path = write_embeddings(tmp_path / "e.h5", perfect())
    data, rng = path.read_bytes(), np.random.default_rng(0)
    refused = 0
    for _ in range(60):
        bad = bytearray(data[: rng.integers(1, len(data))] if rng.random() < 0.4 else data)
        for at in rng.integers(0, min(len(bad), 4000), 8):
            bad[at] = rng.integers(256)
        path.write_bytes(bytes(bad))
        try:
            read_embeddings(path)
        except FileError:
            refused += 1
    assert refused > 20
    path.write_text("nonsense")
    with pytest.raises(FileError):
        read_embeddings(path)
