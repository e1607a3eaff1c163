"""Networks: sizes, masks that change nothing, batch mates that change nothing, experts, learning a toy."""

import pytest
import torch
from torch import nn

from m3n_studio.errors import ValueProblem
from m3n_studio.learning.config import load_preset
from m3n_studio.learning.losses import squared_error
from m3n_studio.learning.model_config import ModelConfig
from m3n_studio.learning.models.classifier import Classifier, Experts, HybridHead, PlainHead, adopt, balance
from m3n_studio.learning.models.deepconvlstm import DeepConvLstm
from m3n_studio.learning.models.imu_encoder import ImuEncoders
from m3n_studio.learning.models.layers import DropPath, MaskedBatchNorm, sinusoid
from m3n_studio.learning.models.multi3net import Multi3Net, parameter_counts
from m3n_studio.learning.models.pose_encoder import PoseEncoder
from m3n_studio.learning.models.text_encoder import TextEncoder
from m3n_studio.learning.objectives import Objectives
from tests.learning.batches import BOTH, batch

SMOKE = load_preset("smoke").model
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def stirred(net, seed=0):
    """The network with every weight and running statistic away from its start, in evaluation."""
    make = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in net.parameters():
            tensor.add_(torch.randn(tensor.shape, generator=make) * 0.05)
        for module in net.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.3, generator=make)
                module.running_var.uniform_(0.5, 2, generator=make)
    return net.eval()


def test_the_papers_parameters_by_part():
    net = Multi3Net(load_preset("paper").model, 120, BOTH, 768)
    assert parameter_counts(net) == {
        "imu.left_wrist": 688_128,
        "imu.right_wrist": 688_128,
        "pose": 89_346_744,
        "text": 1_248_000,
        "pose2imu": 1_310_028,
        "reconstructor": 1_441_356,
        "total": 94_722_384,
    }
    head = Classifier(load_preset("paper").model, 120, BOTH, 5, mixed=True)
    counts = parameter_counts(head)
    assert counts["encoder.left_wrist"] == counts["encoder.right_wrist"] == 688_128
    assert counts["head"] == 1_127_720


def test_an_imu_encoders_parameters_add_up_by_hand():
    token, attention = 120 * 256 + 256, 256 * 768 + 768 + 256 * 256 + 256
    norm, embed = 2 * 256, 6 * 256 * 256 + 256
    net = ImuEncoders(ModelConfig().imu, 120, ("left_wrist",))
    assert parameter_counts(nn.ModuleDict({"imu": net}))["imu.left_wrist"] == token + attention + norm + embed


def test_h_has_six_tokens_a_placement_and_each_wrist_its_own_weights():
    net = stirred(ImuEncoders(ModelConfig().imu, 60, BOTH))
    imu = torch.randn(3, 2, 6, 60)
    tokens, embeddings = net(imu)
    assert tokens.shape == (3, 12, 256)
    assert embeddings.shape == (3, 2, 256)
    same = torch.stack([imu[:, 0], imu[:, 0]], dim=1)
    _, alike = net(same)
    assert not torch.allclose(alike[:, 0], alike[:, 1])


def test_sinusoids_are_the_usual_ones():
    at = sinusoid(6, 8)
    assert torch.allclose(at[:, 0], torch.sin(torch.arange(6.0)))
    assert at[3, 5] == pytest.approx(torch.cos(torch.tensor(3 / 10_000 ** (4 / 8))).item(), rel=1e-5)


@pytest.mark.parametrize("step", [1, 4])
def test_padded_frames_change_nothing_whatever_they_hold(step):
    config = SMOKE.pose.with_(frame_step=step)
    net = stirred(PoseEncoder(config, 24, 16))
    pose = torch.randn(3, 16, 52, 3)
    alone = net(pose)
    padded = torch.cat([pose, torch.full((3, 8, 52, 3), torch.nan)], dim=1)
    mask = torch.arange(24).expand(3, 24) < 16
    assert torch.allclose(net(padded, mask), alone, **CLOSE)
    assert not torch.allclose(net(torch.cat([pose, torch.zeros(3, 8, 52, 3)], dim=1)), alone, **CLOSE)


def test_padded_tokens_of_a_text_change_nothing_in_training_or_evaluation():
    torch.manual_seed(0)
    net = TextEncoder(SMOKE.text, 12, 16)
    text = torch.randn(4, 5, 12)
    longer = torch.cat([text, torch.full((4, 3, 12), torch.nan)], dim=1)
    mask = torch.arange(8).expand(4, 8) < 5
    for mode in (True, False):
        net.train(mode)
        assert torch.allclose(net(longer, mask), net(text), **CLOSE)
    assert net(text[:, 0]).shape == (4, 16)


