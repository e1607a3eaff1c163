"""Sizes of the networks: encoders, decoders, classifier, DeepConvLSTM. Defaults are the paper's; no torch here."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from m3n_studio.learning.settings import Settings, setting


class ImuEncoderConfig(Settings):
    """One wrist's encoder: channels as tokens, H in R^(6 x width), and an embedding."""

    kind: str = setting(
        "attention", "Name of an IMU encoder: attention is the paper's, plugins may bring others", min_length=1
    )
    width: int = setting(256, "Width of a token", ge=8, le=4096)
    heads: int = setting(8, "Attention heads", ge=1, le=64)
    embedding: int = setting(256, "Width of every modality's embedding", ge=8, le=4096)
    position_dropout: float = setting(0.3, "Dropout after the position is added", ge=0.0, lt=1.0)
    attention_dropout: float = setting(0.1, "Dropout of attention weights", ge=0.0, lt=1.0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"width must be a multiple of heads; found {self.width} and {self.heads}")
        return self


class PoseEncoderConfig(Settings):
    """PoseFormer over 22 body and 30 hand joints."""

    joint_width: int = setting(32, "Width of a joint's token (52 of them make a frame)", ge=4, le=128)
    spatial_blocks: int = setting(4, "Blocks of attention between joints", ge=1, le=16)
    temporal_blocks: int = setting(4, "Blocks of attention between frames", ge=1, le=16)
    spatial_heads: int = setting(8, "Heads between joints", ge=1, le=64)
    temporal_heads: int = setting(8, "Heads between frames", ge=1, le=64)
    mlp_ratio: float = setting(2.0, "Hidden width of a block's MLP as a multiple", gt=0.0, le=8.0)
    drop_path: float = setting(0.2, "Share of paths dropped in the last block; grows from 0", ge=0.0, lt=1.0)
    frame_step: int = setting(1, "Every n-th frame is looked at (1 in the paper; more is cheaper)", ge=1, le=64)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.joint_width % self.spatial_heads:
            raise ValueError(f"joint_width must be a multiple of spatial_heads; found {self.joint_width}")
        if self.joint_width * 52 % self.temporal_heads:
            raise ValueError("52 x joint_width must be a multiple of temporal_heads")
        return self


class TextEncoderConfig(Settings):
    """Trainable layers above the sentence embedding."""

    blocks: int = setting(3, "Residual convolution blocks", ge=1, le=16)
    width: int = setting(256, "Channels of a block", ge=8, le=4096)
    kernel: int = setting(3, "Kernel along the sequence; odd", ge=1, le=31)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.kernel % 2 == 0:
            raise ValueError("kernel must be odd")
        return self


class DecoderConfig(Settings):
    """Transposed convolutions of Pose2IMU and of the IMU reconstructor."""

    channels: tuple[int, int, int] = setting((256, 128, 64), "Channels of the three blocks")
    kernel: int = setting(3, "Kernel; odd", ge=1, le=31)
    dropout: float = setting(0.1, "Dropout after each block", ge=0.0, lt=1.0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.kernel % 2 == 0:
            raise ValueError("kernel must be odd")
        if min(self.channels) < 1 or max(self.channels) > 4096:
            raise ValueError("channels must be 1 to 4096")
        return self


class ClassifierConfig(Settings):
    """The hybrid head: convolution, two attention stages, experts."""

    experts: int = setting(8, "Experts of Multi3Net+; one is the plain head", ge=1, le=64)
    expert_width: int = setting(128, "Hidden width of an expert (ours; the paper does not say)", ge=1, le=4096)
    width: int = setting(0, "Tokens are brought to this width first (ours); 0 keeps the encoder's", ge=0, le=4096)
    straight: bool = setting(
        False,
        "The standardised embeddings also reach the answer by one linear layer beside the head, which then begins "
        "by adding nothing (ours)",
    )
    straight_from: Literal["embedding", "tokens"] = setting(
        "embedding", "What goes the straight way: embeddings alone, or the encoder's six tokens H beside them (ours)"
    )
    heads: int = setting(8, "Attention heads", ge=1, le=64)
    stages: int = setting(2, "Attention stages", ge=1, le=8)
    kernel: int = setting(3, "Kernel of the convolution over tokens; odd", ge=1, le=5)
    dropout: float = setting(0.1, "Dropout of attention and experts (ours)", ge=0.0, lt=1.0)
    top_k: int = setting(0, "Experts kept for a token, gates renormalised; 0 keeps all (the paper)", ge=0, le=64)
    load_balance: float = setting(0.0, "Weight of the loss that evens out the experts' use; 0 in the paper", ge=0.0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.top_k > self.experts:
            raise ValueError(f"top_k must not exceed experts; found {self.top_k} and {self.experts}")
        if self.kernel % 2 == 0:
            raise ValueError("kernel must be odd")
        return self


class DeepConvLstmConfig(Settings):
    """The baseline DeepConvLSTM."""

    layers: int = setting(4, "Convolutions", ge=1, le=8)
    filters: int = setting(64, "Filters", ge=1, le=1024)
    kernel: int = setting(5, "Kernel over time", ge=1, le=63)
    lstm_layers: int = setting(2, "LSTM layers", ge=1, le=4)
    lstm_width: int = setting(128, "Units of an LSTM", ge=1, le=2048)
    dropout: float = setting(0.5, "Dropout", ge=0.0, lt=1.0)


class ModelConfig(Settings):
    """Sizes of every part."""

    imu: ImuEncoderConfig = setting(ImuEncoderConfig, "IMU encoder, one a placement")
    pose: PoseEncoderConfig = setting(PoseEncoderConfig, "Pose encoder")
    text: TextEncoderConfig = setting(TextEncoderConfig, "Text encoder")
    decoder: DecoderConfig = setting(DecoderConfig, "Pose2IMU decoder and IMU reconstructor")
    classifier: ClassifierConfig = setting(ClassifierConfig, "Classifier")
    deepconvlstm: DeepConvLstmConfig = setting(DeepConvLstmConfig, "DeepConvLSTM")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.classifier.width or self.imu.width) % self.classifier.heads:
            raise ValueError("classifier.heads must divide classifier.width, or imu.width where that is 0")
        return self
