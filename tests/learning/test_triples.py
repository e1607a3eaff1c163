"""Triples: what is drawn is what the simulator says, is decided by the seed, and leaves gaps alone."""

import numpy as np
import pytest

from m3n_studio.body.files import default_body
from m3n_studio.body.shape import Shape
from m3n_studio.errors import Cancelled, FileError, ValueProblem
from m3n_studio.imu.placement import named_placement
from m3n_studio.imu.settings import Settings
from m3n_studio.imu.tensor import signal_tensor
from m3n_studio.learning import synthetic
from m3n_studio.learning.config import BodiesConfig, TextConfig, WindowSpec
from m3n_studio.learning.folds import Scaler
from m3n_studio.learning.motion_set import clips_to_set, estimated_bytes, load_motions
from m3n_studio.learning.text import embed
from m3n_studio.learning.triples import Choice, TripleBatches, TripleDrawer
from m3n_studio.motion.clip import TextSegment
from m3n_studio.motion.native import save_clip
from m3n_studio.motion.normalise import mirror, normalise
from tests.learning.motions import SPEC, clip

STILL = BodiesConfig(vary_shape=False, tilt_deg=0.0, turn_deg=0.0, shift_m=0.0, device="ideal")
HASHING = TextConfig(encoder="hashing")


@pytest.fixture(scope="module")
def motions():
    return clips_to_set([clip(text="waving", style="happy"), clip(text="punching", seed=1, hz=2.0)], SPEC)


def batches(motions, bodies=None, batch=4):
    return TripleBatches(
        TripleDrawer(motions, SPEC, bodies or BodiesConfig()), embed(motions.sentences, HASHING), batch
    )


def choice(*starts, of=0):
    return Choice(np.full(len(starts), of), np.array(starts))


def simulated(of, vector=None):
    model = default_body()
    places = [named_placement(model, p) for p in SPEC.placements]
    tensor = signal_tensor(model, normalise(of, model, forward=True), places, Settings(rate_hz=SPEC.rate_hz))
    return tensor.signals(Shape() if vector is None else Shape.from_vector(model, vector))


def test_a_still_draw_is_the_simulators_signal(motions):
    drawn = TripleDrawer(motions, SPEC, STILL).draw(choice(10, 31), 3, 0)
    for p, signal in enumerate(simulated(clip(text="waving", style="happy"))):
        for row, start in enumerate((10, 31)):
            part = slice(start, start + SPEC.samples)
            np.testing.assert_allclose(drawn.imu[row, p, :3].T, signal.acc_mps2[part], atol=2e-4)
            np.testing.assert_allclose(drawn.imu[row, p, 3:].T, signal.gyr_radps[part], atol=2e-5)


def test_a_body_is_the_simulators_body(motions):
    config = STILL.with_({"vary_shape": True})
    drawn = TripleDrawer(motions, SPEC, config).draw(choice(12), 5, 2)
    vector = synthetic.draw(default_body(), config, 1, 2, np.random.default_rng([5, 2])).body[0]
    assert np.abs(vector).max() > 0.1
    signal = simulated(clip(text="waving", style="happy"), vector.astype(float))[0]
    np.testing.assert_allclose(drawn.imu[0, 0, :3].T, signal.acc_mps2[12 : 12 + SPEC.samples], atol=5e-4)


def test_every_draw_has_a_body_and_a_mounting_of_its_own(motions):
    drawer = TripleDrawer(motions, SPEC, STILL.with_({"vary_shape": True}))
    one = drawer.draw(choice(10, 10), 0, 0).imu
    assert np.abs(one[0] - one[1]).max() > 0.01
    np.testing.assert_allclose(one[0, :, 3:], one[1, :, 3:])  # the gyroscope does not know the shape
    turned = TripleDrawer(motions, SPEC, STILL.with_({"turn_deg": 180.0, "tilt_deg": 15.0})).draw(choice(10), 0, 0)
    plain = TripleDrawer(motions, SPEC, STILL).draw(choice(10), 0, 0)
    assert np.abs(turned.imu - plain.imu).max() > 0.1
    for part in (slice(0, 3), slice(3, 6)):
        np.testing.assert_allclose(
            np.linalg.norm(turned.imu[:, :, part], axis=2), np.linalg.norm(plain.imu[:, :, part], axis=2), rtol=1e-4
        )