def test_the_statistics_of_batch_norm_leave_masked_positions_out():
    x, mask = torch.randn(4, 3, 6), torch.rand(4, 6) > 0.4
    ours, theirs = MaskedBatchNorm(3), nn.BatchNorm1d(3)
    kept = theirs(x.transpose(1, 2)[mask])
    found = ours(torch.where(mask[:, None], x, torch.tensor(1e6)), mask)
    assert torch.allclose(found.transpose(1, 2)[mask], kept, **CLOSE)
    assert torch.allclose(ours.norm.running_var, theirs.running_var)
    assert (found.transpose(1, 2)[~mask] == 0).all()
    one = torch.zeros(4, 6, dtype=torch.bool)
    one[0, 0] = True
    assert torch.isfinite(ours(x, one)).all()


@pytest.mark.parametrize("mixed", [True, False])
def test_a_missing_wrist_changes_nothing_whatever_it_holds(mixed):
    torch.manual_seed(0)
    net = Classifier(SMOKE, 24, BOTH, 3, mixed=mixed)
    imu, mask = torch.randn(5, 2, 6, 24), torch.ones(5, 2, dtype=torch.bool)
    mask[1:4, 1] = False
    other = imu.clone()
    other[1:4, 1] = torch.nan
    for dropping in (net.eval(), net.train()):
        found = []
        for x in (imu, other):
            torch.manual_seed(3)
            found.append(dropping(x, mask))
        assert torch.equal(found[0].logits, found[1].logits)
        assert torch.isfinite(found[0].logits).all()
    assert (net(imu, mask).tokens[1:4, 6:] == 0).all()


def test_a_window_with_one_wrist_is_judged_as_by_a_network_of_one_wrist():
    torch.manual_seed(0)
    both = stirred(Classifier(SMOKE, 24, BOTH, 3, mixed=True))
    left = Classifier(SMOKE, 24, ("left_wrist",), 3, mixed=True).eval()
    adopt(left.encoder, both.state_dict())
    left.head.load_state_dict(both.head.state_dict())
    imu = torch.randn(5, 2, 6, 24)
    mask = torch.tensor([[True, False]] * 5)
    assert torch.allclose(both(imu, mask).logits, left(imu[:, :1]).logits, **CLOSE)


def networks():
    shape = {"samples": 24, "placements": BOTH, "classes": 3}
    yield Classifier(SMOKE, **shape, mixed=True)
    yield Classifier(SMOKE, **shape, mixed=False)
    yield DeepConvLstm(SMOKE.deepconvlstm, **shape)


@pytest.mark.parametrize("which", range(3))
def test_batch_mates_change_nothing_in_evaluation(which):
    torch.manual_seed(0)
    net = stirred(list(networks())[which])
    imu = torch.randn(6, 2, 6, 24)
    mask = torch.tensor([[True, True], [True, False], [False, True]] * 2)
    together = net(imu, mask)
    for i in range(6):
        alone = net(imu[i : i + 1], mask[i : i + 1])
        assert torch.allclose(together.logits[i], alone.logits[0], **CLOSE)
        assert torch.allclose(together.embedding[i], alone.embedding[0], **CLOSE)


def test_batch_mates_change_nothing_for_the_joint_model():
    data = batch(5)
    data.pose_mask[2, 10:] = False
    data.imu_mask[3, 1] = False
    net = stirred(Multi3Net(SMOKE, 24, BOTH, 12))
    together = net(data)
    for i in range(5):
        alone = net(type(data)(*(None if x is None else x[i : i + 1] for x in data)))
        for whole, one in zip(together[:5], alone[:5], strict=True):  # all but further objectives
            assert torch.allclose(whole[i], one[0], **CLOSE)


def test_gates_sum_to_one_and_top_k_keeps_k():
    torch.manual_seed(0)
    imu = torch.randn(4, 2, 6, 24)
    gates = Classifier(SMOKE, 24, BOTH, 3, mixed=True).eval()(imu).gates
    assert gates.shape == (4, 12, 4)
    assert torch.allclose(gates.sum(-1), torch.ones(4, 12))
    assert (gates > 0).all()
    few = SMOKE.with_({"classifier.top_k": 2})
    gates = Classifier(few, 24, BOTH, 3, mixed=True).eval()(imu).gates
    assert torch.allclose(gates.sum(-1), torch.ones(4, 12))
    assert ((gates > 0).sum(-1) == 2).all()


def test_the_answer_is_the_gated_sum_of_opinions():
    torch.manual_seed(0)
    net, h = Experts(8, 3, SMOKE.classifier).eval(), torch.randn(2, 5, 8)
    logits, gates = net(h)
    for b in range(2):
        for t in range(5):
            score = torch.softmax(net.gate.weight @ h[b, t], dim=0)
            said = sum(g * opinion(h[b, t]) for g, opinion in zip(score, net.experts, strict=True))
            assert torch.allclose(logits[b, t], said, **CLOSE)
            assert torch.allclose(gates[b, t], score, **CLOSE)


