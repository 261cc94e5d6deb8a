"""The model's text made into an answer: nothing but what passed grounding, cited with markers of ours."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
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


def answer_from(
    text: str, hits: Sequence[Hit], calls: Sequence[ToolCall], *, embed: Embed | None
) -> tuple[str, tuple[Citation, ...], tuple[SentenceSupport, ...]]:
    """(what may be said, its citations, every sentence with its support). `hits[n - 1]` is what [n] stands for."""
    passages = {marker: hit.passage for marker, hit in enumerate(hits, start=1)}
    cleaned = own_markers(without_foreign_links(visible(text), list(passages.values())), passages)
    sources = [passage_source(passage, marker) for marker, passage in passages.items()]
    supports = check(cleaned, [*sources, *(tool_source(call) for call in calls)], embed=embed)
    kept = _kept(_without_idle_markers(cleaned, supports, sources, embed), supports, sources)
    said = "".join(segment.lead + segment.text for segment in kept).strip()
    order = {old: new for new, old in enumerate(dict.fromkeys(map(int, MARKER.findall(said))), start=1)}
    citations = tuple(_citation(passages[old], new, _citing(kept, old)) for old, new in order.items())
    renumbered = MARKER.sub(lambda match: f"[{order[int(match[1])]}]", said)
    return renumbered, citations, tuple(_renumbered(support, order) for support in supports)


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


def _kept(cut: Sequence[Segment], supports: Sequence[SentenceSupport], sources: Sequence[Source]) -> list[Segment]:
    """The sentences to say. One that lost its paragraph's marker with a dropped neighbour gets its own."""
    markers = {source.id: source.marker for source in sources if source.marker is not None}
    pairs = [(segment, support.source) for segment, support in zip(cut, supports, strict=True) if support.source]
    lost = len(pairs) < len(cut)
    if lost and all(source == FRAMING for _, source in pairs):
        return []
    if lost and pairs[-1][0].words.endswith(":"):
        pairs = pairs[:-1]
    kept: list[Segment] = []
    for place, (segment, source) in enumerate(pairs):
        marker = markers.get(source or "")
        later = (other for other, _ in pairs[place:] if other.block == segment.block)
        if marker is not None and not any(marker in other.markers for other in later):
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
