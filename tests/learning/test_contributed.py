"""IMU encoders and objectives of a stranger: chosen, checked, trained, kept, resumed, and missed when they are gone."""

import pytest
import torch

from m3n_studio.errors import Cancelled, FileError, UnknownName, ValueProblem
from m3n_studio.learning import checkpoints
from m3n_studio.learning.config import load_preset
from m3n_studio.learning.contributed import ObjectiveSpec, find_imu_encoder, find_objective
from m3n_studio.learning.events import Step
from m3n_studio.learning.finetune import finetune
from m3n_studio.learning.foresee import foresee_finetune, foresee_pretrain
from m3n_studio.learning.losses import pretrain_loss
from m3n_studio.learning.methods import DataShape, Method, find_method
from m3n_studio.learning.models.imu_encoder import ImuEncoder, ImuEncoders
from m3n_studio.learning.models.multi3net import parameter_counts
from m3n_studio.learning.objectives import Objectives
from m3n_studio.learning.pretrain import open_pretrained, pretrain
from m3n_studio.learning.run_folder import RunFolder
from m3n_studio.learning.study_marks import for_pretraining, objectives_told, settings_mark, told
from m3n_studio.learning.trained import open_classifiers

from . import stranger, tiny
from .batches import BOTH, batch

SMOKE = load_preset("smoke").model
SHAPE = DataShape(24, BOTH, 0)
CONV = {"model__imu__kind": "convolutions"}


def pretrained(path, config=None, method="stranger", **more):
    config = config or tiny.settings(pretrain__loss__weights={"ssl_imu": 0.5}, **CONV)
    return pretrain(path, config, tiny.Made(3), tiny.Made(1, 1), method=method, accelerator="cpu", **more)


class TestEncoders:
    def test_the_papers_is_a_contribution_as_any_with_the_weights_it_always_had(self):
        assert find_imu_encoder("attention").build.endswith("imu_encoder:ImuEncoder")
        torch.manual_seed(1)
        plain = {name: ImuEncoder(SMOKE.imu, 24) for name in BOTH}
        drawn = torch.rand(1)
        torch.manual_seed(1)
        state = ImuEncoders(SMOKE.imu, 24, BOTH).state_dict()
        assert torch.equal(torch.rand(1), drawn)  # looking at what it gives draws nothing
        expected = {f"of.{p}.{n}": v for p, part in plain.items() for n, v in part.state_dict().items()}
        assert state.keys() == expected.keys()
        assert all(torch.equal(state[name], value) for name, value in expected.items())

    def test_the_settings_choose(self):
        with stranger.here():
            net = ImuEncoders(SMOKE.imu.with_(kind="convolutions"), 24, BOTH)
        part = net.of["right_wrist"]
        assert isinstance(part, stranger.Convolutions)
        assert all(module.training for module in part.modules())
        assert part.over_time[1].num_batches_tracked == 0  # what was looked at taught it nothing
        tokens, embeddings = net(torch.randn(3, 2, 6, 24), torch.tensor([[True, False]] * 3))
        assert (tokens.shape, embeddings.shape) == ((3, 12, 32), (3, 2, 32))
        assert (embeddings[:, 1] == 0).all()

    def test_an_unknown_one_offers_the_nearest(self):
        with pytest.raises(UnknownName, match="imu encoder 'atention': did you mean 'attention'"):
            ImuEncoders(SMOKE.imu.with_(kind="atention"), 24, BOTH)

    @pytest.mark.parametrize(
        ("kind", "words"),
        [
            ("narrow", r"'narrow'.*stranger:Narrow.*an embedding \(2, 32\) expected; found a tensor \(2, 31\)"),
            ("alone", r"'alone'.*gives a tensor \(2, 32\), expected a tuple of tokens and an embedding"),
            ("longer", r"'longer'.*fails on windows \(2, 6, 24\): RuntimeError"),
            ("missing", r"'missing'.*cannot be built: AttributeError"),
        ],
    )
    def test_one_that_does_not_keep_to_the_shapes_is_refused_when_it_is_built(self, kind, words):
        with stranger.here(), pytest.raises(ValueProblem, match=words):
            ImuEncoders(SMOKE.imu.with_(kind=kind), 24, BOTH)


