"""Where a newcomer begins, and what comes next: pretrain, finetune, look. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from m3n_studio.resources import resource

if TYPE_CHECKING:
    from m3n_studio.studio.core.run_shelf import RunEntry
    from m3n_studio.studio.training.draft import Draft
    from m3n_studio.studio.training.run_queue import Queued

FOLDS = "finetune.folds"
#: Fewest people one can fold by: one is tested, one validates, one is learned from.
FEWEST_PEOPLE = 3
#: For the motions that ship, and for a user's own.
QUICK_PRESET, USUAL_PRESET = "smoke", "small"
#: What the view says: words, and the action its button triggers with the button's words.
Words = tuple[str, tuple[tuple[str, str], ...]]
_SEE_RUNS = (("runs", "See the run"),)
_SEE_PREDICTIONS = (("predictions", "See predictions"),)
_FIRST = (
    "First of two steps: an encoder learns from motions, without labels. Press Start; with the demo motions it is ready"
    " within a minute or two. Then it is finetuned on your labels."
)
_PRETRAINING = "The encoder is learning. When it is ready, this turns to finetuning by itself."
_SECOND = (
    "Second step: your classes are learned from this project’s labels, beginning with the pretrained encoder. Press"
    " Start."
)
_FINETUNING = "The classifier is learning. You can go on labelling; predictions follow every epoch."
_TRAINED = "The classifier is trained. See what it says of the recordings."


def finished(entries: Sequence[RunEntry], kind: str) -> list[RunEntry]:
    """Runs of a kind that have ended well, the newest first."""
    return [e for e in entries if e.kind == kind and e.status == "finished"]


def begins_with(entries: Sequence[RunEntry]) -> str:
    """The kind of run a project begins with: pretraining, where nothing was ever trained."""
    return "finetune" if any(e.kind for e in entries) else "pretrain"


def preset_for(motions: Sequence[str]) -> str:
    """The preset that suits motions: the shipped ones are too few for more than a quick one."""
    return QUICK_PRESET if tuple(motions) == (str(resource("motions")),) else USUAL_PRESET


def suit_folds(draft: Draft, people: int) -> bool:
    """Fold by time where there are too few people to fold by; by people again where there are not. Says if changed."""
    now = draft.value(FOLDS)
    if 0 < people < FEWEST_PEOPLE and now != "time5":
        draft.put({FOLDS: "time5"})
    elif people >= FEWEST_PEOPLE and now == "time5" and draft.differs(FOLDS):
        draft.put_back(FOLDS)
    else:
        return False
    return True


def guidance(kind: str, entries: Sequence[RunEntry], queued: Sequence[Queued]) -> Words:
    """What to do next; empty for those who have done it all before."""
    live = next((q for q in queued if q.state in ("running", "stopping")), None)
    if live is not None:
        return (_PRETRAINING if live.order.kind == "pretrain" else _FINETUNING), _SEE_RUNS
    last = next((q for q in reversed(queued) if q.state == "finished"), None)
    if kind == "finetune" and last is not None and last.order.kind == "finetune":
        return _TRAINED, _SEE_PREDICTIONS
    if finished(entries, "finetune"):
        return "", ()
    ready = bool(finished(entries, "pretrain"))
    if kind == "pretrain":
        return ("" if ready else _FIRST), ()
    return (_SECOND if ready else ""), ()
