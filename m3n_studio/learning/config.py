"""Configurations of learning: windows, model, pretraining, finetuning, text; presets shipped as TOML.

Defaults are the paper's where it states them and the published code's where it does not; each
description says which choice is ours. ``load_preset("small", {"pretrain.optimiser.epochs": 3})``
is the usual way in. Nothing here imports torch.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from m3n_studio.errors import FileError, UnknownName
from m3n_studio.learning.model_config import ModelConfig
from m3n_studio.learning.objectives import NAME
from m3n_studio.learning.settings import SettingProblem, Settings, setting
from m3n_studio.resources import resource

__all__ = [
    "BodiesConfig",
    "FinetuneConfig",
    "LearningConfig",
    "LossConfig",
    "ModelConfig",
    "OptimiserConfig",
    "PretrainConfig",
    "SettingProblem",
    "TextConfig",
    "WarmStartConfig",
    "WindowSpec",
    "load_preset",
    "preset_names",
    "read_config",
    "write_config",
]

VERSION = 1
_LARGEST_FILE = 1_000_000

Negatives = Literal["negative", "text-pairs", "all-pairs"]


class WindowSpec(Settings):
    """How recordings and clips are cut into windows; one rate for pretraining and finetuning."""

    length_s: float = setting(2.0, "Length of a window", unit="s", gt=0.0, le=600.0)
    stride_s: float = setting(1.0, "From the start of one window to the next", unit="s", gt=0.0, le=600.0)
    rate_hz: float = setting(60.0, "Sampling rate everything is brought to", unit="Hz", gt=1.0, le=2000.0)
    purity: float = setting(0.6, "Least share of a window its label must cover", gt=0.0, le=1.0)
    placements: tuple[str, ...] = setting(
        ("left_wrist", "right_wrist"), "Where sensors sit; one encoder each", min_length=1
    )
    missing: Literal["mask", "drop"] = setting(
        "mask", "A window for which some placement has no signal is kept with that placement masked, or dropped"
    )
    null_labels: tuple[str, ...] = setting(
        ("null", "none", "undefined", "unknown"), "Labels (any case) that mean no class; time without a label counts so"
    )
    null: Literal["drop", "class"] = setting("drop", "Windows of no class are left out, or are a class called null")

    @property
    def samples(self) -> int:
        """Samples a window (T)."""
        return round(self.length_s * self.rate_hz)

    @property
    def stride(self) -> int:
        """Samples from one window's start to the next's, at least 1."""
        return max(1, round(self.stride_s * self.rate_hz))

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.samples < 4 or self.samples > 100_000:
            raise ValueError(f"a window needs 4 to 100000 samples; length_s x rate_hz gives {self.samples}")
        if len(set(self.placements)) != len(self.placements):
            raise ValueError("placements must be distinct")
        return self


class LossConfig(Settings):
    """The pretraining loss: InfoNCE over pairs of modalities, two mean squared errors, further objectives."""

    temperature: float = setting(0.07, "Temperature of InfoNCE", gt=0.0, le=10.0)
    symmetric: bool = setting(False, "Average both directions of a pair; eq. 3 has one")
    text: bool = setting(True, "Text takes part in the contrast (eq. 5); Fig. 4's caption leaves it out")
    same_text: Negatives = setting(
        "negative",
        "Other windows with the same text: negatives (the paper), left out of the pairs with text, or of all pairs",
    )
    same_clip: Negatives = setting(
        "negative", "Other windows of the same clip: negatives (the paper), left out of text's pairs, or of all pairs"
    )
    contrastive: float = setting(1.0, "Weight of the contrast", ge=0.0)
    pose2imu: float = setting(1.0, "Weight of Pose2IMU's mean squared error", ge=0.0)
    reconstruction: float = setting(1.0, "Weight of the reconstruction's mean squared error", ge=0.0)
    weights: dict[Annotated[str, Field(pattern=NAME)], Annotated[float, Field(ge=0.0)]] = setting(
        dict, "Weights of a method's further objectives by name, at least 0; 1 where one is not named"
    )


class OptimiserConfig(Settings):
    """Adam and when to stop."""

    epochs: int = setting(300, "Most epochs", ge=1, le=100_000)
    batch: int = setting(32, "Windows a step", ge=2, le=65_536)
    least_steps: int = setting(
        1, "Fewest steps an epoch: few windows are gone through several times (ours; 1 is the paper's)", ge=1, le=10_000
    )
    learning_rate: float = setting(1e-3, "Adam's step", gt=0.0, le=10.0)
    weight_decay: float = setting(0.0, "Decoupled weight decay; 0 is plain Adam", ge=0.0, le=10.0)
    schedule: Literal["plateau", "cosine"] = setting(
        "plateau",
        "The step shrinks at plateaus, training stops early and the best epoch is kept (the paper); or the step falls "
        "along half a cosine to nothing over all epochs and the last is kept, whatever validation says (ours)",
    )
    plateau_patience: int = setting(15, "Epochs without improvement before the step shrinks", ge=0)
    plateau_factor: float = setting(0.1, "By what it shrinks", gt=0.0, lt=1.0)
    stop_patience: int = setting(30, "Epochs without improvement before training stops", ge=1)
    clip_norm: float = setting(0.0, "Longest gradient; 0 does not clip (the paper says nothing)", ge=0.0)


class BodiesConfig(Settings):
    """What is drawn anew for every synthetic window."""

    vary_shape: bool = setting(True, "A new body every time a window is drawn")
    population: str = setting("", "Population bodies are drawn from (a file or a name); empty: the model's own spread")
    mirror: bool = setting(False, "Every clip also as its mirror image, left and right exchanged (ours)")
    tilt_deg: float = setting(15.0, "Largest tilt of a sensor against its mounting", unit="deg", ge=0.0, le=90.0)
    turn_deg: float = setting(
        15.0, "Largest turn of a sensor in its plane; 180 where it is not known how it is worn",
        unit="deg", ge=0.0, le=180.0,
    )  # fmt: skip
    either_way: bool = setting(False, "A sensor may also sit the other way round, turned by half a turn (ours)")
    shift_m: float = setting(0.02, "Largest shift along the limb", unit="m", ge=0.0, le=0.3)
    device: str = setting("smartwatch", "Device errors put on the signals; ideal puts none")


class PretrainConfig(Settings):
    """Pretraining."""

    optimiser: OptimiserConfig = setting(OptimiserConfig, "Adam and when to stop")
    loss: LossConfig = setting(LossConfig, "The loss")
    bodies: BodiesConfig = setting(BodiesConfig, "Augmentation of synthetic windows")
    share: float = setting(1.0, "Share of the clips used", gt=0.0, le=1.0)
    validation: float = setting(0.1, "Share of clips kept for validation", ge=0.0, lt=1.0)
    seed: int = setting(0, "Everything drawn follows from it", ge=0, lt=2**32)
    snapshots: int = setting(
        128, "Windows of validation kept as embeddings after every epoch, to see modalities come together; 0: none",
        ge=0, le=256,
    )  # fmt: skip


class WarmStartConfig(Settings):
    """A start in closed form for a pretrained encoder with few labels (ours; linear probing before finetuning).

    The network's straight way from standardised embeddings to the answer begins as the logistic
    regression the labelled windows give, with the encoder as it was pretrained. Nothing need be
    stopped, so that nobody validates: as with classical methods, all users not tested are learned from.
    """

    use: bool = setting(False, "Start so; only methods with a pretrained encoder and a straight way can")
    penalty: float = setting(
        20.0, "Half of it times the weights' squares is added to the summed cross-entropy", gt=0.0, le=1e9
    )
    unlabelled: float = setting(
        0.0, "What all unlabelled windows of the users learned from weigh together, as a multiple of the labelled "
        "ones; they count as what the regression says of them (self-training); 0 leaves them out", ge=0.0, le=100.0,
    )  # fmt: skip
    copies: int = setting(
        0, "How often each labelled window counts again as a strap turned at random would give it", ge=0, le=100
    )
    turn_deg: float = setting(20.0, "By how much at most such a strap is turned", unit="deg", ge=0.0, le=180.0)
    refine: OptimiserConfig = setting(
        OptimiserConfig(epochs=20, learning_rate=1e-3, schedule="cosine"),
        "What is trained after it, as freeze allows; half of the epochs count as the plateau",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.refine.schedule != "cosine":
            raise ValueError("refine.schedule must be cosine: nobody validates after a warm start")
        return self


class FinetuneConfig(Settings):
    """Finetuning and its folds."""

    optimiser: OptimiserConfig = setting(OptimiserConfig, "Adam and when to stop")
    method: str = setting("multi3net_plus", "Name of a method")
    freeze: Literal["never", "always", "until-plateau"] = setting(
        "until-plateau", "The encoder learns from the start, not at all, or once the loss has stopped falling"
    )
    folds: Literal["users5", "leave-one-out", "time5"] = setting(
        "users5", "Users in five groups, each user alone, or other times of the same people where there are too few"
    )
    validation_users: int = setting(1, "Users kept for validation, of those not tested", ge=0, le=1000)
    placements: tuple[str, ...] = setting((), "Which of the windows' placements are worn; empty for all")
    labels_per_class: int = setting(0, "Labelled windows a class to train on; 0 for all", ge=0)
    normalise: Literal["pretrained", "fitted"] = setting(
        "pretrained", "A pretrained encoder sees the units of its pretraining, or windows normalised by training users"
    )
    warm_start: WarmStartConfig = setting(WarmStartConfig, "A start in closed form")
    class_weights: bool = setting(False, "Weight classes against their frequency in training (ours)")
    seed: int = setting(0, "Everything drawn follows from it", ge=0, lt=2**32)


class TextConfig(Settings):
    """From words to sentence embeddings."""

    encoder: str = setting("minilm", "instructor, minilm or hashing")
    pooled: bool = setting(True, "One vector a sentence (the code), or its last hidden sequence (the paper)")
    instruction: str = setting(
        "Represent the human activity sentence for clustering:", "What an instructed encoder is told"
    )
    templates: str = setting("", "File with templates; empty for the shipped ones")
    most_tokens: int = setting(64, "Longest sequence kept", ge=1, le=512)
    download: bool = setting(False, "May fetch an encoder that is not here")


class LearningConfig(Settings):
    """Everything of one run."""

    version: Literal[1] = setting(VERSION, "Of this layout")
    preset: str = setting("paper", "The preset it began as")
    windows: WindowSpec = setting(WindowSpec, "Windows")
    model: ModelConfig = setting(ModelConfig, "Model")
    pretrain: PretrainConfig = setting(PretrainConfig, "Pretraining")
    finetune: FinetuneConfig = setting(FinetuneConfig, "Finetuning")
    text: TextConfig = setting(TextConfig, "Text")

    @model_validator(mode="after")
    def _check(self) -> Self:
        unknown = set(self.finetune.placements) - set(self.windows.placements)
        if unknown:
            raise ValueError(f"finetune.placements has {min(unknown)!r}, which windows.placements has not")
        return self

    def changes(self) -> dict[str, tuple[Any, Any]]:
        """Settings that differ from the preset it began as, by dotted name: (the preset's, ours)."""
        return self.differences(load_preset(self.preset))


def preset_names() -> tuple[str, ...]:
    """Names of the shipped presets."""
    return tuple(sorted(path.stem for path in resource("presets").glob("*.toml")))


def load_preset(name: str, overrides: Mapping[str, Any] | None = None) -> LearningConfig:
    """A shipped preset, some of its settings changed.

    Parameters
    ----------
    name : str
        ``paper``, ``small`` or ``smoke``.
    overrides : mapping
        Dotted names to values, or tables within tables.
    """
    if name not in preset_names():
        raise UnknownName("preset", name, preset_names())
    config = read_config(resource("presets", f"{name}.toml"))
    return config.with_(overrides) if overrides else config


def read_config(path: str | Path) -> LearningConfig:
    """A configuration file; what it does not say is the paper's.

    Raises
    ------
    FileError
        Naming the setting at fault and, for an unknown name, the nearest valid one.
    """
    path = Path(path)
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise FileError(path, found="more than 1 MB", expected="a configuration")
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise FileError(path, found=f"it cannot be read ({error})", expected="a configuration in TOML") from error
    try:
        return LearningConfig.parse(data)
    except SettingProblem as error:
        raise FileError(path, field=error.field, found=str(error)) from error


def write_config(path: str | Path, config: LearningConfig) -> None:
    """Write a configuration whole, every setting spelled out."""
    import tomli_w

    from m3n_studio.atomic import atomic

    with atomic(Path(path)) as part:
        part.write_text(tomli_w.dumps(config.model_dump(mode="json")), encoding="utf-8")
