"""A study's results in the shape of the paper's Tables 2 to 5 and Figure 6, as CSV, Markdown and PNG.

A number is macro F1 in percent: the mean over folds, then mean ± standard deviation over seeds (n is
how many seeds are finished). Beside it stands the paper's, where the data set is one of the paper's.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from m3n_studio.atomic import atomic
from m3n_studio.learning.methods import find_method
from m3n_studio.learning.study import Plan, by, results
from m3n_studio.resources import resource

_WORN = {"left": "Left wrist", "right": "Right wrist", "both": "Both wrists"}
_FROZEN = {"always": "frozen", "until-plateau": "not frozen", "never": "learning from the start"}
#: Names of the paper's rows.
_PAPER = {
    "deepconvlstm": "DCL (real)", "base": "Base (real)", "reconstruction": "IMU reconstruction",
    "contrastive": "Contrastive pretrain", "multi3net": "Multi3Net", "multi3net_plus": "Multi3Net+",
}  # fmt: skip


@dataclass(frozen=True)
class Table:
    """A table: its file's name, a title, column heads, rows of text."""

    name: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def write_tables(plan: Plan) -> list[Path]:
    """Write every table and figure there are results for; the files."""
    found = results(plan)
    folder = plan.out / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for table in tables(plan, found):
        if table.rows:
            written += [_csv(folder, table), _markdown(folder, table)]
    for name, title, across, log in (
        ("figure_share", "Share of the motions pretrained on", "share", False),
        ("figure_labels", "Labelled windows a class", "labels", True),
    ):
        if len({r["cell"][across] for r in found if log or r["cell"][across]}) > 1:
            written.append(_figure(folder / f"{name}.png", plan, found, title, across, log))
    return written


def tables(plan: Plan, found: list[dict[str, Any]]) -> list[Table]:
    """Models by wrists (Tables 2-4), experts (Table 5), labels by model, shares (Figure 6's numbers)."""
    return [_models(plan, found), _experts(plan, found), _labels(plan, found), _shares(plan, found)]


def row_name(cell: dict[str, Any]) -> str:
    """A model as the paper's tables call it."""
    own = _PAPER.get(cell["method"], find_method(cell["method"]).title)
    return f"{own} ({cell['pretraining']}:{_FROZEN[cell['freeze']]})" if cell["pretraining"] else own


def number(group: Sequence[dict[str, Any]]) -> str:
    """Mean ± standard deviation over seeds, or a dash."""
    if not group:
        return "-"
    values = 100 * np.array([r["mean"] for r in group])
    return f"{values.mean():.1f} ± {values.std():.2f} (n={len(values)})"


def _models(plan: Plan, found: list[dict[str, Any]]) -> Table:
    """With all labels, all motions and the most experts."""
    grid = plan.file.grid
    chosen = [r for r in by(found, labels=0) if r["cell"]["share"] in (0.0, max(grid.share))
              and r["cell"]["experts"] in (0, max(grid.experts))]  # fmt: skip
    heads = ["Model"]
    for worn in grid.wrists:
        heads += [_WORN[worn], f"{_WORN[worn]}, paper"] if _is_papers(plan) else [_WORN[worn]]
    rows = []
    for name in dict.fromkeys(row_name(r["cell"]) for r in _ordered(plan, chosen)):
        row = [name]
        for worn in grid.wrists:
            row.append(number([r for r in by(chosen, wrists=worn) if row_name(r["cell"]) == name]))
            if _is_papers(plan):
                row.append(_paper("models", data=plan.file.name, wrists=worn, model=name))
        rows.append(tuple(row))
    return Table("table_models", f"Macro F1 on {plan.file.name}, all labels", tuple(heads), tuple(rows))


def _experts(plan: Plan, found: list[dict[str, Any]]) -> Table:
    grid, rows = plan.file.grid, []
    for worn in grid.wrists:
        for count in grid.experts:
            group = [r for r in by(found, labels=0, wrists=worn, experts=count) if r["cell"]["share"] == max(grid.share)
                     and r["cell"]["freeze"] == grid.freeze[0]]  # fmt: skip
            if group:
                paper = _paper("experts", data=plan.file.name, wrists=worn, experts=count)
                rows.append((f"{plan.file.name} ({_WORN[worn]})", str(count), number(group), paper))
    if len(grid.experts) < 2:
        rows = []
    title = "Number of experts of Multi3Net+"
    return Table("table_experts", title, ("Dataset", "Experts", "Macro F1", "Paper"), tuple(rows))


def _labels(plan: Plan, found: list[dict[str, Any]]) -> Table:
    """The first of the wrists, all motions, most experts; labels in columns."""
    grid = plan.file.grid
    chosen = [r for r in by(found, wrists=grid.wrists[0]) if r["cell"]["share"] in (0.0, max(grid.share))
              and r["cell"]["experts"] in (0, max(grid.experts))]  # fmt: skip
    names = dict.fromkeys(row_name(r["cell"]) for r in _ordered(plan, chosen))
    rows = tuple(
        (name, *(number([r for r in by(chosen, labels=n) if row_name(r["cell"]) == name]) for n in grid.labels))
        for name in names
    )
    heads = ("Model", *("all labels" if n == 0 else f"{n} a class" for n in grid.labels))
    title = f"Macro F1 on {plan.file.name} by labelled windows a class, {_WORN[grid.wrists[0]].lower()}"
    return Table("table_labels", title, heads, rows if len(grid.labels) > 1 else ())


