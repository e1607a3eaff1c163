"""The clock: one time base that follows the wall, loops, stops, and never leaves its range."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QTimer

from m3n_studio.studio.core.clock import Clock


class Wall:
    """A wall clock in the hands of a test."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def wall():
    return Wall()


@pytest.fixture
def clock(qapp, wall):
    clock = Clock(wall=wall)
    clock.set_range(0.0, 10.0)
    yield clock
    clock.pause()


def test_time_follows_the_wall_times_speed(clock, wall):
    clock.set_speed(0.5)
    clock.play()
    wall.now += 3.0
    clock.tick()
    assert clock.time_s == pytest.approx(1.5)


def test_a_change_of_speed_does_not_make_time_jump(clock, wall):
    clock.play()
    wall.now += 2.0
    clock.tick()
    clock.set_speed(10.0)
    clock.tick()
    assert clock.time_s == pytest.approx(2.0)
    wall.now += 0.1
    clock.tick()
    assert clock.time_s == pytest.approx(3.0)


def test_it_stops_at_the_end_and_starts_over_when_played_again(clock, wall):
    clock.play()
    wall.now += 60.0
    clock.tick()
    assert (clock.time_s, clock.playing) == (10.0, False)
    clock.play()
    assert (clock.time_s, clock.playing) == (0.0, True)


def test_nothing_ticks_while_paused(clock):
    timers = clock.findChildren(QTimer)
    assert timers
    assert not any(t.isActive() for t in timers)
    clock.play()
    assert any(t.isActive() for t in timers)
    clock.pause()
    assert not any(t.isActive() for t in timers)


def test_the_loop_goes_round_and_keeps_the_phase(clock, wall):
    clock.set_loop((2.0, 5.0))
    clock.seek(4.5)
    clock.play()
    wall.now += 1.0
    clock.tick()
    assert clock.time_s == pytest.approx(2.5)
    assert clock.playing


def test_steps_land_on_frames_and_pause(clock):
    clock.seek(1.01)
    clock.play()
    clock.step(1, 30.0)
    assert clock.time_s == pytest.approx(31 / 30)
    assert not clock.playing
    clock.step(-1, 30.0)
    assert clock.time_s == pytest.approx(1.0)


def test_an_empty_range_does_not_play(qapp):
    clock = Clock()
    clock.play()
    assert not clock.playing


def test_listeners_hear_only_changes(clock):
    heard = []
    clock.time_changed.connect(heard.append)
    clock.seek(3.0)
    clock.seek(3.0)
    clock.seek(99.0)
    assert heard == [3.0, 10.0]


@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("seek"), st.floats(-5, 15)),
            st.tuples(st.just("wait"), st.floats(0, 30)),
            st.tuples(st.just("speed"), st.floats(0.001, 1000)),
            st.tuples(st.just("loop"), st.tuples(st.floats(-1, 12), st.floats(-1, 12))),
            st.tuples(st.just("play"), st.none()),
            st.tuples(st.just("step"), st.integers(-500, 500)),
        ),
        max_size=25,
    )
)
def test_whatever_is_done_time_stays_in_range(steps):
    wall = Wall()
    clock = Clock(wall=wall)
    clock.set_range(0.0, 10.0)
    acts = {
        "seek": clock.seek, "speed": clock.set_speed, "loop": clock.set_loop,
        "play": lambda _: clock.play(), "step": lambda n: clock.step(n, 30.0),
    }  # fmt: skip
    for name, value in steps:
        if name == "wait":
            wall.now += value
            clock.tick()
        else:
            acts[name](value)
        assert 0.0 <= clock.time_s <= 10.0
        assert 0.01 <= clock.speed <= 100.0
        assert clock.loop is None or 0.0 <= clock.loop[0] < clock.loop[1] <= 10.0
    clock.pause()


@given(
    rate=st.floats(5, 240),
    speed=st.sampled_from([0.1, 1.0, 7.0]),
    lag=st.lists(st.floats(0, 0.4), min_size=1, max_size=60)
)  # fmt: skip
def test_every_frame_comes_once_and_in_order_however_long_painting_takes(rate, speed, lag):
    wall = Wall()
    clock = Clock(wall=wall)
    clock.set_range(2.0, 2.0 + 1000 / rate)
    clock.set_speed(speed)
    clock.set_every_frame(rate)
    heard = []
    clock.time_changed.connect(heard.append)
    clock.play()
    for seconds in lag:
        wall.now += seconds
        clock.tick()
        clock.tick()  # not painted yet: nothing happens
        clock.frame_painted()
    clock.pause()
    frames = [round((t - 2.0) * rate) for t in heard if t > 2.0]
    assert frames == list(range(1, len(frames) + 1))
    assert len(frames) <= sum(lag) * rate * speed + 1.001 + 1e-3 * rate * speed


def test_every_frame_waits_for_paint_but_not_for_ever(clock, wall):
    clock.set_every_frame(10.0)
    clock.play()
    wall.now += 0.11
    clock.tick()
    wall.now += 0.2
    clock.tick()
    assert clock.time_s == pytest.approx(0.1)
    clock.frame_painted()
    clock.tick()
    assert clock.time_s == pytest.approx(0.2)
    wall.now += 1.0
    clock.tick()
    assert clock.time_s == pytest.approx(0.3)


def test_every_frame_loops_and_stops_at_the_end(clock, wall):
    clock.set_every_frame(10.0)
    clock.set_loop((1.0, 1.25))
    clock.seek(1.0)
    heard = []
    clock.time_changed.connect(heard.append)
    clock.play()
    for _ in range(6):
        wall.now += 0.11
        clock.tick()
        clock.frame_painted()
    assert heard == pytest.approx([1.1, 1.2, 1.0, 1.1, 1.2, 1.0])
    clock.set_loop(None)
    clock.seek(9.85)
    for _ in range(4):
        wall.now += 0.2
        clock.tick()
        clock.frame_painted()
    assert (clock.time_s, clock.playing) == (10.0, False)
