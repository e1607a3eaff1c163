"""InfoNCE against a written-out double loop; what every pair reaches; what masks leave out."""

import math

import pytest
import torch

from m3n_studio.learning.config import LossConfig, load_preset
from m3n_studio.learning.losses import contrast, info_nce, pretrain_loss, squared_error
from m3n_studio.learning.models.multi3net import Joint, Multi3Net
from m3n_studio.learning.objectives import Objectives
from tests.learning.batches import BOTH, batch

SIX = {
    "text-pose", "text-left_wrist", "text-right_wrist", "pose-left_wrist", "pose-right_wrist", "left_wrist-right_wrist"
}  # fmt: skip


def cosine(a, b):
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return dot / math.sqrt(sum(x * x for x in a)) / math.sqrt(sum(y * y for y in b))


def written_out(q, k, tau, allowed=None):
    """Equation 3, sample by sample."""
    q, k = q.tolist(), k.tolist()
    total = 0.0
    for i in range(len(q)):
        own = math.exp(cosine(q[i], k[i]) / tau)
        others = 0.0
        for j in range(len(k)):
            if j != i and (allowed is None or allowed[i][j]):
                others += math.exp(cosine(q[i], k[j]) / tau)
        total -= math.log(own / (own + others))
    return total / len(q)


@pytest.mark.parametrize("tau", [0.07, 1.0])
def test_info_nce_is_the_written_out_double_loop(tau):
    torch.manual_seed(0)
    q, k = torch.randn(7, 5, dtype=torch.float64), 3 * torch.randn(7, 5, dtype=torch.float64)
    allowed = torch.rand(7, 7) > 0.4
    assert info_nce(q, k, temperature=tau).item() == pytest.approx(written_out(q, k, tau), rel=1e-10)
    both = (written_out(q, k, tau) + written_out(k, q, tau)) / 2
    assert info_nce(q, k, temperature=tau, symmetric=True).item() == pytest.approx(both, rel=1e-10)
    masked = info_nce(q, k, temperature=tau, allowed=allowed).item()
    assert masked == pytest.approx(written_out(q, k, tau, allowed.tolist()), rel=1e-10)
    two_way = info_nce(q, k, temperature=tau, symmetric=True, allowed=allowed).item()
    back = written_out(k, q, tau, allowed.T.tolist())
    assert two_way == pytest.approx((written_out(q, k, tau, allowed.tolist()) + back) / 2, rel=1e-10)


def test_nothing_to_contrast_is_zero_with_a_gradient():
    q = torch.randn(1, 4, requires_grad=True)
    loss = info_nce(q, torch.randn(1, 4))
    loss.backward()
    assert loss.item() == 0
    assert (q.grad == 0).all()


def joint_of(data, seed=0):
    torch.manual_seed(seed)
    n = len(data.imu)
    return Joint(torch.randn(n, 8), torch.randn(n, 8), torch.randn(n, 2, 8), None, None)


def test_the_six_pairs_of_equation_5_or_three_without_text():
    data = batch(6)
    assert set(contrast(joint_of(data), data, BOTH, LossConfig())) == SIX
    three = contrast(joint_of(data), data, BOTH, LossConfig(text=False))
    assert set(three) == {name for name in SIX if "text" not in name}


def test_every_pairs_gradient_reaches_both_its_encoders_and_no_other():
    model = load_preset("smoke").model
    data = batch(6)
    parts = {"text": "text.", "pose": "pose.", "left_wrist": "imu.of.left_wrist.", "right_wrist": "imu.of.right_wrist."}
    for pair in SIX:
        torch.manual_seed(0)
        net = Multi3Net(model, data.imu.shape[-1], BOTH, data.text.shape[-1], Objectives())
        contrast(net(data), data, BOTH, LossConfig())[pair].backward()
        for side, prefix in parts.items():
            moved = [p.grad.abs().sum().item() for n, p in net.named_parameters()
                     if n.startswith(prefix) and p.grad is not None]  # fmt: skip
            named = side in pair.split("-")
            assert (sum(moved) > 0) == named, (pair, side)
            if named:  # from its first layer on
                first = {"text": "text.blocks.0.conv.weight", "pose": "pose.body.weight"}.get(
                    side, prefix + "token.weight"
                )
                assert dict(net.named_parameters())[first].grad.abs().sum() > 0, (pair, first)


