"""Somebody who moves and claps now and then, seen by a camera and felt by a wrist sensor."""

import numpy as np

from m3n_studio.recordings.signal import Signal

W, H = 160, 96


def clap_times(count, until_s, seed):
    """Session times of claps, unevenly spaced."""
    rng = np.random.default_rng(seed)
    return np.sort(rng.uniform(2.0, until_s - 2.0, count * 3))[::3] + rng.uniform(0, 0.4, count)


class Scene:
    """State at a session time: a body that wanders, hands that meet at each clap, a light that flashes then."""

    def __init__(self, claps_s, seed=0, *, flash=True):
        self.claps, self.flash = np.asarray(claps_s), flash
        self.rng = np.random.default_rng(seed)
        self.knots = self.rng.normal(0, 1, 4000) * np.repeat(self.rng.random(500) < 0.5, 8)

    def sway(self, t):
        """How far the body is to the side, pixels: bouts of irregular movement, three turns a second."""
        from scipy.interpolate import CubicSpline

        return 14 * CubicSpline(np.arange(len(self.knots)) / 3 - 20, self.knots)(t)

    def picture(self, t, noise=4.0):
        rgb = np.full((H, W, 3), 70.0)
        x = int(np.clip(70 + self.sway(t), 0, 140))
        rgb[20:90, x : x + 20] = (150, 120, 90)
        near = np.abs(self.claps - t).min() if len(self.claps) else 9.0
        apart = int(np.clip(near * 120, 0, 30))
        rgb[10:18, 80 - 8 - apart : 80 - apart] = rgb[10:18, 80 + apart : 88 + apart] = (230, 200, 180)
        since = t - self.claps
        if self.flash and ((since >= 0) & (since < 0.1)).any():
            rgb[40:60, 120:150] = 250
        rgb += self.rng.normal(0, noise, (H, W, 1))
        return rgb.clip(0, 255).astype(np.uint8)

    def signal(self, until_s, rate_hz=100.0, start_s=0.0, noise=0.15):
        t = np.arange(start_s, until_s, 1 / rate_hz)
        step = 1e-3
        side = (self.sway(t + step) - 2 * self.sway(t) + self.sway(t - step)) / step**2 * 0.01
        acc = np.column_stack([side, np.full(len(t), 9.81), np.zeros(len(t))])
        for clap in self.claps:
            since = t - clap
            kick = np.where(since >= 0, 60 * np.exp(-np.maximum(since, 0) / 0.03) * np.cos(since * 90), 0.0)
            acc += kick[:, None] * (0.7, 0.6, 0.4)
        rng = np.random.default_rng(3)
        return Signal("left_wrist", t, acc + rng.normal(0, noise, acc.shape), rng.normal(size=acc.shape))
