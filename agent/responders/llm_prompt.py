"""The prompts of the LLM responder: Markdown files with {{slots}}, and untrusted text made safe to put into them."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from agent.claims import MARKER
from conversations.model import AuthorKind, Message, Visibility
from knowledge_base.model import Hit

PROMPTS: Final = Path(__file__).parent.parent / "prompts"
MAX_EARLIER_MESSAGES: Final = 10
MAX_EARLIER_CHARACTERS: Final = 6_000
"""All of them together: what a turn costs must not grow with the conversation, and follow-ups lean on what is near."""
MAX_MESSAGE_CHARACTERS: Final = 4_000
MAX_PASSAGE_CHARACTERS: Final = 4_000
_SLOT: Final = re.compile(r"\{\{(\w+)\}\}")
_OUR_TAGS: Final = re.compile(
    r"<(?=\s*/?\s*(?:passage|help_center|customer_message|tool_result|system)\b)", re.IGNORECASE
)
_TEMPLATE_TOKENS: Final = re.compile(
    r"<\||\|>|<<SYS>>|<</SYS>>|\[/?INST\]|</?s>|<(?:start|end)_of_turn>", re.IGNORECASE
)
_LOOKS_LIKE_MARKER: Final = re.compile(r"(?<![\w\])])\[(\d{1,3})\](?!\()")


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Whom the AI agent speaks for, and its name."""

    company: str
    ai_name: str


@cache
def prompt(name: str) -> str:
    """The Markdown file of that name in agent/prompts."""
    return (PROMPTS / f"{name}.md").read_text(encoding="utf-8")


@cache
def prompts_hash() -> str:
    """Of all prompts together: a turn written under other ones cannot be expected to repeat."""
    files = sorted(PROMPTS.glob("*.md"))
    return hashlib.sha256("\0".join(file.read_text(encoding="utf-8") for file in files).encode()).hexdigest()[:16]


def fill(name: str, **slots: str) -> str:
    """The prompt with its slots filled in one pass, so that a value that contains "{{x}}" stays text.

    Raises ValueError if a slot is missing or left over.
    """
    text = prompt(name)
    wanted = set(_SLOT.findall(text))
    if wanted != set(slots):
        raise ValueError(f"prompt {name!r} has the slots {sorted(wanted)!r}, was given {sorted(slots)!r}")
    return _SLOT.sub(lambda match: slots[match[1]], text)


def neutral(text: str, *, limit: int = MAX_MESSAGE_CHARACTERS) -> str:
    """Untrusted text that cannot leave its place in the prompt: no tags or tokens of ours or of chat templates.

    Invisible characters go too: instructions in tag characters or behind bidi marks are read by models, not people.
    """
    visible = "".join(character for character in text if character in "\n\t" or not _invisible(character))
    visible = _OUR_TAGS.sub("‹", visible)
    visible = _TEMPLATE_TOKENS.sub(
        lambda match: " ".join(match[0].translate({60: "‹", 62: "›", 91: "(", 93: ")"})), visible
    )
    return visible if len(visible) <= limit else visible[: limit - 1] + "…"


def _invisible(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn")


def system_prompt(voice: Voice, *, today: date, search: str, hand_off: str, request_refund: str) -> str:
    return fill(
        "answer",
        company=voice.company,
        ai_name=voice.ai_name,
        today=f"{today:%A}, {today:%B} {today.day}, {today.year}",
        search=search,
        hand_off=hand_off,
        request_refund=request_refund,
    )


def passages_block(hits: Sequence[Hit], *, first_marker: int) -> str:
    """The passages, each in its tags with the marker that cites it, or a line that says there are none."""
    if not hits:
        return "(No passage fits.)"
    return "".join(_passage(hit, marker) for marker, hit in enumerate(hits, start=first_marker)).strip()


def _passage(hit: Hit, marker: int) -> str:
    passage = hit.passage
    title = f"{passage.title} › {passage.heading}" if passage.heading else passage.title
    # "[1]" written in an article would read as one of our markers.
    text = _LOOKS_LIKE_MARKER.sub(r"(\1)", neutral(passage.text, limit=MAX_PASSAGE_CHARACTERS))
    return fill("passage", marker=str(marker), title=neutral(title, limit=200).replace('"', "'"), text=text)


def chat_messages(messages: Sequence[Message], *, question: str, hits: Sequence[Hit]) -> list[tuple[str, str]]:
    """The conversation as (role, text), roles "user" and "assistant" in turns, the last one the question's block.

    Chat templates of small models refuse two messages of one role in a row, so those are joined.
    """
    public = [message for message in messages if message.visibility is Visibility.PUBLIC]
    shown = [message for message in public if message.author.kind is not AuthorKind.SYSTEM]
    asked = [message.text for message in _trailing_customer_messages(shown)]
    earlier = _window(shown[: len(shown) - len(asked)])
    block = fill(
        "question",
        passages=passages_block(hits, first_marker=1),
        question=neutral(question, limit=1_000),
        message=neutral("\n\n".join(asked) or question),
    )
    return _joined([*(_turned(message) for message in earlier), ("user", block)])


def _window(messages: Sequence[Message]) -> list[Message]:
    """The newest messages that fit; of longer conversations the beginning is left out."""
    kept: list[Message] = []
    left = MAX_EARLIER_CHARACTERS
    for message in reversed(messages[-MAX_EARLIER_MESSAGES:]):
        left -= len(message.text)
        if left < 0:
            break
        kept.insert(0, message)
    return kept


def _trailing_customer_messages(messages: Sequence[Message]) -> list[Message]:
    trailing: list[Message] = []
    for message in reversed(messages):
        if message.author.kind is not AuthorKind.CUSTOMER:
            break
        trailing.insert(0, message)
    return trailing


def _turned(message: Message) -> tuple[str, str]:
    text = neutral(message.text)
    if message.author.kind is AuthorKind.CUSTOMER:
        return "user", text
    # Markers of earlier answers point at passages that this prompt does not hold.
    return "assistant", " ".join(MARKER.sub("", text).split(" "))


def _joined(turned: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    joined: list[tuple[str, str]] = []
    for role, text in turned:
        if joined and joined[-1][0] == role:
            joined[-1] = (role, f"{joined[-1][1]}\n\n{text}")
        elif joined or role == "user":
            joined.append((role, text))
    return joined
