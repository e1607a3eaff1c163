"""The tree of a project as a Qt model: subjects, their sessions, and what is in a session once it is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, Qt

from m3n_studio.errors import M3nError
from m3n_studio.project.importing import findings_in
from m3n_studio.project.outline import LEVELS, Outline, SessionFacts
from m3n_studio.project.values import ClipEntry, Entry, Recording, Session, Subject, Video

NAME, LENGTH, LABELLED = range(3)
COLUMNS = ("Name", "Length", "Labelled")
#: Roles: the node itself, the share labelled (0 to 1, or None), the gravest finding, whether it is on the desk.
NODE, SHARE, LEVEL, OPEN = (int(Qt.ItemDataRole.UserRole) + i for i in range(4))
_ROOT = QModelIndex()
Index = QModelIndex
Read = Callable[[str], tuple[Entry, ...]]


@dataclass(eq=False)
class Node:
    """A row. `children` is None until they are wanted."""

    entry: Entry | None
    parent: int = -1
    row: int = 0
    facts: SessionFacts | None = None
    children: list[int] | None = field(default_factory=list)

    @property
    def kind(self) -> type:
        """Of its entry; `Subject` also for the sessions of nobody."""
        return Subject if self.entry is None else type(self.entry)


class ProjectModel(QAbstractItemModel):
    """Rows of an :class:`Outline`; children of a session are read when it is first opened.

    Parameters
    ----------
    read : callable
        ``read(session id)``: its recordings, videos and clips.
    rename : callable
        ``rename(entry, name) -> bool``.
    """

    def __init__(self, read: Read, rename: Callable[[Entry, str], bool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._read, self._rename = read, rename
        self._nodes: list[Node] = []
        self._top: list[int] = []
        self._by_session: dict[str, int] = {}
        self._labelled: dict[str, float] = {}
        self._open, self.writable = "", False

    # ------------------------------------------------------------------ what is in it

    def set_outline(self, shown: Outline, labelled: dict[str, float], text: str = "") -> None:
        """Show a project; with a text only what has all its words in subject, session or what is in it."""
        words = text.lower().split()
        self.beginResetModel()
        self._nodes, self._top, self._by_session, self._labelled = [], [], {}, dict(labelled)
        for subject, sessions in shown.groups:
            who = "" if subject is None else subject.name.lower()
            fitting = [f for f in sessions if all(w in who or w in f.words for w in words)]
            if fitting or not words:
                self._add_group(subject, fitting)
        self.endResetModel()

    def _add_group(self, subject: Subject | None, sessions: list[SessionFacts]) -> None:
        group = Node(subject, row=len(self._top))
        number = self._put(group)
        self._top.append(number)
        for row, facts in enumerate(sessions):
            child = self._put(Node(facts.session, number, row, facts, None if facts.parts else []))
            self._by_session[facts.session.id] = child
            assert group.children is not None
            group.children.append(child)

    def _put(self, node: Node) -> int:
        self._nodes.append(node)
        return len(self._nodes) - 1

    def _children(self, number: int) -> list[int]:
        node = self._nodes[number]
        if node.children is None:
            node.children = []
            assert node.entry is not None
            try:
                parts = self._read(node.entry.id)
            except M3nError:
                parts = ()
            node.children = [self._put(Node(part, number, row)) for row, part in enumerate(parts)]
        return node.children

    def node(self, index: Index) -> Node | None:
        """The node of an index."""
        return self._nodes[index.internalId()] if index.isValid() else None

    def index_of(self, session: str) -> Index:
        """Where a session is; invalid where it is not shown."""
        number = self._by_session.get(session)
        return _ROOT if number is None else self.createIndex(self._nodes[number].row, 0, number)

    @property
    def sessions(self) -> tuple[str, ...]:
        """Ids of the sessions shown, in their order."""
        return tuple(self._by_session)

    def mark_open(self, session: str) -> None:
        """Mark the session that is on the desk."""
        for one in (self._open, session):
            self._open = session
            self._touch(one)

    def set_labelled(self, session: str, seconds: float) -> None:
        """Tell how much of a session is labelled now."""
        self._labelled[session] = seconds
        self._touch(session)

    def _touch(self, session: str) -> None:
        at = self.index_of(session)
        if at.isValid():
            self.dataChanged.emit(at, at.siblingAtColumn(LABELLED))
            self.dataChanged.emit(at.parent(), at.parent().siblingAtColumn(LABELLED))

    # ------------------------------------------------------------------ Qt asks

    def index(self, row: int, column: int, parent: Index = _ROOT) -> Index:  # type: ignore[override]
        """The index of a row."""
        rows = self._children(parent.internalId()) if parent.isValid() else self._top
        if not (0 <= row < len(rows) and 0 <= column < len(COLUMNS)):
            return _ROOT
        return self.createIndex(row, column, rows[row])

    def parent(self, index: Index = _ROOT) -> Index:  # type: ignore[override]
        """The index of what a row is under."""
        node = self.node(index)
        if node is None or node.parent < 0:
            return _ROOT
        return self.createIndex(self._nodes[node.parent].row, 0, node.parent)

    def rowCount(self, parent: Index = _ROOT) -> int:  # type: ignore[override]  # noqa: N802
        """Rows under an index."""
        if not parent.isValid():
            return len(self._top)
        return len(self._children(parent.internalId())) if parent.column() == 0 else 0

    def hasChildren(self, parent: Index = _ROOT) -> bool:  # type: ignore[override]  # noqa: N802
        """Without reading what is in a session."""
        node = self.node(parent)
        if node is None:
            return bool(self._top)
        return parent.column() == 0 and (node.children is None or bool(node.children))

    def columnCount(self, _parent: Index = _ROOT) -> int:  # type: ignore[override]  # noqa: N802
        """Name, length, share labelled."""
        return len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> object:  # noqa: N802
        """Titles of the columns."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft if section == NAME else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:  # type: ignore[override]
        """Names can be edited in place where the project can be written."""
        flags = super().flags(index)
        node = self.node(index)
        if self.writable and node is not None and node.entry is not None and index.column() == NAME:
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: Index, role: int = 0) -> object:  # type: ignore[override]
        """What a cell shows."""
        node = self.node(index)
        if node is None:
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return (_title, _length, self._share_text)[index.column()](node, self)
        if role == Qt.ItemDataRole.EditRole:
            return node.entry.name if node.entry is not None and hasattr(node.entry, "name") else ""
        answers: dict[int, Callable[[], object]] = {
            int(Qt.ItemDataRole.ToolTipRole): lambda: _tip(node, self), NODE: lambda: node,
            LEVEL: lambda: level_of(node), SHARE: lambda: self.share(node),
            OPEN: lambda: node.facts is not None and self.is_open(node),
        }  # fmt: skip
        return answers[int(role)]() if int(role) in answers else None

    def setData(self, index: Index, value: object, role: int = 0) -> bool:  # type: ignore[override]  # noqa: N802
        """Rename."""
        node, name = self.node(index), " ".join(str(value).split())
        if role != Qt.ItemDataRole.EditRole or node is None or node.entry is None or not name:
            return False
        return self._rename(node.entry, name)

    # ------------------------------------------------------------------ figures

    def is_open(self, node: Node) -> bool:
        """Whether a session is on the desk."""
        return node.entry is not None and node.entry.id == self._open

    def seconds(self, node: Node) -> float:
        """How long a row lasts; a subject's sessions together."""
        if node.facts is not None:
            return node.facts.duration_s
        if isinstance(node.entry, Recording):
            return node.entry.span_s[1] - node.entry.span_s[0]
        if isinstance(node.entry, Video):
            return node.entry.duration_s
        if node.kind is Subject:
            return sum(self.seconds(self._nodes[n]) for n in node.children or ())
        return 0.0

    def share(self, node: Node) -> float | None:
        """How much of a session or subject is labelled, 0 to 1."""
        total = self.seconds(node)
        if node.kind not in (Session, Subject) or total <= 0:
            return None
        sessions = [node] if node.facts is not None else [self._nodes[n] for n in node.children or ()]
        done = sum(min(self._labelled.get(s.entry.id, 0.0), self.seconds(s)) for s in sessions if s.entry is not None)
        return min(done / total, 1.0)

    def _share_text(self, node: Node, _model: ProjectModel) -> str:
        share = self.share(node)
        return "" if share is None else percent(share)


