"""An answer cut into sentences, and which of them claim something that needs a source.

The default is "a claim": only sentences that match a known form of small talk or guidance, and state no fact, rule or
promise in it, are taken as framing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from agent.facts import facts_in
from knowledge_base.sentences import sentences

MARKER: Final = re.compile(r"\[(\d{1,3})\]")
_LEADING_MARKERS: Final = re.compile(r"^(?:\s*\[\d{1,3}\])+\s*")
_BULLET: Final = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)]|#{1,6}|>)\s+")
_TABLE_RULE: Final = re.compile(r"^\s*\|?[\s:|-]*-[\s:|-]*$")
_MARKS: Final = re.compile(r"[*_`#>|~]+")
_LINK: Final = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")

_EFFECT: Final = (
    r"refund|cancel|replac|exchang|credit|compensat|discount|waiv|reimburs|upgrad|escalat|process|issu|arrang|resend|"
    r"re-send|ship|send|sent|updat|chang|appl|approv|extend|offer|give|gave|grant|book|order|pay|paid|sell|transfer|"
    r"add|remov|delet|clos|open|contact|notif|forward|mak|made|start|submit|schedul|confirm|guarant|honou?r"
)
_PROMISE: Final = re.compile(
    rf"\b(?:i|we)(?:['’](?:ll|ve|m|re)| will| shall| have| am| are| can| could| would| just| went ahead)?\b"
    rf"(?:\s+\w+){{0,4}}?\s+(?:{_EFFECT})\w*"
    rf"|\b(?:let me|allow me to|happy to|going to|me to)\s+(?:\w+\s+){{0,2}}(?:{_EFFECT})\w*"
    r"|\b(?:i|we) (?:promise|guarantee|assure|commit|agree|vow|swear)\b|\byou have my word\b|\brest assured\b"
    r"|\bguaranteed\b|\blegally binding\b|\bbinding (?:offer|agreement|promise)\b|\bno takesies\b"
    rf"|\b(?:has|have) (?:now |already |just )?been (?:successfully )?(?:{_EFFECT})\w*"
    rf"|\byour \w+(?: \w+)? (?:is|was) (?:now |already |being )(?:{_EFFECT})\w*",
    re.IGNORECASE,
)
_POLICY_WORD: Final = re.compile(
    r"\b(?:return(?:s|ed|ing|able)?|refund\w*|warrant\w*|polic\w+|free|eligib\w+|price\w*|cost\w*|fee\w*|charge\w*|"
    r"discount\w*|deliver\w*|shipp?\w*|days?|weeks?|months?|must|never|always|only|cannot|can['’]?t|allowed|accept\w*|"
    r"cancel\w*|exchange\w*|valid|expire\w*|deadline|tax\w*|dut(?:y|ies)|guarant\w+|entitle\w*|qualif\w+|cover\w*|every|"
    r"all|any|both|forever|unlimited|lifetime)\b",
    re.IGNORECASE,
)
_FRAMING: Final = re.compile(
    r"^(?:hi|hello|hey|good (?:morning|afternoon|evening)|dear)\b[^.]{0,40}$"
    r"|^(?:thanks?(?: you)?|thank you)\b[^.]{0,80}$"
    r"|^(?:you['’]re (?:very )?welcome|no problem|my pleasure|glad to help|happy to help|of course|sure|certainly|"
    r"yes|no|great|okay|ok|absolutely|understood|i see|good question|great question)$"
    r"|^(?:i['’]m|i am|we['’]re|we are)\s+(?:so |very |really )?(?:sorry|glad|happy)\b[^.]{0,90}$"
    r"|^(?:sorry|apologies|i apologi[sz]e)\b[^.]{0,80}$"
    r"|^i (?:hope|understand|see|know) (?:this|that|how|it)\b[^.]{0,80}$|^hope (?:this|that) helps\b[^.]{0,30}$"
    r"|^(?:please )?(?:let me know|feel free to|just (?:ask|tell me|let me know)|tell me)\b[^.]{0,100}$"
    r"|^if (?:you have|there['’]s|there is|you need)\b[^.]{0,60}\b(?:question|anything|help|know|ask)\w*\b[^.]{0,60}$"
    r"|^(?:here(?:['’]s| is| are)|this is|these are) (?:how|what|where|the (?:steps?|way)|some|a few)\b[^.]{0,80}:?$"
    r"|^here you go:?$|^(?:follow these|the following) steps\b[^.]{0,40}:?$|^to do (?:this|so|that):$"
    r"|^(?:according to|per|from) (?:the|our) (?:help cent(?:er|re)|articles?)[:,]?$"
    r"|^(?:you can (?:find|read) (?:more|the details|the full \w+|further)\b|(?:see|read|for) (?:more|details|further)"
    r"\b)[^.]{0,100}$"
    r"|^(?:i|we) (?:could|can|did)(?: not|n['’]t)? find (?:anything|an answer|that|this)\b[^.]{0,100}$"
    r"|^i (?:do not|don['’]t) (?:know|have (?:that|this) information)\b[^.]{0,60}$|^i['’]m not sure\b[^.]{0,60}$",
    re.IGNORECASE,
)
_QUESTION_TO_CUSTOMER: Final = re.compile(
    r"^(?:please |sorry, )?(?:could|can|would|will|do|did|have|are|is|was|which|what|where|when|how|who|may i|shall i)"
    r"\b",
    re.IGNORECASE,
)
_KNOWING: Final = re.compile(
    r"\b(?:know|aware|reali[sz]e|heard|believe|remember)\b|\b(?:fine|okay|ok|true|right|clear|great|sure) that\b"
    r"|\b(?:free|discounts?|vouchers?|coupons?|offers?|bonus|gifts?)\b",
    re.IGNORECASE,
)
"""A question with one of these tells the customer something, or offers it."""
_SECRET: Final = re.compile(
    r"\b(?:send|give|tell|share|provide|enter|type|confirm|read|write|state|what(?:['’]s| is)|let me know|need|have)\b"
    r".*\b(?:passwords?|passcode|pin|cvv|cvc|(?:card|account|routing|social security) (?:number|details)|credit card|"
    r"debit card|(?:security|verification|one.time) code|ssn|iban)\b",
    re.IGNORECASE,
)
"""What nobody may ask a customer for in a chat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One sentence where it stands: `lead` is the white space and bullet before it; `block` counts paragraphs."""

    lead: str
    text: str
    block: int

    @property
    def markers(self) -> tuple[int, ...]:
        return tuple(int(number) for number in MARKER.findall(self.text))

    @property
    def words(self) -> str:
        """The sentence without markers, Markdown marks and link targets."""
        return plain(self.text)


def segments(text: str) -> tuple[Segment, ...]:
    """`text` as sentences, in order. A list belongs to the block of the line before it if that ends with a colon."""
    found: list[Segment] = []
    block, gap, lead = 0, False, ""
    for line in text.split("\n"):
        if not line.strip() or _TABLE_RULE.match(line):
            gap = gap or not line.strip()
            lead += line + "\n"
            continue
        bullet = _BULLET.match(line)
        introduced = bool(found) and found[-1].words.endswith(":")
        in_list = bullet is not None and bool(found) and _BULLET.match(found[-1].lead.split("\n")[-1]) is not None
        if gap and not introduced and not in_list:
            block += 1
        gap = False
        start = bullet.end() if bullet else 0
        found += _line_segments(line[start:], lead + line[:start], block)
        lead = "\n"
    return tuple(found)


def _line_segments(line: str, lead: str, block: int) -> list[Segment]:
    found: list[Segment] = []
    for sentence in sentences(line):
        rest = sentence
        moved = _LEADING_MARKERS.match(sentence)
        if moved and found:
            # "…within 30 days. [1] Next": the marker closes the sentence before it.
            before = found[-1]
            found[-1] = Segment(lead=before.lead, text=f"{before.text} {moved[0].strip()}", block=block)
            rest = sentence[moved.end() :]
        if rest:
            found.append(Segment(lead=" " if found else lead, text=rest, block=block))
    return found


def plain(text: str) -> str:
    """Text without citation markers, Markdown marks, link targets and surplus white space."""
    text = _LINK.sub(r"\1", MARKER.sub(" ", text))
    return re.sub(r"\s+([.,;:!?])", r"\1", " ".join(_MARKS.sub(" ", text).split()))


def is_promise(words: str) -> bool:
    """The sentence commits the company to something, or says that something was done for the customer."""
    return _PROMISE.search(words) is not None


def is_framing(words: str) -> bool:
    """Greeting, thanks, apology, guidance or a question to the customer: nothing in it can be wrong."""
    if not re.search(r"\w", words):
        return True
    if is_promise(words) or facts_in(words) or _SECRET.search(words):
        return False
    if words.endswith("?"):
        return bool(_QUESTION_TO_CUSTOMER.match(words)) and not _KNOWING.search(words)
    bare = words.rstrip(" .!…")
    return _FRAMING.match(bare) is not None and not _POLICY_WORD.search(bare)
