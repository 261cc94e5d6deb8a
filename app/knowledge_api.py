"""What the console's knowledge pages call: sources and their sync, versions, search preview, overlaps.

Signed in by the console's cookie session, with its CSRF token for everything that changes something.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Depends, Query, Request, Response

from app import knowledge_presenting as present
from app.console_api import Me, signed_in
from app.errors import PROBLEM, Problem, Refused
from app.knowledge_desk import KnowledgeDesk
from app.knowledge_schemas import (
    AddSource,
    ChangeSource,
    DiffShape,
    OverlapList,
    ProblemShape,
    SearchQuestion,
    SearchShape,
    SourceKindList,
    SourceList,
    SourceReportShape,
    SourceShape,
    StartSync,
    SyncShape,
    VersionList,
    VersionShape,
)
from app.schemas import Empty
from app.source_folders import refused_location
from knowledge_base.knowledge_base import (
    EncoderChanged,
    InvalidArticle,
    InvalidSource,
    KnowledgeBaseDamaged,
    KnowledgeBaseFull,
    Missing,
    SyncOvertaken,
    SyncRunning,
)
from knowledge_base.model import Viewer

T = TypeVar("T")


def desk_of(request: Request) -> KnowledgeDesk:
    """FastAPI dependency."""
    desk: KnowledgeDesk = request.app.state.knowledge
    return desk


Desk = Annotated[KnowledgeDesk, Depends(desk_of)]
_MEANINGS: Final = {
    401: "Nobody is signed in.",
    403: "The CSRF token is missing or old.",
    404: "There is no such thing, or no longer.",
    409: "It cannot be done at this moment, or somebody was first.",
    413: "The request is too large.",
    422: "Something in the request cannot be used; `detail` says what, and what to do.",
    503: "It cannot be done now.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's description of how an operation can be refused."""
    content = {PROBLEM: {"schema": ProblemShape.model_json_schema()}}
    return {status: {"description": _MEANINGS[status], "content": content} for status in statuses}


router = APIRouter(
    prefix="/console/v1/knowledge",
    tags=["knowledge"],
    dependencies=[Depends(signed_in)],
    responses=problems(401, 403, 503),
)
_REFUSALS: Final[tuple[tuple[type[Exception], int, str], ...]] = (
    (Missing, 404, "not_found"),
    (InvalidSource, 422, "invalid_source"),
    (InvalidArticle, 422, "invalid_article"),
    (SyncRunning, 409, "sync_running"),
    (SyncOvertaken, 409, "overtaken"),
    (EncoderChanged, 409, "encoder_changed"),
    (KnowledgeBaseFull, 503, "disk_full"),
    (KnowledgeBaseDamaged, 503, "damaged"),
)
SYNC_RUNNING: Final = Problem(
    status=409, code="sync_running", detail="A sync is running already; wait for it to finish, or stop it."
)


@contextmanager
def in_plain_words() -> Iterator[None]:
    """What the knowledge base refuses, as problems. Their messages are written for people."""
    try:
        yield
    except tuple(kind for kind, _, _ in _REFUSALS) as error:
        for kind, status, code in _REFUSALS:
            if isinstance(error, kind):
                raise Refused(Problem(status=status, code=code, detail=str(error))) from error
        raise


async def in_thread(work: Callable[[], T]) -> T:
    """The knowledge base blocks: on disk, on the encoder, on its locks. Raises Refused."""
    with in_plain_words():
        return await asyncio.to_thread(work)


def _not_while_syncing(desk: KnowledgeDesk) -> None:
    if desk.sync.running:
        raise Refused(SYNC_RUNNING)


@router.get("/kinds", summary="Kinds of sources")
async def list_kinds(desk: Desk) -> SourceKindList:
    """Where articles can come from, with the fields each kind needs: a form is made of them."""
    folders = [str(folder) for folder in desk.baton.settings.source_dirs]
    return SourceKindList(kinds=[present.kind_shape(kind) for kind in desk.knowledge.kinds()], folders=folders)


@router.get("/sources", summary="Sources and how they are")
async def list_sources(desk: Desk) -> SourceList:
    """Every source with its articles and how its last sync ended, in the order in which their articles count."""
    kinds = desk.knowledge.kinds()
    states = await in_thread(desk.knowledge.sources)
    return SourceList(sources=[present.source_shape(state, kinds) for state in states])


@router.post("/sources", status_code=201, summary="Add a source", responses=problems(409, 422))
async def add_source(body: AddSource, desk: Desk) -> SourceShape:
    """Configures it; nothing is read before the next sync. Secrets are stored and never returned."""
    _check_location(desk, body.options.get("location", ""))
    added = await in_thread(lambda: desk.knowledge.add_source(body.kind, body.name, body.options))
    return await _source(desk, added.id)


@router.put("/sources/{source_id}", summary="Change a source", responses=problems(404, 409, 422))
async def change_source(source_id: str, body: ChangeSource, desk: Desk) -> SourceShape:
    """Another name or other options, from the next sync on.

    A secret that is not given stays as it is, unless the address changes: then it has to be given again.
    """
    _not_while_syncing(desk)
    before = await _source(desk, source_id)
    location = body.options.get("location", "")
    if location != before.options.get("location"):
        _check_location(desk, location)
        _check_secrets(before, body)
    await in_thread(lambda: desk.knowledge.change_source(source_id, body.name, body.options))
    return await _source(desk, source_id)