def test_mounting_stays_within_its_ranges():
    config = BodiesConfig(tilt_deg=10.0, turn_deg=20.0)
    R = synthetic.mounts(config, 500, 2, np.random.default_rng(0))
    np.testing.assert_allclose(R @ np.swapaxes(R, 2, 3), np.broadcast_to(np.eye(3), R.shape), atol=1e-6)
    tilt = np.rad2deg(np.arccos(np.clip(R[..., 2, 2], -1, 1)))
    assert 9.0 < tilt.max() <= 10.01
    either = synthetic.mounts(config.with_({"either_way": True, "tilt_deg": 0.0}), 500, 2, np.random.default_rng(0))
    turn = np.abs(np.rad2deg(np.arctan2(either[..., 0, 1], either[..., 0, 0])))
    assert 0.4 < (turn > 90).mean() < 0.6
    assert np.minimum(turn, 180 - turn).max() <= 20.01


def test_a_shift_reads_what_a_lever_arm_reads(motions):
    """Against the body's own kinematics: a + alpha x r + w x (w x r), from the sensor's signal."""
    of = motions.clips[0]
    r, omega = np.array([0.02, 0.0, 0.01]), of.gyr_radps[:, 0].astype(float)
    alpha = np.gradient(omega, 1 / SPEC.rate_hz, axis=0)
    expected = np.cross(alpha, r) + np.cross(omega, np.cross(omega, r))
    inner = slice(8, -8)
    assert of.valid[inner].all()
    np.testing.assert_allclose((of.acc_terms[0, :, :, -4:-1] @ r)[inner], expected[inner], atol=1e-4)


def test_device_errors_are_of_the_size_stated():
    device = synthetic.check(default_body(), BodiesConfig(device="smartwatch"))
    zeros = np.zeros((400, 2, 50, 3), dtype=np.float32)
    acc, _gyr = synthetic.with_errors(zeros, zeros, device, 60.0, np.random.default_rng(0))
    assert acc.mean(axis=2).std() == pytest.approx(device.acc.bias_std, rel=0.1)
    assert acc.std(axis=2).mean() == pytest.approx(device.acc.noise_density * 30**0.5, rel=0.2)
    assert (
        synthetic.with_errors(zeros, zeros, synthetic.check(default_body(), STILL), 60.0, np.random.default_rng(0))[0]
        is zeros
    )


def test_batches_follow_from_the_epochs_seed_and_their_number(motions):
    torch = pytest.importorskip("torch")
    source, other = batches(motions), batches(motions)
    before = torch.random.get_rng_state()
    whole = list(source.epoch(7))
    list(other.epoch(1))
    later = list(other.epoch(7, start=2))
    assert torch.equal(before, torch.random.get_rng_state())
    assert len(whole) == len(source)
    assert len(later) == len(whole) - 2
    for one, two in zip(whole[2:], later, strict=True):
        assert all(a is b or torch.equal(a, b) for a, b in zip(one, two, strict=True))
    assert not torch.equal(whole[0].imu, next(iter(source.epoch(8))).imu)
    assert source.fingerprint() == other.fingerprint() != batches(motions, STILL).fingerprint()


def test_shapes_and_units(motions):
    source = batches(motions)
    batch = next(iter(source.epoch(0)))
    t = SPEC.samples
    assert batch.imu.shape == (4, 2, 6, t)
    assert batch.pose.shape == (4, t, 52, 3)
    assert batch.text.shape == (4, source.sentence_width)
    assert bool(batch.imu_mask.all())
    still = next(iter(batches(motions, STILL).epoch(0)))
    assert 0.3 < float(still.imu[:, :, :3].norm(dim=2).median()) < 3.0  # in g
    np.testing.assert_allclose(Scaler.fixed(2).std[0], [9.81] * 3 + [2.0] * 3)


def test_no_window_reaches_into_a_gap_or_away_from_its_text():
    gap = clip(6.0, text="", texts=(TextSegment(0.0, 1.6, "waving"), TextSegment(1.6, 3.0, "resting")))
    valid = np.ones(len(gap), dtype=bool)
    valid[60:64] = False
    motions = clips_to_set([gap.with_(valid=valid)], SPEC)
    drawer = TripleDrawer(motions, SPEC, STILL)
    topics = set()
    for seed in range(20):
        order = drawer.order(seed)
        for start in order.start:
            assert motions.clips[0].valid[start : start + SPEC.samples].all()
            assert start / SPEC.rate_hz <= 3.0 - SPEC.purity * SPEC.length_s + 1e-6
            topics.add(drawer.topics[int(drawer.draw(choice(start), seed, 0).topic[0])])
    assert topics == {"waving", "resting"}


