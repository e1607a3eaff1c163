"""The start in closed form: the solution is the regression's, what is frozen stays, nobody tested is seen."""

import tomllib
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import tomli_w
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from m3n_studio.errors import Cancelled
from m3n_studio.learning import checkpoints
from m3n_studio.learning.config import WarmStartConfig, load_preset
from m3n_studio.learning.events import Remark, Step
from m3n_studio.learning.finetune import build, finetune
from m3n_studio.learning.folds import make_folds
from m3n_studio.learning.methods import find_method
from m3n_studio.learning.pretrain import open_pretrained, pretrain
from m3n_studio.learning.settings import SettingProblem
from m3n_studio.learning.trained import open_classifiers
from m3n_studio.learning.warm_start import solve, standardise, straight_of, turned, warm_start

from . import tiny

START = WarmStartConfig(penalty=1.0)


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    path = tmp_path_factory.mktemp("pretrained") / "run"
    pretrain(path, warm(), tiny.Made(), method="multi3net_plus", accelerator="cpu")
    return path


def warm(**changes):
    own = {
        "pretrain__optimiser__epochs": 2, "model__classifier__straight": True, "finetune__warm_start__use": True,
        "finetune__warm_start__penalty": 1.0, "finetune__warm_start__refine__epochs": 4,
    }  # fmt: skip
    return tiny.settings(**{**own, **changes})


def run(path, pretrained, windows=None, tell=None, **changes):
    return finetune(path, warm(**changes), windows or tiny.windows(), pretrained=pretrained, accelerator="cpu",
                    tell=tell)  # fmt: skip


def weights(path, part, fold=1, which="last.pt"):
    state = checkpoints.load(path / f"folds/{fold}/checkpoints" / which)["model"]
    return {n: v for n, v in state.items() if n.startswith(f"{part}.")}


def begun(pretrained, method, windows, **changes):
    """A network as fold 1 begins with it."""
    config = warm(finetune__method=method, **changes)
    network = build(find_method(method), config, windows, 0)
    network.encoder.load_state_dict(open_pretrained(pretrained).model.imu.state_dict())
    standardise(network, windows, np.arange(len(windows)))
    return network, config


def shares(label, classes):
    return torch.nn.functional.one_hot(torch.from_numpy(label), classes).double()


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("features", [7, 60])
def test_the_solution_is_that_of_regularised_logistic_regression(classes, features):
    rng = np.random.default_rng(0)
    label = np.arange(40) % classes
    x = rng.normal(size=(40, features)) + label[:, None] * np.linspace(-1, 1, features)
    weight, offset = solve(torch.from_numpy(x), shares(label, classes), 5.0)
    found = (torch.from_numpy(x) @ weight.T + offset).softmax(1).numpy()
    if classes > 2:
        other = LogisticRegression(C=1 / 5.0, tol=1e-10, max_iter=2000).fit(x, label)
        np.testing.assert_allclose(found, other.predict_proba(x), atol=1e-5)
    else:  # two weights, one the other's opposite, share the penalty of a single one
        other = LogisticRegression(C=2 / 5.0, tol=1e-10, max_iter=2000).fit(x, label)
        np.testing.assert_allclose(found, other.predict_proba(x), atol=1e-5)


def test_a_row_that_weighs_two_is_a_row_that_stands_twice():
    rng = np.random.default_rng(1)
    x, target = torch.from_numpy(rng.normal(size=(12, 5))), shares(np.arange(12) % 3, 3)
    twice = solve(torch.cat([x, x[:4]]), torch.cat([target, target[:4]]), 2.0)
    weighed = solve(x, target, 2.0, torch.tensor([2.0] * 4 + [1.0] * 8, dtype=torch.float64))
    for one, other in zip(twice, weighed, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 180.0))
def test_a_turned_strap_changes_axes_but_no_length_and_turns_no_further_than_asked(seed, most_deg):
    rng = np.random.default_rng(seed)
    imu = rng.normal(size=(3, 2, 6, 5)).astype(np.float32)
    found = turned(imu, most_deg, rng)
    for part in (slice(0, 3), slice(3, 6)):
        before, after = imu[:, :, part], found[:, :, part]
        length = np.linalg.norm(before, axis=2)
        np.testing.assert_allclose(np.linalg.norm(after, axis=2), length, rtol=1e-4)
        apart = np.linalg.norm(after - before, axis=2)  # of a chord
        assert (apart <= 2 * length * np.sin(np.deg2rad(most_deg) / 2) + 1e-4).all()
    gram = [np.einsum("npit,npiu->nptu", x[:, :, :3], x[:, :, 3:]) for x in (imu, found)]
    np.testing.assert_allclose(*gram, atol=1e-4)  # acc and gyr turn together


