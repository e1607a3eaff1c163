"""IMU encoders and further objectives built from their specs; what they must keep to is checked here, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from m3n_studio.errors import M3nError, ValueProblem
from m3n_studio.learning.contributed import ImuEncoderSpec, ObjectiveSpec, find_imu_encoder, find_objective
from m3n_studio.learning.model_config import ImuEncoderConfig, ModelConfig
from m3n_studio.plugins import load

if TYPE_CHECKING:
    from m3n_studio.learning.methods import DataShape

_TRIED = 2  # windows


def build_imu_encoder(config: ImuEncoderConfig, samples: int) -> nn.Module:
    """The encoder ``config.kind`` names, for windows of `samples`; its weights are drawn from torch's generator.

    Raises
    ------
    UnknownName
        Where nobody contributed it.
    ValueProblem
        Where it cannot be built, or does not give what an encoder must.
    """
    spec = find_imu_encoder(config.kind)
    encoder = _built("imu encoder", spec, config, samples)
    _try(spec, encoder, config, samples)
    return encoder


def build_objective(name: str, config: ModelConfig, shape: DataShape) -> nn.Module:
    """The further objective of that name; fails as :func:`build_imu_encoder` does."""
    return _built("objective", find_objective(name), config, shape)


def scalar(name: str, loss: Any) -> Tensor:
    """The loss of a further objective, as it is; `ValueProblem` where it is no scalar tensor."""
    if not isinstance(loss, Tensor) or loss.ndim:
        raise ValueProblem(f"objective {name!r} gives {_shape(loss)}, expected a loss ()")
    return loss


def _built(kind: str, spec: ImuEncoderSpec | ObjectiveSpec, *given: Any) -> nn.Module:
    who = f"{kind} {spec.name!r} ({spec.build})"
    try:
        module = load(spec.build)(*given)
    except M3nError:
        raise
    except Exception as error:  # a plugin may raise anything
        raise ValueProblem(f"{who} cannot be built: {type(error).__name__}: {error}") from error
    if not isinstance(module, nn.Module):
        raise ValueProblem(f"{who} gives a {type(module).__name__}, expected an nn.Module")
    return module


def _try(spec: ImuEncoderSpec, encoder: nn.Module, config: ImuEncoderConfig, samples: int) -> None:
    """Send two windows through an encoder in evaluation; it and torch's generator stay as they are."""
    who = f"imu encoder {spec.name!r} ({spec.build})"
    windows, modes = torch.zeros(_TRIED, 6, samples), [(part, part.training) for part in encoder.modules()]
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            found = encoder.eval()(windows)
    except Exception as error:  # a plugin may raise anything
        raise ValueProblem(f"{who} fails on windows {tuple(windows.shape)}: {type(error).__name__}: {error}") from error
    finally:
        for part, mode in modes:
            part.training = mode
    if not isinstance(found, tuple) or len(found) != 2:
        raise ValueProblem(f"{who} gives {_shape(found)}, expected a tuple of tokens and an embedding")
    for what, tensor, wanted in (
        ("tokens", found[0], (_TRIED, 6, config.width)), ("an embedding", found[1], (_TRIED, config.embedding)),
    ):  # fmt: skip
        if not isinstance(tensor, Tensor) or tuple(tensor.shape) != wanted:
            raise ValueProblem(f"{who}: for {_TRIED} windows {what} {wanted} expected; found {_shape(tensor)}")


def _shape(found: Any) -> str:
    return f"a tensor {tuple(found.shape)}" if isinstance(found, Tensor) else f"a {type(found).__name__}"
