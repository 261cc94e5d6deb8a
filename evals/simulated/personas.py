"""Who a simulated customer is: how long they bear with it, what they give away at once, and how they press."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """`patience` counts the replies without progress that are borne; then they ask for a person, or leave if `leaves`.

    `piecemeal` customers open without the details and give them when asked. `detours` is how many questions of
    another kind they put in between, `outbursts` whether they show their anger, `presses` how often they insist on
    what was refused. `says_yes_first` writes "yes" before pressing the card's button, `wavers` presses "No" once.
    """

    patience: int = 3
    leaves: bool = False
    piecemeal: bool = False
    detours: int = 0
    outbursts: bool = False
    presses: int = 0
    says_yes_first: bool = False
    wavers: bool = False


PERSONAS: Final[Mapping[str, Persona]] = {
    "patient": Persona(patience=5),
    "piecemeal": Persona(patience=5, piecemeal=True),
    "angry": Persona(patience=2, outbursts=True),
    "hurried": Persona(patience=1, leaves=True),
    "switching": Persona(patience=4, detours=2),
    "unsure": Persona(patience=4, piecemeal=True, says_yes_first=True, wavers=True),
    "adversarial": Persona(patience=6, presses=5, says_yes_first=True),
}
"""By the name that samples use."""
