"""Dark and light: colours as data, and their way into Qt.

A theme is a file in ``resources/themes``; nothing else names a colour. The Fusion style with
a palette does most of the work, a short style sheet the rest.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette

from m3n_studio.errors import UnknownName
from m3n_studio.resources import resource

THEMES = ("light", "dark")


@dataclass(frozen=True)
class StageColors:
    """Colours of the three-dimensional view, ``#rrggbb``."""

    background: str
    floor: str
    line: str
    shadow: str
    shadow_strength: float
    body: str
    sky: str
    bounce: str
    device: str


@dataclass(frozen=True)
class Theme:
    """Every colour of the window, ``#rrggbb``."""

    name: str
    window: str
    panel: str
    raised: str
    text: str
    muted: str
    border: str
    hover: str
    accent: str
    on_accent: str
    simulated: str
    real: str
    difference: str
    cursor: str
    plot_grid: str
    gap: str
    error: str
    error_text: str
    error_border: str
    segments: tuple[str, ...]
    heat: tuple[str, ...]
    axis_x: str
    axis_y: str
    axis_z: str
    stage: StageColors


@lru_cache(maxsize=4)
def load_theme(name: str) -> Theme:
    """A theme by name, ``"light"`` or ``"dark"``."""
    if name not in THEMES:
        raise UnknownName("theme", name, THEMES)
    data = tomllib.loads(resource("themes", f"{name}.toml").read_text("utf-8"))
    data["stage"] = StageColors(**data["stage"])
    data["segments"], data["heat"] = tuple(data["segments"]), tuple(data["heat"])
    return Theme(**data)


def rgb(color: str) -> tuple[float, float, float]:
    """``#rrggbb`` as three numbers from 0 to 1."""
    return tuple(int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))  # type: ignore[return-value]


def contrast(a: str, b: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2)."""

    def luminance(color: str) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb(color)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def system_theme() -> str:
    """What the desktop asks for."""
    dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
    return "dark" if dark else "light"


def palette(theme: Theme) -> QPalette:
    """The theme as a Qt palette."""
    role = QPalette.ColorRole
    out = QPalette()
    table = {
        role.Window: theme.window, role.Base: theme.panel, role.AlternateBase: theme.window,
        role.Button: theme.raised, role.WindowText: theme.text, role.Text: theme.text, role.ButtonText: theme.text,
        role.BrightText: theme.error_text, role.PlaceholderText: theme.muted, role.Highlight: theme.accent,
        role.HighlightedText: theme.on_accent, role.ToolTipBase: theme.raised, role.ToolTipText: theme.text,
        role.Link: theme.accent, role.LinkVisited: theme.accent, role.Light: theme.raised, role.Midlight: theme.border,
        role.Mid: theme.border, role.Dark: theme.border, role.Shadow: theme.border, role.Accent: theme.accent,
    }  # fmt: skip
    for which, color in table.items():
        out.setColor(which, QColor(color))
    for which in (role.Text, role.WindowText, role.ButtonText):
        out.setColor(QPalette.ColorGroup.Disabled, which, QColor(theme.muted))
    return out


_SHEET = """
QToolTip {{ background: {raised}; color: {text}; border: 1px solid {border}; padding: 4px 6px; }}
QMainWindow, #page {{ background: {window}; }}
#panel {{ background: {panel}; border: 1px solid {border}; border-radius: 8px; }}
#heading {{ font-weight: 600; }}
#muted {{ color: {muted}; }}
QSplitter::handle {{ background: transparent; }}
QMenuBar {{ background: {window}; color: {text}; border: none; }}
QMenuBar::item {{ padding: 7px 9px; border-radius: 5px; background: transparent; }}
QMenuBar::item:selected {{ background: {hover}; }}
QMenu {{ background: {raised}; border: 1px solid {border}; padding: 5px; }}
QMenu::item {{ padding: 5px 26px 5px 22px; border-radius: 4px; }}
QMenu::item:selected {{ background: {accent}; color: {on_accent}; }}
QMenu::item:disabled {{ color: {muted}; }}
QMenu::separator {{ height: 1px; background: {border}; margin: 5px 8px; }}
QToolButton {{ border: 1px solid transparent; border-radius: 6px; padding: 4px; color: {text};
  background: transparent; }}
QToolButton:hover {{ background: {hover}; }}
QToolButton:checked {{ background: {hover}; border-color: {border}; color: {accent}; }}
QToolButton:focus {{ border: 2px solid {accent}; padding: 3px; }}
QToolButton#play {{ background: {accent}; color: {on_accent}; border-radius: 16px; padding: 5px; }}
QToolButton#play:disabled {{ background: {hover}; }}
QToolButton#play:focus {{ border: 2px solid {text}; padding: 4px; }}
QToolButton#component {{ padding: 3px 4px; border: 1px solid {border}; }}
QToolButton#component:checked {{ background: {accent}; color: {on_accent}; border-color: {accent}; }}
QToolButton#component:focus {{ border: 2px solid {text}; padding: 2px 3px; }}
QPushButton {{ background: {raised}; border: 1px solid {border}; border-radius: 6px; padding: 6px 14px; }}
QPushButton:hover {{ background: {hover}; }}
QPushButton:focus {{ border: 2px solid {accent}; padding: 5px 13px; }}
QPushButton#primary {{ background: {accent}; color: {on_accent}; border-color: {accent}; }}
QPushButton#primary:focus {{ border: 2px solid {text}; }}
QPushButton::menu-indicator {{ subcontrol-position: right center; subcontrol-origin: padding; right: 8px; }}
QComboBox {{ background: {raised}; border: 1px solid {border}; border-radius: 6px; padding: 3px 8px;
  min-height: 20px; }}
