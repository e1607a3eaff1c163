"""Snapshots of epochs: the training is the same with and without, numbers are those written out, files are checked."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from m3n_studio.errors import FileError  # noqa: E402
from m3n_studio.learning import checkpoints  # noqa: E402
from m3n_studio.learning.config import LearningConfig  # noqa: E402
from m3n_studio.learning.epoch_snapshots import (  # noqa: E402
    Snapshot,
    effective_rank,
    epochs_of,
    movement,
    numbers,
    place,
    read_snapshot,
    uniformity,
    write_snapshot,
)
from m3n_studio.learning.events import Epoch  # noqa: E402
from m3n_studio.learning.pretrain import open_pretrained, pretrain  # noqa: E402
from tests.learning import runs, tiny  # noqa: E402
from tests.learning.test_runs import same, weights  # noqa: E402


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def trained(path, snapshots, tell=None):
    config = tiny.settings(pretrain__optimiser__epochs=4, pretrain__snapshots=snapshots)
    return pretrain(
        path, config, tiny.Made(), tiny.Made(3, 1), method="multi3net", accelerator="cpu", tell=tell
    )  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    heard = []
    path = tmp_path_factory.mktemp("runs") / "with"

    def tell(message):
        if isinstance(message, Epoch):
            heard.append((message.epoch, place(path, message.epoch).is_file()))

    return trained(path, 12, tell), heard


def test_training_with_snapshots_is_the_same_to_the_last_bit(run, tmp_path):
    bare = trained(tmp_path / "bare", 0)
    ours, theirs = weights(run[0].path), weights(bare.path)
    assert ours.keys() == theirs.keys()
    for name in ours:
        assert same(ours[name], theirs[name]), name
    assert run[0].metrics == bare.metrics
    assert not (bare.path / "epochs").exists()


def test_every_epoch_has_its_file_before_it_is_told(run):
    assert run[1] == [(1, True), (2, True), (3, True), (4, True)]
    assert [p.name for p in epochs_of(run[0].path)] == ["001.npz", "002.npz", "003.npz", "004.npz"]


def test_a_snapshot_is_what_the_model_says_of_the_first_windows_of_validation(run):
    of = open_pretrained(run[0].path, "last.pt")
    found = read_snapshot(place(run[0].path, 4))
    assert found.modalities == ("text", "pose", *tiny.BOTH)
    assert found.directions.shape[:2] == (4, 12)
    first, second = (tiny.Made(3, 1).at(0, i) for i in range(2))
    with torch.no_grad():
        text = torch.cat([of.model.text(first.text, None), of.model.text(second.text, None)])[:12]
        imu = torch.cat([of.model.imu(b.imu, b.imu_mask)[1] for b in (first, second)])[:12]
    for name, expected in (("text", text), ("left_wrist", imu[:, 0]), ("right_wrist", imu[:, 1])):
        unit = torch.nn.functional.normalize(expected, dim=-1).numpy()
        assert np.abs(found.directions[found.modalities.index(name)] - unit).max() < 1e-3
    assert found.topic.tolist() == torch.cat([first.text_id, second.text_id])[:12].tolist()


def test_generators_and_modes_are_left_as_they_were(tmp_path):
    from m3n_studio.learning.epoch_snapshots import _Keeper

    config = tiny.settings()
    pretrain(tmp_path / "run", config.with_({"pretrain.optimiser.epochs": 1}), tiny.Made(), method="multi3net",
             accelerator="cpu")  # fmt: skip
    model = open_pretrained(tmp_path / "run").model
    model.train()
    model.pose.eval()
    modes = [m.training for m in model.modules()]

    class Draws(tiny.Made):
        def epoch(self, seed, start=0):
            torch.rand(3)
            np.random.rand(3)
            return super().epoch(seed, start)

    before = checkpoints.generators()
    _Keeper(model, Draws(2, 1), tmp_path / "epochs", 5).take(1)
    assert same(before, checkpoints.generators())
    assert [m.training for m in model.modules()] == modes


def test_without_validation_there_is_none(tmp_path):
    pretrain(tmp_path / "run", tiny.settings(pretrain__optimiser__epochs=1), tiny.Made(), method="multi3net",
             accelerator="cpu")  # fmt: skip
    assert epochs_of(tmp_path / "run") == []
    assert movement(tmp_path / "run") is None


def test_settings_of_before_are_read_with_the_default():
    data = LearningConfig().model_dump(mode="json")
    del data["pretrain"]["snapshots"]
    assert LearningConfig.parse(data).pretrain.snapshots == 128


def test_motions_name_their_topics(tmp_path):
    runs.pretrained(tmp_path / "run")
    (only,) = [read_snapshot(p) for p in epochs_of(tmp_path / "run")]
    assert set(only.topics) <= {"waving", "punching", "running"}
    assert len(only.topics) > only.topic.max()


def made(epoch=1, seed=0, n=20, e=6, m=3):
    rng = np.random.default_rng(seed)
    directions = rng.normal(size=(m, n, e)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    there = np.ones((m, n), dtype=bool)
    there[2, 3] = False
    return Snapshot(epoch, ("text", "pose", "wrist"), directions, there, rng.integers(0, 4, n))


def test_numbers_are_those_of_loops():
    s = made()
    found = numbers(s.modalities, s.directions, s.there, s.topic)
    for a, b in ((0, 1), (0, 2), (1, 2)):
        name = f"{s.modalities[a]}-{s.modalities[b]}"
        rows = [i for i in range(20) if s.there[a, i] and s.there[b, i]]
        cos = {(i, j): float(s.directions[a, i] @ s.directions[b, j]) for i in rows for j in rows}
        right = {(i, j) for i, j in cos if (s.topic[i] == s.topic[j] if a == 0 else i == j)}
        assert found[f"{name}/match"] == pytest.approx(np.mean([cos[i, i] for i in rows]), abs=1e-6)
        assert found[f"{name}/other"] == pytest.approx(np.mean([v for k, v in cos.items() if k not in right]), abs=1e-6)
        forth = [(i, max(rows, key=lambda j, i=i: cos[i, j])) in right for i in rows]
        back = [(max(rows, key=lambda i, j=j: cos[i, j]), j) in right for j in rows]
        assert found[f"{name}/r1"] == pytest.approx((np.mean(forth) + np.mean(back)) / 2)
        assert found[f"{name}/r1_chance"] == pytest.approx(len(right) / len(cos))


def test_rank_and_uniformity_of_known_shapes():
    assert effective_rank(np.vstack([np.eye(5), -np.eye(5)]).astype(np.float32)) == pytest.approx(5.0)
    line = np.array([[1, 0, 0], [-1, 0, 0], [1, 0, 0], [-1, 0, 0]], dtype=np.float32)
    assert effective_rank(line) == pytest.approx(1.0)
    assert effective_rank(np.ones((4, 3), dtype=np.float32) / np.sqrt(3)) == pytest.approx(1.0)
    assert uniformity(line[:1].repeat(4, axis=0)) == pytest.approx(0.0)
    assert uniformity(line[:2]) == pytest.approx(-8.0)


def test_one_plane_for_all_epochs_that_does_not_jump(tmp_path):
    (tmp_path / "epochs").mkdir()
    for epoch in (1, 2):
        write_snapshot(place(tmp_path, epoch), made(epoch, seed=epoch))
    first = movement(tmp_path)
    assert first.epochs == (1, 2)
    last = made(2, seed=2)
    rows = last.directions[last.there]
    _, _, axes = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    for axis in range(2):
        ours = first.points[1][last.there][:, axis]
        assert abs(np.corrcoef(ours, (rows - rows.mean(axis=0)) @ axes[axis])[0, 1]) > 0.999
    write_snapshot(place(tmp_path, 3), made(3, seed=2))  # the same windows: the same plane
    again = movement(tmp_path, first)
    assert np.abs(again.points[1] - first.points[1]).max() < 1e-4


def test_damaged_files_are_file_errors_and_are_left_out(tmp_path):
    (tmp_path / "epochs").mkdir()
    for epoch in (1, 2, 3):
        write_snapshot(place(tmp_path, epoch), made(epoch))
    path = place(tmp_path, 3)
    good, rng = path.read_bytes(), np.random.default_rng(0)
    for _ in range(20):
        path.write_bytes(good[: rng.integers(len(good))])
        with pytest.raises(FileError):
            read_snapshot(path)
    assert movement(tmp_path).epochs == (1, 2)
    for _ in range(40):
        bad = bytearray(good)
        for at in rng.integers(0, len(bad), 3):
            bad[at] ^= int(rng.integers(1, 256))
        path.write_bytes(bad)
        try:
            read_snapshot(path)
        except FileError:
            continue
    np.savez(path, directions=np.array([object()], dtype=object), there=1, topic=1, json=1)
    with pytest.raises(FileError):
        read_snapshot(path)