@router.delete("/sources/{source_id}", status_code=204, summary="Remove a source", responses=problems(404, 409))
async def remove_source(source_id: str, desk: Desk) -> Response:
    """Its articles leave with it, in a new version; earlier versions keep them."""
    _not_while_syncing(desk)
    await in_thread(lambda: desk.knowledge.remove_source(source_id))
    return Response(status_code=204)


@router.get("/sources/{source_id}/report", summary="A source's last report", responses=problems(404))
async def read_report(source_id: str, desk: Desk) -> SourceReportShape:
    """What its last sync left out or mended, line by line."""
    for state in await in_thread(desk.knowledge.sources):
        if state.config.id == source_id:
            return present.report_shape(state, desk.knowledge.kinds())
    raise _no_source()


async def _source(desk: KnowledgeDesk, source_id: str) -> SourceShape:
    kinds = desk.knowledge.kinds()
    for state in await in_thread(desk.knowledge.sources):
        if state.config.id == source_id:
            return present.source_shape(state, kinds)
    raise _no_source()


def _no_source() -> Refused:
    return Refused(Problem(status=404, code="not_found", detail="There is no such source; it may have been removed."))


def _check_location(desk: KnowledgeDesk, location: str) -> None:
    refused = refused_location(location, desk.baton.settings.source_dirs) if location else None
    if refused is not None:
        raise Refused(Problem(status=422, code="location_not_allowed", detail=refused))


def _check_secrets(before: SourceShape, change: ChangeSource) -> None:
    """Else whoever may change the address could have a kept token sent to a server of theirs, and read it there."""
    missing = [name for name in before.secrets_set if not change.options.get(name)]
    if missing:
        detail = "The address changed, so enter the secret fields again: what was kept is sent to the old address only."
        raise Refused(Problem(status=422, code="secrets_needed", detail=detail))


@router.get("/sync", summary="The sync as it stands")
async def read_sync(desk: Desk) -> SyncShape:
    """The one that runs, with its progress and the time left, and how the last one ended."""
    return desk.sync.state()


@router.post("/sync", status_code=202, summary="Sync now", responses=problems(404, 409, 422))
async def start_sync(body: StartSync, desk: Desk, me: Me) -> SyncShape:
    """Begins a sync of some sources, or of all, and answers at once. One runs at a time."""
    known = {state.config.id for state in await in_thread(desk.knowledge.sources)}
    if body.source_ids is not None and not known.issuperset(body.source_ids):
        raise _no_source()
    try:
        desk.sync.start(body.source_ids, by=me.display_name)
    except SyncRunning:
        raise Refused(SYNC_RUNNING) from None
    return desk.sync.state()


@router.delete("/sync", status_code=202, summary="Stop the sync")
async def stop_sync(desk: Desk) -> SyncShape:
    """The running sync ends at its next step and changes nothing. Without one nothing happens."""
    desk.sync.stop()
    return desk.sync.state()


@router.get("/versions", summary="Versions")
async def list_versions(desk: Desk) -> VersionList:
    """Those that are kept, the newest first."""
    versions = await in_thread(desk.knowledge.versions)
    return VersionList(versions=[present.version_shape(version) for version in versions])


@router.get("/versions/diff", summary="What differs between two versions", responses=problems(404, 422))
async def read_diff(
    desk: Desk, before: Annotated[int, Query(ge=0, le=2**31)], after: Annotated[int, Query(ge=0, le=2**31)]
) -> DiffShape:
    """Which articles came, went and changed, with the passages only one of the two has."""
    return present.diff_shape(await in_thread(lambda: desk.knowledge.diff(before, after)))


@router.post("/versions/{number}/roll_back", summary="Go back to a version", responses=problems(404, 409, 422))
async def roll_back(number: int, body: Empty, desk: Desk) -> VersionShape:
    """Answers come from it at once. The next sync builds on it."""
    await in_thread(lambda: desk.knowledge.roll_back(number))
    live = next(version for version in await in_thread(desk.knowledge.versions) if version.live)
    return present.version_shape(live)


@router.post("/search", summary="Preview a search", responses=problems(409, 422))
async def preview_search(body: SearchQuestion, desk: Desk) -> SearchShape:
    """The passages that the AI agent would get, in its order, each with why it stands there."""
    viewer = Viewer(
        signed_in=body.viewer.signed_in or bool(body.viewer.segments), segments=frozenset(body.viewer.segments)
    )
    began = time.perf_counter()
    found = await in_thread(
        lambda: desk.knowledge.search(body.question, limit=body.limit, viewer=viewer, earlier=body.earlier)
    )
    return present.search_shape(found, (time.perf_counter() - began) * 1000)


@router.get("/overlaps", summary="Near-duplicates and contradictions")
async def list_overlaps(desk: Desk) -> OverlapList:
    """Pairs of passages of the live version that a person should compare, the likeliest first."""
    rows = await desk.rows()

    def found() -> OverlapList:
        shown = [present.overlap_shape(each, desk.knowledge, rows) for each in desk.knowledge.overlaps()]
        return OverlapList(version=desk.knowledge.version, overlaps=shown)

    return await in_thread(found)
