"""What ships with the program in this layer, through the same door as anyone's. Imports nothing heavy."""

from __future__ import annotations

from m3n_studio.learning.contributed import IMU_ENCODER, ImuEncoderSpec
from m3n_studio.learning.methods import Method
from m3n_studio.learning.objectives import Objectives
from m3n_studio.learning.sentences import SentenceEncoderSpec
from m3n_studio.plugins import Door

_HERE = "m3n_studio.learning"

METHODS = (
    Method("deepconvlstm", "DeepConvLSTM", "Convolutions and LSTM on the real signals alone.",
           "neural", f"{_HERE}.build:deepconvlstm", parts=("deepconvlstm",)),
    Method("base", "Base", "The network of Multi3Net from random weights.",
           "neural", f"{_HERE}.build:plain", parts=("imu", "classifier")),
    Method("reconstruction", "IMU reconstruction", "Pretrained to reconstruct synthetic signals.",
           "neural", f"{_HERE}.build:plain", Objectives(contrastive=False, pose2imu=False)),
    Method("contrastive", "Contrastive", "Pretrained by the contrast between text, pose and signals.",
           "neural", f"{_HERE}.build:plain", Objectives(pose2imu=False, reconstruction=False)),
    Method("multi3net", "Multi3Net", "Contrast, Pose2IMU and reconstruction; one head.",
           "neural", f"{_HERE}.build:plain", Objectives()),
    Method("multi3net_plus", "Multi3Net+", "Contrast, Pose2IMU and reconstruction; a mixture of experts.",
           "neural", f"{_HERE}.build:mixed", Objectives()),
    Method("linear", "Linear probe", "Contrast, Pose2IMU and reconstruction; one linear layer on the embeddings.",
           "neural", f"{_HERE}.build:linear", Objectives()),
    Method("minirocket", "MiniRocket", "Random convolutions and a ridge classifier.",
           "classical", f"{_HERE}.classical:MiniRocket"),
    Method("forest", "Random forest", "A forest on statistics of the window.",
           "classical", f"{_HERE}.classical:Forest"),
)  # fmt: skip

IMU_ENCODERS = (
    ImuEncoderSpec("attention", "Attention between channels", "The paper's: channels as tokens, one attention layer.",
                   f"{_HERE}.models.imu_encoder:ImuEncoder"),
)  # fmt: skip

ENCODERS = (
    SentenceEncoderSpec("instructor", "Instructor (large)", f"{_HERE}.sentences:instructor"),
    SentenceEncoderSpec("minilm", "MiniLM (all-MiniLM-L6-v2)", f"{_HERE}.sentences:minilm"),
    SentenceEncoderSpec("hashing", "Hashed words, no language model", f"{_HERE}.sentences:hashing"),
)


def register(door: Door) -> None:
    """Contribute the methods, the IMU encoder and the sentence encoders."""
    for method in METHODS:
        door.add("method", method.name, method)
    for imu_encoder in IMU_ENCODERS:
        door.add(IMU_ENCODER, imu_encoder.name, imu_encoder)
    for encoder in ENCODERS:
        door.add("sentence_encoder", encoder.name, encoder)
