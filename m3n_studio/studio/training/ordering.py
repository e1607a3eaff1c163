"""From everything chosen in the view to the order of a run, or to why there can be none."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING

from m3n_studio.studio.training.chooser import first_problem
from m3n_studio.studio.training.first_steps import FEWEST_PEOPLE, FOLDS
from m3n_studio.studio.training.foresee_work import missing
from m3n_studio.studio.training.orders import RunOrder, free_name

if TYPE_CHECKING:
    from m3n_studio.studio.training.setup_form import SetupForm
    from m3n_studio.studio.training.training_page import TrainingPage

_FEW = (
    "Folds by users need three or more of them: one is tested, one stops the training, the others are learned from."
    " Tick more, or choose Five stretches of time."
)


def wanted(page: TrainingPage, taken: Collection[str]) -> tuple[RunOrder | None, str]:
    """What is wanted now; or None, and why it cannot be. `taken` are names of runs that wait."""
    form, project = page.form, page.desk.project
    if project is None:
        return None, "" if missing() else "Open a project first: runs are kept in it."
    if form is None:
        return None, ""
    draft = form.draft
    why = _blocked(page, form) or first_problem(draft, draft.fields)
    if why or draft.config is None:
        return None, why
    method, today = str(draft.value("finetune.method")), date.today().isoformat()
    path = free_name(project.folder / "runs", form.kind, method, today, taken)
    apart = page.starter.apart.isChecked()
    if form.kind == "pretrain":
        return RunOrder("pretrain", path, draft.config, motions=page.motions.motions, apart=apart), ""
    return RunOrder("finetune", path, draft.config, str(project.folder), page.data.data.tier, page.data.without,
                    form.pretrained_path, apart=apart), ""  # fmt: skip


def _blocked(page: TrainingPage, form: SetupForm) -> str:
    """Why the data chosen are not enough."""
    if form.kind == "pretrain":
        return "" if page.motions.motions else "Choose motions to pretrain on."
    data = page.data.data
    if data.problem or not data.parts:
        return data.problem and "Nothing can be learned from this project yet."
    people, by_time = len(data.subjects) - len(page.data.without), form.draft.value(FOLDS) == "time5"
    if people < (1 if by_time else FEWEST_PEOPLE - (not form.draft.value("finetune.validation_users"))):
        return _FEW if people else "Tick a subject or more to learn from."
    if form.wants_pretrained and not form.pretrained_path:
        return "This method adopts a pretrained encoder, and there is none yet. Pretrain first, or choose Base."
    if not any(box.isChecked() for box in page.data.placements.values()):
        return "Tick a place where something was worn that can be learned from."
    return ""
