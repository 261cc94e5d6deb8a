"""The model's text made into an answer: nothing but what passed grounding, cited with markers of ours."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from agent.claims import MARKER, Segment, plain, segments
from agent.draft import SentenceSupport
from agent.grounding import FRAMING, Embed, Source, check, passage_source, tool_source
from agent.words import content_stems
from conversations.model import Citation
from knowledge_base.model import Hit, Passage
from tools.tool import ToolCall

MAX_ANSWER_CHARACTERS: Final = 6_000
_IMAGE: Final = re.compile(r"!\[[^\]\n]{0,1000}\](?:\([^)\n]{0,3000}\)|\[[^\]\n]{0,200}\])?")
_LINK: Final = re.compile(r"\[([^\[\]\n]{0,1000})\]\(\s*<?([^()\s<>]{0,2000})>?[^()\n]{0,300}\)")
_REFERENCE: Final = re.compile(r"^[ \t]{0,3}\[[^\]\n]{1,200}\]:[^\n]*$", re.MULTILINE)
_REFERENCE_USE: Final = re.compile(r"\[([^\[\]\n]{0,1000}[^\[\]\n\d][^\[\]\n]{0,1000})\](?:\[[^\[\]\n]{0,200}\])?")
_TAG: Final = re.compile(r"</?[a-zA-Z!?][^<>]{0,2000}>")
_ADDRESS: Final = re.compile(
    r"(?:\b[a-z][a-z0-9+.-]{1,20}://|\bwww\.|(?<![\w:])//(?=\w)|\b(?:mailto|javascript|data|vbscript|"
    r"tel):(?=\S))[^\s<>]{0,2000}"
    r"|\b(?:[\w-]{1,63}\.){1,8}[a-z]{2,18}/[^\s<>]{0,2000}",
    re.IGNORECASE,
)
_MARKER_VARIANT: Final = re.compile(
    r"[\[【]\^?\s*(?:(?:passages?|sources?|"
    r"markers?)\s*)?(\d{1,3}(?:\s*[,;&]\s*\d{1,3}){0,9})(?:†[^】\]]{0,40})?\s*[\]】](?!\()",
    re.IGNORECASE,
)
_LATELY: Final = 12
_LATELY_ENDED: Final = re.compile(r"[.!?…\n。！？]")
_HALF_SAID: Final = re.compile(r"\s*(?:!?\[[^\]\n]*|!?\[[^\]\n]*\]\([^)\n]*|<[a-zA-Z/!?][^<>\n]*|【[^】\n]*)\Z")
"""A marker, link or tag that has begun: it may turn out to be any of them."""
_CLOSED: Final = re.compile(r"\[\d{1,3}\][.!?]\Z")
"""A sentence that ends with its marker inside: nothing that follows can belong to it."""

Judged = tuple[Segment, SentenceSupport]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What may be said of a model's text: its sentences that passed, their sources, and every sentence judged."""

    text: str
    citations: tuple[Citation, ...]
    sentences: tuple[SentenceSupport, ...]


def answer_from(
    text: str, hits: Sequence[Hit], calls: Sequence[ToolCall], *, embed: Embed | None, ended: bool = True
) -> Said:
    """What may be said of `text`. `hits[n - 1]` is what [n] stands for.

    With `ended` False more text may follow: then only what no continuation can change, so that the text of a later
    answer begins with this one's.
    """
    passages = {marker: hit.passage for marker, hit in enumerate(hits, start=1)}
    cleaned = own_markers(without_foreign_links(visible(text), list(passages.values())), passages)
    cleaned = cleaned if ended else _finished(cleaned)
    sources = [passage_source(passage, marker) for marker, passage in passages.items()]
    supports = check(cleaned, [*sources, *(tool_source(call) for call in calls)], embed=embed)
    judged = list(zip(_without_idle_markers(cleaned, supports, sources, embed), supports, strict=True))
    markers = {source.id: source.marker for source in sources if source.marker is not None}
    groups = _groups(judged, markers, ended=ended)
    kept = [segment for group in groups for segment in _kept(group, markers)]
    if not any(support.source not in (None, FRAMING) for group in groups for _, support in group):
        kept = kept if ended and all(support.source for support in supports) else []
    said = "".join(segment.lead + segment.text for segment in kept).strip()
    order = {old: new for new, old in enumerate(dict.fromkeys(map(int, MARKER.findall(said))), start=1)}
    citations = tuple(_citation(passages[old], new, _citing(kept, old)) for old, new in order.items())
    renumbered = MARKER.sub(lambda match: f"[{order[int(match[1])]}]", said)
    return Said(
        text=renumbered,
        citations=citations,
        sentences=tuple(_renumbered(support, order) for group in groups for _, support in group),
    )


def may_end_a_sentence(text: str) -> bool:
    """Whether a sentence may just have ended in `text`: cheap, asked for every token."""
    return _LATELY_ENDED.search(text[-_LATELY:]) is not None


def _finished(text: str) -> str:
    """`text` without its last sentence, unless that is over for sure, and without a half marker, link or tag."""
    text = _HALF_SAID.sub("", text)
    if text.endswith("\n") or _CLOSED.search(text):
        return text
    last = segments(text)[-1:]
    return text.rstrip().removesuffix(last[0].text) if last else text


