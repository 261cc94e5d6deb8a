"""What kind of turn a message is: rules first, then likeness to labelled examples under the encoder.

Text and its unit vector go in, a turn kind with its source comes out. The heads are fitted on examples/turn_kinds.jsonl
with the encoder at hand (a ridge regression, 5 ms); the examples' vectors are kept in a file named after both.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from agent.draft import TurnKind
from agent.guardrails import fold
from agent.heads import read_heads
from agent.mood import anger_of
from agent.turn_rules import (
    SmallTalk,
    abuses,
    asks_for_action,
    asks_how,
    asks_order_status,
    asks_something,
    far_from_support,
    small_talk,
)
from agent.wants_person import asks_for_person, mentions_person, refuses_person
from knowledge_base.model import Vectors

_KINDS: Final = (
    TurnKind.QUESTION,
    TurnKind.ORDER_STATUS,
    TurnKind.ACTION_REQUEST,
    TurnKind.WANTS_PERSON,
    TurnKind.SMALL_TALK,
)
_PENALTY: Final = 1.0
"""Ridge penalty. Ten-fold accuracy on the examples: .77 at 0.1, .80 at 0.3, .81 at 1, .78 at 3."""
_BIAS: Final = 0.5
WISHES: Final = 0.85
"""Probability of the trained head from which a message asks for a person, where no rule says so already."""
FAR: Final = 0.98
"""Probability of the trained head from which a message is no matter of anybody's support."""
_LEAST: Final[dict[TurnKind, tuple[float, float]]] = {
    TurnKind.WANTS_PERSON: (0.4, 0.0),
    TurnKind.ORDER_STATUS: (0.45, 0.1),
    TurnKind.ACTION_REQUEST: (0.45, 0.1),
    TurnKind.SMALL_TALK: (0.5, 0.2),
}
"""The least score and lead over "question". A wrong handoff costs more than a passage too many, but a request for a
person must not be missed: its lead is 0, behind a gate that only 4 % of messages pass (they name a person)."""
_OWN_ORDER = re.compile(
    r"\b(?:orders?|ordered|parcels?|packages?|deliver(?:y|ies)|shipments?|purchases?|bought|tracking|arrived?|came|"
    r"(?:my|our) (?:stuff|things|items?|goods))\b"
)
_OWN = re.compile(r"\b(?:my|our|me|mine|i|we)\b")
_MATTER = re.compile(
    r"\b(?:orders?|parcels?|packages?|deliver(?:y|ies)|shipments?|shipping|purchases?|refund(?:ed)?|charged?|payments?|"
    r"money|address|bill|invoices?|account|membership|subscription|replacement|exchange|points|items?)\b"
)
_ASKS_ON = re.compile(r"\bor (?:can|could|may|do|let|get|give|put|is there|i (?:want|need))\b")
"""As in "are you a bot or can I talk to somebody". Without it, "are you human?" is owed a straight answer."""
_PLAINLY: Final = 0.7
"""A score at which "is there any news of my order" asks for its state, though "is there" asks about rules too."""