def percent(share: float) -> str:
    """Never 100 % or 0 % where something is missing or there."""
    return f"{min(max(round(100 * share), 1 if share > 0 else 0), 100 if share >= 0.9995 else 99)} %"


def clock(seconds: float) -> str:
    """``1:02:03``, ``2:03`` or ``4.2 s``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def place_words(placement: str) -> str:
    """``left_wrist`` as people write it."""
    return placement.replace("_", " ").capitalize()


def _title(node: Node, _model: ProjectModel) -> str:
    entry = node.entry
    if entry is None:
        return "No subject"
    if isinstance(entry, Recording):
        return f"{entry.name} · {place_words(entry.placement).lower()}" if entry.placement else entry.name
    return str(getattr(entry, "name", ""))


def _length(node: Node, model: ProjectModel) -> str:
    seconds = model.seconds(node)
    return clock(seconds) if seconds > 0 else ""


def level_of(node: Node) -> str:
    """The gravest finding of a row."""
    if node.facts is not None:
        return node.facts.level
    if isinstance(node.entry, Recording):
        found = findings_in(node.entry.note)
        return max((line.split(":", 1)[0] for line in found), key=LEVELS.index, default="")
    return ""


def _tip(node: Node, model: ProjectModel) -> str:
    entry, lines = node.entry, []
    if isinstance(entry, Subject):
        height = f"{entry.height_m:.2f} m" if entry.height_m else ""
        mass = f"{entry.mass_kg:g} kg" if entry.mass_kg else ""
        hand = f"{entry.handedness}-handed" if entry.handedness else ""
        lines = [entry.name, ", ".join(filter(None, (height, mass, hand, entry.sex))), entry.note]
    elif isinstance(entry, Session) and node.facts is not None:
        f = node.facts
        many = [(f.recordings, "recording"), (f.videos, "video"), (f.clips, "motion")]
        counted = ", ".join(f"{n} {word}{'s' if n != 1 else ''}" for n, word in many if n)
        share = model.share(node)
        done = "" if share is None else f"{percent(share)} of {clock(model.seconds(node))} labelled"
        lines = [entry.name, counted or "nothing in it yet", done, entry.started_at, entry.note]
    elif isinstance(entry, Recording):
        times = f"{entry.rate_hz:.6g} Hz{'' if entry.regular else ' on average'}, {entry.samples} samples"
        lines = [entry.name, times, _map_words(entry), entry.source and f"from {Path(entry.source).name}", entry.note]
    elif isinstance(entry, Video | ClipEntry):
        lines = [entry.name, entry.path, _map_words(entry), entry.note]
    return "\n".join(line for line in lines if line)


def _map_words(entry: Recording | Video | ClipEntry) -> str:
    found = entry.time_map
    drift = f", drift {found.drift_ppm:+.1f} ppm" if abs(found.drift_ppm) >= 0.05 else ""
    points = f", {len(found.points)} sync points" if len(found.points) > 1 else ""
    begins = found.to_session(entry.start_s) if isinstance(entry, Recording) else found.to_session(0.0)
    return f"begins at {begins:.3f} s of the session{drift}{points}"
