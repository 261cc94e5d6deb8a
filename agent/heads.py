"""Small trained heads over a question's vector and letters: wants a person, sounds angry, is no matter of support.

They ship as heads.npz with their provenance (evals/train_understanding.py makes them). Trained weights fit one encoder:
with another they are not used, and the rules decide alone. A head costs a dot product; no model is loaded.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from agent.guardrails import fold
from agent.wants_person import asks_for_person, mentions_person, refuses_person
from conversations.model import JsonObject
from knowledge_base.model import Vectors

FILE: Final = "heads.npz"
BUCKETS: Final = 1 << 15
"""N-grams share 32,768 weights. Twice as many change the AUROC of anger by less than .002."""
VECTOR_WEIGHT: Final = 2.0
_LONGEST: Final = 600
"""Characters that n-grams are read of: who is angry says so early or late, not only on page two."""
_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[!?]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A logistic score. `vector` weighs the question's vector, `grams` its n-grams in units of `scale`, where it has
    some; `signs` what the rules say of it (see `signs_of`)."""

    bias: float
    vector: Vectors
    signs: Vectors
    grams: NDArray[np.int8] | None = None
    scale: float = 0.0

    def probability(self, text: str, vector: Vectors) -> float:
        """Of what the head was trained to tell, 0..1. `vector` is the unit vector of `text`."""
        value = self.bias + VECTOR_WEIGHT * float(vector.reshape(-1) @ self.vector)
        if self.grams is not None:
            value += self.scale * sum(float(self.grams[place]) * much for place, much in grams_of(text).items())
        if self.signs.any():
            value += float(np.asarray(signs_of(text)) @ self.signs)
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, value))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """`about` says what they were trained on and how well they did; empty where none fit the encoder."""

    heads: Mapping[str, Head] = field(default_factory=dict)
    about: JsonObject = field(default_factory=dict)

    def probability(self, name: str, text: str, vector: Vectors) -> float | None:
        """None where there is no such head."""
        head = self.heads.get(name)
        return None if head is None else head.probability(text, vector)


def signs_of(text: str) -> tuple[float, float, float, float]:
    """What the rules on a wish for a person say: asked for, mentioned, refused, and the first two at once."""
    folded = fold(text)
    asks, mentions = asks_for_person(folded), mentions_person(folded)
    return float(asks), float(mentions), float(refuses_person(folded)), float(asks and mentions)


def grams_of(text: str) -> dict[int, float]:
    """Words with pairs of words, and pieces of 2 to 5 letters, as bucket → weight; either kind has unit length."""
    words = _WORD.findall(fold(text[:_LONGEST]))
    named = Counter([*words, *(f"{one} {two}" for one, two in zip(words, words[1:], strict=False))])
    padded = [f" {word} " for word in words]
    pieces = Counter(
        word[at : at + size] for word in padded for size in range(2, 6) for at in range(len(word) - size + 1)
    )
    found: dict[int, float] = {}
    for kind, counted in (("w", named), ("p", pieces)):
        weights = {gram: 1.0 + math.log(count) for gram, count in counted.items()}
        length = math.sqrt(sum(weight * weight for weight in weights.values()))
        for gram, weight in weights.items():
            place = zlib.crc32(f"{kind}{gram}".encode()) % BUCKETS
            found[place] = found.get(place, 0.0) + weight / length
    return found


def read_heads(encoder: str) -> Heads:
    """The heads that ship, where they were trained on the vectors of `encoder`; none otherwise."""
    shipped = _shipped()
    return shipped if shipped.about.get("encoder") == encoder else Heads()


@cache
def _shipped() -> Heads:
    file = resources.files("agent").joinpath(FILE)
    if not file.is_file():
        return Heads()
    with resources.as_file(file) as path, np.load(path, allow_pickle=False) as stored:
        about = cast("JsonObject", json.loads(str(stored["about"])))
        names = cast("Sequence[str]", about["heads"])
        heads = {
            name: Head(
                bias=float(stored[f"{name}.bias"]),
                vector=stored[f"{name}.vector"],
                signs=stored[f"{name}.signs"],
                grams=stored.get(f"{name}.grams", None),
                scale=float(stored[f"{name}.scale"]),
            )
            for name in names
        }
    return Heads(heads=heads, about=about)
