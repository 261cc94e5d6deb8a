"""The tools of this deployment in the console: what each is, and a dry run of it as one customer of the shop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import pydantic
from fastapi import APIRouter, Path, Request
from pydantic import Field

from app.audit_trail import leave_trail
from app.console_api import Me
from app.errors import Problem, Refused
from app.schemas import Request as Body
from app.schemas import Shape
from app.widget_api import BatonHere
from conversations.model import Assurance, CustomerId, JsonObject, JsonValue
from tools.action_model import Proposal
from tools.tool import Principal, Tool

Kind = Literal["text", "number", "yes_no", "choice", "list"]
Proof = Literal["signed", "verified"]

DRY_RUN_SECONDS = 30.0
"""Above every tool's own limit, which is what ends a slow call."""
NOBODY = CustomerId("dry-run")
"""A dry run belongs to no conversation, so to no customer of ours; tools go by the shop's id alone."""
_KINDS: Mapping[JsonValue, Kind] = {"integer": "number", "number": "number", "boolean": "yes_no", "array": "list"}

router = APIRouter(prefix="/console/v1/tools", tags=["tools"])


class ArgumentShape(Shape):
    """One argument as a form asks for it. `choices` are those of a choice; `fields` those of each entry of a list."""

    name: str
    description: str
    kind: Kind
    required: bool
    choices: list[str] = []
    fields: list[ArgumentShape] = []


class LimitsShape(Shape):
    seconds: float
    message_characters: int
    data_characters: int


class ToolShape(Shape):
    name: str
    description: str
    access: str
    needs: str
    limits: LimitsShape
    arguments: list[ArgumentShape]


class ToolList(Shape):
    tools: list[ToolShape]


class DryRun(Body):
    external_customer_id: str = Field(min_length=1, max_length=200)
    proof: Proof
    arguments: dict[str, pydantic.JsonValue]


class ProposedLineShape(Shape):
    name: str
    quantity: int
    amount: str | None


class ProposalShape(Shape):
    kind: str
    order_number: str
    lines: list[ProposedLineShape]
    amount: str | None
    destination: str
    rule: str
    needs_person: str | None


class DryRunShape(Shape):
    """What the call gave. `proposal` is what would have been put on a card: it is on no record."""

    ok: bool
    code: str
    message: str
    data: dict[str, pydantic.JsonValue]
    proposal: ProposalShape | None


@router.get("")
async def tools(baton: BatonHere, me: Me) -> ToolList:
    return ToolList(tools=[_tool(one) for one in baton.toolbox.tools()])


@router.post("/{name}/dry_run")
async def dry_run(
    name: Annotated[str, Path(max_length=100)], body: DryRun, request: Request, baton: BatonHere, me: Me
) -> DryRunShape:
    """Call a tool as a customer of the shop, through the gate of the AI agent's calls. Nothing comes of it.

    The log says whose records were looked at.
    """
    if baton.toolbox.get(name) is None:
        raise Refused(Problem(status=404, code="not_found", detail="There is no tool of that name."))
    leave_trail(request, me, to=f"{name}/{body.external_customer_id}")
    principal = Principal(
        customer_id=NOBODY,
        external_id=body.external_customer_id,
        assurance=Assurance.VERIFIED if body.proof == "verified" else Assurance.SIGNED,
    )
    result = await baton.toolbox.call(principal, name, body.arguments, deadline_s=DRY_RUN_SECONDS)
    return DryRunShape(
        ok=result.ok,
        code=result.code,
        message=result.message,
        data=dict(result.data),
        proposal=_proposal(result.proposal) if result.proposal else None,
    )


def _tool(tool: Tool) -> ToolShape:
    limits = tool.limits
    return ToolShape(
        name=tool.name,
        description=tool.description,
        access=tool.access.value,
        needs=tool.needs.name.lower(),
        limits=LimitsShape(
            seconds=limits.seconds,
            message_characters=limits.message_characters,
            data_characters=limits.data_characters,
        ),
        arguments=arguments_of(tool.arguments.model_json_schema()),
    )


def arguments_of(schema: JsonObject) -> list[ArgumentShape]:
    """The fields of an object's JSON schema as pydantic writes it: `$defs` on top, "or nothing" as `anyOf`."""
    return _fields(schema, _object(schema.get("$defs")))


def _fields(schema: JsonObject, named: JsonObject) -> list[ArgumentShape]:
    required = schema.get("required")
    return [
        _argument(name, _object(given), named, required=isinstance(required, list) and name in required)
        for name, given in _object(schema.get("properties")).items()
    ]


def _argument(name: str, given: JsonObject, named: JsonObject, *, required: bool) -> ArgumentShape:
    schema = _something(given)
    choices = schema.get("enum")
    items = _object(schema.get("items"))
    reference = str(items.get("$ref", "")).removeprefix("#/$defs/")
    return ArgumentShape(
        name=name,
        description=str(given.get("description", "")),
        kind="choice" if isinstance(choices, list) else _KINDS.get(schema.get("type"), "text"),
        required=required,
        choices=[str(one) for one in choices] if isinstance(choices, list) else [],
        fields=_fields(_object(named.get(reference)), named),
    )


def _something(schema: JsonObject) -> JsonObject:
    """What an argument is where it is given: the branch of an optional one that is not null."""
    branches = schema.get("anyOf")
    if not isinstance(branches, list):
        return schema
    return next((one for one in map(_object, branches) if one.get("type") != "null"), schema)


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _proposal(proposal: Proposal) -> ProposalShape:
    return ProposalShape(
        kind=proposal.kind.value,
        order_number=proposal.order_number,
        lines=[
            ProposedLineShape(
                name=line.name, quantity=line.quantity, amount=None if line.amount is None else str(line.amount)
            )
            for line in proposal.lines
        ],
        amount=str(proposal.funds.amount) if proposal.funds else None,
        destination=proposal.destination,
        rule=proposal.rule,
        needs_person=proposal.needs_person,
    )
