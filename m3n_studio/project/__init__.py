"""A project on disk: subjects, sessions, recordings, labels; every edit is on disk before the call returns."""

from m3n_studio.project.store import Project
from m3n_studio.project.values import (
    ClipEntry,
    Device,
    Edit,
    Entry,
    LabelSet,
    Recording,
    Run,
    Session,
    Subject,
    TextEntry,
    Video,
)

__all__ = [
    "ClipEntry", "Device", "Edit", "Entry", "LabelSet", "Project", "Recording", "Run", "Session", "Subject",
    "TextEntry", "Video",
]  # fmt: skip
