"""What one does to labels besides making them: commands, each a change of the desk's track.

A command acts on the picked labels of the tier, else on the one under the cursor. Menus, palette and
shortcuts are made from :data:`~m3n_studio.studio.labels.label_actions.COMMANDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from m3n_studio.annotation import find, operations
from m3n_studio.annotation.model import Annotation, Change
from m3n_studio.annotation.track import Track
from m3n_studio.errors import M3nError, ValueProblem
from m3n_studio.studio.core.clock import Clock
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.selection import Selection
from m3n_studio.studio.labels.labeller import Labeller

#: Gaps up to this long are closed, s, until the user says otherwise.
GAP_S = 2.0
#: Stretches without a label are passed over where they are shorter, s: what lies between two keys.
PASS_OVER_S = 0.1


class Commands:
    """Commands on the labels of a desk.

    Parameters
    ----------
    report : callable
        Told why a command did nothing.

    Attributes
    ----------
    gap_s : float, s
        Gaps up to this long are closed.
    step_s : float, s
        What labels are nudged by.
    snap : callable
        The time an edge set at a time (s) should jump to; ids of labels whose own edges do not count.
    """

    def __init__(
        self, desk: Desk, clock: Clock, selection: Selection, labeller: Labeller, report: Callable[[str], None]
    ) -> None:
        self.desk, self.clock, self.selection, self.labeller = desk, clock, selection, labeller
        self.report = report
        self.board: operations.Clipboard | None = None
        self.gap_s = GAP_S
        self.step_s = 1 / 30
        self.snap: Callable[[float, frozenset[str]], float] = lambda time_s, _without: time_s

    # ------------------------------------------------------------------ what it is about

    def track(self) -> Track:
        """The labels of the tier that is labelled."""
        if self.desk.track is None:
            raise ValueProblem("No session is open: open one from the Project view to label it.")
        return self.desk.track

    def meant(self) -> tuple[Annotation, ...]:
        """The picked labels of the tier, else those under the cursor."""
        track = self.track()
        picked = tuple(a for a in self.desk.picked if a.tier == track.tier.id)
        return picked or tuple(track.at(self.clock.time_s))

    def _stretch(self) -> tuple[float, float]:
        return self.selection.range or self.desk.span_s()

    def do(self, change_of: Callable[[], Change], nothing: str = "") -> bool:
        """Make a change; what is pending ends first. Tells `nothing` where there was nothing to change."""
        self.labeller.finish()
        try:
            change = change_of()
        except M3nError as error:
            self.report(str(error))
            return False
        if not change:
            if nothing:
                self.report(nothing)
            return False
        return self.desk.annotate(change)

    # ------------------------------------------------------------------ changing

    def split(self) -> None:
        """Part labels in two at the cursor."""
        self.do(
            lambda: operations.split(self.track(), self.clock.time_s, self.desk.picked),
            "There is no label under the cursor to split.",
        )

    def merge(self) -> None:
        """Make one of the picked labels; without any, merge neighbours of one class in the selected time."""
        picked = [a for a in self.desk.picked if a.tier == self.track().tier.id]
        if len(picked) > 1:
            self.do(lambda: operations.merge(self.track(), picked))
        else:
            self.do(
                lambda: operations.merge_neighbours(self.track(), *self._stretch(), max_gap_s=self.gap_s),
                f"No two labels of one class are within {self.gap_s:g} s of each other.",
            )

    def close_gaps(self) -> None:
        """Make labels longer until they meet."""
        self.do(
            lambda: operations.extend_into_gaps(self.track(), *self._stretch(), max_gap_s=self.gap_s),
            f"There is no gap of up to {self.gap_s:g} s between two labels.",
        )

    def trim(self) -> None:
        """Keep only what lies in the selected time."""
        if self.selection.range is None:
            self.report("Select the time to keep first: Shift+drag in the traces.")
            return
        self.do(lambda: operations.trim(self.track(), *self._stretch()), "No label reaches out of the selected time.")

    def clear(self) -> None:
        """Take away all labels of the selected time."""
        if self.selection.range is None:
            self.report("Select the time to clear first: Shift+drag in the traces.")
            return
        self.do(lambda: operations.clear(self.track(), *self._stretch()), "No label is in the selected time.")

    def delete(self) -> None:
        """Take labels away."""
        self.do(lambda: operations.delete(self.track(), self.meant()), "No label is picked or under the cursor.")

    def set_start(self) -> None:
        """Let the label begin at the cursor."""
        self._set_edge("start")

    def set_end(self) -> None:
        """Let the label end at the cursor."""
        self._set_edge("end")

    def _set_edge(self, edge: str) -> None:
        meant = self.meant()
        if len(meant) != 1:
            beside = self._beside(edge)
            meant = (beside,) if beside is not None and not meant else meant
        if len(meant) != 1:
            self.report(f"Pick one label, or put the cursor where its {edge} should be.")
            return
        time_s = self.snap(self.clock.time_s, frozenset({meant[0].id}))
        self.do(lambda: operations.move_edge(self.track(), meant[0], edge, time_s),  # type: ignore[arg-type]
                f"Its {edge} is there already.")  # fmt: skip

    def _beside(self, edge: str) -> Annotation | None:
        """The label whose edge may come to a cursor outside every label: the one after, or the one before."""
        at = self.clock.time_s
        return next(iter(self.track().starting_from(at) if edge == "start" else self.track().starting_before(at)), None)

    def nudge_back(self) -> None:
        """Move labels a frame back."""
        self._nudge(-self.step_s)

    def nudge_on(self) -> None:
        """Move labels a frame on."""
        self._nudge(self.step_s)

    def _nudge(self, by_s: float) -> None:
        self.do(
            lambda: operations.nudge(self.track(), self.meant(), by_s, bounds=self.desk.span_s()),
            "No label that can be moved is picked or under the cursor.",
        )

    def accept(self) -> None:
        """Make a model's proposals one's own."""
        self.do(
            lambda: accepted(self.track(), [a for a in self.meant() if a.source == "model"], self.desk.author),
            "No label of a model is picked or under the cursor.",
        )

    def set_note(self, note: str) -> None:
        """Give labels a note."""
        self.do(
            lambda: operations.revise(self.track(), [a for a in self.meant() if a.note != note], note=note),
            "The labels have that note already." if self.meant() else "No label is picked or under the cursor.",
        )

    def relabel(self, label: str) -> None:
        """Give labels another class."""
        if not label:
            return
        self.do(
            lambda: operations.relabel(self.track(), self.meant(), label, author=self.desk.author),
            "No label is picked or under the cursor.",
        )

    def label_range(self, label: str) -> bool:
        """Label the selected time; False where none is selected."""
        span = self.selection.range
        if span is None:
            return False
        if self.do(lambda: operations.put(self.track(), label, *span, author=self.desk.author)):
            self.selection.set_range(None)
        return True

    # ------------------------------------------------------------------ copying

    def copy(self) -> None:
        """Copy labels."""
        meant = self.meant()
        if not meant:
            self.report("No label is picked or under the cursor.")
            return
        self.board = operations.copy(self.track(), meant)
        self.report(f"Copied {len(meant)} label{'s' * (len(meant) > 1)}.")

    def paste(self) -> None:
        """Put the copies at the cursor: on this tier, in this session."""
        board = self.board
        if board is None:
            self.report("Copy labels first.")
            return
        self.do(
            lambda: operations.paste(self.track(), board, self.clock.time_s, bounds=self.desk.span_s()),
            "None of the copies falls into this session.",
        )

    # ------------------------------------------------------------------ going and picking

    def next_unlabelled(self) -> None:
        """Go to the next time without a label."""
        self._go_unlabelled(back=False)

    def last_unlabelled(self) -> None:
        """Go to the time without a label before."""
        self._go_unlabelled(back=True)

    def _go_unlabelled(self, *, back: bool) -> None:
        least = PASS_OVER_S
        found = find.next_unlabelled(
            self.track(), self.desk.recorded_s(), self.clock.time_s, back=back, least_s=least
        )  # fmt: skip
        if found is None:
            self.report(f"Everything {'before' if back else 'after'} the cursor is labelled.")
        else:
            self.clock.seek(found[0])

    def next_edge(self) -> None:
        """Go to the next start or end of a label."""
        self._go_edge(back=False)

    def last_edge(self) -> None:
        """Go to the start or end of a label before."""
        self._go_edge(back=True)

    def _go_edge(self, *, back: bool) -> None:
        at, track = self.clock.time_s, self.track()
        if back:
            found = track.edge_before(at - 1e-9)
        else:
            near = [*track.at(at), *_first(track.starting_from(at), 2)]
            found = min((e for a in near for e in (a.start_s, a.end_s) if e > at + 1e-9), default=None)
        if found is None:
            self.report(f"There is no edge {'before' if back else 'after'} the cursor on this tier.")
        else:
            self.clock.seek(found)

    def pick_here(self) -> None:
        """Pick the labels under the cursor."""
        found = self.track().at(self.clock.time_s)
        self.desk.pick({a.id for a in found})
        if not found:
            self.report("There is no label under the cursor.")

    def pick_all(self) -> None:
        """Pick all labels of the tier, or of the selected time."""
        span = self.selection.range
        found = self.track().overlapping(*span) if span else self.track().annotations
        self.desk.pick({a.id for a in found})

    def pick_none(self) -> None:
        """Pick nothing; what is being labelled is dropped."""
        self.labeller.cancel()
        self.desk.pick(())

    def next_tier(self) -> None:
        """Label on the next tier."""
        self._go_tier(1)

    def last_tier(self) -> None:
        """Label on the tier before."""
        self._go_tier(-1)

    def _go_tier(self, by: int) -> None:
        tiers = list(self.desk.tracks)
        if tiers and self.desk.tier is not None:
            self.labeller.finish()
            self.desk.set_tier(tiers[(tiers.index(self.desk.tier.id) + by) % len(tiers)])


def accepted(track: Track, annotations: Sequence[Annotation], author: str) -> Change:
    """A model's labels as a person's, without a confidence."""
    if not annotations:
        return Change("Accept")
    new = tuple(a.with_(source="person", author=author, confidence=None) for a in annotations)
    words = f"{len(new)} labels" if len(new) > 1 else "label"
    return Change(f"Accept {words}", tuple(annotations), new)


def _first(found: object, n: int) -> Sequence[Annotation]:
    return [a for a, _ in zip(found, range(n), strict=False)]  # type: ignore[call-overload]