class TestObjectives:
    @pytest.mark.parametrize("name", ["", "SSL", "a-b", "1st", "a.b", "loss", "contrastive", "a\n"])
    def test_names_that_files_and_tables_cannot_have_are_refused(self, name):
        for make in (lambda: ObjectiveSpec(name, "", "", ""), lambda: Objectives(more=(name,))):
            with pytest.raises(ValueProblem, match="an objective's name"):
                make()
        with pytest.raises(ValueProblem, match="distinct"):
            Objectives(more=("a", "a"))

    def test_only_who_asks_has_them(self):
        assert not [n for n in find_method("multi3net").joint(SMOKE, SHAPE, 12).state_dict() if n.startswith("more")]
        with stranger.here():
            net = find_method("stranger").joint(SMOKE, SHAPE, 12)
        assert set(parameter_counts(net)) == {
            "imu.left_wrist", "imu.right_wrist", "reconstructor", "more.ssl_imu", "more.apart", "total"
        }  # fmt: skip
        with pytest.raises(UnknownName, match="unknown objective 'ssl_imu'"):
            find_objective("ssl_imu")

    def test_their_losses_are_weighted_and_reach_their_modules_and_the_encoders(self):
        with stranger.here():
            net = find_method("stranger").joint(SMOKE, SHAPE, 12)
        data = batch(6)
        data.imu_mask[2, 1] = False
        data.imu[2, 1] = torch.nan  # whatever it holds
        config = load_preset("smoke").with_({"pretrain.loss.weights.ssl_imu": 0.25}).pretrain.loss
        total, terms = pretrain_loss(net(data)._replace(from_imu=None), data, BOTH, config, net.objectives)
        assert set(terms) == {"ssl_imu", "apart"}
        assert total.item() == pytest.approx(0.25 * terms["ssl_imu"].item() + terms["apart"].item(), rel=1e-5)
        terms["ssl_imu"].backward(retain_graph=True)
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.more["ssl_imu"].parameters())
        assert all(p.grad is None for p in net.imu.parameters())
        terms["apart"].backward()
        assert all(p.grad is not None for p in net.imu.parameters())

    def test_what_is_no_loss_or_no_module_is_refused(self):
        with stranger.here():
            net = find_method("vague").joint(SMOKE, SHAPE, 12)
            with pytest.raises(ValueProblem, match=r"'every_window' gives a tensor \(3,\), expected a loss \(\)"):
                net(batch(3))
            with pytest.raises(ValueProblem, match=r"'no_module'.*gives a str, expected an nn\.Module"):
                find_method("empty").joint(SMOKE, SHAPE, 12)


class TestBeforeARun:
    @pytest.mark.parametrize(
        ("method", "changes", "error", "words"),
        [
            ("stranger", {"model__imu__kind": "convolution"}, UnknownName, "did you mean 'convolutions'"),
            ("forgetful", {}, UnknownName, "objective 'ssl_imux': did you mean 'ssl_imu'"),
            ("stranger", {"pretrain__loss__weights": {"ssl": 1.0}}, ValueProblem, "'ssl', which stranger does not ask"),
            ("multi3net", {"pretrain__loss__weights": {"ssl_imu": 1.0}}, ValueProblem, r"asked for: \(none\)"),
        ],
    )
    def test_what_is_not_here_or_not_asked_for_is_said_before_anything_is_made(
        self, tmp_path, method, changes, error, words
    ):
        with stranger.here():
            config = tiny.settings(**changes)
            with pytest.raises(error, match=words):
                pretrained(tmp_path / "run", config, method)
            with pytest.raises(error, match=words):
                foresee_pretrain(config, tiny.Made(), method)
        assert not (tmp_path / "run").exists()

    def test_a_finetuning_asks_too_where_its_method_has_an_imu_encoder(self, tmp_path):
        config = tiny.settings(model__imu__kind="atention", finetune__optimiser__epochs=1)
        for run in (lambda: finetune(tmp_path / "run", config, tiny.windows()),
                    lambda: foresee_finetune(config, tiny.windows())):  # fmt: skip
            with pytest.raises(UnknownName, match="did you mean 'attention'"):
                run()
        assert not (tmp_path / "run").exists()
        foresee_finetune(config.with_({"finetune.method": "deepconvlstm"}), tiny.windows())


