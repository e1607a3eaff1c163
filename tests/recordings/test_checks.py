"""Each check sees the fault made for it, names a remedy that mends it, and finds nothing on a sound signal."""

import numpy as np
import pytest

from m3n_studio.errors import FileError, UnknownName, ValueProblem
from m3n_studio.recordings.checks import check, check_together, figures_of, worst
from m3n_studio.recordings.raw import RawSignal
from m3n_studio.recordings.remedies import REMEDIES, mend

RATE = 50.0
G = 9.81


def turning(n=3000, rate=RATE, seed=0, name="wrist"):
    """A sensor that turns slowly by known angles, rests in between, and reads what it should."""
    rng = np.random.default_rng(seed)
    time = np.arange(n) / rate
    moves = np.clip(np.sin(2 * np.pi * time / 20.0), 0, None)
    omega = moves[:, None] * np.column_stack([np.sin(0.7 * time), np.cos(0.9 * time), np.sin(1.1 * time + 1)])
    R = np.eye(3)
    acc = np.empty((n, 3))
    for i in range(n):
        acc[i] = R.T @ [0, G, 0]
        R = R @ _exp(omega[i] / rate)
    noise = rng.normal(size=(n, 3)) * 0.02, rng.normal(size=(n, 3)) * 0.002
    return RawSignal(name, time, acc + noise[0], omega + noise[1])


def _exp(v):
    angle = np.linalg.norm(v)
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = v / angle
    K = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * K + (1 - np.cos(angle)) * K @ K


SOUND = turning()


def codes(raw, **options):
    return {finding.code: finding for finding in check(raw, **options)}


def test_a_sound_signal_has_no_findings_and_the_right_figures():
    assert check(SOUND) == ()
    seen = figures_of(SOUND)
    assert seen.rate_hz == pytest.approx(RATE)
    assert seen.gravity_mps2 == pytest.approx(G, abs=0.01)
    assert seen.acc_noise_mps2 == pytest.approx(0.02 * np.sqrt(3), rel=0.3)
    assert seen.gyr_gain == pytest.approx(1.0, abs=0.05)
    assert seen.gyr_fit > 0.98


@pytest.mark.parametrize(
    ("fault", "code", "level", "fix"),
    [
        (lambda r: r.with_(acc_mps2=r.acc_mps2 / G), "wrong-unit", "reject", "acc_from_g"),
        (lambda r: r.with_(acc_mps2=r.acc_mps2 * 1000 / G), "wrong-unit", "reject", "acc_from_mg"),
        (lambda r: r.with_(acc_mps2=r.acc_mps2 * G), "wrong-unit", "reject", "acc_undo_g"),
        (lambda r: r.with_(gyr_radps=np.rad2deg(r.gyr_radps)), "wrong-unit", "reject", "gyr_from_degrees"),
        (lambda r: r.with_(gyr_radps=np.deg2rad(r.gyr_radps)), "wrong-unit", "reject", "gyr_undo_degrees"),
        (lambda r: r.with_(gyr_radps=-r.gyr_radps), "gyroscope-turned", "warning", "flip_gyroscope"),
        (lambda r: r.with_(time_s=np.where(np.arange(len(r)) % 100 == 7, np.nan, r.time_s)), "missing-times", "reject",
         "drop_missing_times"),
        (lambda r: r.with_(time_s=np.floor(r.time_s * 25) / 25), "repeated-times", "reject", "drop_repeated_times"),
        (lambda r: r.with_(time_s=np.concatenate([r.time_s[:1500], r.time_s[1500:] - 3.0])), "backward-times", "reject",
         "drop_backward_times"),
    ],
)  # fmt: skip
def test_a_fault_with_a_remedy_is_seen_and_its_remedy_mends_it(fault, code, level, fix):
    broken = fault(SOUND)
    finding = codes(broken)[code]
    assert (finding.level, finding.fix) == (level, fix)
    assert finding.remedy
    assert "wrist" in finding.where
    assert code not in codes(mend(broken, (fix,)))


def test_gravity_downwards_is_seen_where_up_is_known_and_only_there():
    flat = SOUND.with_(acc_mps2=np.tile([0.0, 0.0, G], (3000, 1)) + (SOUND.acc_mps2 - SOUND.acc_mps2.mean(0)) * 1e-3,
                       gyr_radps=SOUND.gyr_radps * 1e-3)  # fmt: skip
    down = mend(flat, ("flip_gravity",))
    assert "gravity-down" not in codes(down)
    assert codes(down, up="+z")["gravity-down"].fix == "flip_gravity"
    assert "gravity-down" not in codes(flat, up="+z")
    with pytest.raises(ValueProblem, match="up axis"):
        check(flat, up="z")


@pytest.mark.parametrize("scale", [1.0, np.pi / 180, 9.81])
def test_an_accelerometer_copied_into_the_gyroscope_is_rejected_in_any_unit(scale):
    copied = SOUND.with_(gyr_radps=SOUND.acc_mps2 * scale)
    assert codes(copied)["copied-channels"].level == "reject"


def test_one_axis_twice_is_rejected():
    acc = SOUND.acc_mps2.copy()
    acc[:, 2] = acc[:, 0]
    assert "acc x and z" in codes(SOUND.with_(acc_mps2=acc))["copied-channels"].where


