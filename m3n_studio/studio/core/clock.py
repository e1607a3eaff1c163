"""`Clock`: the one time base of the window.

Everything on screen is a function of seconds on one clock. Views connect to
:attr:`Clock.time_changed` and never drive one another; whoever wants another time calls
:meth:`Clock.seek`. While it plays the clock follows the wall (not the frame count), so a slow
view drops frames instead of slowing down time; unless every frame is wanted
(:meth:`Clock.set_every_frame`): then time goes on by one frame, and only once the one before was
painted (:meth:`Clock.frame_painted`), no faster than the wall. One timer runs while playing and none while
paused; nothing polls. A test injects its own wall and calls :meth:`Clock.tick`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal

MIN_SPEED, MAX_SPEED = 0.01, 100.0
TICK_MS = 16
_UNSEEN_S = 0.5  # where nothing paints (all is hidden), every-frame playback goes on after this long


class Clock(QObject):
    """Seconds, playing or not, speed and loop region.

    Parameters
    ----------
    parent : QObject, optional
    wall : callable
        Returns wall time in seconds; ``time.perf_counter`` unless a test brings its own.

    Notes
    -----
    The range is closed: ``start_s <= time_s <= end_s``. Reaching the end stops playing unless
    a loop region is set; the loop region always lies inside the range.
    """

    time_changed = Signal(float)
    playing_changed = Signal(bool)
    speed_changed = Signal(float)
    range_changed = Signal(float, float)
    loop_changed = Signal(object)
    every_frame_changed = Signal(object)

    def __init__(self, parent: QObject | None = None, *, wall: Callable[[], float] = time.perf_counter) -> None:
        super().__init__(parent)
        self._wall = wall
        self._start = self._end = self._time = 0.0
        self._speed = 1.0
        self._loop: tuple[float, float] | None = None
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.tick)
        self._playing = False
        self._anchor_wall = self._anchor_time = 0.0
        self._every: float | None = None
        self._painted = True

    @property
    def time_s(self) -> float:
        """Now, s."""
        return self._time

    @property
    def start_s(self) -> float:
        """First time there is, s."""
        return self._start

    @property
    def end_s(self) -> float:
        """Last time there is, s."""
        return self._end

    @property
    def playing(self) -> bool:
        """Whether time runs."""
        return self._playing

    @property
    def speed(self) -> float:
        """Seconds of clock per second of wall, 0.01 to 100."""
        return self._speed

    @property
    def loop(self) -> tuple[float, float] | None:
        """The region played round and round, s, or None."""
        return self._loop

    @property
    def every_frame_hz(self) -> float | None:
        """Frames per second of which none is skipped; None while time follows the wall."""
        return self._every

    def set_every_frame(self, rate_hz: float | None) -> None:
        """Show every frame of `rate_hz`, however long that takes; None: follow the wall."""
        rate_hz = rate_hz if rate_hz is not None and rate_hz > 0 else None
        if rate_hz != self._every:
            self._every = rate_hz
            self._rebase()
            self.every_frame_changed.emit(rate_hz)

    def frame_painted(self) -> None:
        """The present time is on screen."""
        self._painted = True

    def set_range(self, start_s: float, end_s: float) -> None:
        """Set what can be played; clears the loop and clips the time into the new range."""
        self._start, self._end = float(start_s), max(float(start_s), float(end_s))
        self.range_changed.emit(self._start, self._end)
        self.set_loop(None)
        self.seek(self._time)

    def set_loop(self, region: tuple[float, float] | None) -> None:
        """Play `region` (s) round and round; None to stop at the end."""
        if region is not None:
            low, high = sorted(min(max(float(t), self._start), self._end) for t in region)
            region = (low, high) if high > low else None
        if region != self._loop:
            self._loop = region
            self._rebase()
            self.loop_changed.emit(region)

    def set_speed(self, speed: float) -> None:
        """Set the speed, clipped to 0.01 - 100."""
        speed = min(max(float(speed), MIN_SPEED), MAX_SPEED)
        if speed != self._speed:
            self._rebase()
            self._speed = speed
            self.speed_changed.emit(speed)

    def set_tick_ms(self, interval_ms: int) -> None:
        """How often views are told the time while it runs, ms."""
        self._timer.setInterval(max(int(interval_ms), 1))

    def play(self) -> None:
        """Let time run; from the start again if it stands at the end. Nothing to play: no effect."""
        if self._playing or self._end <= self._start:
            return
        if self._time >= self._end:
            self.seek(self._loop[0] if self._loop else self._start)
        self._playing = True
        self._rebase()
        self._timer.start()
        self.playing_changed.emit(True)

    def pause(self) -> None:
        """Stop time where it is."""
        if self._playing:
            self._playing = False
            self._timer.stop()
            self.playing_changed.emit(False)

    def toggle(self) -> None:
        """Play if paused, pause if playing."""
        if self._playing:
            self.pause()
        else:
            self.play()

    def seek(self, time_s: float) -> None:
        """Go to a time, clipped to the range; playing goes on from there."""
        self._set_time(min(max(float(time_s), self._start), self._end))
        self._rebase()

    def step(self, frames: int, rate_hz: float) -> None:
        """Pause and go `frames` frames of `rate_hz` on (or back), landing on a frame."""
        self.pause()
        frame = round((self._time - self._start) * rate_hz) + frames
        self.seek(self._start + frame / rate_hz)

    def tick(self) -> None:
        """Catch up with the wall. Called by the timer while playing, and by tests."""
        if not self._playing:
            return
        if self._every is not None:
            self._next_frame(self._every)
            return
        now = self._anchor_time + (self._wall() - self._anchor_wall) * self._speed
        if self._loop is not None and now >= self._loop[1]:
            low, high = self._loop
            now = low + (now - low) % (high - low) if self._anchor_time <= high else low
            self._set_time(now)
            self._rebase()
        elif now >= self._end:
            self._set_time(self._end)
            self.pause()
        else:
            self._set_time(now)

    def _next_frame(self, rate_hz: float) -> None:
        """One frame on, if the one before was seen and its time is up."""
        wall, step = self._wall(), 1.0 / (rate_hz * self._speed)
        due = self._anchor_wall + step
        if wall < due - 1e-3 or not (self._painted or wall - due > _UNSEEN_S):
            return
        frame = math.floor((self._time - self._start) * rate_hz + 1e-6) + 1
        now = self._start + frame / rate_hz
        if self._loop is not None and self._time <= self._loop[1] < now - 1e-9:
            now = self._loop[0]
        self._painted = False
        self._set_time(min(now, self._end))
        self._anchor_wall, self._anchor_time = max(due, wall - step), self._time
        if self._time >= self._end and self._loop is None:
            self.pause()

    def _rebase(self) -> None:
        self._anchor_wall, self._anchor_time = self._wall(), self._time

    def _set_time(self, time_s: float) -> None:
        if time_s != self._time:
            self._time = time_s
            self.time_changed.emit(time_s)