class TestRuns:
    def test_pretrained_resumed_adopted_and_opened_again(self, tmp_path):
        config = tiny.settings(finetune__method="stranger", finetune__freeze="always",
                               pretrain__loss__weights={"ssl_imu": 0.5}, **CONV)  # fmt: skip
        steps = []
        with stranger.here():
            whole = pretrained(tmp_path / "whole", config)
            with pytest.raises(Cancelled):
                pretrained(tmp_path / "cut", config, tell=lambda m: steps.append(m) if isinstance(m, Step) else None,
                           cancelled=lambda: len(steps) == 4)  # fmt: skip
            with pytest.raises(ValueProblem, match=r"pretrain\.loss\.weights = {'ssl_imu': 0\.5}, this one {}"):
                pretrained(tmp_path / "cut", tiny.settings(finetune__method="stranger", finetune__freeze="always",
                                                           **CONV), resume=True)  # fmt: skip
            pretrained(tmp_path / "cut", config, resume=True)
            ours, theirs = (checkpoints.load(tmp_path / n / "checkpoints/last.pt")["model"] for n in ("cut", "whole"))
            assert ours.keys() == theirs.keys()
            assert all(torch.equal(ours[name], theirs[name]) for name in ours)
            assert {"train/ssl_imu", "validation/ssl_imu", "train/apart"} <= set(whole.metrics["history"][0])

            found = open_pretrained(tmp_path / "whole")
            assert isinstance(found.model.more["ssl_imu"], stranger.AccGyr)
            before = find_method("stranger").joint(config.model, DataShape(tiny.SAMPLES, BOTH, 0), 12).state_dict()
            assert not torch.equal(before["more.ssl_imu.of.left_wrist.0.0.weight"],
                                   ours["more.ssl_imu.of.left_wrist.0.0.weight"])  # fmt: skip
            run = finetune(tmp_path / "fine", config, tiny.windows(), pretrained=tmp_path / "whole", accelerator="cpu")
            finetune(run.path, config, tiny.windows(), pretrained=tmp_path / "whole", accelerator="cpu", resume=True)
            network = open_classifiers(run.path)[0].network
            for name, value in network.encoder.state_dict().items():
                assert torch.equal(value, found.model.imu.state_dict()[name]), name  # frozen, so as it was adopted
            with pytest.raises(ValueProblem, match="kind is 'attention', that of pretraining 'convolutions'"):
                finetune(tmp_path / "other", tiny.settings(finetune__method="stranger"), tiny.windows(),
                         pretrained=tmp_path / "whole")  # fmt: skip

        missing = "the plugin the run was made with"
        for reopen in (open_pretrained, open_classifiers):  # the plugin is gone
            path = tmp_path / ("whole" if reopen is open_pretrained else "fine")
            with pytest.raises(FileError, match=f"unknown method 'stranger'.*{missing}"):
                reopen(path)
            assert RunFolder.open(path).config == config  # what it is can still be read

    def test_an_encoder_that_is_gone_is_named(self, tmp_path):
        config = tiny.settings(finetune__optimiser__epochs=1, pretrain__optimiser__epochs=1, **CONV)
        with stranger.here():
            finetune(tmp_path / "fine", config, tiny.windows(), accelerator="cpu")
            pretrained(tmp_path / "pre", config, "reconstruction")
        for reopen, path in ((open_pretrained, "pre"), (open_classifiers, "fine")):
            with pytest.raises(FileError, match=r"(pre|fine): unknown imu encoder 'convolutions'.*the plugin the run"):
                reopen(tmp_path / path)

    def test_an_objective_may_be_all_there_is(self, tmp_path):
        with stranger.here():
            run = pretrained(tmp_path / "run", tiny.settings(), "ssl_alone")
        history = run.metrics["history"]
        assert history[-1]["train/loss"] == history[-1]["train/ssl_imu"] < history[0]["train/ssl_imu"]


class TestStudies:
    def test_what_came_later_changes_no_digest_while_it_is_as_before(self):
        plain, method = load_preset("smoke"), find_method("multi3net")
        for name, other in (("model.imu.kind", "convolutions"), ("pretrain.loss.weights", {"ssl_imu": 1.0})):
            *path, last = name.split(".")
            table, changed = told(plain), told(plain.with_({name: other}))
            for step in path:
                table, changed = table[step], changed[step]
            assert last not in table
            assert changed[last] == other
        assert objectives_told(method) == "Objectives(contrastive=True, pose2imu=True, reconstruction=True)"
        other = plain.with_({"model.imu.kind": "convolutions"})
        assert settings_mark(other, method, "one") != settings_mark(plain, method, "one")

    def test_weights_are_of_who_asks_for_them(self):
        plain, weighted = (load_preset("smoke", w) for w in ({}, {"pretrain.loss.weights": {"ssl_imu": 2.0}}))
        own = Method("own", "Own", "", "neural", "", Objectives(more=("ssl_imu",)))
        assert for_pretraining(weighted, find_method("multi3net")) == for_pretraining(plain, find_method("multi3net"))
        assert for_pretraining(weighted, own).pretrain.loss.weights == {"ssl_imu": 2.0}
        for method, alike in ((find_method("multi3net"), True), (own, False)):
            assert (settings_mark(plain, method, "one") == settings_mark(weighted, method, "one")) == alike