def test_words_come_from_labels_styles_sentences_and_names():
    motions = clips_to_set(
        [
            clip(text="walk-left", style="tired"),
            clip(text="", texts=(TextSegment(0.0, 4.0, "She greets us.", "sentence"),)),
            clip(text="", path="dataset-1_kick_angry_001.bvh"),
        ],
        SPEC,
    )
    left, sentence, name = motions.clips
    assert "a person is walking to the left" in left.said[0].sentences
    assert "a person is walking to the left in tired fashion" in left.said[0].sentences
    assert left.said[0].topic == "walking to the left"
    assert sentence.said[0].sentences == ("She greets us.",)
    assert name.said[0].sentences[0] == "a person is kicking in angry fashion"


def test_a_mirror_image_exchanges_wrists_and_words():
    of = clip(text="walk-left")
    plain, mirrored = clips_to_set([of], SPEC, mirrored=True).clips
    assert mirrored.said[0].topic == "walking to the right"
    assert mirrored.group == plain.group
    signal = simulated(mirror(of))[1]
    n = len(mirrored)
    np.testing.assert_allclose(mirrored.gyr_radps[:, 1], signal.gyr_radps[:n], atol=1e-4)
    size = [np.linalg.norm(c.gyr_radps[:, p], axis=1) for c, p in ((plain, 0), (mirrored, 1))]
    np.testing.assert_allclose(size[0], size[1], atol=0.05)


def test_divisions_keep_a_file_together_and_shares_nest():
    motions = clips_to_set([clip(seed=i, text=f"thing {i}") for i in range(8)], SPEC, mirrored=True)
    train, held = motions.split(0.25, seed=1)
    assert {c.group for c in held.clips}.isdisjoint(c.group for c in train.clips)
    assert len(held.clips) == 4
    assert len(train.clips) == 12
    few, more = ({c.group for c in motions.shared(s, seed=2).clips} for s in (0.25, 0.5))
    assert few < more
    assert motions.split(0.0)[1] is None


def test_a_folder_says_what_it_leaves_out(tmp_path):
    save_clip(tmp_path / "wave_slow.npz", clip())
    save_clip(tmp_path / "short.npz", clip(0.5))
    (tmp_path / "broken.bvh").write_text("HIERARCHY\nnonsense")
    seen = []
    motions = load_motions(tmp_path, SPEC, progress=lambda *a: seen.append(a))
    assert [c.name for c in motions.clips] == ["wave_slow.npz"]
    reasons = {s.name: s.reason for s in motions.skipped}
    assert set(reasons) == {"short.npz", "broken.bvh"}
    assert "shorter" in reasons["short.npz"]
    assert seen[-1][:2] == (3, 3)
    assert estimated_bytes(motions.seconds, SPEC) == pytest.approx(motions.bytes, rel=0.1)
    with pytest.raises(Cancelled):
        load_motions(tmp_path, SPEC, cancelled=lambda: True)
    with pytest.raises(FileError):
        load_motions(tmp_path / "absent", SPEC)
    (tmp_path / "wave_slow.npz").unlink()
    with pytest.raises(ValueProblem, match=r"none of 2 motions.*(short|broken)"):
        load_motions(tmp_path, SPEC)


def test_what_does_not_fit_is_refused(motions):
    with pytest.raises(ValueProblem, match="30 Hz"):
        TripleDrawer(motions, WindowSpec(rate_hz=60.0), STILL)
    with pytest.raises(ValueProblem, match="no vector"):
        TripleBatches(TripleDrawer(motions, SPEC, STILL), embed(["something else"], HASHING), 4)
    silent = clips_to_set([clip(text="", texts=(TextSegment(0.0, 0.2, "blink"),))], SPEC)
    with pytest.raises(ValueProblem, match="text covers"):
        TripleDrawer(silent, SPEC, STILL)


def test_a_population_can_be_stated(motions):
    config = STILL.with_({"vary_shape": True, "population": "people"})
    drawn = TripleDrawer(motions, SPEC, config).draw(choice(10, 10), 0, 0)
    assert np.abs(drawn.imu[0] - drawn.imu[1]).max() > 0.001
    with pytest.raises(FileError):
        TripleDrawer(motions, SPEC, STILL.with_({"vary_shape": True, "population": "nobody"}))
