"""What is said of a moving body: sentences with the time they hold, from segments or from the file's name.

A label's segments become sentences through the templates, with the style that holds at the same
time as the manner; sentences and transcripts stand as they are, where no label does. A clip
without segments is spoken of by its file's name. Every sentence has a topic, the label's own
words: windows of one topic are equally right answers to one another's sentences, whatever manner
or template was used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from m3n_studio.learning.text import Templates, words
from m3n_studio.motion.clip import Clip, TextSegment

#: Kinds of segment that are names, and kinds that say how.
LABELS, MANNERS = ("label", "class", "action"), ("style", "manner")


class Said(NamedTuple):
    """Sentences that are equally right from `start_s` up to `end_s`; `topic` is what they are about."""

    start_s: float
    end_s: float
    sentences: tuple[str, ...]
    topic: str


def said_of(clip: Clip, templates: Templates) -> tuple[Said, ...]:
    """Everything said of a clip; empty where neither segments nor the file's name say anything."""
    labels = [t for t in clip.texts if t.kind in LABELS and t.text.strip()]
    manners = [t for t in clip.texts if t.kind in MANNERS and t.text.strip()]
    if labels:
        return tuple(_labelled(label, manners, templates) for label in labels)
    free = [t for t in clip.texts if t.text.strip() and t.kind not in MANNERS]
    if free:
        return tuple(Said(t.start_s, t.end_s, (" ".join(t.text.split()),), words(t.text)) for t in free)
    found = templates.from_file(clip.source.path) if clip.source.path else ()
    return (Said(0.0, clip.duration_s, found, found[0]),) if found else ()


def _labelled(label: TextSegment, manners: Sequence[TextSegment], templates: Templates) -> Said:
    sentences = templates.sentences(label.text)
    over = max(manners, key=lambda m: _shared(m, label), default=None)
    if over is not None and _shared(over, label) > 0.5 * (label.end_s - label.start_s):
        sentences += templates.sentences(label.text, over.text)
    return Said(label.start_s, label.end_s, sentences, templates.phrase(label.text))


def _shared(one: TextSegment, other: TextSegment) -> float:
    return max(0.0, min(one.end_s, other.end_s) - max(one.start_s, other.start_s))


def in_words(clip: Clip) -> Clip:
    """The clip with its segments' names as plain words, so that mirroring finds left and right in them."""
    return clip.with_(texts=tuple(_worded(t) for t in clip.texts))


def _worded(segment: TextSegment) -> TextSegment:
    named = segment.kind in LABELS + MANNERS
    return TextSegment(segment.start_s, segment.end_s, words(segment.text), segment.kind) if named else segment