def _shares(plan: Plan, found: list[dict[str, Any]]) -> Table:
    grid, rows = plan.file.grid, []
    chosen = [
        r for r in by(found, labels=0) if r["cell"]["pretraining"] and r["cell"]["experts"] in (0, max(grid.experts))
    ]
    for worn in grid.wrists:
        for name in dict.fromkeys(row_name(r["cell"]) for r in _ordered(plan, chosen)):
            of = [[r for r in by(chosen, wrists=worn, share=s) if row_name(r["cell"]) == name] for s in grid.share]
            rows.append((_WORN[worn], name, *(number(group) for group in of)))
    heads = ("Wrists", "Model", *(f"{100 * s:g} %" for s in grid.share))
    return Table("table_shares", "Macro F1 by share of the motions", heads, tuple(rows) if len(grid.share) > 1 else ())


def _figure(path: Path, plan: Plan, found: list[dict[str, Any]], title: str, across: str, log: bool) -> Path:
    """A line a model over one thing that is varied; one panel for each choice of wrists."""
    from matplotlib.figure import Figure

    grid = plan.file.grid
    figure = Figure(figsize=(5.2 * len(grid.wrists), 4.2), layout="constrained", dpi=150)
    panels = figure.subplots(1, len(grid.wrists), squeeze=False)[0]
    chosen = [r for r in found if r["cell"]["experts"] in (0, max(grid.experts))]
    if across == "share":
        chosen = list(by(chosen, labels=0))
    else:
        chosen = [r for r in chosen if r["cell"]["share"] in (0.0, max(grid.share))]
    markers = "osD^vP*X"
    for panel, worn in zip(panels, grid.wrists, strict=True):
        here = list(by(chosen, wrists=worn))
        for index, name in enumerate(dict.fromkeys(row_name(r["cell"]) for r in _ordered(plan, here))):
            own = [r for r in here if row_name(r["cell"]) == name]
            values = sorted({r["cell"][across] for r in own})
            if across == "labels":  # all labels stand at the right end
                values = [v for v in values if v] + [v for v in values if not v]
            points = [100 * np.array([r["mean"] for r in by(own, **{across: v})]) for v in values]
            if across == "share" and values == [0.0]:  # nothing pretrained: a level
                panel.axhline(points[0].mean(), color="0.5", ls=(0, (2, 1 + index)), label=name)
                continue
            places = [2 * max(grid.labels) if log and not v else (v if log else 100 * v) for v in values]
            panel.errorbar(places, [p.mean() for p in points], [p.std() for p in points], label=name, capsize=2,
                           marker=markers[index % len(markers)], ms=4)  # fmt: skip
        panel.set(
            title=f"{plan.file.name}, {_WORN[worn].lower()}",
            xlabel=title + ("" if log else ", %"),
            ylabel="Macro F1, %",
        )
        if log:
            ticks = sorted(n for n in grid.labels if n)
            panel.set_xscale("log")
            panel.minorticks_off()
            panel.set_xticks([*ticks, 2 * max(grid.labels)], [*map(str, ticks), "all"])
        panel.grid(alpha=0.3)
        if here:
            panel.legend(fontsize=7)
    with atomic(path) as part:
        figure.savefig(part, format="png")
    return path


def _ordered(plan: Plan, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """In the order of the plan."""
    grid = plan.file.grid
    return sorted(found, key=lambda r: (
        grid.methods.index(r["cell"]["method"]), r["cell"]["pretraining"],
        grid.freeze.index(r["cell"]["freeze"]) if r["cell"]["freeze"] else -1,
    ))  # fmt: skip


def _is_papers(plan: Plan) -> bool:
    return any(row["data"] == plan.file.name for row in _papers()["models"])


def _paper(table: str, **wanted: Any) -> str:
    for row in _papers()[table]:
        if all(row[name] == value for name, value in wanted.items()):
            return f"{row['mean']} ± {row['std']}"
    return "-"


@lru_cache(maxsize=1)
def _papers() -> dict[str, Any]:
    return tomllib.loads(resource("paper_results.toml").read_text(encoding="utf-8"))


def _csv(folder: Path, table: Table) -> Path:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([table.heads, *table.rows])
    return _write(folder / f"{table.name}.csv", text.getvalue())


def _markdown(folder: Path, table: Table) -> Path:
    lines = [f"**{table.title}**", "", _line(table.heads), _line(["---"] * len(table.heads))]
    return _write(folder / f"{table.name}.md", "\n".join([*lines, *map(_line, table.rows), ""]))


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _write(path: Path, text: str) -> Path:
    with atomic(path) as part:
        part.write_text(text, encoding="utf-8")
    return path
