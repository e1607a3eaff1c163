"""Finetuning: freezing, few labels, no leakage, chance with shuffled labels, results."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score

from m3n_studio.errors import FileError, ValueProblem
from m3n_studio.learning import checkpoints, loop
from m3n_studio.learning.classifier_task import ClassifierTask
from m3n_studio.learning.evaluate import calibration_error, evaluate, fold_predictions, scores
from m3n_studio.learning.events import Remark, Step
from m3n_studio.learning.export import export
from m3n_studio.learning.finetune import build, finetune
from m3n_studio.learning.folds import Scaler, make_folds
from m3n_studio.learning.methods import find_method
from m3n_studio.learning.pretrain import open_pretrained, pretrain
from m3n_studio.learning.trained import open_classifiers

from . import tiny


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    path = tmp_path_factory.mktemp("pretrained") / "run"
    pretrain(
        path, tiny.settings(pretrain__optimiser__epochs=2), tiny.Made(), method="multi3net_plus", accelerator="cpu"
    )
    return path


def run(path, windows=None, pretrained=None, **changes):
    own = {"finetune__optimiser__epochs": 8, "finetune__optimiser__stop_patience": 8, **changes}
    return finetune(path, tiny.settings(**own), windows or tiny.windows(), pretrained=pretrained, accelerator="cpu")


def encoder_of(path, fold=1, which="last.pt"):
    state = checkpoints.load(path / f"folds/{fold}/checkpoints" / which)["model"]
    return {n.removeprefix("encoder."): v for n, v in state.items() if n.startswith("encoder.")}


def moved(path, pretrained, which="last.pt"):
    before = open_pretrained(pretrained).model.imu.state_dict()
    return any(not torch.equal(before[n], v) for n, v in encoder_of(path, which=which).items())


def test_frozen_weights_never_move(tmp_path, pretrained):
    run(tmp_path / "r", pretrained=pretrained, finetune__method="multi3net_plus", finetune__freeze="always")
    assert not moved(tmp_path / "r", pretrained)


def test_never_frozen_weights_move_at_once(tmp_path, pretrained):
    run(tmp_path / "r", pretrained=pretrained, finetune__method="multi3net", finetune__freeze="never",
        finetune__optimiser__epochs=1)  # fmt: skip
    assert moved(tmp_path / "r", pretrained)


def test_weights_move_after_the_first_plateau_only(tmp_path, pretrained, monkeypatch):
    monkeypatch.setattr(loop, "SAVE_S", 0.0)
    frozen, seen = [], []
    config = tiny.settings(
        finetune__method="multi3net_plus", finetune__freeze="until-plateau", finetune__optimiser__plateau_patience=1,
        finetune__optimiser__epochs=40, finetune__optimiser__stop_patience=3, finetune__optimiser__learning_rate=0.05,
    )  # fmt: skip
    before = open_pretrained(pretrained).model.imu.state_dict()
    path = tmp_path / "r"

    def tell(message):
        seen.append(message)
        last = path / "folds/1/checkpoints/last.pt"
        if isinstance(message, Step) and message.step == 1 and last.is_file() and message.part == "fold 1 of 5":
            frozen.append(all(torch.equal(before[n], v) for n, v in encoder_of(path).items()))

    finetune(path, config, tiny.windows(), pretrained=pretrained, accelerator="cpu", tell=tell)
    unfrozen = [m for m in seen if isinstance(m, Remark) and m.what == "unfreeze" and m.part == "fold 1 of 5"]
    assert len(unfrozen) == 1
    at = unfrozen[0].values["epoch"]
    assert all(frozen[:at])
    assert not any(frozen[at:])
    assert len(frozen) > at, "there were epochs after it"


def test_learns_what_is_there_and_is_chance_with_shuffled_labels(tmp_path):
    windows = tiny.windows()
    learned = run(tmp_path / "a", windows, finetune__method="base").metrics["mean"]["macro_f1"]
    label = windows.label.copy()
    np.random.default_rng(1).shuffle(label)
    shuffled = run(tmp_path / "b", replace(windows, label=label), finetune__method="base").metrics
    assert learned > 0.9
    assert shuffled["mean"]["macro_f1"] < 0.5
    assert abs(shuffled["pooled"]["accuracy"] - 1 / 3) < 0.13


def test_tested_users_change_nothing_that_is_learned(tmp_path):
    """Whatever the tested users' windows and labels are, weights, normalisation and stopping are the same."""
    windows = tiny.windows()
    fold = make_folds(windows, "users5", seed=0, validation_users=1)[0]
    imu, label = windows.imu.copy(), windows.label.copy()
    imu[fold.test] = 1e3 * np.random.default_rng(0).normal(size=imu[fold.test].shape)
    label[fold.test] = label[fold.test][::-1]
    other = replace(windows, imu=imu, label=label)
    assert np.array_equal(make_folds(other, "users5", seed=0, validation_users=1)[0].test, fold.test)
    run(tmp_path / "a", windows, finetune__optimiser__epochs=2)
    run(tmp_path / "b", other, finetune__optimiser__epochs=2)
    a, b = (checkpoints.load(tmp_path / n / "folds/1/checkpoints/best.pt")["model"] for n in "ab")
    assert all(torch.equal(a[k], b[k]) for k in a)
    (one,), (two,) = (open_classifiers(tmp_path / n, (1,)) for n in "ab")
    assert np.array_equal(one.scaler.mean, two.scaler.mean)
    assert np.array_equal(one.scaler.mean, Scaler.fit(windows, fold.train).mean)