class Encoder(Protocol):
    """The part of the help center's embedder that is needed here."""

    @property
    def name(self) -> str: ...

    def encode(self, texts: Sequence[str]) -> Vectors: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A turn kind. `by` is "rule", "head" (trained) or "examples"; `score` is 1 for a rule, else about 0..1."""

    kind: TurnKind
    by: str
    score: float
    small_talk: SmallTalk | None = None


class Understanding:
    """Knows turn kinds. Building it encodes the examples once (about 1 s), or reads them from `cache`."""

    def __init__(self, encoder: Encoder, *, cache: Path | None = None) -> None:
        source = resources.files("agent").joinpath("examples/turn_kinds.jsonl").read_text("utf-8")
        examples = [json.loads(line) for line in source.splitlines() if line.strip()]
        vectors = _cached_vectors([str(row["text"]) for row in examples], encoder, cache)
        targets = np.array([[kind.value == row["kind"] for kind in _KINDS] for row in examples], dtype=np.float32)
        self._heads = fit_heads(vectors, targets)
        self._trained = read_heads(encoder.name)

    def by_rules(self, text: str) -> Understood | None:
        """The kind of `text` where its words settle it, else None. No vector is needed."""
        folded = fold(text)
        talk = small_talk(folded)
        only_who = talk is SmallTalk.IDENTITY and _ASKS_ON.search(folded) is None
        if asks_for_person(folded) and not only_who:
            return Understood(kind=TurnKind.WANTS_PERSON, by="rule", score=1.0)
        if talk is not None:
            return Understood(kind=TurnKind.SMALL_TALK, by="rule", score=1.0, small_talk=talk)
        if abuses(folded):
            return Understood(kind=TurnKind.ABUSE, by="rule", score=1.0)
        if far_from_support(folded):
            return Understood(kind=TurnKind.OUT_OF_SCOPE, by="rule", score=1.0)
        if asks_for_action(folded):
            return Understood(kind=TurnKind.ACTION_REQUEST, by="rule", score=1.0)
        if asks_order_status(folded):
            return Understood(kind=TurnKind.ORDER_STATUS, by="rule", score=1.0)
        return None

    def by_examples(self, text: str, vector: Vectors) -> Understood:
        """The kind of `text` by its unit vector: a question unless another kind leads and its words allow it."""
        wish = self._trained.probability("wants_person", text, vector)
        if wish is not None and wish >= WISHES and not refuses_person(fold(text)):
            return Understood(kind=TurnKind.WANTS_PERSON, by="head", score=wish)
        scores: dict[TurnKind, float] = dict(zip(_KINDS, self.scores(vector), strict=True))
        best = max(_LEAST, key=lambda kind: scores[kind])
        least, lead = _LEAST[best]
        question = scores[TurnKind.QUESTION]
        if scores[best] >= least and scores[best] - question >= lead and _words_allow(best, fold(text), scores[best]):
            return Understood(kind=best, by="examples", score=scores[best])
        return Understood(kind=TurnKind.QUESTION, by="examples", score=question)

    def anger(self, text: str, vector: Vectors) -> float:
        """How likely the customer is angry, 0..1: by the words, or by the trained head where there is one."""
        return max(anger_of(text), self._trained.probability("angry", text, vector) or 0.0)

    def out_of_scope(self, text: str, vector: Vectors) -> float:
        """How likely a message is no matter of anybody's support, 0..1; 0 without a trained head."""
        return self._trained.probability("out_of_scope", text, vector) or 0.0

    def scores(self, vector: Vectors) -> list[float]:
        """One value for each of the kinds that have examples."""
        row = np.append(vector.reshape(-1), np.float32(_BIAS))
        return [float(value) for value in row @ self._heads]


def fit_heads(vectors: Vectors, targets: Vectors) -> Vectors:
    """Ridge weights, shape (dimensions + 1, kinds), from unit vectors (n, dimensions) and 0/1 targets (n, kinds)."""
    rows = np.hstack([vectors, np.full((len(vectors), 1), _BIAS, dtype=np.float32)])
    gram = rows @ rows.T + _PENALTY * np.eye(len(rows), dtype=np.float32)
    return np.asarray(rows.T @ np.linalg.solve(gram, targets), dtype=np.float32)


def _words_allow(kind: TurnKind, folded: str, score: float) -> bool:
    """Likeness alone confuses topics with wishes ("how do I cancel" with "cancel it"): some word must bear it out."""
    if kind is TurnKind.WANTS_PERSON:
        return mentions_person(folded) and not refuses_person(folded)
    if kind is TurnKind.ORDER_STATUS:
        rules = asks_something(folded) or (asks_how(folded) and score < _PLAINLY)
        return _OWN_ORDER.search(folded) is not None and not rules
    if kind is TurnKind.ACTION_REQUEST:
        own = _OWN.search(folded) is not None and _MATTER.search(folded) is not None
        return own and not asks_how(folded) and not asks_something(folded)
    return len(folded.split()) <= 6 and "?" not in folded


def _cached_vectors(texts: list[str], encoder: Encoder, cache: Path | None) -> Vectors:
    if cache is None:
        return encoder.encode(texts)
    digest = hashlib.sha256("\n".join([encoder.name, *texts]).encode()).hexdigest()[:16]
    path = cache / f"turn_kinds-{digest}.npz"
    try:
        with np.load(path) as stored:
            return np.asarray(stored["vectors"], dtype=np.float32)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        vectors = encoder.encode(texts)
    _write(path, vectors)
    return vectors


def _write(path: Path, vectors: Vectors) -> None:
    work = path.with_suffix(f".{os.getpid()}.tmp.npz")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(work, vectors=vectors)
        work.replace(path)
    except OSError:
        # A read-only folder costs a second at the next start, nothing else.
        with suppress(OSError):
            work.unlink()
