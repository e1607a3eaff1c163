"""What the spectrum view shows, worked out in one go in the background. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from m3n_studio.recordings.signal import Signal
from m3n_studio.studio.traces import spectrum
from m3n_studio.studio.traces.spectrum import Spectrogram, Spectrum
from m3n_studio.studio.traces.trace_data import Quantity


@dataclass(frozen=True, eq=False)
class Question:
    """Which signals (by kind), which quantity and component, over which time, and of which kind the picture."""

    signals: Mapping[str, Signal]
    quantity: Quantity
    component: str
    span_s: tuple[float, float]
    picture: str = "simulated"


@dataclass(frozen=True, eq=False)
class Answer:
    """Densities by kind, coherence of simulated and real, the picture; each only where enough is known."""

    question: Question
    densities: Mapping[str, Spectrum] = field(default_factory=dict)
    coherence: Spectrum | None = None
    picture: Spectrogram | None = None


def answer(q: Question) -> Answer:
    """All of it; some milliseconds per minute of signal."""
    parts = {kind: spectrum.stretch(s, q.quantity, q.component, q.span_s) for kind, s in q.signals.items()}
    densities = {kind: spectrum.density(part) for kind, part in parts.items()}
    together = None
    if "simulated" in q.signals and "real" in q.signals:
        together = spectrum.coherence(q.signals["simulated"], q.signals["real"], q.quantity, q.component, q.span_s)
    picture = spectrum.spectrogram(parts[q.picture], q.span_s) if q.picture in parts else None
    return Answer(q, {k: d for k, d in densities.items() if d is not None}, together, picture)