def test_shared_texts_and_clips_are_left_out_where_asked():
    data = batch(6)._replace(text_id=torch.tensor([0, 0, 1, 1, 2, 3]), clip_id=torch.tensor([0, 1, 2, 2, 3, 3]))
    joint = joint_of(data)
    plain = contrast(joint, data, BOTH, LossConfig())
    differ_text = (data.text_id[:, None] != data.text_id[None]).tolist()
    differ_both = (
        (data.text_id[:, None] != data.text_id[None]) & (data.clip_id[:, None] != data.clip_id[None])
    ).tolist()

    texts = contrast(joint, data, BOTH, LossConfig(same_text="text-pairs"))
    for pair in SIX:
        if "text" not in pair:
            assert texts[pair] == plain[pair]
    expected = written_out(joint.text, joint.pose, 0.07, differ_text)
    assert texts["text-pose"].item() == pytest.approx(expected, rel=1e-5)

    everywhere = contrast(joint, data, BOTH, LossConfig(same_text="all-pairs", same_clip="all-pairs"))
    expected = written_out(joint.pose, joint.imu[:, 1], 0.07, differ_both)
    assert everywhere["pose-right_wrist"].item() == pytest.approx(expected, rel=1e-5)


def test_windows_without_a_wrist_take_no_part_in_its_pairs():
    data = batch(6)
    data.imu_mask[2, 1] = data.imu_mask[4, 1] = False
    joint = joint_of(data)
    found = contrast(joint, data, BOTH, LossConfig())
    kept = torch.tensor([0, 1, 3, 5])
    expected = written_out(joint.pose[kept], joint.imu[kept, 1], 0.07)
    assert found["pose-right_wrist"].item() == pytest.approx(expected, rel=1e-5)
    everyone = written_out(joint.pose, joint.imu[:, 0], 0.07)
    assert found["pose-left_wrist"].item() == pytest.approx(everyone, rel=1e-5)


def test_squared_error_is_the_mean_over_what_is_there():
    imu, predicted = torch.randn(3, 2, 6, 5), torch.randn(3, 2, 6, 5)
    mask = torch.tensor([[True, False], [True, True], [False, True]])
    kept = (predicted - imu)[mask]
    assert squared_error(predicted, imu, mask).item() == pytest.approx(kept.square().mean().item(), rel=1e-5)
    assert squared_error(predicted, imu, torch.zeros_like(mask)).item() == 0


def test_the_total_is_the_weighted_sum_of_what_is_asked_for():
    data = batch(6)
    config = LossConfig(contrastive=0.5, pose2imu=2.0, reconstruction=3.0)
    for asked in (Objectives(), Objectives(contrastive=False, pose2imu=False), Objectives(pose2imu=False)):
        net = Multi3Net(load_preset("smoke").model, data.imu.shape[-1], BOTH, data.text.shape[-1], asked).eval()
        total, terms = pretrain_loss(net(data), data, BOTH, config, asked)
        weights = {"contrastive": 0.5, "pose2imu": 2.0, "reconstruction": 3.0}
        assert set(weights) & set(terms) == {name for name in weights if getattr(asked, name)}
        assert total.item() == pytest.approx(sum(weights[n] * terms[n].item() for n in weights if n in terms), rel=1e-5)
        if asked.contrastive:
            assert terms["contrastive"].item() == pytest.approx(sum(terms[pair].item() for pair in SIX), rel=1e-5)
