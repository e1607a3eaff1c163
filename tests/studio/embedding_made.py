"""A small project with a pretrained and a finetuned model, for the tests of the Embedding view."""

import numpy as np

from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier
from m3n_studio.learning.finetune import finetune
from m3n_studio.learning.windows import cut
from m3n_studio.project import Project
from m3n_studio.project.training_data import labelled_recordings
from m3n_studio.recordings.signal import Signal
from tests.learning import runs

CLASSES = (LabelClass("shake", "#4c9be8", "s", id="shake"), LabelClass("rest", "#e8a14c", "r", id="rest"))
TIER = Tier("activity", classes=CLASSES, id="tier")
SECONDS, PEOPLE = 12.0, ("P1", "P2", "P3", "P4", "P5")


def signal(name, seed, rate_hz=50.0):
    """Six seconds of shaking, then rest."""
    rng = np.random.default_rng(seed)
    t = np.arange(0, SECONDS, 1 / rate_hz)
    acc, gyr = rng.normal(0, 0.1, (len(t), 3)), rng.normal(0, 0.05, (len(t), 3))
    acc[:, 2] += 9.81
    busy = t < SECONDS / 2
    acc[busy] += 3 * np.sin(2 * np.pi * 2 * t[busy])[:, None]
    gyr[busy, 0] += 2 * np.cos(2 * np.pi * 2 * t[busy])
    return Signal(name, t, acc, gyr)


def study(folder):
    """Five people, a session each, both wrists, labelled; runs `before` and `after`."""
    with Project.create(folder) as project:
        project.add_label_set("labels", [TIER])
        for i, person in enumerate(PEOPLE):
            session = project.add_session("one", project.add_subject(person).id)
            for j, place in enumerate(("left_wrist", "right_wrist")):
                project.add_recording(session.id, signal(place, 10 * i + j), placement=place)
            labels = (Annotation("tier", "shake", 0.0, 6.0, "ana"), Annotation("tier", "rest", 6.0, 11.0, "ana"))
            project.annotate(session.id, Change("Given", (), labels))
        recordings = labelled_recordings(project)
    (folder / "runs").mkdir(exist_ok=True)
    runs.pretrained(folder / "runs" / "before")
    windows = cut(recordings, runs.SMOKE.windows)
    config = runs.SMOKE.with_({"finetune.method": "multi3net_plus"})
    finetune(folder / "runs" / "after", config, windows, pretrained=folder / "runs" / "before", accelerator="cpu")
    return folder
