"""Films and stills: the right number of pictures, each what was put in; nothing half-written stays."""

import numpy as np
import pytest

from m3n_studio.errors import FileError, M3nError
from m3n_studio.studio.scene.movie import Film, Stills, sink_for, transparent, write_png


def pictures(n, height=64, width=96):
    """A bright bar that moves to the right."""
    out = np.full((n, height, width, 3), 30, dtype=np.uint8)
    for i in range(n):
        out[i, :, 8 * i : 8 * i + 8] = 220
    return out


def read(path):
    import av

    with av.open(str(path)) as container:
        rate = container.streams.video[0].average_rate
        return [f.to_ndarray(format="rgb24") for f in container.decode(video=0)], float(rate)


def test_a_film_has_every_picture_in_order(tmp_path):
    shots = pictures(10)
    with Film(tmp_path / "a.mp4", 30.0) as film:
        for shot in shots:
            film.add(shot)
    frames, rate = read(tmp_path / "a.mp4")
    assert len(frames) == 10
    assert rate == 30.0
    for shot, frame in zip(shots, frames, strict=True):
        assert np.abs(shot.astype(int) - frame).mean() < 8
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


def test_odd_sizes_lose_a_row_and_a_given_up_film_leaves_nothing(tmp_path):
    with Film(tmp_path / "odd.mp4", 25.0) as film:
        film.add(pictures(1, 65, 97)[0])
    assert read(tmp_path / "odd.mp4")[0][0].shape == (64, 96, 3)
    film = Film(tmp_path / "none.mp4", 30.0)
    film.add(pictures(1)[0])
    film.close(keep=False)
    assert [p.name for p in tmp_path.iterdir()] == ["odd.mp4"]


def test_another_size_on_the_way_is_told(tmp_path):
    film = Film(tmp_path / "a.mp4", 30.0)
    film.add(pictures(1)[0])
    with pytest.raises(M3nError, match="size"):
        film.add(pictures(1, 32, 32)[0])
    film.close(keep=False)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_told(tmp_path):
    for name in ("no/a.mp4", "no/a.png"):
        with pytest.raises(FileError):
            sink_for(tmp_path / name, 30.0)


def test_stills_are_numbered_and_hold_their_pixels(tmp_path, qapp):
    from PySide6.QtGui import QImage

    stills = sink_for(tmp_path / "turn.png", 30.0)
    assert isinstance(stills, Stills)
    for shot in pictures(3):
        stills.add(shot)
    stills.close()
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"turn_{i:04d}.png" for i in (1, 2, 3)]
    image = QImage(str(tmp_path / "turn_0002.png"))
    assert (image.width(), image.height()) == (96, 64)
    assert image.pixelColor(10, 5).red() == 220
    assert image.pixelColor(30, 5).red() == 30


def test_transparency_is_what_black_and_white_disagree_on(tmp_path):
    solid, glass, nothing = (200, 100, 50), 0.25, 0.0
    black, white = np.zeros((1, 3, 4), np.uint8), np.zeros((1, 3, 4), np.uint8)
    for i, alpha in enumerate((1.0, glass, nothing)):
        black[0, i, :3] = np.array(solid) * alpha
        white[0, i, :3] = np.array(solid) * alpha + 255 * (1 - alpha)
    out = transparent(black, white)[0]
    assert abs(int(out[0, 3]) - 255) <= 1
    assert abs(int(out[1, 3]) - 64) <= 2
    assert out[2, 3] == 0
    np.testing.assert_allclose(out[:2, :3], [solid, solid], atol=6)
    write_png(tmp_path / "t.png", transparent(black, white))
    assert (tmp_path / "t.png").read_bytes()[:4] == b"\x89PNG"
