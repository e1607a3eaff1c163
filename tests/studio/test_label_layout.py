"""Where labels are drawn and found: laws over random tracks."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from m3n_studio.annotation.model import Annotation, LabelClass, Tier
from m3n_studio.annotation.track import Track
from m3n_studio.studio.labels.label_layout import NARROW_PX, Row

CLASSES = (LabelClass("walk", id="w"), LabelClass("sit", id="s"))
FREE = Tier("any", exclusive=False, classes=CLASSES, id="t")
TIMES = st.tuples(st.floats(0, 100), st.floats(0, 5), st.sampled_from("ws"))


def row_of(spans):
    return Row(Track.of(FREE, [Annotation("t", label, start, start + length) for start, length, label in spans]))


@given(st.lists(TIMES, max_size=60), st.floats(0, 90), st.floats(0.5, 50), st.integers(20, 2000))
def test_every_wide_label_in_view_is_drawn_and_no_more_boxes_than_pixels_need(spans, low, span, width):
    row = row_of(spans)
    boxes = row.boxes(low, low + span, width)
    drawn = set(boxes.index.tolist())
    scale = width / span
    for i, a in enumerate(row.annotations):
        if a.end_s > low and a.start_s < low + span and a.duration_s * scale >= NARROW_PX + 1e-6:
            assert i in drawn
    narrow = boxes.right - boxes.left < NARROW_PX
    places = list(zip(np.floor(boxes.left[narrow]).tolist(), boxes.lane[narrow].tolist(), strict=True))
    assert len(places) == len(set(places))


@given(st.lists(TIMES, max_size=60))
def test_labels_of_a_lane_do_not_cover_each_other(spans):
    row = row_of(spans)
    for lane in range(row.lane_count):
        mine = [a for a, at in zip(row.annotations, row.lanes, strict=True) if at == lane]
        assert all(b.start_s >= a.end_s for a, b in itertools.pairwise(mine))


@given(st.lists(TIMES, min_size=1, max_size=30), st.data())
def test_a_point_inside_a_label_finds_a_label_it_is_in_or_an_edge_that_is_near(spans, data):
    row = row_of(spans)
    i = data.draw(st.integers(0, len(row.annotations) - 1))
    a, lane = row.annotations[i], int(row.lanes[i])
    time_s = a.start_s + data.draw(st.floats(0, 1)) * a.duration_s
    found = row.at(time_s, 0.05, lane)
    assert found is not None
    b, part = found
    if part == "body":
        assert b.start_s <= time_s <= b.end_s
    else:
        assert abs(time_s - (b.start_s if part == "start" else b.end_s)) <= 0.05 + 1e-12


def test_the_edge_of_two_that_meet_belongs_to_the_one_pointed_at():
    row = row_of([(0.0, 1.0, "w"), (1.0, 1.0, "s")])
    assert row.at(0.98, 0.05) == (row.annotations[0], "end")
    assert row.at(1.02, 0.05) == (row.annotations[1], "start")
    assert row.at(1.5, 0.05) == (row.annotations[1], "body")
    assert row.at(2.5, 0.05) is None
