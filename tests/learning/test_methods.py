"""The table of methods: nine of ours through the door, a stranger's beside them."""

import pytest
import torch

from m3n_studio.errors import UnknownName, ValueProblem
from m3n_studio.learning.builtin import register
from m3n_studio.learning.classical import Forest
from m3n_studio.learning.config import load_preset
from m3n_studio.learning.methods import DataShape, Method, find_method, methods
from m3n_studio.learning.models.classifier import Outputs
from m3n_studio.learning.objectives import Objectives
from m3n_studio.plugins import Door
from tests.learning.batches import batch

SHAPE = DataShape(24, ("left_wrist", "right_wrist"), 3)
NAMES = (
    "deepconvlstm", "base", "reconstruction", "contrastive", "multi3net", "multi3net_plus", "linear", "minirocket",
    "forest",
)  # fmt: skip


def test_the_nine_come_through_the_door():
    assert tuple(methods())[:9] == NAMES
    assert methods(Door()) == {}
    assert find_method("multi3net_plus").pretrained
    with pytest.raises(UnknownName, match="did you mean 'multi3net_plus'"):
        find_method("multi3net_pluss")


@pytest.mark.parametrize("name", NAMES)
def test_every_method_builds_what_it_says(name):
    method, model = find_method(name), load_preset("smoke").model
    if method.family == "classical":
        assert method.estimator(3).seed == 3
        with pytest.raises(ValueProblem, match="no network"):
            method.network(model, SHAPE)
        return
    out = method.network(model, SHAPE)(torch.randn(2, 2, 6, 24))
    assert isinstance(out, Outputs)
    assert out.logits.shape == (2, 3)
    assert (out.gates is not None) == (name == "multi3net_plus")
    if method.pretrained:
        joint = method.joint(model, SHAPE, 12)(batch(3))
        assert (joint.from_pose is not None) == method.objectives.pose2imu
        assert (joint.text is not None) == method.objectives.contrastive
        assert (joint.from_imu is not None) == method.objectives.reconstruction
    else:
        with pytest.raises(ValueProblem, match="not pretrained"):
            method.joint(model, SHAPE, 12)


def test_what_each_is_pretrained_on():
    assert find_method("base").objectives is None
    assert find_method("reconstruction").objectives == Objectives(contrastive=False, pose2imu=False)
    assert find_method("contrastive").objectives == Objectives(pose2imu=False, reconstruction=False)
    assert find_method("multi3net").objectives == find_method("multi3net_plus").objectives == Objectives()


@pytest.mark.parametrize("name", ["deepconvlstm", "base", "multi3net_plus"])
@pytest.mark.parametrize(
    ("setting", "value"),
    [("model.imu.width", 64), ("model.classifier.width", 16), ("model.deepconvlstm.filters", 8)],
)
def test_a_network_follows_the_settings_that_concern_its_method(name, setting, value):
    method, config = find_method(name), load_preset("smoke")
    before, after = (
        {n: w.shape for n, w in method.network(c.model, SHAPE).state_dict().items()}
        for c in (config, config.with_({setting: value}))
    )
    assert method.concerned(setting) >= (before != after)  # pretrained methods are concerned by everything


def test_a_method_from_scratch_is_not_concerned_by_pretraining():
    for name, method in methods().items():
        assert method.concerned("windows.rate_hz"), name
        assert method.concerned("pretrain.optimiser.epochs") == method.pretrained, name
        assert method.concerned("finetune.optimiser.epochs") == (method.family == "neural"), name


def test_a_plugins_method_stands_beside_ours():
    door = Door()
    register(door)
    door.add("method", "grove", Method("grove", "Grove", "", "classical", "m3n_studio.learning.classical:Forest"))
    assert isinstance(find_method("grove", door).estimator(0), Forest)
    assert tuple(methods(door)) == (*NAMES, "grove")