def test_constant_and_saturated_and_frozen_channels():
    acc, gyr = SOUND.acc_mps2.copy(), SOUND.gyr_radps.copy()
    gyr[:, 1] = 0.25
    assert "gyr y" in codes(SOUND.with_(gyr_radps=gyr))["constant-channel"].where
    hard = SOUND.with_(acc_mps2=np.clip(acc * 3, -2 * G, 2 * G))
    assert "2 g range" in codes(hard)["saturated-channel"].seen
    acc, gyr = acc.copy(), SOUND.gyr_radps.copy()
    acc[1000:1100], gyr[1000:1100] = acc[1000], gyr[1000]
    assert "first 20 s in" in codes(SOUND.with_(acc_mps2=acc, gyr_radps=gyr))["frozen"].where


def test_gravity_taken_out_or_of_the_wrong_size():
    rng = np.random.default_rng(1)
    assert "no-gravity" in codes(SOUND.with_(acc_mps2=rng.normal(size=(3000, 3)) * 0.1))
    assert codes(SOUND.with_(acc_mps2=SOUND.acc_mps2 * 1.5))["wrong-gravity"].level == "warning"
    assert codes(SOUND.with_(acc_mps2=SOUND.acc_mps2 * 1.08))["gravity-off"].level == "note"


def test_gaps_missing_numbers_and_jitter():
    keep = np.ones(3000, dtype=bool)
    keep[500:650] = keep[2000:2005] = False
    gaps = codes(SOUND.take(keep))["gaps"]
    assert "2 gaps" in gaps.seen
    assert "3.02 s" in gaps.seen
    assert gaps.level == "warning"
    holes = SOUND.acc_mps2.copy()
    holes[100:140] = np.nan
    found = codes(SOUND.with_(acc_mps2=holes))["missing-numbers"]
    assert "40 of 3000 in 1 runs, longest 40" in found.seen
    uneven = SOUND.time_s + np.random.default_rng(2).uniform(0, 0.8, 3000) / RATE
    assert "jitter" in codes(SOUND.with_(time_s=uneven))


def test_impossible_low_and_disputed_rates():
    assert codes(SOUND.with_(time_s=SOUND.time_s * 1000))["impossible-rate"].level == "reject"
    assert codes(SOUND.with_(time_s=SOUND.time_s / 1000))["impossible-rate"].level == "reject"
    assert "low-rate" in codes(SOUND.with_(time_s=SOUND.time_s * 8))
    assert "× 1.6" in codes(SOUND, stated_rate_hz=80.0)["rate-differs"].seen


def test_a_clock_that_speeds_up_and_two_that_disagree_by_1_6():
    speeding = SOUND.with_(time_s=np.cumsum(np.linspace(0.02, 0.026, 3000)))
    assert codes(speeding)["drifting-clock"].level == "warning"
    other = turning(seed=5, name="ankle")
    (finding,) = check_together([SOUND, other.with_(time_s=other.time_s * 1.6)])
    assert finding.code == "clocks-disagree"
    assert "× 1.6" in finding.seen
    assert check_together([SOUND, other]) == ()
    assert check_together([SOUND, other.with_(time_s=other.time_s + 5000.0)])[0].code == "clocks-apart"
    assert check_together([SOUND, SOUND.with_(name="copy")])[0].code == "copied-signals"


def test_no_gyroscope_is_said_and_nothing_else_is_made_of_it():
    bare = SOUND.with_(gyr_radps=np.full((3000, 3), np.nan))
    assert set(codes(bare)) == {"no-gyroscope"}
    assert set(codes(bare.signal(), absent=("gyr",))) == {"no-gyroscope"}
    assert worst(check(bare)) == "warning"
    assert worst(()) is None


def test_remedies_are_pure_and_named():
    before = SOUND.acc_mps2.copy(), SOUND.gyr_radps.copy(), SOUND.time_s.copy()
    for remedy in REMEDIES.values():
        remedy.apply(SOUND)
    assert all(
        np.array_equal(a, b) for a, b in zip(before, (SOUND.acc_mps2, SOUND.gyr_radps, SOUND.time_s), strict=True)
    )
    with pytest.raises(UnknownName, match="flip_gravity"):
        mend(SOUND, ("flip_gravty",))


def test_an_even_rate_leaves_gaps_empty():
    keep = np.ones(3000, dtype=bool)
    keep[500:650] = False
    even = mend(SOUND.take(keep), ("even_rate",))
    assert np.diff(even.time_s) == pytest.approx(1 / RATE)
    assert np.isnan(even.acc_mps2[510:640]).all()
    assert even.acc_mps2[:500] == pytest.approx(SOUND.acc_mps2[:500])


def test_times_that_still_run_backwards_make_no_signal():
    broken = SOUND.with_(time_s=SOUND.time_s[::-1].copy())
    with pytest.raises(FileError, match="drop_backward_times"):
        broken.signal()


def test_checks_survive_any_numbers():
    rng = np.random.default_rng(3)
    for seed in range(150):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1, 200))
        values = [rng.normal(size=(n, 3)) * 10.0 ** rng.integers(-300, 300) for _ in range(2)]
        time = np.cumsum(rng.normal(size=n)) * 10.0 ** rng.integers(-12, 12)
        for array in (*values, time):
            array[rng.random(array.shape) < 0.1] = [np.nan, np.inf, -np.inf, 0.0][int(rng.integers(0, 4))]
        for finding in check(RawSignal("x", time, *values)):
            assert finding.line()
