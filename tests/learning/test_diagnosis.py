"""Each failure a diagnosis knows: a history that shows it, and sound ones that do not; on real runs, too."""

import math

import numpy as np
import pytest

pytest.importorskip("torch")

from m3n_studio.cli import main
from m3n_studio.errors import FileError
from m3n_studio.learning.config import load_preset
from m3n_studio.learning.diagnosis import CHECKS, SEVERITIES, diagnose, diagnose_run
from m3n_studio.learning.events import Epoch, Event, Remark, Step
from m3n_studio.learning.loop import Diverged
from m3n_studio.learning.pretrain import pretrain
from m3n_studio.learning.run_history import Columns, History, mean_over, read_history
from tests.learning import tiny

PAIRS = ("text-pose", "text-left_wrist", "text-right_wrist", "pose-left_wrist", "pose-right_wrist",
         "left_wrist-right_wrist")  # fmt: skip
CONFIG = load_preset("smoke")
CHANCE = math.log(CONFIG.pretrain.optimiser.batch)


def falling(n, start=2.0, end=0.4):
    """A loss that falls and levels off."""
    return end + (start - end) * np.exp(-5 * np.arange(n) / n)


def epochs(training, validation=None, f1=None, part="fold 1", most=None, lr=1e-3):
    """Events of a part's epochs from curves of its losses by name."""
    n = len(next(iter(training.values())))
    best, out = math.inf, []
    for i in range(n):
        watched = (validation if validation is not None else training["loss"])[i]
        better, best = watched < best, min(best, watched)
        said = {} if validation is None else {"loss": float(validation[i])}
        said |= {} if f1 is None else {"macro_f1": float(f1[i])}
        row = {name: float(y[i]) for name, y in training.items()}
        out.append(Event(float(i), Epoch(part, i + 1, most or 100, row, said, lr, bool(better), 1.0, 0.0)))
    return out


