"""Networks of the shipped methods, built from a configuration and the shape of the data."""

from __future__ import annotations

from m3n_studio.learning.methods import DataShape
from m3n_studio.learning.model_config import ModelConfig
from m3n_studio.learning.models.classifier import Classifier
from m3n_studio.learning.models.deepconvlstm import DeepConvLstm
from m3n_studio.learning.models.linear import LinearProbe


def plain(config: ModelConfig, shape: DataShape) -> Classifier:
    """IMU encoders and the plain head."""
    return Classifier(config, shape.samples, shape.placements, shape.classes, mixed=False)


def mixed(config: ModelConfig, shape: DataShape) -> Classifier:
    """IMU encoders and the mixture of experts."""
    return Classifier(config, shape.samples, shape.placements, shape.classes, mixed=True)


def linear(config: ModelConfig, shape: DataShape) -> LinearProbe:
    """IMU encoders and one linear layer on their embeddings."""
    return LinearProbe(config, shape.samples, shape.placements, shape.classes)


def deepconvlstm(config: ModelConfig, shape: DataShape) -> DeepConvLstm:
    """The convolutional and recurrent baseline."""
    return DeepConvLstm(config.deepconvlstm, shape.samples, shape.placements, shape.classes)
