"""Webhooks out in the console: endpoints, what was sent to them, and what could not be."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import Field

from app.console_api import Me
from app.errors import Problem, Refused
from app.schemas import Empty, Request, Shape
from app.webhook_sender import new_secret
from app.widget_api import BatonHere
from conversations.deliveries import Delivery, DeliveryState
from conversations.webhooks import Endpoint
from knowledge_base.sources.guarding import Allowed, Forbidden, check_url

SHOWN = 100
_NO_ENDPOINT = Problem(status=404, code="not_found", detail="There is no such endpoint.")

router = APIRouter(prefix="/console/v1/webhooks", tags=["webhooks"])


class AddEndpoint(Request):
    url: str = Field(max_length=2_000)


class SetEnabled(Request):
    enabled: bool


class EndpointShape(Shape):
    id: str
    url: str
    enabled: bool
    disabled_because: str | None
    created_at: datetime
    pending: int
    delivered: int
    dead: int


class AddedEndpoint(Shape):
    id: str
    secret: str
    """For the receiver, to check signatures by: it is shown this once."""


class EndpointList(Shape):
    endpoints: list[EndpointShape]


class DeliveryShape(Shape):
    id: str
    kind: str
    state: str
    attempts: int
    created_at: datetime
    due_at: datetime
    problem: str | None


class DeliveryList(Shape):
    deliveries: list[DeliveryShape]


class SentAgain(Shape):
    sent_again: int


@router.get("")
async def endpoints(baton: BatonHere, me: Me) -> EndpointList:
    counts = await baton.deliveries.counts()

    def shape(one: Endpoint) -> EndpointShape:
        return EndpointShape(
            id=one.id,
            url=one.url,
            enabled=one.enabled,
            disabled_because=one.disabled_because,
            created_at=one.created_at,
            **{state.value: counts.get((one.id, state), 0) for state in DeliveryState},
        )

    return EndpointList(endpoints=[shape(one) for one in await baton.webhooks.endpoints()])


@router.post("", status_code=201)
async def add(body: AddEndpoint, baton: BatonHere, me: Me) -> AddedEndpoint:
    try:
        check_url(body.url, Allowed.parse(baton.settings.allow_private_webhooks))
    except Forbidden as refused:
        raise Refused(Problem(status=422, code="invalid_url", detail=f"The address {refused}.")) from refused
    endpoint = await baton.webhooks.add(body.url, secret=new_secret(), by=me.id)
    return AddedEndpoint(id=endpoint.id, secret=endpoint.secret)


@router.put("/{endpoint_id}", status_code=204)
async def set_enabled(endpoint_id: str, body: SetEnabled, baton: BatonHere, me: Me) -> Response:
    if not await baton.webhooks.set_enabled(endpoint_id, body.enabled):
        raise Refused(_NO_ENDPOINT)
    return Response(status_code=204)


@router.delete("/{endpoint_id}", status_code=204)
async def remove(endpoint_id: str, baton: BatonHere, me: Me) -> Response:
    await baton.webhooks.remove(endpoint_id)
    return Response(status_code=204)


@router.get("/{endpoint_id}/deliveries")
async def sent(endpoint_id: str, baton: BatonHere, me: Me) -> DeliveryList:
    found = await baton.deliveries.newest(target=endpoint_id, limit=SHOWN)
    return DeliveryList(deliveries=[_delivery(one) for one in found])


@router.post("/{endpoint_id}/send_again")
async def send_again(endpoint_id: str, body: Empty, baton: BatonHere, me: Me) -> SentAgain:
    """Everything that was given up, with the ids that it had."""
    dead = await baton.deliveries.newest(target=endpoint_id, state=DeliveryState.DEAD, limit=1_000)
    return SentAgain(sent_again=await baton.deliveries.send_again([one.id for one in dead]))


def _delivery(one: Delivery) -> DeliveryShape:
    return DeliveryShape(
        id=one.id,
        kind=str(one.payload.get("type", "")),
        state=one.state.value,
        attempts=one.attempts,
        created_at=one.created_at,
        due_at=one.due_at,
        problem=one.problem,
    )
