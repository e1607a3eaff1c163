"""What the spectrum view shows, worked out in one go in the background. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from m3n_studio.errors import ValueProblem
from m3n_studio.recordings.signal import Signal
from m3n_studio.studio.traces import spectrum
from m3n_studio.studio.traces.spectrum import Spectrogram, Spectrum
from m3n_studio.studio.traces.trace_data import Quantity
from m3n_studio.studio.traces.tracks import Recording

#: Of recordings that are read in pieces no more is analysed at once, s.
MOST_S = 600.0


@dataclass(frozen=True, eq=False)
class Question:
    """Which signals (by kind), which quantity and component, over which time, and of which kind the picture.

    `cut` tells that more time was asked for than :data:`MOST_S`, the beginning of which `span_s` is.
    """

    signals: Mapping[str, Recording]
    quantity: Quantity
    component: str
    span_s: tuple[float, float]
    picture: str = "simulated"
    cut: bool = False

    def bounded(self) -> Question:
        """The same about no more time than can be read at once."""
        start, end = self.span_s
        long = any(not isinstance(s, Signal) for s in self.signals.values())
        return replace(self, span_s=(start, start + MOST_S), cut=True) if long and end - start > MOST_S else self


@dataclass(frozen=True, eq=False)
class Answer:
    """Densities by kind, coherence of simulated and real, the picture; each only where enough is known."""

    question: Question
    densities: Mapping[str, Spectrum] = field(default_factory=dict)
    coherence: Spectrum | None = None
    picture: Spectrogram | None = None


def answer(q: Question) -> Answer:
    """All of it; some milliseconds per minute of signal."""
    q = q.bounded()
    signals = {kind: s for kind, s in ((k, _read(s, q.span_s)) for k, s in q.signals.items()) if s is not None}
    parts = {kind: spectrum.stretch(s, q.quantity, q.component, q.span_s) for kind, s in signals.items()}
    densities = {kind: spectrum.density(part) for kind, part in parts.items()}
    together = None
    if "simulated" in signals and "real" in signals:
        together = spectrum.coherence(signals["simulated"], signals["real"], q.quantity, q.component, q.span_s)
    picture = spectrum.spectrogram(parts[q.picture], q.span_s) if q.picture in parts else None
    return Answer(q, {k: d for k, d in densities.items() if d is not None}, together, picture)


def _read(signal: Recording, span_s: tuple[float, float]) -> Signal | None:
    """The samples of a stretch; None where there is none."""
    if isinstance(signal, Signal):
        return signal
    try:
        return signal.read(*span_s)
    except ValueProblem:
        return None
