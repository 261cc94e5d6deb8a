"""The shapes of the console's knowledge API, as OpenAPI shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from app.schemas import Request, Shape

Segment = Annotated[str, StringConstraints(pattern=r"^[\w.-]{1,64}$")]
OptionName = Annotated[str, StringConstraints(max_length=64)]
OptionValue = Annotated[str, StringConstraints(max_length=4_000, pattern=r"^[^\x00]*$")]


class ProblemShape(Shape):
    """RFC 9457. `detail` says in plain words what is wrong and what to do, and may be shown."""

    type: str = Field(examples=["urn:baton:problem:sync_running"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["A sync is running already; wait for it to finish or stop it."])
    code: str = Field(examples=["sync_running"])


# Sources


class SourceFieldShape(Shape):
    """An option of a kind of source, as a form asks for it."""

    name: str = Field(examples=["location"])
    words: str = Field(description="The label.", examples=["Folder or file"])
    hint: str = Field(description="An example of a value.", examples=["/srv/help-center"])
    required: bool
    secret: bool = Field(description="Write-only: stored, used, and never returned.")
    choices: list[str] = Field(description="The only values it takes; empty where any text is fine.")


class SourceName(Shape):
    id: str
    name: str
    kind: str


class SourceKindShape(Shape):
    name: str = Field(examples=["markdown"])
    words: str = Field(examples=["Markdown files"])
    fields: list[SourceFieldShape]


class SourceKindList(Shape):
    kinds: list[SourceKindShape]
    folders: list[str] = Field(
        description="Folders of the server that sources added here may read (BATON_SOURCE_DIRS).",
        examples=[["/srv/help-center"]],
    )


class AddSource(Request):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"kind": "markdown", "name": "Help center", "options": {"location": "/srv/help-center"}}]
        }
    )

    kind: str = Field(max_length=64, description="The name of a kind of source.")
    name: str = Field(max_length=200, description="What people call it.")
    options: dict[OptionName, OptionValue] = Field(max_length=40, description="Values of the kind's fields.")


class ChangeSource(Request):
    """A secret that is not given stays, at the same address; every other option that is not given is emptied."""

    name: str = Field(max_length=200)
    options: dict[OptionName, OptionValue] = Field(max_length=40)


class SkippedShape(Shape):
    """Something that was not taken as it is. `kept`: it is there all the same."""

    where: str = Field(examples=["returns.md"])
    why: str = Field(examples=["its expires_at 'soon' is no date; write it like 2026-05-31"])
    kept: bool


class ChangesShape(Shape):
    """What a sync did, in articles."""

    added: int
    changed: int
    removed: int
    unchanged: int
    skipped: int = Field(description="Lines of the report about what was left out or mended.")


class SourceSyncShape(Shape):
    """How a source's last sync ended. `problem` is None where it went well."""

    at: datetime
    changes: ChangesShape | None
    problem: str | None = Field(examples=["The server at help.example did not answer; the earlier articles stay."])


class SourceShape(Shape):
    id: str
    kind: str
    kind_words: str
    name: str
    options: dict[str, str] = Field(description="Without secrets.")
    secrets_set: list[str] = Field(description="Names of the secret fields that have a value.")
    articles: int
    last_sync: SourceSyncShape | None
    changeable: bool = Field(description="False for the articles written in the console, which are always there.")


class SourceList(Shape):
    sources: list[SourceShape]


class SourceReportShape(Shape):
    """The last sync of one source, line by line."""

    source: SourceShape
    skipped: list[SkippedShape]
    more: int = Field(description="Further lines, which were not kept.")


# Sync


class StartSync(Request):
    source_ids: list[str] | None = Field(
        default=None, min_length=1, max_length=1_000, description="None for every source."
    )


class RunningSync(Shape):
    started_at: datetime
    started_by: str = Field(examples=["Noor"])
    source_ids: list[str] | None
    stage: str = Field(examples=["embedding"])
    done: int
    total: int = Field(description="0 where it is not known yet.")
    seconds_left: float | None = Field(description="Of this stage, from its speed so far; None until that is known.")
    stopping: bool


