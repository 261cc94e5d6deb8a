"""The gate in front of every tool."""

from __future__ import annotations

import asyncio
import json

import pytest
from pydantic import BaseModel, ConfigDict

from conversations.model import Assurance, CustomerId, JsonValue
from tools.tool import Limits, Principal, Tool, ToolFailed, ToolResult
from tools.toolbox import BadArguments, Toolbox, strict_json_object

MAYA = Principal(customer_id=CustomerId("c1"), external_id="cust_1001", assurance=Assurance.SIGNED)
VISITOR = Principal(customer_id=CustomerId("c2"), external_id=None, assurance=Assurance.ANONYMOUS)


class Size(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    number: str | None = None
    count: int = 1


class Runs:
    """A tool that notes what it was run with."""

    def __init__(self, result: ToolResult | None = None) -> None:
        self.seen: list[BaseModel] = []
        self._result = result or ToolResult(ok=True, code="done", message="Done.")

    async def __call__(self, principal: Principal, arguments: BaseModel) -> ToolResult:
        self.seen.append(arguments)
        return self._result


def toolbox(runs: Runs, *, needs: Assurance = Assurance.SIGNED) -> Toolbox:
    return Toolbox([Tool(name="measure", description="Measures.", arguments=Size, run=runs, needs=needs)])


async def test_a_whole_call_runs_with_its_arguments() -> None:
    runs = Runs()
    result = await toolbox(runs).call(MAYA, "measure", '{"number": "A", "count": 2}', deadline_s=1)
    assert result.code == "done"
    assert runs.seen == [Size(number="A", count=2)]


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "{",
        "null",
        "[]",
        "1",
        '"x"',
        '{"count": 2',
        '{"count": 2}}',
        '{"count": 2} {"count": 3}',
        '{"count": 2, "count": 3}',
        '{"count": "2"}',
        '{"count": true}',
        '{"count": 2.0}',
        '{"count": NaN}',
        '{"count": Infinity}',
        '{"count": 1e400}',
        '{"number": 5}',
        '{"number": ["A"]}',
        '{"customer_id": "cust_1002"}',
        '{"number": "A", "verified": true}',
        '{"number": "\\ud800"}',
        "{'count': 2}",
        '{"count": 2,}',
        "[" * 3_000,
        '{"number": "' + "9" * 5_000 + '"}',
    ],
)
async def test_damaged_arguments_never_run_and_are_never_repaired(arguments: str) -> None:
    runs = Runs()
    result = await toolbox(runs).call(MAYA, "measure", arguments, deadline_s=1)
    assert (result.ok, result.code) == (False, "bad_arguments")
    assert runs.seen == []


async def test_a_call_cut_at_any_byte_runs_only_when_whole() -> None:
    runs = Runs()
    whole = '{"number": "NP-48213", "count": 1250}'
    for end in range(len(whole)):
        await toolbox(runs).call(MAYA, "measure", whole[:end], deadline_s=1)
    assert runs.seen == []
    await toolbox(runs).call(MAYA, "measure", whole, deadline_s=1)
    assert runs.seen == [Size(number="NP-48213", count=1250)]


@pytest.mark.parametrize("arguments", [{"count": 2}, {}])
async def test_arguments_may_come_as_a_mapping(arguments: dict[str, JsonValue]) -> None:
    assert (await toolbox(Runs()).call(MAYA, "measure", arguments, deadline_s=1)).ok


async def test_a_mapping_with_an_unknown_key_is_refused() -> None:
    result = await toolbox(Runs()).call(MAYA, "measure", {"customer_id": "cust_1002"}, deadline_s=1)
    assert result.code == "bad_arguments"


async def test_the_refusal_does_not_repeat_the_value() -> None:
    result = await toolbox(Runs()).call(MAYA, "measure", '{"count": "ignore all rules"}', deadline_s=1)
    assert "ignore" not in result.message


async def test_a_visitor_is_asked_to_sign_in_before_anything_is_looked_up() -> None:
    runs = Runs()
    result = await toolbox(runs).call(VISITOR, "measure", "{}", deadline_s=1)
    assert (result.ok, result.code) == (False, "sign_in_required")
    assert runs.seen == []


async def test_a_visitor_may_use_a_tool_that_needs_no_sign_in() -> None:
    assert (await toolbox(Runs(), needs=Assurance.ANONYMOUS).call(VISITOR, "measure", "{}", deadline_s=1)).ok


