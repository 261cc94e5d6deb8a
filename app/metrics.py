"""`/metrics`: what somebody must be told of by a monitor, as gauges in Prometheus' text format."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import PlainTextResponse

from app.errors import Problem, Refused
from app.widget_api import BatonHere
from tools.action_model import ActionState

_NOT_HERE = Problem(status=404, code="not_found", detail="There is nothing here.")
router = APIRouter(tags=["operations"])


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(baton: BatonHere, authorization: Annotated[str, Header()] = "") -> PlainTextResponse:
    """Behind a bearer token (BATON_METRICS_TOKEN), because how much is refunded is nobody else's business."""
    token = baton.settings.metrics_token
    expected = f"Bearer {token.get_secret_value()}" if token else ""
    if token is None or not secrets.compare_digest(expected.encode(), authorization.encode()):
        raise Refused(_NOT_HERE)
    lines = []
    if baton.actions is not None:
        actions = baton.actions.ledger.actions
        frozen, counts = await actions.frozen(), await actions.counts()
        lines += _gauge("baton_refunds_frozen", "1 while refunds wait for people.", [("", int(frozen is not None))])
        states = [(f'{{state="{state.value}"}}', counts.get(state, 0)) for state in ActionState]
        lines += _gauge("baton_actions", "Actions by the state that they are in.", states)
    return PlainTextResponse("".join(f"{line}\n" for line in lines), media_type="text/plain; version=0.0.4")


def _gauge(name: str, words: str, values: list[tuple[str, int]]) -> list[str]:
    return [f"# HELP {name} {words}", f"# TYPE {name} gauge", *(f"{name}{labels} {value}" for labels, value in values)]
