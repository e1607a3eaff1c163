"""Text for pretraining and retrieval: from names to sentences, from sentences to cached vectors.

Class names, labels and file names are turned into plain words and put into templates, which are a
TOML file one may edit (``resources/texts.toml`` ships). Vectors are cached by content: the encoder,
its instruction and weights, the mode, and the sentence decide the file's name, so that nothing has
to be invalidated. A damaged cache file is computed anew.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio.atomic import atomic
from m3n_studio.errors import FileError, ValueProblem
from m3n_studio.learning.config import TextConfig
from m3n_studio.learning.sentences import EncoderMissing, Hashing, SentenceEncoder, Singles
from m3n_studio.plugins import Door, load, the_door
from m3n_studio.resources import resource

_LARGEST = 1_000_000
_LARGEST_CACHED = 20_000_000
_MOST_SENTENCES = 1_000_000


def words(name: str) -> str:
    """A name as plain words: ``"SITTING_DOWN"`` and ``"sittingDown"`` are ``"sitting down"``."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return " ".join(re.sub(r"[_\-./\s]+", " ", parted).lower().split())


@dataclass(frozen=True)
class Templates:
    """How names become sentences.

    Attributes
    ----------
    labels : tuple of str
        Sentences with ``{label}``.
    manners : tuple of str
        Sentences with ``{label}`` and ``{manner}``, for files that name both.
    drop : tuple of str
        Patterns (``*``, ``?``) of parts of a file's name that say nothing.
    replace : dict of str to str
        Words said another way.
    """

    labels: tuple[str, ...] = ("a person is {label}",)
    manners: tuple[str, ...] = ("a person is {label} in {manner} fashion",)
    drop: tuple[str, ...] = ()
    replace: dict[str, str] = field(default_factory=dict)

    def phrase(self, name: str) -> str:
        """A name as words, said as `replace` says; the whole phrase first, then word by word."""
        plain = words(name)
        if plain in self.replace:
            return self.replace[plain]
        return " ".join(self.replace.get(word, word) for word in plain.split())

    def sentences(self, label: str, manner: str = "") -> tuple[str, ...]:
        """Every sentence for a label."""
        said = {"label": self.phrase(label), "manner": self.phrase(manner)}
        return tuple(template.format(**said) for template in (self.manners if manner else self.labels))

    def from_file(self, path: str | Path) -> tuple[str, ...]:
        """Every sentence for a file's name; empty where the name says nothing.

        Parts between underscores that match no `drop` pattern: the first is the label, the rest
        the manner.
        """
        parts = [p for p in Path(path).stem.split("_") if p and not any(fnmatch(p.lower(), d) for d in self.drop)]
        return self.sentences(parts[0], " ".join(parts[1:])) if parts else ()


def read_templates(path: str | Path = "") -> Templates:
    """Templates from a TOML file, the shipped ones where no path is given.

    Raises
    ------
    FileError
        Naming the entry at fault.
    """
    path = Path(path) if path else resource("texts.toml")
    try:
        if path.stat().st_size > _LARGEST:
            raise FileError(path, found="more than 1 MB", expected="templates")
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise FileError(path, found=f"it cannot be read ({error})", expected="templates in TOML") from error
    known = {"version", "labels", "manners", "drop", "replace"}
    for name in data:
        if name not in known:
            raise FileError(path, field=name, found="an unknown entry", expected=", ".join(sorted(known)))
    if data.get("version") != 1:
        raise FileError(path, field="version", found=repr(data.get("version")), expected="1")
    replace = data.get("replace", {})
    if not isinstance(replace, dict) or not all(isinstance(v, str) for v in replace.values()):
        raise FileError(path, field="replace", found="something else", expected='words = "other words"')
    lists = {name: _strings(path, data, name) for name in ("labels", "manners", "drop")}
    for name, places in (("labels", {"label"}), ("manners", {"label", "manner"})):
        for template in lists[name]:
            _check_template(path, name, template, places)
    if not lists["labels"] or not lists["manners"]:
        raise FileError(path, found="no template", expected="at least one of labels and one of manners")
    return Templates(lists["labels"], lists["manners"], lists["drop"], {words(k): v for k, v in replace.items()})


def _strings(path: Path, data: dict[str, object], name: str) -> tuple[str, ...]:
    found = data.get(name, [])
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise FileError(path, field=name, found="something else", expected="a list of strings")
    return tuple(found)


def _check_template(path: Path, name: str, template: str, places: set[str]) -> None:
    """Only the places that are filled, plainly: no attributes, no formats."""
    bare = template
    for place in places:
        bare = bare.replace("{" + place + "}", "")
    if "{" in bare or "}" in bare or "{label}" not in template:
        expected = " and ".join("{" + place + "}" for place in sorted(places))
        raise FileError(
            path, field=name, found=repr(template), expected=f"a sentence with {expected} and no other braces"
        )


