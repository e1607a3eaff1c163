"""Runs made for the tests: a pretraining and a finetuning of the smoke preset, as small as they get."""

from m3n_studio.learning.config import load_preset
from m3n_studio.learning.finetune import finetune
from m3n_studio.learning.motion_batches import batches_of
from m3n_studio.learning.motion_set import clips_to_set
from m3n_studio.learning.pretrain import pretrain
from tests.learning import made
from tests.learning.motions import clip

SMOKE = load_preset("smoke").with_(
    {
        "pretrain.optimiser.epochs": 1,
        "pretrain.optimiser.batch": 4,
        "finetune.optimiser.epochs": 1,
        "windows.length_s": 1.0,
        "windows.stride_s": 0.5,
        "windows.rate_hz": 32.0,
    }
)


def motions():
    """Three clips with words."""
    clips = [clip(text="waving"), clip(text="punching", seed=1, hz=2.0), clip(text="running", seed=2, hz=3.0)]
    return clips_to_set(clips, SMOKE.windows)


def pretrained(path, data=None):
    """A pretraining run; `data` is where it says its motions are."""
    made_from = {"motions": str(data)} if data else {}
    batches = batches_of(motions(), SMOKE)
    return pretrain(path, SMOKE, batches.train, batches.validation, made_from=made_from, accelerator="cpu")


def windows():
    """Windows of four people on both wrists."""
    return made.windows(dict.fromkeys("abcd", (4, 4)), placements=SMOKE.windows.placements, samples=32, rate_hz=32.0)


def finetuned(path, before=None, method="multi3net_plus", data=None):
    """A finetuning run."""
    config = SMOKE.with_({"finetune.method": method})
    made_from = {"recordings": str(data)} if data else {}
    return finetune(path, config, windows(), pretrained=before, made_from=made_from, accelerator="cpu")