@pytest.mark.parametrize("method", ["base", "forest"])
def test_few_labels_train_on_as_many(tmp_path, method):
    seen = []
    config = tiny.settings(finetune__method=method, finetune__labels_per_class=3, finetune__optimiser__epochs=1)
    finetune(tmp_path / "r", config, tiny.windows(), accelerator="cpu", tell=seen.append)
    from m3n_studio.learning.run_folder import RunFolder

    assert RunFolder(tmp_path / "r").read_json("folds/1/result.json")["trained_on"] == 9


def test_few_windows_are_gone_through_several_times():
    windows = tiny.windows()
    fold = make_folds(windows, "users5")[0]
    few = fold.with_train(fold.train[:10])
    config = tiny.settings(finetune__optimiser__least_steps=7, finetune__optimiser__batch=4).finetune
    network = build(find_method("base"), tiny.settings(), windows, 0)
    task = ClassifierTask(network, windows, few, config, "never")
    batches = list(task.batches(3, 0))
    assert len(batches) == task.steps >= 7
    counted = np.bincount(torch.cat([b[2] for b in batches]).numpy())
    assert counted.sum() == 10 * 3
    assert all(torch.equal(a[0], b[0]) for a, b in zip(task.batches(3, 2), batches[2:], strict=True))


def test_class_weights_even_out(tmp_path):
    windows = tiny.windows(users={f"u{i}": (12, 3, 2) for i in range(5)})
    fold = make_folds(windows, "users5")[0]
    config = tiny.settings(finetune__class_weights=True).finetune
    task = ClassifierTask(build(find_method("base"), tiny.settings(), windows, 0), windows, fold, config, "never")
    weight, counts = task._weight.numpy(), windows.counts(fold.train)
    assert np.allclose(weight * counts, (weight * counts)[0])
    assert np.isclose((weight * counts).sum(), counts.sum())


def test_one_wrist_of_a_run_pretrained_on_two(tmp_path, pretrained):
    done = run(tmp_path / "r", pretrained=pretrained, finetune__method="multi3net_plus",
               finetune__placements=("left_wrist",), finetune__optimiser__epochs=2)  # fmt: skip
    assert done.about.facts["placements"] == ["left_wrist"]
    gates = fold_predictions(done)["1"].gates
    assert gates.shape[1] == 4
    assert np.allclose(gates.sum(axis=1), 1, atol=1e-5)


def test_asking_for_the_wrong_thing_says_so(tmp_path, pretrained):
    with pytest.raises(ValueProblem, match="needs a pretrained run"):
        run(tmp_path / "a", finetune__method="multi3net")
    with pytest.raises(ValueProblem, match="takes no pretrained run"):
        run(tmp_path / "b", finetune__method="base", pretrained=pretrained)
    other = replace(tiny.windows(), rate_hz=20.0)
    with pytest.raises(ValueProblem, match="must be the same"):
        run(tmp_path / "c", other, finetune__method="multi3net", pretrained=pretrained)
    run(tmp_path / "d", finetune__method="forest")
    with pytest.raises(FileError, match="a run of kind finetune"):
        open_pretrained(tmp_path / "d")


@pytest.mark.parametrize("method", ["forest", "minirocket"])
def test_classical_models_are_kept_and_say_the_same_again(tmp_path, method):
    done = run(tmp_path / "r", finetune__method=method)
    windows = tiny.windows()
    again = open_classifiers(tmp_path / "r")
    for number, found in fold_predictions(done).items():
        probability, gates = again[int(number) - 1].run(windows.take(found.index))
        assert np.array_equal(probability, found.probability)
        assert gates.shape == (len(found.index), 0, 0)
    with pytest.raises(ValueProblem, match="only networks"):
        export(tmp_path / "r", tmp_path / "out")
    kept = tmp_path / "r/folds/1/model.npz"
    whole = kept.read_bytes()
    for content, words in (
        (whole[: len(whole) // 2], "cannot be read"),
        (_archive(version=np.array(9)), "another version"),
        (_archive(version=np.array(1), classes=np.array(3), seen=np.array([0, 7])), "classes below 3"),
        (_archive(version=np.array(1), classes=np.array(3), seen=np.array([0, 1])), "found something else"),
        (_archive(version=np.array([object()], dtype=object)), "cannot be read"),
    ):
        kept.write_bytes(content)
        with pytest.raises(FileError, match=words):
            open_classifiers(tmp_path / "r")


def _archive(**arrays):
    file = io.BytesIO()
    np.savez(file, allow_pickle=True, **arrays)
    return file.getvalue()


def test_scores_are_scikit_learns():
    rng = np.random.default_rng(0)
    probability = rng.dirichlet(np.ones(5), 200).astype(np.float32)
    label = rng.integers(0, 4, 200)  # class 4 never in the truth
    found, said = scores(probability, label, list("abcde")), probability.argmax(axis=1)
    assert np.isclose(found.macro_f1, f1_score(label, said, average="macro"))
    assert np.isclose(found.weighted_f1, f1_score(label, said, average="weighted"))
    assert np.isclose(found.accuracy, (label == said).mean())
    assert sum(map(sum, found.confusion)) == 200


def test_calibration_error_by_hand():
    sure = np.float32([[0.9, 0.1]] * 10)
    assert np.isclose(calibration_error(sure, np.zeros(10, dtype=int)), 0.1, atol=1e-6)
    assert np.isclose(calibration_error(sure, np.array([0] * 5 + [1] * 5)), 0.4, atol=1e-6)


def test_evaluate_again_is_the_same(tmp_path):
    done = run(tmp_path / "r", finetune__method="forest")
    before = done.metrics
    assert evaluate(done.path) == before
    assert len(before["folds"]) == 5
    assert np.isclose(before["mean"]["macro_f1"], np.mean([f["macro_f1"] for f in before["folds"]]))
    (done.path / "folds/2/predictions.npz").write_bytes(b"nonsense")
    with pytest.raises(FileError):
        evaluate(done.path)
