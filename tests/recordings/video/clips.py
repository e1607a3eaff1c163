"""Clips that show their own frame number as blocks, and clips of something that claps; written by the tests."""

from fractions import Fraction

import av
import numpy as np

from m3n_studio.recordings.video.turn import Turn

BITS = 16
BLOCK = 20
WIDTH, HEIGHT = 8 * BLOCK, 5 * BLOCK


def picture(number, width=WIDTH, height=HEIGHT):
    """Two rows of blocks for the bits, below them something that moves, so that there is something to predict."""
    rgb = np.full((height, width, 3), 60, np.uint8)
    x = (number * 3) % (width - 12)
    rgb[2 * BLOCK + 10 : 2 * BLOCK + 40, x : x + 12] = (200, 90, 30)
    for bit in range(BITS):
        row, column = divmod(bit, 8)
        value = 230 if number >> bit & 1 else 20
        rgb[row * BLOCK : (row + 1) * BLOCK, column * BLOCK : (column + 1) * BLOCK] = value
    return rgb


def read_number(rgb):
    """The number a picture shows, at whatever size; the picture is upright."""
    height, width = rgb.shape[:2]
    number = 0
    for bit in range(BITS):
        row, column = divmod(bit, 8)
        y, x = round((row + 0.5) * height / 5), round((column + 0.5) * width / 8)
        value = rgb[y - 1 : y + 2, x - 1 : x + 2].mean()
        assert value < 90 or value > 160, f"block {bit} is {value}"
        number |= int(value > 128) << bit
    return number


def stored_as(turn, rgb):
    """What has to be stored for `rgb` to be seen after `turn`."""
    if turn.flip_y:
        rgb = rgb[::-1]
    if turn.flip_x:
        rgb = rgb[:, ::-1]
    if turn.transpose:
        rgb = rgb.swapaxes(0, 1)
    return np.ascontiguousarray(rgb)


def write(
    path, times_s, *, pictures=None, codec="libx264", base=Fraction(1, 90000), turn=None, options=None, gop=None,
    pix_fmt="yuv420p", aspect=None, audio=False,
):  # fmt: skip
    """Write a clip whose frame i is shown at times_s[i]; returns the ticks."""
    turn = turn or Turn()
    pictures = pictures or (picture(i) for i in range(len(times_s)))
    ticks = [round(t / base) for t in times_s]
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=30)
        sound = out.add_stream("aac", rate=16000, layout="mono") if audio else None
        if turn != Turn():
            stream.set_display_matrix(turn.matrix)
        stream.pix_fmt = pix_fmt
        stream.time_base = stream.codec_context.time_base = base
        if gop:
            stream.codec_context.gop_size = gop
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        stream.codec_context.options = options or {}
        for number, (tick, rgb) in enumerate(zip(ticks, pictures, strict=True)):
            frame = av.VideoFrame.from_ndarray(stored_as(turn, rgb), format="rgb24")
            if number == 0:
                stream.width, stream.height = frame.width, frame.height
            frame.pts, frame.time_base = tick, base
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if sound is not None:
            out.mux(_tone(sound, times_s[-1]))
            out.mux(sound.encode(None))
    return np.array(ticks)


def _tone(sound, seconds):
    samples = np.sin(np.arange(round(seconds * 16000)) * 0.2).astype(np.float32)[None]
    packets = []
    for start in range(0, samples.shape[1], 1024):
        frame = av.AudioFrame.from_ndarray(samples[:, start : start + 1024].copy(), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 16000, start, Fraction(1, 16000)
        packets += sound.encode(frame)
    return packets


def constant(count, rate_hz=30.0, start_s=0.0):
    return start_s + np.arange(count) / rate_hz


def variable(count, seed=0, start_s=0.0):
    """Phones in the dark: 12 to 60 frames a second, with pauses."""
    rng = np.random.default_rng(seed)
    gaps = rng.uniform(1 / 60, 1 / 12, count)
    gaps[rng.random(count) < 0.03] = 0.5
    return start_s + np.concatenate([[0.0], np.cumsum(gaps[:-1])])
