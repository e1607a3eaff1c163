"""Two methods of a study on many draws of folds and labels, the study's pretrainings taken in turn.

``python benchmarks/draws.py benchmarks/studies/sp_sw_har.toml``: five seeds leave a standard error of one to two points
where labels are few; finetuning is cheap, so that more draws tell more. Pretrainings that are not there are made.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from m3n_studio.cli_learn import _cache, load_recordings
from m3n_studio.learning.finetune import finetune
from m3n_studio.learning.study import _Work, cells, read_plan
from m3n_studio.learning.windows import cut_to_learn


def main() -> None:
    """Finetune and test both on every draw; print means and the difference as it goes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plan", type=Path)
    parser.add_argument("--methods", nargs=2, default=["multi3net_plus", "minirocket"])
    parser.add_argument("--labels", type=int, nargs="+", default=[10, 5])
    parser.add_argument("--draws", type=int, default=25)
    args = parser.parse_args()
    plan = read_plan(args.plan)
    recordings = load_recordings(plan.data, plan.tier, plan.config.windows, lambda *_: None)
    windows = cut_to_learn(recordings, plan.config)
    work = _Work(plan, windows, _cache(), print, lambda: False)
    seeds = plan.file.grid.seeds
    found: dict[tuple[str, int], list[float]] = {(m, n): [] for m in args.methods for n in args.labels}
    for draw in range(args.draws):
        for (method, labels), values in found.items():
            own = seeds[draw % len(seeds)]
            cell = next(c for c in cells(plan) if (c.method, c.seed) == (method, own))
            pretrained = work.pretrained(cell) if cell.pretraining else None
            config = work.config(replace(cell, labels=labels, seed=draw))
            with tempfile.TemporaryDirectory() as folder:
                run = finetune(Path(folder) / "run", config, windows, pretrained=pretrained)
                values.append(100 * run.metrics["mean"]["macro_f1"])
        for labels in args.labels:
            one, other = (np.array(found[method, labels]) for method in args.methods)
            error = (one - other).std(ddof=1) / len(one) ** 0.5 if len(one) > 1 else np.nan
            means = f"{args.methods[0]} {one.mean():.1f}, {args.methods[1]} {other.mean():.1f}"
            print(f"{draw + 1} draws, {labels} labels: {means}, difference {(one - other).mean():+.1f} ± {error:.1f}")


if __name__ == "__main__":
    main()
