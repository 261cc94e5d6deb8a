"""An answer that goes on from one that the customer has begun to read."""

from __future__ import annotations

from dataclasses import replace

from agent import replies
from agent.claims import MARKER
from agent.draft import Draft
from conversations.model import Citation, Message


def continued(shown: Message | None, draft: Draft) -> Draft:
    """`draft` so that its text begins with what was shown, word for word.

    A draft that only grew is left as it is. Another one, from after a crash or of another responder, follows whole,
    with a word of why, its markers counting on from those already on the page.
    """
    if shown is None or _has_grown(shown, draft):
        return draft
    first = max((citation.marker for citation in shown.citations), default=0)
    anew = MARKER.sub(lambda match: f"[{int(match[1]) + first}]", draft.text)
    moved = tuple(replace(citation, marker=citation.marker + first) for citation in draft.citations)
    text = f"{shown.text.rstrip()}\n\n{replies.INTERRUPTED}\n\n{anew}"
    return replace(draft, text=text, citations=(*shown.citations, *moved))


def _has_grown(shown: Message, draft: Draft) -> bool:
    known = {citation.marker: citation for citation in draft.citations}
    return draft.text.startswith(shown.text) and all(_same(one, known.get(one.marker)) for one in shown.citations)


def _same(one: Citation, other: Citation | None) -> bool:
    return other is not None and one.passage_id == other.passage_id
