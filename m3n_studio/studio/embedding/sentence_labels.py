"""Labels for windows that were found by words: the changes that give them a class, and what is labelled there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap

from m3n_studio.annotation import operations
from m3n_studio.annotation.model import Annotation, Change, Tier
from m3n_studio.annotation.track import Track
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.embedding.similarity_work import Hit

if TYPE_CHECKING:
    from m3n_studio.project import Project

#: Least share of a window a label covers to be named.
_SHOWN = 0.1


def labelling(desk: Desk, hits: Sequence[Hit], class_id: str, sentence: str) -> dict[str, Change]:
    """By session, the change that puts a label of a class on each window, on the tier that is labelled."""
    project, tier = desk.project, desk.tier
    if project is None or tier is None:
        return {}
    out: dict[str, Change] = {}
    for session in dict.fromkeys(h.session for h in hits):
        here = desk.session is not None and desk.session.id == session and desk.track is not None
        track = desk.tracks[tier.id] if here else Track.of(tier, project.annotations(session, tier.id))
        whole = Change("")
        for h in sorted((h for h in hits if h.session == session), key=lambda h: h.start_s):
            change = operations.put(track, class_id, h.start_s, h.end_s, author=desk.author, note=f"words: {sentence}")
            track = track.after(change)
            whole = operations.compose(whole, change)
        out[session] = whole
    return out


def labelled_there(project: Project, tier: Tier, hits: Sequence[Hit], session: str = "") -> dict[int, str]:
    """What most of each window is labelled on a tier, by its number; those with nothing are left out.

    session : only windows of this one, where given.
    """
    names = {c.id: c.name for c in tier.classes}
    by_session: dict[str, tuple[Annotation, ...]] = {}
    out: dict[int, str] = {}
    for row, h in enumerate(hits):
        if session and h.session != session:
            continue
        if h.session not in by_session:
            by_session[h.session] = tuple(project.annotations(h.session, tier.id))
        shares: dict[str, float] = {}
        for a in by_session[h.session]:
            shared = min(a.end_s, h.end_s) - max(a.start_s, h.start_s)
            if shared > 0:
                shares[a.label] = shares.get(a.label, 0.0) + shared
        best = max(shares, key=lambda k: shares[k], default="")
        if best and shares[best] > _SHOWN * (h.end_s - h.start_s):
            out[row] = names.get(best, "a label")
    return out


def swatch(color: str) -> QIcon:
    """A dot of a colour."""
    picture = QPixmap(24, 24)
    picture.setDevicePixelRatio(2.0)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(color))
    painter.drawRoundedRect(1, 1, 10, 10, 3, 3)
    painter.end()
    return QIcon(picture)
