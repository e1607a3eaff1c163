"""Predicting a piece at a time gives what predicting the whole gives; unfinished folds; what experts say."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")

from m3n_studio.errors import FileError, M3nError
from m3n_studio.learning.config import WindowSpec
from m3n_studio.learning.finetune import finetune
from m3n_studio.learning.moments_predicted import Explained, Partial
from m3n_studio.learning.pieces import plan
from m3n_studio.learning.predict import blend, fine_windows, predict
from m3n_studio.learning.run_folder import RunFolder
from m3n_studio.learning.trained import fold_in_training, open_classifiers
from m3n_studio.learning.windows import LabelledRecording, cut
from tests.learning import made, tiny
from tests.learning.runs import SMOKE, finetuned, pretrained


class Held:
    """A signal as `Samples`, counting what is read."""

    def __init__(self, signal):
        self.signal, self.read = signal, []

    def __len__(self):
        return len(self.signal)

    def times(self, first, stop):
        return self.signal.time_s[first:stop]

    def valid(self):
        return self.signal.valid

    def values(self, first, stop):
        self.read.append((first, stop))
        return np.hstack([self.signal.acc_mps2[first:stop], self.signal.gyr_radps[first:stop]])


def uneven(signal, seed=0, by=0.2):
    """The signal with times shaken by a share of a period."""
    rng = np.random.default_rng(seed)
    step = np.median(np.diff(signal.time_s))
    return signal.with_(time_s=signal.time_s + step * rng.uniform(-by, by, len(signal)))


def invalid(signal, *spans):
    valid = np.ones(len(signal), dtype=bool)
    for a, b in spans:
        valid[(signal.time_s >= a) & (signal.time_s < b)] = False
    return signal.with_(valid=valid)


LONG = made.signal(60.0)
CASES = {
    "even": LONG,
    "late": made.signal(40.0, start_s=3.217, seed=2),
    "gap": made.without(LONG, 20.0, 23.31),
    "invalid": invalid(LONG, (10.0, 10.3), (31.0, 33.0)),
    "uneven": uneven(LONG),
    "uneven with gap": made.without(uneven(LONG, 3), 17.0, 18.17),
    "slow": made.signal(60.0, rate_hz=25.0),
    "same": made.signal(60.0, rate_hz=32.0),
    "lost samples": made.without(made.without(LONG, 5.0, 5.015), 7.0, 7.03),
}
SPECS = {rate: WindowSpec(length_s=2.0, stride_s=0.25, rate_hz=rate) for rate in (10.0, 32.0, 100.0, 120.0)}


def same_windows(whole, worn, spec, edges):
    """Assert that a plan of pieces between some windows gives what `cut` gave."""
    found = plan([worn], spec)
    assert np.array_equal(found.start_s, whole.start_s)
    assert np.array_equal(found.mask, whole.mask)
    edges = sorted({0, len(found), *(round(e * len(found)) for e in edges)})
    for a, b in pairwise(edges):
        part = found.windows(a, b)
        np.testing.assert_allclose(part.imu, whole.imu[a:b], rtol=0, atol=4e-6)
        assert np.array_equal(part.mask, whole.mask[a:b])


@pytest.mark.parametrize("rate", SPECS)
@pytest.mark.parametrize("name", CASES)
def test_windows_of_pieces_are_those_of_the_whole(name, rate):
    spec, signal = SPECS[rate], CASES[name]
    whole = cut([LabelledRecording("r", "s", {"left_wrist": signal})], spec, unlabelled=True)
    same_windows(whole, {"left_wrist": Held(signal)}, spec, (0.07, 0.31, 0.5, 0.93))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    edges=st.lists(st.floats(0, 1), max_size=6), seed=st.integers(0, 5), start=st.floats(0, 3),
    gap=st.tuples(st.floats(5, 12), st.floats(0.01, 6)), rate=st.sampled_from(sorted(SPECS)), shaken=st.booleans(),
)  # fmt: skip
def test_two_placements_with_gaps_wherever_pieces_begin(edges, seed, start, gap, rate, shaken):
    left = made.without(made.signal(25.0, seed=seed), gap[0], sum(gap))
    right = made.signal(22.0, rate_hz=50.0, start_s=start, seed=seed + 1, name="right_wrist")
    worn = {"left_wrist": uneven(left, seed) if shaken else left, "right_wrist": right}
    whole = cut([LabelledRecording("r", "s", worn)], SPECS[rate], unlabelled=True)
    same_windows(whole, {p: Held(s) for p, s in worn.items()}, SPECS[rate], edges)


def test_a_piece_reads_only_its_samples():
    signal = made.signal(600.0)
    held = Held(signal)
    found = plan([{"left_wrist": held}], SPECS[32.0])
    assert held.read == []
    found.windows(1000, 1240)
    assert sum(b - a for a, b in held.read) < 66 * 100
    assert found.pieces(60.0)[-1] == len(found)
    assert np.diff(found.pieces(60.0)).max() == 240


def test_nothing_to_predict_is_said():
    with pytest.raises(M3nError, match=r"left_wrist.*as long as a window"):
        plan([{"left_wrist": Held(made.signal(1.0))}], SPECS[32.0])


@settings(max_examples=40, deadline=None)
@given(order=st.permutations(range(5)), seed=st.integers(0, 9), gap=st.integers(0, 30))
def test_moments_known_are_those_of_the_whole_in_any_order(order, seed, gap):
    rng = np.random.default_rng(seed)
    start = np.arange(40) * 0.25 + np.where(np.arange(40) >= 17, 0.25 * gap + 0.1, 0.0)
    probability = rng.dirichlet(np.ones(3), 40).astype(np.float32)
    time_s, whole = blend(start, probability, 2.0, 0.25)
    part = Partial(start, ("a", "b", "c"), ("p",), 0.25, 2.0, models=1)
    for i in order:
        part.take(8 * i, probability[None, 8 * i : 8 * i + 8], np.zeros((1, 8, 0, 0)), np.zeros((1, 8, 0, 3)))
        now = part.predicted()
        known = np.isfinite(now.probability).all(axis=1)
        np.testing.assert_array_equal(now.probability[known], whole[known])
    assert np.array_equal(now.time_s, time_s)
    np.testing.assert_array_equal(now.probability, whole)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    before = pretrained(folder / "before").path
    return finetuned(folder / "plus", before).path


def in_pieces(path, worn, size=60, **more):
    """A prediction put together as the window does it."""
    models = open_classifiers(path, **more)
    spec = fine_windows(RunFolder.open(path).config.windows, models[0].placements)
    found = plan([{p: Held(s) for p, s in worn.items()}], spec)
    part = None
    for a in range(0, len(found), size):
        windows = found.windows(a, min(a + size, len(found)))
        each = [np.stack(x) for x in zip(*(m.explain(windows) for m in models), strict=True)]
        if part is None:
            tokens, experts = each[1].shape[2:]
            part = Partial(found.start_s, models[0].classes, models[0].placements, spec.stride / spec.rate_hz,
                           spec.length_s, models=len(models), tokens=tokens, experts=experts)  # fmt: skip
        part.take(a, *each)
    return part.predicted()


def test_pieces_equal_the_prediction_of_the_command_line(run):
    worn = {"left_wrist": made.without(made.signal(50.0), 20.0, 22.5),
            "right_wrist": made.signal(45.0, rate_hz=80.0, start_s=1.7, seed=4, name="right_wrist")}  # fmt: skip
    whole, parts = predict(run, worn), in_pieces(run, worn)
    assert np.array_equal(whole.time_s, parts.time_s)
    assert np.array_equal(whole.window_start_s, parts.window_start_s)
    for name in ("probability", "window_probability", "gates"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=0, atol=2e-5)
    assert (parts.hop_s, parts.length_s, parts.classes) == (whole.hop_s, whole.length_s, whole.classes)


def test_parts_of_experts_sum_to_the_logits(run):
    (model, *_), windows = open_classifiers(run), made.windows({"a": (4, 4)}, placements=SMOKE.windows.placements,
                                                               samples=32, rate_hz=32.0)  # fmt: skip
    windows.mask[2:5, 1] = False
    probability, gates, part = model.explain(windows)
    plain, plain_gates = model.run(windows)
    assert np.array_equal(plain, probability)
    assert np.array_equal(plain_gates, gates)
    logits = part.sum(axis=1)
    soft = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(soft / soft.sum(axis=1, keepdims=True), probability, atol=1e-5)
    found = in_pieces(run, {"left_wrist": made.signal(20.0)})
    assert isinstance(found, Explained)
    at = found.window_at(10.0)
    assert found.says(at, 0, 0).sum() == pytest.approx(
        found.contribution[0, at].sum(axis=0)[0] - found.contribution[0, at].sum(axis=0).mean(), abs=1e-5
    )
    assert found.window_at(-5.0) is None
    assert found.moment_at(500.0) is None


def test_a_fold_in_training_can_be_predicted_with(tmp_path):
    """A run that is stopped after two epochs has what a classifier needs."""
    epochs = []

    def tell(message):
        if type(message).__name__ == "Epoch":
            epochs.append(message.epoch)

    with pytest.raises(M3nError, match="cancelled"):
        finetune(tmp_path / "r", tiny.settings(finetune__optimiser__epochs=50), tiny.windows(), accelerator="cpu",
                 tell=tell, cancelled=lambda: len(epochs) >= 2)  # fmt: skip
    assert fold_in_training(tmp_path / "r") == 1
    with pytest.raises(FileError, match="no fold is finished"):
        open_classifiers(tmp_path / "r")
    (model,) = open_classifiers(tmp_path / "r", unfinished=True)
    assert (model.fold, model.epoch) == (1, 2)
    told = json.loads((tmp_path / "r/folds/1/fold.json").read_text())
    assert np.allclose(model.scaler.mean, told["scaler"]["mean"])
    assert model.run(tiny.windows())[0].shape == (120, 3)
    (tmp_path / "r/folds/1/fold.json").write_text("[]")
    with pytest.raises(FileError):
        open_classifiers(tmp_path / "r", unfinished=True)


def test_runs_of_before_are_read_as_they_were(run):
    for told in run.glob("folds/*/fold.json"):
        told.unlink()
    assert fold_in_training(run) is None
    assert len(open_classifiers(run, unfinished=True)) == len(open_classifiers(run))