@dataclass(frozen=True, eq=False)
class Embedded:
    """Sentences and their vectors.

    Attributes
    ----------
    sentences : tuple of str
    vectors : (N, S) float32, or (N, L, S) padded with 0
    mask : (N, L) bool, or None for pooled vectors
        True for real tokens.
    encoder : str
        The encoder that was used.
    note : str
        What one should know, e.g. that another encoder was asked for.
    """

    sentences: tuple[str, ...]
    vectors: Singles
    mask: NDArray[np.bool_] | None
    encoder: str
    note: str = ""

    @property
    def width(self) -> int:
        """Of a vector (S)."""
        return int(self.vectors.shape[-1])


def open_encoder(config: TextConfig, *, fallback: bool = True, door: Door | None = None) -> tuple[SentenceEncoder, str]:
    """The encoder asked for, and a note.

    Where it is not on this machine, hashed words take its place and the note says so; without
    `fallback` that is an :class:`~m3n_studio.learning.sentences.EncoderMissing`.
    """
    spec = (door or the_door()).get("sentence_encoder", config.encoder)
    try:
        encoder: SentenceEncoder = load(spec.open)(config.instruction, config.download)
    except EncoderMissing as error:
        if not fallback:
            raise
        return Hashing(), f"{error}; words are hashed instead, which know no meaning"
    return encoder, ""


def embed(
    sentences: Sequence[str], config: TextConfig, cache: Path | None = None, *, encoder: SentenceEncoder | None = None
) -> Embedded:
    """Vectors of sentences, from the cache where they are in it.

    Parameters
    ----------
    sentences : sequence of str
    config : TextConfig
    cache : path
        A folder; made where absent. None for no cache.
    encoder : SentenceEncoder
        Instead of the configuration's.
    """
    if not sentences or len(sentences) > _MOST_SENTENCES:
        raise ValueProblem(f"expected 1 to {_MOST_SENTENCES} sentences; found {len(sentences)}")
    note = ""
    if encoder is None:
        encoder, note = open_encoder(config)
    found = {s: _cached(cache, encoder, config, s) for s in dict.fromkeys(sentences)}
    missing = [s for s, vector in found.items() if vector is None]
    if missing:
        made = encoder.encode(missing, pooled=config.pooled, most_tokens=config.most_tokens)
        for sentence, vector in zip(missing, made, strict=True):
            found[sentence] = vector
            _store(cache, encoder, config, sentence, vector)
    each = [found[s] for s in sentences]
    vectors, mask = _padded([v for v in each if v is not None], config.pooled)
    return Embedded(tuple(sentences), vectors, mask, encoder.name, note)


def _padded(each: list[Singles], pooled: bool) -> tuple[Singles, NDArray[np.bool_] | None]:
    if pooled:
        return np.stack(each), None
    longest = max(len(v) for v in each)
    vectors = np.zeros((len(each), longest, each[0].shape[1]), dtype=np.float32)
    mask = np.zeros(vectors.shape[:2], dtype=bool)
    for row, vector in enumerate(each):
        vectors[row, : len(vector)], mask[row, : len(vector)] = vector, True
    return vectors, mask


def _place(cache: Path, encoder: SentenceEncoder, config: TextConfig, sentence: str) -> Path:
    key = json.dumps([1, encoder.fingerprint, config.pooled, 0 if config.pooled else config.most_tokens, sentence])
    digest = hashlib.sha256(key.encode()).hexdigest()
    return cache / digest[:2] / f"{digest}.npz"


def _cached(cache: Path | None, encoder: SentenceEncoder, config: TextConfig, sentence: str) -> Singles | None:
    """The vector in the cache, or None where there is none that can be used."""
    if cache is None:
        return None
    path = _place(cache, encoder, config, sentence)
    try:
        if path.stat().st_size > _LARGEST_CACHED:
            return None
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
            vector = file["vector"]
    except (OSError, ValueError, KeyError, EOFError, MemoryError, zipfile.BadZipFile, NotImplementedError, SyntaxError):
        return None
    good = vector.dtype == np.float32 and vector.ndim == (1 if config.pooled else 2)
    return vector if good and vector.shape[-1] == encoder.width and vector.size and np.isfinite(vector).all() else None


def _store(cache: Path | None, encoder: SentenceEncoder, config: TextConfig, sentence: str, vector: Singles) -> None:
    if cache is None:
        return
    path = _place(cache, encoder, config, sentence)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as part, part.open("wb") as file:
        np.savez(file, vector=vector)
