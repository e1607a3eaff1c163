"""The linear probe: learns what is in the embeddings, and a missing wrist changes nothing of the other's part."""

import pytest

torch = pytest.importorskip("torch")

from m3n_studio.learning.config import load_preset  # noqa: E402
from m3n_studio.learning.methods import DataShape, find_method  # noqa: E402
from m3n_studio.learning.models.classifier import adopt  # noqa: E402

SHAPE = DataShape(24, ("left_wrist", "right_wrist"), 3)


def network():
    torch.manual_seed(0)
    return find_method("linear").network(load_preset("smoke").model, SHAPE)


def test_a_missing_placement_counts_as_the_mean():
    net = network().eval()
    imu, mask = torch.randn(4, 2, 6, 24), torch.ones(4, 2, dtype=torch.bool)
    mask[:, 1] = False
    one = net(imu, mask)
    imu[:, 1] = 100.0
    torch.testing.assert_close(net(imu, mask).logits, one.logits)
    assert one.gates is None
    assert float(one.embedding.detach()[:, one.embedding.shape[1] // 2 :].abs().max()) == 0.0


def test_only_the_layer_learns_while_the_encoder_is_frozen():
    net = network()
    adopt(net.encoder, {f"encoder.{k}": v for k, v in network().encoder.state_dict().items()})
    net.encoder.requires_grad_(False)
    imu = torch.randn(30, 2, 6, 24) * 0.1
    label = torch.arange(30) % 3
    imu[torch.arange(30), 0, label] += 2.0
    optimiser = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], 0.05)
    before = [p.clone() for p in net.encoder.parameters()]
    for _ in range(150):
        loss = torch.nn.functional.cross_entropy(net(imu).logits, label)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert all(torch.equal(a, b) for a, b in zip(before, net.encoder.parameters(), strict=True))
    assert float(loss.detach()) < 0.2
    assert float(net.extra_loss(net(imu)).detach()) == 0.0