def test_one_expert_is_the_plain_head_exactly():
    one = SMOKE.classifier.with_(experts=1)
    torch.manual_seed(5)
    plain = HybridHead(one, 32, 3, mixed=False)
    torch.manual_seed(5)
    mixed = HybridHead(one, 32, 3, mixed=True)
    assert isinstance(plain.decide, PlainHead)
    tokens = torch.randn(4, 12, 32)
    for training in (True, False):
        plain.train(training), mixed.train(training)
        torch.manual_seed(7)
        first = plain(tokens)
        torch.manual_seed(7)
        second = mixed(tokens)
        assert torch.equal(first.logits, second.logits)
        assert (second.gates == 1).all()


def test_load_balance_is_one_when_even_and_the_number_of_experts_when_not():
    even = torch.eye(4)[None]
    assert balance(even).item() == pytest.approx(1.0)
    uneven = torch.zeros(1, 6, 4)
    uneven[..., 2] = 1
    assert balance(uneven).item() == pytest.approx(4.0)
    masked = torch.cat([even, torch.zeros(1, 4, 4)], dim=1)
    assert balance(masked).item() == pytest.approx(1.0)
    net = Classifier(SMOKE.with_({"classifier.load_balance": 0.5}), 24, BOTH, 3, mixed=True)
    loss = net.extra_loss(net(torch.randn(4, 2, 6, 24)))
    loss.backward()
    assert loss.item() > 0
    assert net.head.decide.gate.weight.grad.abs().sum() > 0


def test_a_pretrained_encoder_is_adopted_by_name_and_only_if_it_fits():
    torch.manual_seed(0)
    state = Multi3Net(SMOKE, 24, BOTH, 12, Objectives(contrastive=False, pose2imu=False)).state_dict()
    right = Classifier(SMOKE, 24, ("right_wrist",), 3, mixed=True)
    adopt(right.encoder, state)
    for name, value in right.encoder.of["right_wrist"].state_dict().items():
        assert torch.equal(value, state[f"imu.of.right_wrist.{name}"])
    with pytest.raises(ValueProblem, match="no encoder for 'ankle'"):
        adopt(Classifier(SMOKE, 24, ("ankle",), 3, mixed=True).encoder, state)
    with pytest.raises(ValueProblem, match=r"token\.weight.*rate, window length"):
        adopt(Classifier(SMOKE, 48, BOTH, 3, mixed=True).encoder, state)


def test_parts_a_method_does_not_need_are_not_built():
    alone = parameter_counts(Multi3Net(SMOKE, 24, BOTH, 12, Objectives(contrastive=False, pose2imu=False)))
    assert set(alone) == {"imu.left_wrist", "imu.right_wrist", "reconstructor", "total"}
    with pytest.raises(ValueProblem, match="at least one"):
        Objectives(contrastive=False, pose2imu=False, reconstruction=False)


@pytest.mark.parametrize("samples", [24, 29, 120])
def test_decoders_give_windows_of_any_length(samples):
    net = Multi3Net(SMOKE, samples, BOTH, 12)
    joint = net(batch(3, samples=samples))
    assert joint.from_pose.shape == joint.from_imu.shape == (3, 2, 6, samples)


def test_reconstruction_of_a_learnable_toy_goes_to_zero():
    torch.manual_seed(0)
    config = SMOKE.with_({"decoder.dropout": 0.0, "imu.position_dropout": 0.0, "imu.attention_dropout": 0.0})
    net = Multi3Net(config, 24, BOTH, 12, Objectives(contrastive=False, pose2imu=False))
    t = torch.linspace(0, 6.28, 24)
    phase = torch.rand(8, 1, 1, 1) * 6.28 + torch.arange(12).view(1, 2, 6, 1)
    data = batch(8)._replace(imu=torch.sin(t + phase))
    steps = torch.optim.Adam(net.parameters(), 5e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(steps, 300)
    first = None
    for _ in range(300):
        loss = squared_error(net(data).from_imu, data.imu, data.imu_mask)
        first = first or loss.item()
        steps.zero_grad()
        loss.backward()
        steps.step()
        schedule.step()
    assert first > 0.4
    assert loss.item() < 2e-3


def test_deepconvlstm_wants_windows_longer_than_its_kernels():
    with pytest.raises(ValueProblem, match="longer than 16"):
        DeepConvLstm(SMOKE.deepconvlstm, 16, BOTH, 3)


def test_drop_path_keeps_the_mean_and_does_nothing_in_evaluation():
    torch.manual_seed(0)
    path = DropPath(0.25)
    x = torch.ones(20_000, 2)
    assert path(x).mean().item() == pytest.approx(1.0, abs=0.02)
    assert torch.equal(path(x)[:, 0], path(x)[:, 0]) is False
    assert torch.equal(path.eval()(x), x)