def _groups(judged: Sequence[Judged], markers: Mapping[str, int], *, ended: bool) -> list[list[Judged]]:
    """The sentences in runs that stand and fall by themselves: up to a marker, or to the end of the paragraph."""
    groups: list[list[Judged]] = []
    open_group: list[Judged] = []
    for place, (segment, support) in enumerate(judged):
        open_group.append((segment, support))
        following = judged[place + 1][0] if place + 1 < len(judged) else None
        ends_block = ended if following is None else following.block != segment.block
        alone = support.source is not None and support.source not in markers and not segment.words.endswith(":")
        if segment.markers or ends_block or alone:
            groups.append(open_group)
            open_group = []
    return groups


def visible(text: str) -> str:
    """Bounded text without control, zero-width, bidi, tag and private characters or lone surrogates."""
    kept = (c for c in text[:MAX_ANSWER_CHARACTERS] if c == "\n" or unicodedata.category(c)[0] != "C")
    return "".join(kept).strip()


def without_foreign_links(text: str, passages: Sequence[Passage]) -> str:
    """`text` without images and HTML, with only those links and addresses that a shown passage has itself.

    Also an address on the company's own host could carry what the customer said in its query, so hosts are not enough.
    """
    known = {address for passage in passages for address in _addresses(passage)}
    text = _REFERENCE.sub("", _IMAGE.sub("", text))
    links: list[str] = []

    def keep(match: re.Match[str]) -> str:
        if match[2].rstrip("/") not in known:
            return match[1]
        links.append(match[0])
        return f"\x00{len(links) - 1}\x00"

    text = _TAG.sub("", _LINK.sub(keep, text))
    text = _REFERENCE_USE.sub(r"\1", text) if not _MARKER_VARIANT.search(text) else _unlinked(text)
    text = _ADDRESS.sub(lambda match: match[0] if match[0].rstrip("/.,;:!?)") in known else "", text)
    return re.sub(r"\x00(\d+)\x00", lambda match: links[int(match[1])], text)


def _unlinked(text: str) -> str:
    """Reference-style links undone, markers such as "[passage 1]" left alone."""
    return _REFERENCE_USE.sub(lambda match: match[0] if _MARKER_VARIANT.fullmatch(match[0]) else match[1], text)


def _addresses(passage: Passage) -> set[str]:
    found = {match[2] for match in _LINK.finditer(passage.text)}
    found |= {match[0].rstrip("/.,;:!?)") for match in _ADDRESS.finditer(passage.text)}
    return {address.rstrip("/") for address in (*found, passage.url or "") if address}


def own_markers(text: str, passages: Mapping[int, Passage]) -> str:
    """Markers in our one spelling; those that we did not issue are removed."""

    def own(match: re.Match[str]) -> str:
        numbers = (int(number) for number in re.findall(r"\d+", match[1]))
        return "".join(f"[{number}]" for number in numbers if number in passages)

    return re.sub(r"[ \t]+(?=[.,;:!?](?:\s|$))", "", _MARKER_VARIANT.sub(own, text))


def _without_idle_markers(
    text: str, supports: Sequence[SentenceSupport], sources: Sequence[Source], embed: Embed | None
) -> list[Segment]:
    """The sentences without markers of passages that do not state them: a customer would open the wrong article."""
    by_marker = {source.marker: source for source in sources if source.marker is not None}

    def states(marker: int, segment: Segment) -> bool:
        return check(f"{segment.words} [{marker}]", [by_marker[marker]], embed=embed)[-1].source is not None

    cut = []
    for segment, support in zip(segments(text), supports, strict=True):
        own = segment.text
        for marker in set(segment.markers) if support.source not in (None, FRAMING) else ():
            own = own if states(marker, segment) else re.sub(rf" ?\[{marker}\](?!\[)|\[{marker}\]", "", own)
        cut.append(Segment(lead=segment.lead, text=own, block=segment.block))
    return cut


def _kept(group: Sequence[Judged], markers: Mapping[str, int]) -> list[Segment]:
    """The sentences of a group to say. One that lost its marker with a dropped neighbour gets its own."""
    pairs = [(segment, support.source) for segment, support in group if support.source]
    if len(pairs) < len(group) and pairs and pairs[-1][0].words.endswith(":"):
        pairs = pairs[:-1]
    kept: list[Segment] = []
    for place, (segment, source) in enumerate(pairs):
        marker = markers.get(source or "")
        if marker is not None and not any(marker in other.markers for other, _ in pairs[place:]):
            segment = Segment(lead=segment.lead, text=f"{segment.text} [{marker}]", block=segment.block)
        kept.append(segment)
    return kept


def _citing(kept: Sequence[Segment], marker: int) -> str:
    blocks = {segment.block for segment in kept if marker in segment.markers}
    own = " ".join(segment.words for segment in kept if marker in segment.markers)
    return own or " ".join(segment.words for segment in kept if segment.block in blocks)


def _citation(passage: Passage, marker: int, words: str) -> Citation:
    wanted = content_stems(words)
    texts = [quote.text for quote in passage.quotes] or [passage.text]
    best = max(texts, key=lambda text: len(wanted & content_stems(plain(text))))
    return Citation(
        marker=marker,
        article_id=passage.article_id,
        passage_id=passage.id,
        title=passage.title,
        heading=passage.heading,
        url=passage.url,
        quote=best,
    )


def _renumbered(support: SentenceSupport, order: Mapping[int, int]) -> SentenceSupport:
    sentence = MARKER.sub(lambda match: f"[{order[int(match[1])]}]" if int(match[1]) in order else "", support.sentence)
    return SentenceSupport(sentence=sentence.strip(), source=support.source, score=support.score)
