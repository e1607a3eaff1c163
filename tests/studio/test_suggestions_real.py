"""Likely errors of real labels: a twentieth of them swapped on purpose, and how many of the first found are those."""

import random
from dataclasses import replace

import pytest

pytest.importorskip("torch")

from m3n_studio.annotation.model import Change
from m3n_studio.cli import main
from m3n_studio.learning.config import load_preset
from m3n_studio.learning.finetune import finetune
from m3n_studio.learning.windows import cut
from m3n_studio.project import Edit, Project
from m3n_studio.project.training_data import labelled_recordings
from m3n_studio.studio.predictions.suggestion_unlearned import Unlearned
from m3n_studio.studio.predictions.suggestion_work import Ask, answer
from tests.shared import data_dir
from tests.studio.test_suggestions_view import compute


class Quiet:
    def progress(self, *_):
        """Nobody looks."""

    def check(self):
        """Nobody cancels."""

    def cancelled(self):
        """No."""
        return False


@pytest.mark.slow
def test_labels_swapped_on_purpose_come_first(tmp_path):
    folder, run = tmp_path / "har", tmp_path / "har" / "run"
    main(["project", "new", str(folder)])
    main(["project", "add", str(folder), str(data_dir("sp_sw_har"))])
    with Project.open(folder) as project:
        project.apply([Edit("Worn", r, replace(r, placement="left_wrist")) for r in project.recordings()])
        (tier,) = [t for t in project.tiers() if t.kind == "interval"]
        there = [(s.id, a) for s in project.sessions() for a in project.annotations(s.id, tier.id)]
        there.sort(key=lambda found: (found[1].start_s, found[1].end_s, found[1].label))
        chance = random.Random(7)
        wrong = chance.sample(there, round(0.05 * len(there)))
        for session, a in wrong:
            other = chance.choice([c.id for c in tier.classes if c.id != a.label])
            project.annotate(session, Change("Swap", (a,), (a.with_(label=other),)))
        config = load_preset("small", {"finetune.method": "base", "finetune.optimiser.epochs": 15})
        found = labelled_recordings(project, tier.name)
        finetune(run, config, cut(found, config.windows), accelerator="cpu")
        sessions = tuple(s.id for s in project.sessions())
        known = {(s, str(run)): compute(project, s, str(run)) for s in sessions}
        said = answer(project, Ask("errors", tier, (str(run),), known, sessions), {}, Unlearned(), Quiet())
    bad = {a.id for _, a in wrong}
    hits = [p.target in bad or p.beside in bad for p in said.proposals]
    print(f"{len(bad)} swapped of {len(there)}; {len(hits)} found, {sum(hits)} of them swapped;"
          f" first 10: {sum(hits[:10])}, first {len(bad)}: {sum(hits[:len(bad)])}")  # fmt: skip
    assert said.unseen == len(sessions)
    assert sum(hits[:10]) >= 3  # by chance: 0.5
    assert sum(hits) >= 0.6 * len(bad)
