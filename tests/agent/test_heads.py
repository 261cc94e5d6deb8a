from __future__ import annotations

import time

import numpy as np
import pytest

from agent.guardrails import clean
from agent.heads import BUCKETS, Head, grams_of, read_heads, signs_of

ENCODER = "53aa51172d142c89/onnx-int8-1"
"""What the packaged encoder calls itself; trained weights fit it alone."""


def vector(*values: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.array(values, dtype=np.float32)


def test_a_head_adds_up_what_it_knows() -> None:
    grams = np.zeros(BUCKETS, dtype=np.int8)
    place = next(iter(grams_of("useless").keys() - grams_of("hello").keys()))
    grams[place] = 100
    head = Head(bias=-1.0, vector=vector(1.0, 0.0), signs=np.zeros(4, dtype=np.float32), grams=grams, scale=0.5)
    calm, near, angry = (
        head.probability("hello", vector(0.0, 1.0)),
        head.probability("hello", vector(1.0, 0.0)),
        head.probability("useless", vector(0.0, 1.0)),
    )
    assert calm == pytest.approx(1 / (1 + np.e))
    assert near == pytest.approx(1 / (1 + np.exp(-1.0)))
    assert angry > calm


def test_another_encoder_gets_no_trained_weights() -> None:
    assert read_heads("hashing-256").probability("angry", "useless", vector(1.0)) is None


def test_the_shipped_heads_say_what_they_were_trained_on() -> None:
    about = read_heads(ENCODER).about
    assert about["encoder"] == ENCODER
    assert set(about["heads"]) == {"wants_person", "angry", "out_of_scope"}  # type: ignore[arg-type]


def test_the_signs_are_what_the_rules_say() -> None:
    assert signs_of("get me a human") == (1.0, 1.0, 0.0, 1.0)
    assert signs_of("I don't want a human, just tell me")[:3] == (0.0, 1.0, 1.0)


def test_n_grams_have_unit_length_and_take_no_time_on_a_page() -> None:
    started = time.process_time()
    found = grams_of(clean("you are useless! " * 6_000))
    assert time.process_time() - started < 0.5
    assert 1.0 < sum(value * value for value in found.values()) < 2.5
    assert grams_of("") == {}
