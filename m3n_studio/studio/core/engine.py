"""From document to what views show, without holding up the hand that moves a slider.

On every change the engine looks for the cheapest true answer:

* only the body changed: new signals at once (a matrix-vector product) and a new picture of the
  body in the same call, so mesh and traces always show the same shape;
* the clip or the sensors changed: a new base in the background; the old picture stays until both
  can change together;
* when nothing has changed for a moment: recordings are aligned and judged, and the bands of a
  population worked out, in the background, and the contents are shown again with them
  (:attr:`Engine.refined`).

Requests coalesce: a newer one makes an older one's result unwanted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from m3n_studio.studio.core import contents as contents_module
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.derived import Base, Verdict, bands, judge, make_base, simulated
from m3n_studio.studio.core.document import Document
from m3n_studio.studio.core.jobs import Jobs

if TYPE_CHECKING:
    from m3n_studio.imu.envelope import Envelope

REST_MS = 200
#: Bodies behind the bands of a population.
BODIES = 200


class Engine(QObject):
    """Derives contents from documents.

    Signals
    -------
    shown : Contents
        At once, or as soon as the base is there.
    refined : Contents
        The same with alignment and closeness, when the hand rests.
    failed : exception
    """

    shown = Signal(object)
    refined = Signal(object)
    failed = Signal(object)

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._document = Document()
        self._base: Base | None = None
        self._verdict = Verdict()
        self.contents = Contents()
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self._refine)

    @property
    def base(self) -> Base | None:
        """The map from shape to signal in use; for previews of populations."""
        return self._base

    @Slot(object)
    def set_document(self, document: Document) -> None:
        """Show another document."""
        self._document = document
        self._rest.stop()
        if document.clip is None or not document.placements:
            self._base = None
            self._show()
        elif self._base is not None and self._base.serves(document):
            self._show()
        else:
            self._jobs.run(
                "Simulating", lambda task: make_base(document), done=self._on_base, failed=self._on_failed,
                key="base", quiet=True,
            )  # fmt: skip

    @Slot(object)
    def _on_base(self, base: Base) -> None:
        if base.serves(self._document):
            self._base = base
            self._show()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.failed.emit(error)

    def _show(self) -> None:
        try:
            signals = simulated(self._document, self._base)
            self.contents = contents_module.derive(self._document, self._base, signals, self._verdict, self.contents)
        except Exception as error:  # a mode from a plugin may raise anything
            self.failed.emit(error)
            return
        self.shown.emit(self.contents)
        if (self._document.recordings and signals) or self._lacks_bands():
            self._rest.start()

    def _lacks_bands(self) -> bool:
        return self._document.population is not None and self._base is not None and not self.contents.envelopes

    @Slot()
    def _refine(self) -> None:
        if self._document.recordings and self.contents.simulated:
            self._judge()
        if self._lacks_bands():
            self._find_bands()

    def _find_bands(self) -> None:
        document, base = self._document, self._base
        if base is None:
            return
        self._jobs.run(
            "Bands of the population", lambda task: (document, bands(base, document, BODIES, task)),
            done=self._on_bands, failed=self._on_failed, key="bands",
        )  # fmt: skip

    @Slot(object)
    def _on_bands(self, result: tuple[Document, tuple[Envelope, ...]]) -> None:
        document, found = result
        now = self._document
        if self._base is None or not self._base.serves(document) or document.population != now.population:
            return
        self.contents = replace(self.contents, envelopes=found)
        self.refined.emit(self.contents)

    def _judge(self) -> None:
        document, signals = self._document, self.contents.simulated
        self._jobs.run(
            "Comparing", lambda task: (document, judge(document, signals)), done=self._on_verdict,
            failed=self._on_failed, key="judge", quiet=True,
        )  # fmt: skip

    @Slot(object)
    def _on_verdict(self, result: tuple[Document, Verdict]) -> None:
        document, verdict = result
        if document is not self._document:
            return
        self._verdict = verdict
        self.contents = contents_module.derive(
            document, self._base, self.contents.simulated, verdict, self.contents
        )  # fmt: skip
        self.refined.emit(self.contents)
