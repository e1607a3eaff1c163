"""What the fidelity view knows: the pair looked at, its alignment, and the evidence, worked out in the background.

No widgets. Edits go through the view's context; evidence comes back as one frozen value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from m3n_studio.errors import M3nError
from m3n_studio.recordings import signal as recorded
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.derived import recording_of
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.document import pair_with, set_alignment
from m3n_studio.studio.core.jobs import Task

if TYPE_CHECKING:
    from m3n_studio.imu.align import Alignment
    from m3n_studio.imu.align_lever import LeverFit
    from m3n_studio.imu.align_windows import ClockWindows
    from m3n_studio.imu.evidence import Evidence
    from m3n_studio.workbench import Judged


@dataclass(frozen=True)
class Options:
    """How to judge: low-pass of both sides, Hz, and the normalisation of the paper's error."""

    lowpass_hz: float | None = None
    normalise: str = "zscore"


@dataclass(frozen=True, eq=False)
class Gathered:
    """Evidence on one pair, where the real sensor seems to sit, and its clock window by window."""

    evidence: Evidence
    lever: LeverFit
    clock: ClockWindows


def gathered(
    simulated: recorded.Signal, recording: recorded.Signal, alignment: Alignment, options: Options
) -> Gathered:
    """Everything shown about a pair; tenths of a second a minute of signal."""
    from m3n_studio.imu.align_lever import fit_lever
    from m3n_studio.imu.align_windows import clock_windows
    from m3n_studio.imu.evidence import gather

    evidence = gather(
        simulated, recording, alignment, lowpass_hz=options.lowpass_hz, normalise=options.normalise
    )  # fmt: skip
    clock = clock_windows(simulated, recording, alignment.clock)
    return Gathered(evidence, fit_lever(simulated, evidence.aligned), clock)


class FidelityWork(QObject):
    """The pair the view is about.

    Signals
    -------
    pair_changed
        Another sensor, recording or alignment.
    found : Gathered or None
        Evidence for the pair as it is now; None where there is none (yet).
    """

    pair_changed = Signal()
    found = Signal(object)

    def __init__(self, context: ViewContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.contents = Contents()
        self.options = Options()
        self.sensor = ""
        self.result: Gathered | None = None
        self._made_for: tuple[object, ...] = ()
        self._stale: object = None

    @property
    def simulated(self) -> recorded.Signal | None:
        """The simulated signal looked at."""
        return next((s for s in self.contents.simulated if s.name == self.sensor), None)

    @property
    def recording(self) -> recorded.Signal | None:
        """The recording it is held against, as read."""
        return recording_of(self.contents.document, self.sensor) if self.sensor else None

    @property
    def kept(self) -> bool:
        """Whether the user has accepted or set the alignment."""
        return self.sensor in self.contents.document.alignments

    @property
    def judged(self) -> Judged | None:
        """The judgement of the pair; None until there is one of this recording and fit."""
        judged, recording = self.contents.judged.get(self.sensor), self.recording
        if judged is None or recording is None or judged is self._stale or judged.aligned.name != recording.name:
            return None
        return judged

    @property
    def alignment(self) -> Alignment | None:
        """The alignment in use; None until one is found."""
        kept = self.contents.document.alignments.get(self.sensor)
        return kept if kept is not None or self.judged is None else self.judged.alignment

    def set_contents(self, contents: Contents, sensor: str) -> None:
        """Look at a sensor of other contents."""
        let_go = self.kept and sensor == self.sensor
        self.contents, self.sensor = contents, sensor
        if let_go and not self.kept:  # what was set by hand is not what will be fitted
            self._stale = contents.judged.get(sensor)
        self.pair_changed.emit()
        self.refresh()

    def set_options(self, options: Options) -> None:
        """Judge otherwise."""
        self.options = options
        self.refresh()

    def refresh(self) -> None:
        """Work out the evidence if what it follows from has changed and was judged."""
        simulated, recording = self.simulated, self.recording
        judged = self.judged
        if simulated is None or recording is None or judged is None:
            self._made_for, self.result = (), None
            self.found.emit(None)
            return
        wanted = (judged, self.options)
        if wanted == self._made_for:
            return
        self._made_for = wanted
        alignment, options = judged.alignment, self.options
        self._context.jobs.run(
            "Looking for differences", lambda task: (wanted, gathered(simulated, recording, alignment, options)),
            done=self._on_gathered, failed=self._on_failed, key="fidelity", quiet=True,
        )  # fmt: skip

    @Slot(object)
    def _on_gathered(self, result: tuple[tuple[object, ...], Gathered]) -> None:
        if result[0] == self._made_for:
            self.result = result[1]
            self.found.emit(self.result)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._made_for = ()
        self._context.report(str(error))

    # ------------------------------------------------------------------ edits

    def choose(self, recording: str) -> None:
        """Hold the sensor against another recording; empty: none."""
        self._context.edit(pair_with(self.sensor, recording))

    def set_alignment(self, alignment: Alignment | None, what: str, *, merge: str = "") -> None:
        """Take an alignment as it is; None: fit it again."""
        key = f"{merge}:{self.sensor}" if merge else ""
        self._context.edit(set_alignment(self.sensor, alignment, what=what, merge=key))

    def seal(self) -> None:
        """A drag has ended."""
        self._context.seal()

    def drag(self, by_s: float) -> None:
        """The recording was dragged on in time."""
        from m3n_studio.imu.align_hand import moved

        if self.alignment is not None:
            self.set_alignment(moved(self.alignment, by_s), "clock by dragging")

    def fit_again(self, part: str) -> None:
        """Fit one part anew, the others as they are."""
        simulated, recording, alignment, sensor = self.simulated, self.recording, self.alignment, self.sensor
        if simulated is None or recording is None or alignment is None:
            return

        def work(task: Task) -> tuple[str, str, object]:
            return sensor, part, refitted(simulated, recording, alignment, part)

        self._context.jobs.run(f"Fitting the {part}", work, done=self._on_fitted, failed=self._on_fit_failed, key="fit")

    @Slot(object)
    def _on_fitted(self, result: tuple[str, str, Alignment]) -> None:
        sensor, part, alignment = result
        self._context.edit(set_alignment(sensor, alignment, what=part))

    @Slot(object)
    def _on_fit_failed(self, error: Exception) -> None:
        self._context.report(str(error))

    def try_points(self, points: list[tuple[float, float]]) -> None:
        """Set the clock by sync points (simulated, recording's own clock), s."""
        from m3n_studio.imu.align_hand import clock_from_points

        if self.alignment is None:
            return
        try:
            offset, drift = clock_from_points(points)
            aligned = self.alignment.with_clock(offset_s=offset, drift=drift)
        except M3nError as error:
            self._context.report(str(error))
            return
        self.set_alignment(aligned, "clock by sync points")


def refitted(
    simulated: recorded.Signal, recording: recorded.Signal, alignment: Alignment, part: str
) -> Alignment:  # fmt: skip
    """The alignment with one part ("clock", "mount", "gravity") fitted anew on top of the others."""
    from dataclasses import replace

    from m3n_studio.imu.align import fit_clock, fit_gravity, fit_mount

    if part == "clock":
        return replace(alignment, clock=fit_clock(simulated, recording))
    if part == "mount":
        return replace(alignment, mount=fit_mount(simulated, recording, clock=alignment.clock))
    found = fit_gravity(simulated, recording, clock=alignment.clock, mount=alignment.mount)
    return replace(alignment, gravity=found)
