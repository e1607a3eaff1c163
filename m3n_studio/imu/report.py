"""A written report of how close simulated signals are to real ones: a web page or a table.

The page stands alone (no scripts, no files beside it; figures are SVG inside it) and prints; it
says what was compared with what, how it was aligned, every figure, where the worst moments are
and why, and where it all came from.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from html import escape
from pathlib import Path

import numpy as np

import m3n_studio
from m3n_studio import so3
from m3n_studio.atomic import atomic
from m3n_studio.errors import FileError
from m3n_studio.imu import report_svg as svg
from m3n_studio.imu.evidence import Evidence
from m3n_studio.imu.fidelity_windows import CHANNELS, eight
from m3n_studio.imu.mode_compare import MEASURES, ModeRow, best
from m3n_studio.imu.moments import Moment
from m3n_studio.recordings.signal import GRAVITY_MPS2

_FIGURES = 4
_AROUND_S = 1.0
#: Confidence below which an alignment is called a guess.
_DOUBTFUL = 0.4
_STYLE = """
:root { color-scheme: light dark; --text: #1d2430; --muted: #5b6575; --line: #d9dee7; --page: #ffffff;
  --panel: #f6f8fb; --sim: #2457d6; --real: #b3560c; --bad: #c0282d; }
@media (prefers-color-scheme: dark) { :root { --text: #e7eaf0; --muted: #99a3b3; --line: #2e3541; --page: #15181d;
  --panel: #1b1f26; --sim: #6e9bff; --real: #f2a65a; --bad: #ff6b66; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page); margin: 0 auto;
  max-width: 1120px; padding: 32px 24px 64px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 20px; margin: 40px 0 8px; } h3 { font-size: 16px;
  margin: 24px 0 8px; } .row h3 { margin-top: 0; }
p.lead { font-size: 17px; margin: 8px 0; } .muted { color: var(--muted); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 4px 12px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; color: var(--muted); } td.words, th.words { text-align: left; }
td.best { font-weight: 700; }
.wide { overflow-x: auto; } .row { display: flex; flex-wrap: wrap; gap: 24px; margin-top: 14px; }
.key::before { content: ""; display: inline-block; width: 18px; height: 3px; vertical-align: middle;
  margin-right: 6px; background: currentColor; }
.key.sim { color: var(--sim); } .key.real { color: var(--real); }
svg { max-width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: var(--muted); }
svg .title { fill: var(--text); font-weight: 600; } svg path { fill: none; stroke-width: 1.5; }
svg path.sim { stroke: var(--sim); } svg path.real { stroke: var(--real); }
svg .axis { stroke: var(--line); } svg .span { fill: var(--bad); fill-opacity: .09; }
svg .track { fill: var(--line); } svg .bar { fill: var(--sim); } svg .cell { fill: var(--bad); }
@media print { h2 { break-before: auto; } .row > *, tr { break-inside: avoid; } }
"""


def write_report(
    path: str | Path,
    evidence: Sequence[Evidence],
    *,
    title: str = "Fidelity",
    provenance: Mapping[str, str] | None = None,
    modes: Sequence[ModeRow] = (),
    now: Callable[[], datetime] = datetime.now,
) -> Path:
    """Write a report; ``.html`` or ``.csv`` says which.

    Parameters
    ----------
    evidence : sequence of Evidence
        One per sensor, see :func:`m3n_studio.imu.evidence.gather`.
    provenance : mapping, optional
        What it all came from, as words, e.g. ``{"Motion": "walk.bvh"}``.
    modes : sequence of ModeRow, optional
        The comparison of simulation modes, if it was made.
    """
    path = Path(path)
    kinds = {".html": html_report, ".htm": html_report, ".csv": csv_report}
    if path.suffix.lower() not in kinds:
        raise FileError(path, found=f"{path.suffix or 'no ending'}", expected="a name that ends in .html or .csv")
    where = {**dict(provenance or {}), "Written": f"{now():%Y-%m-%d %H:%M}", "Program": _program()}
    text = kinds[path.suffix.lower()](evidence, title=title, provenance=where, modes=modes)
    try:
        with atomic(path) as part:
            part.write_text(text, "utf-8")
    except OSError as error:
        raise FileError(path, found=str(error), expected="a folder that is there and can be written to") from error
    return path


def _program() -> str:
    return f"m3n Studio {m3n_studio.__version__}, NumPy {np.__version__}"


# ---------------------------------------------------------------- table


def csv_report(
    evidence: Sequence[Evidence], *, title: str, provenance: Mapping[str, str], modes: Sequence[ModeRow]
) -> str:
    """One line a figure: sensor, recording, section, quantity, axis, measure, unit, value, from, to."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["sensor", "recording", "section", "quantity", "axis", "measure", "unit", "value", "from_s", "to_s"])
    for name, words in {"Title": title, **provenance}.items():
        rows.writerow(["", "", "provenance", "", "", name, "", words, "", ""])
    for e in evidence:
        head = [e.report.simulated, e.report.real]
        for section, quantity, axis, measure, unit, value, start, end in _figures(e):
            rows.writerow([*head, section, quantity, axis, measure, unit, value, start, end])
    for row in modes:
        for measure_ in MEASURES:
            rows.writerow([row.sensor, "", f"mode {row.mode}", "", "", measure_.title, measure_.unit,
                           _full(row.values.get(measure_.name)), "", ""])  # fmt: skip
    return out.getvalue()


def _figures(e: Evidence) -> list[tuple[str, str, str, str, str, str, str, str]]:
    """Every figure of a sensor: section, quantity, axis, measure, unit, value, from, to."""
    out = [("alignment", "", "", name, unit, _full(value), "", "") for name, value, unit in alignment_figures(e)]
    for quantity, error in (("acc", e.report.mse_acc), ("gyr", e.report.mse_gyr)):
        out.append(("whole", quantity, "magnitude", f"MSE ({e.report.normalise})", "", _full(error), "", ""))
    for row, trend in zip(e.report.channels, e.trends, strict=True):
        at = ("whole", row.quantity, row.axis)
        out += [
            (*at, "RMSE", row.unit, _full(row.rmse), "", ""), (*at, "r", "", _full(row.r), "", ""),
            (*at, "bias", row.unit, _full(trend.bias), "", ""), (*at, "slope", "", _full(trend.slope), "", ""),
        ]  # fmt: skip
        for (low, high), value in zip(e.report.bands_hz, row.coherence, strict=True):
            out.append((*at, f"coherence {low:g}-{high:g} Hz", "", _full(value), "", ""))
    units = {"acc": "m/s²", "gyr": "rad/s"}
    for w in range(len(e.windows)):
        span = (_full(e.windows.start_s[w]), _full(e.windows.end_s[w]))
        for c, (quantity, axis) in enumerate(CHANNELS):
            out.append(("window", quantity, axis, "r", "", _full(e.windows.r[w, c]), *span))
            out.append(("window", quantity, axis, "RMSE", units[quantity], _full(e.windows.rmse[w, c]), *span))
    for m in e.moments:
        span = (_full(m.start_s), _full(m.end_s))
        out.append(("worst moment", m.quantity, m.axis, m.reason or "RMSE", m.unit, _full(m.rmse), *span))
    return out


def _full(value: object) -> str:
    if not isinstance(value, int | float | np.floating):
        return "" if value is None else str(value)
    return repr(float(value)) if np.isfinite(value) else ""


def alignment_figures(e: Evidence) -> list[tuple[str, float | str | None, str]]:
    """What was found or stated: name, value, unit."""
    a = e.alignment
    out: list[tuple[str, float | str | None, str]] = []
    if a.clock is not None:
        out += [("clock offset", a.clock.offset_s, "s"), ("clock drift", a.clock.drift * 6e4, "ms/min"),
                ("clock confidence", a.clock.confidence, "")]  # fmt: skip
    if a.mount is not None:
        turn = so3.rotvec_from_matrix(a.mount.R)
        angle = float(np.linalg.norm(turn))
        axis = turn / angle if angle > 1e-9 else np.zeros(3)
        out += [("mount turn", float(np.rad2deg(angle)), "°"), *zip(
            ("mount axis x", "mount axis y", "mount axis z"), map(float, axis), ("", "", ""), strict=True),
            ("mount left over", a.mount.residual_deg, "°"), ("mount confidence", a.mount.confidence, "")]  # fmt: skip
    gravity = a.gravity or e.gravity
    out += [("gravity at rest", gravity.state, ""), ("specific force at rest", gravity.magnitude_mps2, "m/s²"),
            ("tilt left over", gravity.tilt_deg, "°")]  # fmt: skip
    lag = e.report.lag_s
    out.append(("lag left over", None if lag is None else 1e3 * lag, "ms"))
    return out


# ---------------------------------------------------------------- page


def html_report(
    evidence: Sequence[Evidence], *, title: str, provenance: Mapping[str, str], modes: Sequence[ModeRow]
) -> str:
    """The page as text."""
    body = [f"<h1>{escape(title)}</h1>",
            '<p class="muted">How close the simulated signals are to the recordings. '
            '<span class="key sim">simulated</span> &#160; <span class="key real">real</span></p>']  # fmt: skip
    body += [f'<p class="lead">{escape(summary(e))}</p>' for e in evidence]
    for e in evidence:
        body.append(_sensor_page(e, [row for row in modes if row.sensor == e.report.simulated]))
    rows = "".join(f'<tr><th class="words">{escape(k)}</th><td class="words">{escape(v)}</td></tr>'
                   for k, v in provenance.items())  # fmt: skip
    body.append(f"<h2>Where this comes from</h2><table>{rows}</table>")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body>\n{''.join(body)}\n</body></html>\n"
    )


def summary(e: Evidence) -> str:
    """The verdict in a sentence."""
    name = e.report.simulated.replace("_", " ")
    told = {
        q: [row.r for row in e.report.channels if row.quantity == q and row.axis != "magnitude"] for q in ("acc", "gyr")
    }
    ranges = {q: [r for r in values if r is not None] for q, values in told.items()}
    if not ranges["acc"] or not ranges["gyr"]:
        return f"{name}: too little in common to judge."
    parts = [f"{words} r {min(ranges[q]):.3f} to {max(ranges[q]):.3f}"
             for q, words in (("acc", "acceleration"), ("gyr", "angular velocity"))]  # fmt: skip
    words = f"{name}: {parts[0]}, {parts[1]} over {e.report.seconds:.1f} s"
    if e.moments:
        m = e.moments[0]
        words += f"; worst at {m.start_s:.1f} s on {m.quantity} {m.axis}"
        words += f": {m.reason}" if m.reason else ""
    return words + "."


def doubts(e: Evidence) -> tuple[str, ...]:
    """What should be seen to before the figures are believed, in plain words."""
    a, gravity, out = e.alignment, e.gravity, []
    for part, fit in (("clock", a.clock), ("mount", a.mount)):
        if fit is not None and fit.confidence < _DOUBTFUL:
            out.append(
                f"The {part} is a guess ({100 * fit.confidence:.0f} % sure): is this the recording of this motion?"
            )
    used = "" if a.gravity is None else a.gravity.state
    if gravity.confidence >= _DOUBTFUL and gravity.state == "inverted" and used != "inverted":
        out.append("The recording reads gravity upside down; say so under Gravity.")
    if gravity.confidence >= _DOUBTFUL and gravity.state == "absent":
        out.append("The recording is without gravity; its acceleration cannot be compared as it is.")
    if gravity.state in ("present", "inverted") and not 0.8 < gravity.magnitude_mps2 / GRAVITY_MPS2 < 1.25:
        out.append(f"At rest the recording reads {gravity.magnitude_mps2:.2f} m/s², not 9.81: is its unit right?")
    return tuple(out)


def _sensor_page(e: Evidence, modes: Sequence[ModeRow]) -> str:
    r = e.report
    filtered = "no low-pass" if r.lowpass_hz is None else f"low-passed at {r.lowpass_hz:g} Hz"
    head = f"{r.samples} samples, {r.seconds:.1f} s at {r.rate_hz:.1f} Hz, {filtered}"
    coherence = {row.axis: row for row in r.channels if row.quantity == "acc"}
    bands = [f"{low:g}–{high:g} Hz" for low, high in r.bands_hz]
    gyr = {row.axis: row for row in r.channels if row.quantity == "gyr"}
    return "".join([
        f"<h2>{escape(r.simulated.replace('_', ' '))} against {escape(r.real)}</h2>",
        f'<p class="muted">{escape(head)}. MSE of normalised magnitudes ({escape(r.normalise)}): acceleration'
        f" {_short(r.mse_acc)}, angular velocity {_short(r.mse_gyr)}.</p>",
        *(f"<p><strong>{escape(words)}</strong></p>" for words in doubts(e)),
        '<div class="row"><div><h3>Alignment</h3>', _alignment_table(e), "</div><div>",
        svg.curve(e.lags.lag_s * 1e3, e.lags.r, title="r of ‖ω‖ if the recording were shifted", unit="ms"),
        "</div></div><h3>Closeness per channel</h3>", _channel_table(e), '<div class="row">',
        svg.bars(bands, coherence["magnitude"].coherence, title="Coherence of ‖a‖ per band"),
        svg.bars(bands, gyr["magnitude"].coherence, title="Coherence of ‖ω‖ per band"), "</div>",
        "<h3>Along time</h3>",
        svg.heat(e.windows.start_s, e.windows.end_s, e.windows.r, names=[f"{q} {a}" for q, a in CHANNELS],
                 title="r per window; the redder, the worse"),
        "<h3>Worst moments</h3>", _moment_table(e.moments),
        '<div class="row">', *(_moment_figure(e, m) for m in e.moments[:_FIGURES]), "</div>",
        _mode_table(modes),
    ])  # fmt: skip


def _alignment_table(e: Evidence) -> str:
    rows = "".join(
        f'<tr><th class="words">{escape(name)}</th><td>{escape(value) if isinstance(value, str) else _short(value)}'
        f" {escape(unit)}</td></tr>"
        for name, value, unit in alignment_figures(e)
    )
    return f"<table>{rows}</table>"


def _channel_table(e: Evidence) -> str:
    bands = "".join(f"<th>coh {low:g}–{high:g} Hz</th>" for low, high in e.report.bands_hz)
    head = f'<tr><th class="words">channel</th><th>RMSE</th><th>r</th><th>bias</th><th>slope</th>{bands}</tr>'
    rows = []
    for row, trend in zip(e.report.channels, e.trends, strict=True):
        cells = [f"{_short(row.rmse)} {row.unit}", _short(row.r, 4), f"{_short(trend.bias)} {row.unit}",
                 _short(trend.slope), *(_short(c) for c in row.coherence)]  # fmt: skip
        rows.append(f'<tr><td class="words">{row.quantity} {row.axis}</td>'
                    + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")  # fmt: skip
    return f'<div class="wide"><table>{head}{"".join(rows)}</table></div>'


def _moment_table(moments: Sequence[Moment]) -> str:
    if not moments:
        return '<p class="muted">Nothing to show: too little in common.</p>'
    head = ('<tr><th>when</th><th class="words">channel</th><th>RMSE</th><th>of the movement</th>'
            '<th class="words">why</th></tr>')  # fmt: skip
    rows = "".join(
        f'<tr><td>{m.start_s:.2f}–{m.end_s:.2f} s</td><td class="words">{m.quantity} {m.axis}</td>'
        f"<td>{_short(m.rmse)} {m.unit}</td><td>{100 * m.score:.0f} %</td>"
        f'<td class="words">{escape(m.reason) or "no single cause shows"}</td></tr>'
        for m in moments
    )
    return f'<div class="wide"><table>{head}{rows}</table></div>'


def _moment_figure(e: Evidence, m: Moment) -> str:
    t = e.simulated.time_s
    part = np.flatnonzero((t >= m.start_s - _AROUND_S) & (t <= m.end_s + _AROUND_S))
    if len(part) < 2:
        return ""
    c = CHANNELS.index((m.quantity, m.axis))
    lines = [np.where(s.valid[part], eight(s)[part, c], np.nan) for s in (e.simulated, e.aligned)]
    title = f"{m.quantity} {m.axis}, {m.start_s:.2f}–{m.end_s:.2f} s"
    return svg.overlay(t[part], lines[0], lines[1], title=title, unit=m.unit, span=(m.start_s, m.end_s))


def _mode_table(rows: Sequence[ModeRow]) -> str:
    if not rows:
        return ""
    winners = best(rows)
    head = "".join(f"<th>{escape(m.title)}{f' ({m.unit})' if m.unit else ''}</th>" for m in MEASURES)
    lines = []
    for row in rows:
        cells = "".join(
            f"<td{' class=best' if winners.get(m.name) == row.mode else ''}>{_short(row.values.get(m.name), 4)}</td>"
            for m in MEASURES
        )
        lines.append(f'<tr><td class="words">{escape(row.title)}</td>{cells}</tr>')
    return (
        "<h3>Other ways to simulate, same alignment (best in bold)</h3>"
        f'<div class="wide"><table><tr><th class="words">mode</th>{head}</tr>{"".join(lines)}</table></div>'
    )


def _short(value: float | None, digits: int = 3) -> str:
    return "–" if value is None or not np.isfinite(value) else f"{value:.{digits}f}"
