"""Video: how long a jump, a step and a scan take, and how fast it plays; how near the clock of the signal is found.

Run: python benchmarks/video.py [--seconds 60]. The clip is 1280x720 at 30 frames/s, x264, made on the spot.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from m3n_studio.recordings.timemap import TimeMap
from m3n_studio.recordings.video import index
from m3n_studio.recordings.video.decoder import Decoder
from m3n_studio.recordings.video.index import open_video
from m3n_studio.recordings.video.motion import motion_energy
from m3n_studio.recordings.video.reencode import reencode
from m3n_studio.recordings.video.sync import synchronise
from tests.recordings.video import clips, scenes


def pictures(count: int):
    small = np.random.default_rng(0).integers(0, 256, (90, 160, 3), dtype=np.uint8)
    still = np.repeat(np.repeat(small, 8, 0), 8, 1)
    for number in range(count):
        rgb = np.roll(still, number * 5, axis=1)
        rgb[:200, :320] = np.repeat(np.repeat(clips.picture(number), 2, 0), 2, 1)
        yield rgb


def spread(times: list[float]) -> str:
    return f"median {np.median(times) * 1e3:6.1f} ms, p95 {np.percentile(times, 95) * 1e3:6.1f} ms"


def measured(decoder: Decoder, numbers) -> list[float]:
    taken = []
    for number in numbers:
        start = time.perf_counter()
        picture = decoder.frame(int(number))
        taken.append(time.perf_counter() - start)
        assert clips.read_number(picture.rgb[:200, :320]) == number
    return taken


def seeking(path: Path) -> None:
    index._known.clear()
    start = time.perf_counter()
    video = open_video(path)
    print(f"  scan of {len(video)} frames       {(time.perf_counter() - start) * 1e3:6.1f} ms")
    rng = np.random.default_rng(1)
    with Decoder(video) as decoder:
        print(f"  jump anywhere             {spread(measured(decoder, rng.integers(0, len(video), 60)))}")
    with Decoder(video) as decoder:
        taken = measured(decoder, range(min(300, len(video))))
        print(f"  playing                   {len(taken) / sum(taken):6.0f} frames/s")
        print(f"  a step forward            {spread(taken)}")
        print(f"  a step back               {spread(measured(decoder, range(len(video) - 1, len(video) - 200, -1)))}")
        print(f"  memory of frames kept     {decoder.kept_bytes / 2**20:6.0f} MiB")


def syncing(folder: Path) -> None:
    for kind, times in (("constant", clips.constant(1200)), ("variable", clips.variable(900, 1))):
        errors = []
        for seed in range(5):
            truth = TimeMap.offset(float(np.random.default_rng(seed).uniform(-3, 8)))
            first, last = max(truth.to_session(times[0]), 0), truth.to_session(times[-1])
            scene = scenes.Scene(first + scenes.clap_times(8, last - first, seed), seed)
            path = folder / f"{kind}-{seed}.mp4"
            clips.write(path, times, pictures=(scene.picture(truth.to_session(t)) for t in times))
            video = open_video(path)
            found = synchronise(motion_energy(video), [scene.signal(last + 5)])
            errors.append(abs(found.time_map.to_session(10.0) - truth.to_session(10.0)) / (video.frame_s / 2))
        print(f"  {kind} rate: error / half a frame: {', '.join(f'{e:.2f}' for e in errors)}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=40.0)
    count = round(parser.parse_args().seconds * 30)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clips.write(folder / "a.mp4", clips.constant(count), pictures=pictures(count), options={"preset": "veryfast"})
        print("1280x720, 30 frames/s, as x264 writes it (a key frame every 250)")
        seeking(folder / "a.mp4")
        start = time.perf_counter()
        reencode(open_video(folder / "a.mp4"), folder / "copy.mp4")
        print(f"the copy that seeks well, made at {count / (time.perf_counter() - start):.0f} frames/s")
        seeking(folder / "copy.mp4")
        print("synchronising with a simulated wrist")
        syncing(folder)


if __name__ == "__main__":
    main()
