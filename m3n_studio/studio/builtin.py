"""The views that ship with the program, registered as any plugin's are. Imports no Qt."""

from __future__ import annotations

from m3n_studio.plugins import Door
from m3n_studio.studio.core.docks import DockSpec

DOCKS = (
    DockSpec("body", "Body", "left", "m3n_studio.studio.views:build_body"),
    DockSpec("traces", "Traces", "right", "m3n_studio.studio.views:build_traces"),
    DockSpec("spectrum", "Spectrum", "right", "m3n_studio.studio.traces.spectrum_view:build"),
    DockSpec("video", "Video", "left", "m3n_studio.studio.video.video_view:build", open=False),
    DockSpec("project", "Project", "left", "m3n_studio.studio.projects.project_view:build", open=False),
    DockSpec("attributes", "Attributes", "right", "m3n_studio.studio.attributes.shaping_view:build"),
    DockSpec("fidelity", "Fidelity", "right", "m3n_studio.studio.fidelity.fidelity_view:build"),
    DockSpec("labels", "Labels", "right", "m3n_studio.studio.labels.label_view:build", open=False),
    DockSpec("label_list", "Label list", "right", "m3n_studio.studio.labels.label_list:build", open=False),
    DockSpec("quality", "Agreement", "right", "m3n_studio.studio.labels.quality_view:build", open=False),
    DockSpec("similar", "Similar", "right", "m3n_studio.studio.labels.similar_view:build", open=False),
    DockSpec("training", "Train", "right", "m3n_studio.studio.training.training_view:build", open=False),
    DockSpec("runs", "Runs", "right", "m3n_studio.studio.training.runs_view:build", open=False),
    DockSpec("predictions", "Predictions", "right", "m3n_studio.studio.predictions.predictions_view:build", open=False),
    DockSpec("suggestions", "Suggestions", "right", "m3n_studio.studio.predictions.suggestions_view:build", open=False),
    DockSpec("embedding", "Embedding", "right", "m3n_studio.studio.embedding.embedding_view:build", open=False),
    DockSpec("similarity", "Similarity", "right", "m3n_studio.studio.embedding.similarity_view:build", open=False),
    DockSpec(
        "closeness", "Synthetic and real", "right", "m3n_studio.studio.embedding.closeness_view:build", open=False
    ),
    DockSpec("transport", "Transport", "bottom", "m3n_studio.studio.views:build_transport"),
)


def register(door: Door) -> None:
    """Contribute the built-in views."""
    for spec in DOCKS:
        door.add("dock", spec.name, spec)
