"""pii_presidio: how much of what identifies somebody our redaction takes out, and how much else it takes with it.

Only kinds that the redaction is for: names come from the record in the product, so they are given to it here as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from app.sample_making import Redaction
from evals.public_runs.line import Line
from evals.public_sets import folder_of
from evals.statistics import share

_KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "EMAIL_ADDRESS": "e-mail addresses",
        "CREDIT_CARD": "card numbers",
        "IBAN_CODE": "account numbers (IBAN)",
        "PHONE_NUMBER": "phone numbers",
        "US_SSN": "social security numbers",
        "IP_ADDRESS": "IP addresses",
        "DOMAIN_NAME": "web addresses",
        "PERSON": "names that the record knows",
    }
)


def run() -> list[Line]:
    """Recall by kind, and the share of sentences without any of them that stay as they were."""
    rows: list[dict[str, Any]] = json.loads((folder_of("pii_presidio") / "synth_dataset_v2.json").read_text("utf-8"))
    taken: dict[str, list[bool]] = {kind: [] for kind in _KINDS}
    untouched: list[bool] = []
    for row in rows:
        text, spans = str(row["full_text"]), [span for span in row["spans"] if span["entity_type"] in _KINDS]
        names = tuple(str(span["entity_value"]) for span in spans if span["entity_type"] == "PERSON")
        left = Redaction(names=names).of(text)
        for span in spans:
            taken[span["entity_type"]].append(str(span["entity_value"]) not in left)
        if not row["spans"]:
            untouched.append(left == text)
    lines = [Line(measure=f"{name} taken out", figure=share(taken[kind])) for kind, name in _KINDS.items()]
    return [*lines, Line(measure="sentences without personal data left as they were", figure=share(untouched))]
