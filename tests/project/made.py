"""Small projects for the tests."""

import contextlib
import os

import numpy as np

from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier
from m3n_studio.project.store import Project
from m3n_studio.recordings.signal import Signal

#: Who is nobody in particular on this system.
NOBODY = 65534


def signal(n=1000, rate_hz=100.0, seed=0, start_s=0.0, jitter_s=0.0, holes=0.05, name="wrist"):
    rng = np.random.default_rng(seed)
    time_s = start_s + np.arange(n) / rate_hz + rng.random(n) * jitter_s
    acc, gyr = rng.normal(size=(2, n, 3)).astype(np.float32)
    return Signal(name, time_s, acc, gyr, rng.random(n) >= holes)


def project(folder, annotations=20, recordings=1):
    """A project with a subject, a session, labels, and recordings."""
    made = Project.create(folder, "made")
    subject = made.add_subject("Ada", height_m=1.7, mass_kg=61.5, handedness="left", sex="female")
    session = made.add_session("morning", subject.id)
    classes = (LabelClass("walking", key="w"), LabelClass("sitting", key="s"))
    classes += (LabelClass("strolling", parent=classes[0].id),)
    tier = Tier("activity", classes=classes)
    made.add_label_set("activities", [tier])
    for i in range(recordings):
        made.add_recording(session.id, signal(seed=i), placement="left_wrist", device=made.device(f"watch {i}").id)
    made.annotate(session.id, Change("put", (), tuple(
        Annotation(tier.id, classes[i % 3].id, i, i + 0.5, "me", confidence=i / 100) for i in range(annotations)
    )))  # fmt: skip
    return made


def state(open_project):
    """All a project says."""
    return (
        open_project.name, open_project.subjects(), open_project.sessions(), open_project.devices(),
        open_project.recordings(), open_project.media(), open_project.texts(), open_project.runs(),
        open_project.label_sets(), tuple(open_project.annotations(s.id) for s in open_project.sessions()),
    )  # fmt: skip


@contextlib.contextmanager
def unprivileged(folder):
    """Within, folder and files may be read and not written, by the superuser neither."""
    paths = [folder, *folder.rglob("*")]
    modes = {path: path.stat().st_mode for path in (*paths, *folder.parents[:3])}
    for parent in folder.parents[:3]:
        parent.chmod(parent.stat().st_mode | 0o055)
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    superuser = hasattr(os, "geteuid") and os.geteuid() == 0
    if superuser:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if superuser:
            os.seteuid(0)
        for path, mode in modes.items():
            if path.exists():
                path.chmod(mode)
