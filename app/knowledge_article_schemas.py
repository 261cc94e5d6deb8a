"""The shapes of the console's article API, as OpenAPI shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from app.knowledge_schemas import Segment, SourceName
from app.schemas import Block, Request, Shape

MAX_ARTICLE_CHARS: Final = 200_000
"""Of an article written in the console; about 30,000 words."""

State = Literal["live", "draft", "scheduled", "expired", "withdrawn"]
ArticleIdText = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
# Strict validation takes no text for an instant, and JSON has nothing else.
Instant = Annotated[AwareDatetime, Field(strict=False)]


class AudienceShape(Shape):
    """Everyone; customers who signed in; or, of those, members of one of `segments`."""

    signed_in: bool
    segments: list[str]


class ArticleRow(Shape):
    id: str
    title: str
    state: State
    source: SourceName
    language: str | None
    audience: AudienceShape
    updated_at: datetime | None
    effective_at: datetime | None
    expires_at: datetime | None
    times_cited: int
    last_cited_at: datetime | None
    helpful: int
    not_helpful: int


class Counted(Shape):
    """A value to filter by, and how many articles of the whole knowledge base have it."""

    value: str
    words: str
    count: int


class ArticleFilters(Shape):
    states: list[Counted]
    sources: list[Counted]
    languages: list[Counted]
    audiences: list[Counted]
    never_cited: int


class ArticleListQuery(BaseModel):
    """What the list is narrowed to; what is empty narrows nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    search: str = Field(default="", max_length=200, description="Words that the title, the id or the text holds.")
    state: Literal["", "live", "draft", "scheduled", "expired", "withdrawn"] = ""
    source: str = Field(default="", max_length=200, description="A source's id.")
    language: str = Field(default="", max_length=40, examples=["en"])
    audience: str = Field(default="", max_length=64, description="everyone, signed_in, or a segment.")
    cited: Literal["", "never"] = Field(default="", description="never: only articles that no answer cited yet.")
    sort: Literal["title", "updated", "cited", "not_helpful"] = "title"
    offset: int = Field(default=0, ge=0, le=10_000_000)
    limit: int = Field(default=50, ge=1, le=200)


class ArticlePage(Shape):
    articles: list[ArticleRow]
    total: int = Field(description="Articles that match, on all pages.")
    offset: int
    filters: ArticleFilters


class PassageShape(Shape):
    id: str
    position: int
    heading: str
    text: str


class FeedbackShape(Shape):
    helpful: bool
    words: str
    at: datetime


class ArticleDetail(ArticleRow):
    url: str | None
    text: str = Field(description="Markdown.")
    body: list[Block] = Field(description="`text` as pages show it: a tree of blocks without any HTML.")
    passages: list[PassageShape]
    feedback: list[FeedbackShape]
    written: bool = Field(description="Written in the console, so that it can be deleted here.")
    revision: str = Field(description="Send it back with a change: it is refused where somebody changed more since.")


class WriteAudience(Request):
    signed_in: bool = False
    segments: list[Segment] = Field(default=[], max_length=50)


class ArticleText(Request):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "How do I return something?",
                    "text": "Send it back **within 45 days**.",
                    "language": "en",
                    "audience": {"signed_in": False, "segments": []},
                    "status": "published",
                    "effective_at": None,
                    "expires_at": "2027-01-31T00:00:00Z",
                }
            ]
        }
    )

    title: Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
    text: str = Field(max_length=MAX_ARTICLE_CHARS, description="Markdown; HTML in it is dropped.")
    language: str | None = Field(default=None, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$", examples=["en"])
    audience: WriteAudience = WriteAudience()
    status: Literal["published", "draft"] = "published"
    effective_at: Instant | None = Field(default=None, description="Not cited before.")
    expires_at: Instant | None = Field(default=None, description="Not cited from this instant on.")


class NewArticle(ArticleText):
    id: ArticleIdText | None = Field(default=None, description="Made from the title where it is not given.")


class ChangeArticle(ArticleText):
    revision: str = Field(max_length=64, description="Of the article that was changed.")


class PreviewText(Request):
    text: str = Field(max_length=MAX_ARTICLE_CHARS)


class PreviewShape(Shape):
    body: list[Block]