class FinishedSync(Shape):
    finished_at: datetime
    started_by: str
    source_ids: list[str] | None
    outcome: Literal["done", "partly", "failed", "stopped"]
    words: str = Field(examples=["12 articles added, 1 changed, 0 removed."])
    changes: ChangesShape | None
    seconds: float
    version: str


class SyncShape(Shape):
    running: RunningSync | None
    last: FinishedSync | None = Field(description="Since the service started.")


# Versions


class VersionShape(Shape):
    number: int
    made_at: datetime
    cause: str = Field(examples=["sync of Help center"])
    articles: int
    passages: int
    live: bool
    rolled_back_at: datetime | None = Field(description="When somebody last went back, or forward, to it.")


class VersionList(Shape):
    versions: list[VersionShape]


class DiffPassage(Shape):
    heading: str
    text: str


class ArticleDiff(Shape):
    article_id: str
    title: str
    change: str = Field(description="added, removed or changed.", examples=["changed"])
    before: list[DiffPassage] = Field(description="Passages that are only in the version before.")
    after: list[DiffPassage] = Field(description="Passages that are only in the version after.")


class DiffShape(Shape):
    before: int
    after: int
    added: int
    removed: int
    changed: int
    articles: list[ArticleDiff] = Field(description="At most the first 500.")


# Search


class SearchAs(Request):
    """Who asks: nobody in particular, or a customer who signed in, with the segments they are in."""

    signed_in: bool = False
    segments: list[Segment] = Field(default=[], max_length=50)


class SearchQuestion(Request):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"question": "how long do I have to send boots back", "viewer": {"signed_in": True}}]
        }
    )

    question: Annotated[str, StringConstraints(min_length=1, max_length=4_000, strip_whitespace=True)]
    earlier: list[Annotated[str, StringConstraints(max_length=4_000)]] = Field(
        default=[], max_length=10, description="The customer's earlier messages, oldest first."
    )
    viewer: SearchAs = SearchAs()
    limit: int = Field(default=8, ge=1, le=50)


class SentenceShape(Shape):
    text: str
    score: float = Field(description="Cosine of the question and this sentence.")


class PartShape(Shape):
    """A summand of a score."""

    words: str = Field(examples=["Words in common"])
    value: float


class MatchShape(Shape):
    """A word of the question that the passage holds, and what it adds to `lexical`."""

    word: str
    weight: float


class HitShape(Shape):
    """A passage, and why it stands where it stands."""

    article_id: str
    passage_id: str
    title: str
    heading: str
    text: str
    score: float = Field(description="The fused score that the order follows.")
    dense: float = Field(description="Cosine of question and passage: nearness in meaning.")
    dense_rank: int | None = Field(description="Its place by meaning, from 1; None where it was not among the nearest.")
    lexical: float = Field(description="BM25: rare words in common.")
    lexical_rank: int | None = Field(description="Its place by words, from 1; None where no word is shared.")
    parts: list[PartShape] = Field(description="What the score is the sum of.")
    reranked: float | None = Field(description="Score of the cross-encoder, where one put the hits in order.")
    matched: list[MatchShape] = Field(description="Words it shares with the question, the most telling first.")
    matched_words: list[str] = Field(description="The same words as the passage writes them.")
    best_sentence: SentenceShape | None = Field(description="The quotable sentence nearest to the question.")


class SearchShape(Shape):
    question: str
    version: str
    took_ms: float
    hits: list[HitShape]
    mended: dict[str, str] = Field(description="Misspelt words of the question, with what they were read as.")
    unknown_words: list[str] = Field(description="Words of the question that no article holds.")
    coverage: float = Field(description="Share of the question's words, by rarity, that the first hit holds.")


# Overlaps


class OverlapSide(Shape):
    article_id: str
    title: str
    heading: str
    passage_id: str
    text: str
    differing: list[str] = Field(description="Words that contradict the other side.", examples=[["45 days"]])
    source: SourceName
    updated_at: datetime | None


class OverlapShape(Shape):
    kind: Literal["duplicate", "contradiction"]
    similarity: float = Field(description="Cosine of the two passages.")
    why: str = Field(examples=["45 days here, 30 days there"])
    first: OverlapSide
    second: OverlapSide


class OverlapList(Shape):
    version: str
    overlaps: list[OverlapShape] = Field(description="Candidates for a person to judge, the likeliest first.")