def test_labels_of_unlabelled_windows_are_not_looked_at_but_their_windows_are(pretrained):
    windows, train = tiny.windows(), np.arange(0, 40, 8)
    rest, start = np.setdiff1d(np.arange(len(windows)), train), START.with_({"unlabelled": 2.0})
    hidden = replace(windows, label=np.where(np.isin(np.arange(len(windows)), train), windows.label, -1))
    found = []
    for of, unlabelled in ((windows, rest), (hidden, rest), (windows, rest[:0])):
        network, _ = begun(pretrained, "linear", windows)
        warm_start(network, of, train, start, unlabelled=unlabelled)
        found.append(network.straight.linear.weight.detach().clone())
    torch.testing.assert_close(found[0], found[1])
    assert (found[0] - found[2]).abs().max() > 1e-3


def test_a_window_and_its_copies_weigh_as_one(pretrained):
    windows, train = tiny.windows(), np.arange(0, 40, 3)
    found = []
    for copies in ((), [windows.imu[train]] * 3):
        network, _ = begun(pretrained, "linear", windows)
        warm_start(network, windows, train, START, copies=copies)
        found.append(network.straight.linear.weight.detach().clone())
    torch.testing.assert_close(*found, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("source", ["embedding", "tokens"])
@pytest.mark.parametrize("method", ["multi3net", "multi3net_plus", "linear"])
def test_it_begins_as_the_regression_and_the_head_adds_nothing(pretrained, method, source):
    windows = tiny.windows()
    network, _ = begun(pretrained, method, windows, model__classifier__straight_from=source)
    train = np.arange(0, len(windows), 2)
    warm_start(network, windows, train, START)
    imu, mask = torch.from_numpy(windows.imu), torch.from_numpy(windows.mask)
    with torch.no_grad():
        logits = network(imu, mask).logits
        torch.testing.assert_close(logits, network.straight(*network.encoder(imu, mask), mask))
    assert (logits.argmax(1).numpy() == windows.label).mean() > 0.8


def test_a_class_without_a_window_is_never_said_and_a_missing_placement_counts_nothing(pretrained):
    windows = tiny.windows()
    network, _ = begun(pretrained, "linear", windows)
    warm_start(network, windows, np.flatnonzero(windows.label != 1), START)
    mask = torch.from_numpy(windows.mask).clone()
    with torch.no_grad():
        assert not (network(torch.from_numpy(windows.imu), mask).logits.argmax(1) == 1).any()
        mask[:, 1] = False
        one = network(torch.from_numpy(windows.imu), mask).logits
        imu = torch.from_numpy(windows.imu).clone()
        imu[:, 1] = 50.0
        torch.testing.assert_close(network(imu, mask).logits, one)


def test_frozen_parts_stay_and_the_head_learns(tmp_path, pretrained):
    done = run(tmp_path / "r", pretrained, finetune__method="multi3net_plus", finetune__freeze="always",
               finetune__warm_start__refine__epochs=6)  # fmt: skip
    before = open_pretrained(pretrained).model.imu.state_dict()
    after = weights(tmp_path / "r", "encoder")
    assert all(torch.equal(before[n.removeprefix("encoder.")], v) for n, v in after.items())
    last = weights(tmp_path / "r", "head")
    assert any(v.abs().max() > 0 for n, v in last.items() if n.startswith("head.decide.experts.0.3"))
    result = done.read_json("folds/1/result.json")
    assert result["warm_start"]
    assert result["epochs"] == result["best_epoch"] == 6
    rates = [h["lr"] for h in result["history"]]
    assert rates[0] == pytest.approx(1e-3)
    assert all(a > b for a, b in pairwise(rates))
    assert done.metrics["pooled"]["macro_f1"] > 0.75


def test_half_of_the_epochs_count_as_the_plateau(tmp_path, pretrained):
    seen = []
    run(tmp_path / "r", pretrained, tell=seen.append, finetune__method="multi3net_plus",
        finetune__freeze="until-plateau")  # fmt: skip
    found = [m.values["epoch"] for m in seen if isinstance(m, Remark) and m.what == "unfreeze"]
    assert found == [2] * 5
    before = open_pretrained(pretrained).model.imu.state_dict()
    after = weights(tmp_path / "r", "encoder")
    assert any(not torch.equal(before[n.removeprefix("encoder.")], v) for n, v in after.items())


def test_the_probe_is_finished_at_once_and_predicts(tmp_path, pretrained):
    done = run(tmp_path / "r", pretrained, finetune__method="linear", finetune__labels_per_class=4)
    result = done.read_json("folds/1/result.json")
    assert (result["epochs"], result["trained_on"]) == (0, 4 * 3)
    assert done.metrics["pooled"]["macro_f1"] > 0.5, "chance is a third"
    windows = tiny.windows()
    probability, _ = open_classifiers(tmp_path / "r", (1,))[0].run(windows)
    assert (probability.argmax(1) == windows.label).mean() > 0.5


def test_it_learns_from_everybody_not_tested_and_from_nobody_tested(tmp_path, pretrained):
    windows = tiny.windows()
    fold = make_folds(windows, "users5", seed=0, validation_users=1)[0]
    imu, label = windows.imu.copy(), windows.label.copy()
    imu[fold.test] = 1e3 * np.random.default_rng(0).normal(size=imu[fold.test].shape)
    label[fold.test] = label[fold.test][::-1]
    for name, data in (("a", windows), ("b", replace(windows, imu=imu, label=label))):
        done = run(tmp_path / name, pretrained, data, finetune__method="multi3net_plus", finetune__freeze="always")
        assert done.read_json("folds/1/result.json")["trained_on"] == len(fold.fitting)
    for part in ("straight", "head"):
        one, other = (weights(tmp_path / name, part, which="best.pt") for name in ("a", "b"))
        assert all(torch.equal(one[n], v) for n, v in other.items())


def test_shuffled_labels_are_chance(tmp_path, pretrained):
    windows = tiny.windows()
    label = windows.label.copy()
    np.random.default_rng(1).shuffle(label)
    done = run(tmp_path / "r", pretrained, replace(windows, label=label), finetune__method="multi3net_plus")
    assert abs(done.metrics["pooled"]["accuracy"] - 1 / 3) < 0.15


def test_networks_from_scratch_are_trained_as_ever(tmp_path):
    done = finetune(tmp_path / "r", warm(finetune__method="base", finetune__optimiser__epochs=2), tiny.windows(),
                    accelerator="cpu")  # fmt: skip
    assert not done.read_json("folds/1/result.json")["warm_start"]


def test_presets_say_who_starts_so():
    assert load_preset("small").finetune.warm_start.use
    assert not load_preset("paper").finetune.warm_start.use
    assert straight_of(object()) is None
    with pytest.raises(SettingProblem, match="cosine"):
        load_preset("small", {"finetune.warm_start.refine.schedule": "plateau"})


def test_a_run_that_was_cancelled_goes_on_to_the_same_weights(tmp_path, pretrained):
    own = {"finetune__method": "multi3net_plus", "finetune__freeze": "until-plateau"}
    run(tmp_path / "whole", pretrained, **own)
    steps = []

    def tell(message):
        if isinstance(message, Step):
            steps.append(message)

    config = warm(**own)
    for stop in (3, 9):  # before and after the encoder learns too
        with pytest.raises(Cancelled):
            finetune(tmp_path / "parts", config, tiny.windows(), pretrained=pretrained, accelerator="cpu", tell=tell,
                     resume=(tmp_path / "parts").exists(), cancelled=lambda stop=stop: len(steps) >= stop)  # fmt: skip
    finetune(tmp_path / "parts", config, tiny.windows(), pretrained=pretrained, accelerator="cpu", resume=True)
    for part in ("encoder", "straight", "head"):
        one, other = (weights(tmp_path / name, part) for name in ("whole", "parts"))
        assert all(torch.equal(one[n], v) for n, v in other.items())


def test_a_run_made_before_there_were_the_newer_settings_opens_as_it_was(tmp_path, pretrained):
    made = run(tmp_path / "run", pretrained, finetune__method="multi3net_plus")
    windows = tiny.windows()
    before = open_classifiers(made.path)[0].run(windows)[0]
    path = made.path / "config.toml"
    data = tomllib.loads(path.read_text())
    for table, names in (
        (data["model"]["classifier"], ("straight_from",)), (data["model"]["imu"], ("kind",)),
        (data["pretrain"]["loss"], ("weights",)),
        (data["finetune"]["warm_start"], ("unlabelled", "copies", "turn_deg")),
    ):  # fmt: skip
        for name in names:
            del table[name]
    path.write_text(tomli_w.dumps(data))
    np.testing.assert_array_equal(open_classifiers(made.path)[0].run(windows)[0], before)