def steps(losses, norms=None, share=0.05, part="fold 1"):
    norms = np.ones(len(losses)) if norms is None else norms

    def step(i, y, n):
        return Step(part, 1 + i // 50, 100, 1 + i % 50, 50, {"loss": float(y)}, 1e-3, float(n), 900.0, share, 9.0)

    return [Event(float(i), step(i, y, n)) for i, (y, n) in enumerate(zip(losses, norms, strict=True))]


def scored(confusion, names="abc"):
    counts = np.array(confusion)
    support = {n: int(t) for n, t in zip(names, counts.sum(axis=1), strict=False)}
    return {"pooled": {"support": support, "confusion": counts.tolist()}}


def found(*events, **more):
    """{code: severity} of what is found."""
    history = History()
    history.add(e for some in events for e in some)
    more = {"config": CONFIG} | more
    diagnosis = diagnose(history, **more)
    for f in diagnosis.findings:
        assert f.severity in SEVERITIES
        assert all((f.title, f.seen, f.means, f.advice))
        assert "nan" not in f.seen
    return {f.code: f.severity for f in diagnosis.findings}


def sound(part="fold 1", n=40):
    y = falling(n)
    return epochs({"loss": y}, y + 0.05, 1 - y / 3, part=part)


def pretraining(pairs, decoders=(1.0, 0.3), n=12):
    """A pretraining with the given curve for each pair."""
    terms = {name: np.asarray(y, dtype=float) for name, y in pairs.items()}
    terms["contrastive"] = sum(terms.values())
    terms["pose2imu"], terms["reconstruction"] = (falling(n, *decoders) for _ in range(2))
    terms["loss"] = terms["contrastive"] + terms["pose2imu"] + terms["reconstruction"]
    return epochs(terms, terms["loss"] + 0.1, part="")


def test_sound_runs_are_found_sound():
    noise = np.random.default_rng(0).normal(0, 0.05, 300)
    told = steps(falling(300) + noise, 1 + 0.3 * np.abs(noise))
    results = [Event(0.0, Remark("fold", "", f"fold {i}", {"macro_f1": s})) for i, s in enumerate((0.8, 0.75, 0.83))]
    even = scored([[20, 1, 0], [2, 18, 1], [0, 1, 19]])
    assert found(told, sound(), sound("fold 2"), results, metrics=even) == {}
    assert found(pretraining({p: falling(12, CHANCE + 0.5, 0.8) for p in PAIRS}), kind="pretrain") == {}
    assert found() == {}


def test_embeddings_that_collapse_and_pairs_that_do_not_find_each_other():
    flat = np.full(12, CHANCE + 0.001)
    codes = found(pretraining(dict.fromkeys(PAIRS, flat)), kind="pretrain")
    assert codes["collapse"] == "problem"
    some = {p: (flat if "text" in p else falling(12, CHANCE + 0.5, 0.8)) for p in PAIRS}
    assert found(pretraining(some), kind="pretrain")["collapse"] == "warning"
    early = pretraining(dict.fromkeys(PAIRS, flat[:3]), n=3)
    assert "collapse" not in found(early, kind="pretrain")


def test_one_loss_that_dominates_while_another_does_not_learn():
    pairs = {p: falling(12, CHANCE + 0.5, 2.0) for p in PAIRS}
    codes = found(pretraining(pairs, decoders=(0.2, 0.2)), kind="pretrain")
    assert codes["dominating"] == "warning"
    assert "dominating" not in found(pretraining(pairs, decoders=(0.4, 0.1)), kind="pretrain")
    terms = {"further": falling(12, 30.0, 20.0), "reconstruction": falling(12, 0.2, 0.2)}
    more = epochs({"loss": terms["further"] + 0.2, **terms}, part="")
    assert found(more, kind="pretrain")["dominating"] == "warning"
    weighted = CONFIG.with_({"pretrain.loss.weights.further": 0.05})
    assert "dominating" not in found(more, kind="pretrain", config=weighted)
    light = CONFIG.with_({"pretrain.loss.contrastive": 0.05})
    assert "dominating" not in found(pretraining(pairs, decoders=(0.2, 0.2)), kind="pretrain", config=light)


def test_a_loss_that_does_not_move():
    flat = 1.6 + 0.002 * np.cos(np.arange(20))
    assert found(epochs({"loss": flat}, flat))["stuck"] == "problem"
    other = [*epochs({"loss": flat}, flat), *sound("fold 2"), *sound("fold 3")]
    assert "stuck" not in found(other)


def test_overfitting_is_validation_that_rises_while_training_falls():
    up = np.concatenate([falling(10, 2, 0.8), np.linspace(0.8, 1.4, 10)])
    assert found(epochs({"loss": falling(20, 2, 0.1)}, up))["overfitting"] == "warning"
    assert found(epochs({"loss": falling(20, 2, 0.1)}, up), sound("fold 2"), sound("fold 3"))["overfitting"] == "hint"
    both = epochs({"loss": np.concatenate([falling(10, 2, 0.8), np.linspace(0.8, 1.4, 10)])}, up)
    assert "overfitting" not in found(both)  # training rises too: that is another failure


def test_a_fold_far_below_the_others_is_named():
    def folds(scores):
        return [Event(0.0, Remark("fold", "", f"fold {i} of 5", {"macro_f1": s})) for i, s in enumerate(scores, 1)]

    history = History()
    history.add(folds((0.82, 0.8, 0.31, 0.79, 0.84)))
    (finding,) = diagnose(history).findings
    assert finding.code == "user apart"
    assert "fold 3 of 5" in finding.title
    assert "31.0" in finding.seen
    assert found(folds((0.8, 0.5, 0.7, 0.6, 0.9))) == {}  # all differ
    assert found(folds((0.8, 0.3))) == {}  # of two nobody can say


def test_training_that_ends_while_it_still_improves():
    line = np.linspace(2, 1, 20)
    assert found(epochs({"loss": line}, line, most=20))["not converged"] == "warning"
    assert "not converged" not in found(epochs({"loss": line}, line, most=40))
    assert "not converged" not in found(epochs({"loss": line}, line, most=20), status="running")
    level = 0.4 + 1.6 * np.exp(-12 * np.arange(40) / 40)
    assert "not converged" not in found(epochs({"loss": level}, level, most=40))


def test_jumps_of_loss_and_gradient_and_what_is_not_a_number():
    loss, norm = falling(200), np.ones(200)
    loss[[60, 120, 170]] *= 6
    norm[[60, 120, 170]] = 30
    assert found(steps(loss, norm))["spikes"] == "warning"
    assert "spikes" not in found(steps(loss, np.ones(200)))
    assert found(status="failed", message="the loss is not a number in epoch 2")["diverged"] == "problem"
    assert found(status="failed", message="no room on the disk") == {}


def test_classes_never_predicted_and_uneven_classes():
    assert found(metrics=scored([[20, 0, 3], [9, 0, 9], [2, 0, 20]]))["never predicted"] == "warning"
    assert found(metrics=scored([[20, 0, 0], [18, 0, 0], [22, 0, 0]]))["never predicted"] == "problem"
    assert found(metrics=scored([[20, 0, 3], [0, 0, 0], [2, 0, 20]])) == {}  # nobody did it
    assert found(metrics=scored([[90, 0, 0], [0, 15, 0], [0, 0, 60]])) == {"imbalance": "hint"}
    assert found(metrics=scored([[400, 0, 0], [0, 15, 0], [0, 0, 60]])) == {"imbalance": "warning"}
    weighted = CONFIG.with_({"finetune.class_weights": True})
    assert found(metrics=scored([[400, 0, 0], [0, 15, 0], [0, 0, 60]]), config=weighted) == {}
    for bad in ({"pooled": 3}, {"pooled": {"support": {"a": 1}, "confusion": "x"}},
                {"pooled": {"support": {"a": 1}, "confusion": [[1, 2]]}}):  # fmt: skip
        assert found(metrics=bad) == {}


def test_unfreezing_that_makes_it_worse():
    before = falling(10, 2, 0.6)

    def run(after):
        y = np.concatenate([before, after])
        events = epochs({"loss": y}, y)
        return [*events[:9], Event(9.0, Remark("unfreeze", "", "fold 1", {"epoch": 10})), *events[9:]]

    assert found(run(np.full(8, 1.2)))["unfreezing"] == "warning"
    assert "unfreezing" not in found(run(np.linspace(0.9, 0.3, 8)))
    assert "unfreezing" not in found(run(np.full(2, 1.2)))  # too early to tell


def test_training_that_waits_for_its_data():
    assert found(steps(falling(100), share=0.7))["data-bound"] == "warning"
    assert found(steps(falling(100), share=0.5))["data-bound"] == "hint"
    assert found(steps(falling(100), share=0.2)) == {}


def test_what_is_told_again_after_a_resume_replaces_what_was_told():
    history = History()
    history.add(sound(n=10))
    history.add([Event(99.0, Remark("resume", "", "fold 1")), *sound(n=10)[5:8]])
    part = history.parts["fold 1"]
    assert list(part.epochs.at) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert part.best_epoch == 8
    assert part.epochs.column("train/loss") == pytest.approx(falling(10)[:8])


def test_columns_keep_their_order_and_fill_what_is_missing():
    columns = Columns()
    columns.add(1, {"a": 1.0})
    columns.add(2, {"b": 2.0})
    columns.add(2, {"a": 3.0, "b": 4.0})
    assert list(columns.at) == [1, 2]
    np.testing.assert_array_equal(columns.column("a"), [1.0, 3.0])
    np.testing.assert_array_equal(columns.column("b"), [math.nan, 4.0])
    assert np.isnan(columns.column("none")).all()


def test_hostile_events_are_passed_over():
    history = History()
    bad = [Step("", "one", 1, 1, 1, {}, 1, 1, 1, 1, 1), Step("", 1, 1, 1, 1, [], 1, 1, 1, 1, 1),
           Epoch("", 1, 1, {"a": None}, {}, 1, True, 1, 1), Epoch([], 1, 1, {}, {}, 1, True, 1, 1),
           Remark("unfreeze", "", "", {"epoch": "x"})]  # fmt: skip
    history.add(Event(0.0, message) for message in bad)
    assert history.damaged == len(bad)
    assert history.version == 0
    assert diagnose(history).findings == ()


def test_the_mean_over_folds_is_of_those_that_got_that_far():
    x, y = mean_over([(np.array([1.0, 2, 3]), np.array([1.0, 2, 3])), (np.array([1.0, 2]), np.array([3.0, 4]))])
    assert list(x) == [1, 2, 3]
    assert list(y) == [2, 3, 3]


def test_real_runs_small_as_they_are(tmp_path):
    run = tiny.CASES["finetune"](tmp_path / "run")
    diagnosis = diagnose_run(run.path)
    history = read_history(run.path)
    assert diagnosis.epochs == sum(p.epoch for p in history.parts.values()) > 0
    assert diagnosis.looked_for == tuple(name for name, _ in CHECKS)
    assert {"diverged", "collapse", "imbalance"}.isdisjoint(f.code for f in diagnosis.findings)
    assert history.share(5) == 1.0
    for fold, part in zip(run.metrics["folds"], history.parts.values(), strict=True):
        assert part.macro_f1 == pytest.approx(fold["macro_f1"])
    with pytest.raises(FileError):
        diagnose_run(tmp_path)


def test_real_runs_that_fail_are_said_to(tmp_path, capsys):
    with pytest.raises(Diverged):
        pretrain(tmp_path / "bad", tiny.settings(), tiny.Made(poison=True), method="multi3net", accelerator="cpu")
    assert diagnose_run(tmp_path / "bad").findings[0].code == "diverged"
    short = tiny.settings(pretrain__optimiser__epochs=5)
    run = pretrain(tmp_path / "short", short, tiny.Made(8), tiny.Made(2, 1), method="multi3net", accelerator="cpu")
    assert "not converged" in {f.code for f in diagnose_run(run.path).findings}
    main(["runs", "diagnose", str(run.path)])
    lines = capsys.readouterr().out.splitlines()
    for f in diagnose_run(run.path).findings:
        at = lines.index(f"{f.severity}: {f.title}")
        assert lines[at + 1 : at + 4] == [f"  seen: {f.seen}", f"  means: {f.means}", f"  try: {f.advice}"]
    assert "after 5 epochs" in lines[-1]
    with pytest.raises(SystemExit):
        main(["runs", "diagnose", str(tmp_path / "nothing")])
    assert "nothing" in capsys.readouterr().err
    lazy = tiny.settings(pretrain__optimiser__epochs=6, pretrain__optimiser__learning_rate=1e-9)
    run = pretrain(tmp_path / "lazy", lazy, tiny.Made(), tiny.Made(2, 1), method="multi3net", accelerator="cpu")
    assert "stuck" in {f.code for f in diagnose_run(run.path).findings}