QComboBox:hover {{ background: {hover}; }}
QComboBox:focus {{ border: 2px solid {accent}; padding: 2px 7px; }}
QComboBox::drop-down {{ border: none; width: 22px; }}
QComboBox::down-arrow {{ image: url("{chevron}"); width: 12px; height: 12px; }}
QComboBox:disabled, QPushButton:disabled {{ color: {muted}; }}
QComboBox QAbstractItemView {{ background: {raised}; border: 1px solid {border}; selection-background-color: {accent};
  selection-color: {on_accent}; outline: none; }}
#errorBar {{ background: {error}; border: 1px solid {error_border}; border-radius: 8px; }}
#errorBar QLabel, #errorBar QToolButton {{ color: {error_text}; }}
#errorBar QPlainTextEdit {{ background: {error}; color: {error_text}; border: none; font-family: monospace; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
#dropHint {{ border: 2px dashed {border}; border-radius: 12px; background: {panel}; }}
#overlay {{ background: transparent; }}
QProgressBar {{ border: none; background: {border}; max-height: 4px; border-radius: 2px; }}
QProgressBar::chunk {{ background: {accent}; border-radius: 2px; }}
#toolbar {{ background: transparent; border: none; spacing: 2px; }}
#toolbar QToolButton {{ padding: 3px; }}
#dockHost {{ background: {window}; }}
#dockHost::separator {{ background: transparent; width: 8px; height: 8px; }}
#dockHost::separator:hover {{ background: {hover}; }}
#dockTitle {{ background: {window}; }}
#dockTitleText {{ color: {muted}; font-weight: 600; }}
#dockTitle QToolButton {{ padding: 2px; border-width: 1px; border-radius: 4px; }}
#dockTitle QToolButton:focus {{ border: 2px solid {accent}; padding: 1px; }}
QDockWidget {{ background: {window}; color: {text}; }}
#dockHost > QTabBar {{ background: {window}; }}
#dockHost > QTabBar::tab {{ background: transparent; color: {muted}; padding: 5px 12px; margin: 0 2px 3px 0;
  border: 1px solid transparent; border-radius: 6px; font-weight: 600; }}
#dockHost > QTabBar::tab:selected {{ background: {hover}; color: {text}; }}
#dockHost > QTabBar::tab:hover {{ background: {hover}; }}
#dockHost > QTabBar::tab:focus {{ border-color: {accent}; }}
#noticeBar {{ background: {panel}; border: 1px solid {accent}; border-radius: 8px; }}
#warning {{ color: {error_text}; }}
#palette {{ background: {raised}; border: 1px solid {border}; }}
#paletteLine {{ background: {panel}; border: 2px solid {accent}; border-radius: 6px; padding: 7px 10px; }}
#paletteList {{ background: transparent; border: none; outline: none; }}
#code {{ font-family: monospace; }}
#jobCancel {{ padding: 2px; color: {muted}; }}
QDialog {{ background: {window}; }}
QLineEdit, QKeySequenceEdit QLineEdit, QAbstractSpinBox, QListWidget, QTableWidget, QPlainTextEdit {{
  background: {panel}; border: 1px solid {border}; border-radius: 6px; padding: 4px 6px; }}
QLineEdit:focus, QAbstractSpinBox:focus, QListWidget:focus, QTableWidget:focus, QPlainTextEdit:focus {{
  border: 2px solid {accent}; padding: 3px 5px; }}
QListWidget::item {{ padding: 3px 2px; }}
QListWidget::item:selected, QTableWidget::item:selected {{ background: {accent}; color: {on_accent};
  border-radius: 4px; }}
QScrollBar {{ background: transparent; border: none; margin: 0; }}
QScrollBar:vertical {{ width: 10px; }}
QScrollBar:horizontal {{ height: 10px; }}
QScrollBar::handle {{ background: {border}; border: none; border-radius: 3px; margin: 2px; }}
QScrollBar::handle:vertical {{ min-height: 28px; }}
QScrollBar::handle:horizontal {{ min-width: 28px; }}
QScrollBar::handle:hover, QScrollBar::handle:pressed {{ background: {muted}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QHeaderView::section {{ background: {window}; color: {muted}; border: none; padding: 5px 6px; }}
QCheckBox {{ spacing: 8px; }}
QCheckBox::indicator, QListWidget::indicator {{ width: 14px; height: 14px; border: 1px solid {muted};
  border-radius: 3px; background: {panel}; }}
QCheckBox::indicator:checked, QListWidget::indicator:checked {{ background: {accent}; border-color: {accent};
  image: url("{check}"); }}
QCheckBox:focus {{ color: {accent}; }}
"""


def style_sheet(theme: Theme) -> str:
    """What a palette cannot say."""
    fields = {k: v for k, v in vars(theme).items() if isinstance(v, str)}
    chevron = resource("icons", f"chevron-{theme.name}.svg").as_posix()
    check = resource("icons", f"check-{theme.name}.svg").as_posix()
    return _SHEET.format(chevron=chevron, check=check, **fields)