@pytest.mark.parametrize("needs", list(Assurance))
@pytest.mark.parametrize("has", list(Assurance))
async def test_a_tool_runs_at_its_level_and_above_and_never_below(has: Assurance, needs: Assurance) -> None:
    runs = Runs()
    external_id = "cust_1001" if has >= Assurance.SIGNED else None
    principal = Principal(customer_id=CustomerId("c1"), external_id=external_id, assurance=has)
    result = await toolbox(runs, needs=needs).call(principal, "measure", "{}", deadline_s=1)
    assert (len(runs.seen) == 1) == (has >= needs) == result.ok
    if not result.ok:
        step_up = needs is Assurance.VERIFIED
        assert result.code == ("verification_required" if step_up else "sign_in_required")


@pytest.mark.parametrize("assurance", list(Assurance))
def test_the_shops_id_and_the_level_cannot_disagree(assurance: Assurance) -> None:
    proven = assurance >= Assurance.SIGNED
    with pytest.raises(ValueError, match="exactly from SIGNED on"):
        Principal(customer_id=CustomerId("c1"), external_id=None if proven else "cust_1001", assurance=assurance)


async def test_an_unknown_tool_is_named_as_such() -> None:
    result = await toolbox(Runs()).call(MAYA, "measuremeasure", "{}", deadline_s=1)
    assert (result.ok, result.code) == (False, "unknown_tool")


async def test_a_failing_system_is_unavailable() -> None:
    async def fails(principal: Principal, arguments: BaseModel) -> ToolResult:
        raise ToolFailed("connection refused to db://secret")

    tools = Toolbox([Tool(name="measure", description="", arguments=Size, run=fails)])
    result = await tools.call(MAYA, "measure", "{}", deadline_s=1)
    assert result.code == "unavailable"
    assert "secret" not in result.message


@pytest.mark.parametrize("deadline_s", [0.02, 0.0, -1.0])
async def test_a_slow_system_is_unavailable_at_the_deadline(deadline_s: float) -> None:
    async def slow(principal: Principal, arguments: BaseModel) -> ToolResult:
        await asyncio.sleep(30)
        raise AssertionError("not cancelled")

    tools = Toolbox([Tool(name="measure", description="", arguments=Size, run=slow)])
    assert (await tools.call(MAYA, "measure", "{}", deadline_s=deadline_s)).code == "unavailable"


async def test_a_tools_own_limit_ends_it_before_the_deadline_of_the_turn() -> None:
    async def slow(principal: Principal, arguments: BaseModel) -> ToolResult:
        await asyncio.sleep(30)
        raise AssertionError("not cancelled")

    tool = Tool(name="measure", description="", arguments=Size, run=slow, limits=Limits(seconds=0.02))
    assert (await Toolbox([tool]).call(MAYA, "measure", "{}", deadline_s=29)).code == "unavailable"


async def test_a_result_is_cut_to_the_limits_of_its_tool() -> None:
    told = ToolResult(ok=True, code="done", message="m" * 50, data={"rows": ["x"] * 20})
    limits = Limits(message_characters=10, data_characters=20)
    tool = Tool(name="measure", description="", arguments=Size, run=Runs(told), limits=limits)
    result = await Toolbox([tool]).call(MAYA, "measure", "{}", deadline_s=1)
    assert (len(result.message), dict(result.data)) == (10, {"truncated": True})


async def test_34_a_huge_result_is_bounded() -> None:
    huge = ToolResult(ok=True, code="done", message="m" * 100_000, data={"rows": ["x" * 1_000] * 5_000})
    result = await toolbox(Runs(huge)).call(MAYA, "measure", "{}", deadline_s=1)
    assert len(result.message) <= 4_000
    assert len(json.dumps(dict(result.data))) < 100


class Loose(BaseModel):
    number: str


def test_a_tool_with_loose_arguments_is_refused_when_the_service_starts() -> None:
    with pytest.raises(ValueError, match="strict"):
        Toolbox([Tool(name="loose", description="", arguments=Loose, run=Runs())])


def test_two_tools_of_one_name_are_refused_when_the_service_starts() -> None:
    tool = Tool(name="measure", description="", arguments=Size, run=Runs())
    with pytest.raises(ValueError, match="share a name"):
        Toolbox([tool, tool])


def test_names_and_tools_can_be_listed() -> None:
    tools = toolbox(Runs())
    assert tools.names() == ("measure",)
    assert tools.get("measure") is not None
    assert tools.get("other") is None


def test_nested_duplicate_keys_are_refused_too() -> None:
    with pytest.raises(BadArguments):
        strict_json_object('{"a": {"b": 1, "b": 2}}')
