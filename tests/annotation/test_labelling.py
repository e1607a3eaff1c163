"""Keys and times in, changes out: each mode by example, then any keys at all."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_studio.annotation import operations as ops
from m3n_studio.annotation.labelling import Labelling
from m3n_studio.annotation.model import Change
from m3n_studio.annotation.track import Track
from m3n_studio.errors import ValueProblem
from tests.annotation.made import random_track, seeded, sound, spans, tier, track


class Desk:
    """A track, its labelling and the undo stack, as the window keeps them."""

    def __init__(self, start, mode="hold", **options):
        self.track, self.state, self.undo = start, Labelling(start.tier.id, mode, **options), {}
        self.begun = start

    def do(self, what, *arguments):
        for step in getattr(self.state, what)(self.track, *arguments):
            self.track = self.track.after(step.change)
            self.state = step.state
            if step.about or step.undo:
                name = step.about or f"entry {len(self.undo)}"
                if step.undo:
                    self.undo[name] = step.undo
                else:
                    self.undo.pop(name, None)
        return self

    @property
    def spans(self):
        return spans(self.track)


def test_hold_labels_from_press_to_release():
    desk = Desk(track(("S", 0, 10)), author="eva")
    desk.do("key_down", "w", 2).do("key_down", "w", 3).do("tick", 4)
    assert desk.spans == [("S", 0, 2), ("W", 2, 4), ("S", 4, 10)]
    desk.do("tick", 6).do("key_up", "w", 7)
    assert desk.spans == [("S", 0, 2), ("W", 2, 7), ("S", 7, 10)]
    assert not desk.state.pending
    (whole,) = desk.undo.values()
    assert whole.label == "Label walking"
    assert desk.track.after(whole.inverse()).annotations == desk.begun.annotations


def test_a_second_key_ends_the_first_on_an_exclusive_tier_only():
    desk = Desk(track()).do("key_down", "w", 1).do("key_down", "s", 2).do("key_up", "w", 3).do("key_up", "s", 4)
    assert desk.spans == [("W", 1, 2), ("S", 2, 4)]
    desk = Desk(track(on=tier(exclusive=False)))
    desk.do("key_down", "w", 1).do("key_down", "s", 2).do("tick", 2.5).do("key_up", "w", 3).do("key_up", "s", 4)
    assert desk.spans == [("W", 1, 3), ("S", 2, 4)]
    assert len(desk.undo) == 2


def test_a_tap_while_paused_opens_and_the_next_closes_also_backwards():
    desk = Desk(track()).do("key_down", "w", 5).do("key_up", "w", 5)
    assert desk.state.pending
    desk.do("key_down", "w", 3).do("key_up", "w", 3)
    assert desk.spans == [("W", 3, 5)]


def test_toggle_needs_no_release():
    desk = Desk(track(), "toggle").do("key_down", "w", 1).do("key_up", "w", 1.2).do("key_down", "s", 2)
    desk.do("key_down", "s", 4)
    assert desk.spans == [("W", 1, 2), ("S", 2, 4)]


def test_contiguous_labels_from_the_last_edge():
    desk = Desk(track(), "contiguous", from_s=0.5).do("key_down", "w", 2).do("key_down", "s", 3).do("key_down", "s", 3)
    assert desk.spans == [("W", 0.5, 2), ("S", 2, 3)]


def test_events_are_put_and_taken_by_a_key():
    desk = Desk(track(on=tier("event"))).do("key_down", "w", 2).do("key_up", "w", 2.1).do("key_down", "s", 3)
    assert desk.spans == [("W", 2, 2), ("S", 3, 3)]
    assert desk.do("key_down", "w", 2).spans == [("S", 3, 3)]


def test_scrubbing_back_uncovers_what_was_under_the_pending_label():
    desk = Desk(track(("S", 0, 10)), "toggle").do("key_down", "w", 2).do("tick", 8).do("tick", 3)
    assert desk.spans == [("S", 0, 2), ("W", 2, 3), ("S", 3, 10)]
    desk.do("cancel")
    assert desk.track.annotations == desk.begun.annotations
    assert not desk.undo


def test_jumping_away_finishes_where_the_cursor_was():
    desk = Desk(track(), to_s=9.0).do("key_down", "w", 2).do("tick", 3).do("finish", 99)
    assert desk.spans == [("W", 2, 9)]


def test_what_others_did_meanwhile_is_kept():
    desk = Desk(track(("S", 0, 10))).do("key_down", "w", 2).do("tick", 4)
    desk.track = desk.track.after(ops.clear(desk.track, 3, 5))
    desk.do("key_up", "w", 7)
    assert sound(desk.track)
    assert desk.spans[-1] == ("S", 7, 10)
    assert sum(a.duration_s for a in desk.track if a.label == "W") >= 5 - 1e-9


def test_unknown_keys_and_strange_tracks():
    desk = Desk(track())
    assert desk.state.key_down(desk.track, "x", 1) == desk.state.key_up(desk.track, "", 1) == ()
    with pytest.raises(ValueProblem, match="tier labelled"):
        desk.state.key_down(track(on=tier(id="U")), "w", 1)


moves = st.lists(
    st.tuples(st.sampled_from(["key_down", "key_up", "tick", "finish", "cancel", "mode", "other"]),
              st.sampled_from("wsrx"), st.integers(-80, 720).map(lambda n: n / 8)),
    max_size=30,
)  # fmt: skip


@given(st.integers(0, 10**6), moves, st.sampled_from(["hold", "toggle", "contiguous"]), st.booleans(), st.booleans())
def test_any_keys_keep_the_tier_sound_and_the_undo_stack_undoes_them(seed, moves, mode, exclusive, meddle):
    begun, _ = random_track(seeded(seed), 6, tier(exclusive=exclusive))
    desk = Desk(begun, mode, to_s=80.0)
    changes: list[Change] = []
    for what, key, at in moves:
        if what == "mode":
            desk.do("finish", at)
            desk.state = replace(desk.state, mode=key.replace("w", "hold").replace("s", "toggle")[:6])
        elif what == "other":
            if meddle:
                desk.track = desk.track.after(ops.clear(desk.track, at, at + 2))
        else:
            before = desk.track
            arguments = () if what == "cancel" else (at,) if what in ("tick", "finish") else (key, at)
            desk.do(what, *arguments)
            changes.append(ops.compose(Change(""), Change("", before.annotations, desk.track.annotations)))
            assert desk.track.after(changes[-1].inverse()).annotations == before.annotations
        if exclusive:
            assert sound(desk.track)
            assert len(desk.state.pending) <= 1
        assert all(a.duration_s > 0 and a.start_s >= 0 and a.end_s <= 80 for a in desk.track)
    if not meddle:
        back = desk.track
        for change in reversed(desk.undo.values()):
            back = back.after(change.inverse())
        assert back.annotations == begun.annotations


def test_a_change_refuses_what_is_there_twice():
    t = track(("W", 0, 1))
    with pytest.raises(ValueProblem, match="already"):
        t.after(Change("x", (), t.annotations))
    with pytest.raises(ValueProblem, match="meantime"):
        Track.of(t.tier).after(Change("x", t.annotations))
