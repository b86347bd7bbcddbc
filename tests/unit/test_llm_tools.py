"""Tools made of functions and schemas, and what a model's calls of them come to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

import pytest

from holdfast.errors import BadInput, Unavailable
from holdfast.llm.base import Finished
from holdfast.llm.tools import LONGEST_RESULT, Toolbox, function_tool, schema_tool
from holdfast.llm.turn import ToolEnded, ToolStarted, aturn, turn
from holdfast.model import Message, Text, ToolCall, ToolResult
from holdfast.testing.scripted_model import Answer, ScriptedModel

HELLO = (Message(id="u", role="user", parts=(Text("How much is it?"),)),)


@dataclass
class Place:
    town: str
    zip: str = ""


def weather(
    city: str,
    days: int = 1,
    *,
    unit: Literal["C", "F"] = "C",
    tags: list[str] | None = None,
    place: Place | None = None,
) -> str:
    """Tell the weather.

    Of any city.

    Args:
        city: where to look
        days (int): how far ahead

    Returns:
        The weather.
    """
    return f"{city} {days} {unit} {tags} {place}"


def call(name="weather", ident="c1", **given) -> ToolCall:
    return ToolCall(id=ident, name=name, input=given)


def test_a_function_is_described_by_its_signature_and_docstring():
    spec = function_tool(weather).spec
    assert (spec.name, spec.description) == ("weather", "Tell the weather.\n\nOf any city.")
    assert spec.parameters["required"] == ["city"]
    assert spec.parameters["additionalProperties"] is False
    shapes = spec.parameters["properties"]
    assert shapes["city"] == {"type": "string", "description": "where to look"}
    assert shapes["days"] == {"type": "integer", "description": "how far ahead", "default": 1}
    assert shapes["unit"]["enum"] == ["C", "F"]
    assert "Place" in spec.parameters["$defs"]


def test_sphinx_style_docstrings_are_read():
    def add(a: int, b: int) -> int:
        """Add.

        :param a: the first
        :param int b: the second
        """
        return a + b

    spec = function_tool(add).spec
    assert spec.description == "Add."
    assert [s["description"] for s in spec.parameters["properties"].values()] == ["the first", "the second"]


def test_a_function_without_annotations_is_a_tool_too():
    def plain(thing, *rest, **more):
        return thing

    box = Toolbox([function_tool(plain)])
    assert box.specs[0].parameters["required"] == ["thing"]
    assert box.call(call("plain", thing=[1])).text == "[1]"


def test_arguments_arrive_in_the_function_s_own_types():
    box = Toolbox([function_tool(weather)])
    result = box.call(call(city="Oslo", days="3", place={"town": "X"}))
    assert result == ToolResult(
        call="c1",
        text="Oslo 3 C None test_llm_tools.Place(town='X', zip='')".replace("test_llm_tools.", Place.__qualname__[:-5]),
    )


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"city": 5},
        {"city": "Oslo", "days": "many"},
        {"city": "Oslo", "unit": "K"},
        {"city": "Oslo", "planet": "Mars"},
        '{"city": ',
    ],
)
def test_wrong_arguments_are_answered_and_nothing_runs(given):
    ran = []

    def weather(city: str, days: int = 1, unit: Literal["C", "F"] = "C"):
        ran.append(city)

    result = Toolbox([function_tool(weather)]).call(ToolCall(id="c", name="weather", input=given))
    assert result.error
    assert "arguments of weather are wrong" in result.text
    assert ran == []


def test_an_unknown_tool_is_answered_with_the_ones_there_are():
    result = Toolbox([function_tool(weather)]).call(call("rm_rf"))
    assert result.error
    assert "no tool 'rm_rf'" in result.text
    assert "weather" in result.text


SCHEMA = {
    "type": "function",
    "function": {
        "name": "ship",
        "description": "Ship a parcel.",
        "parameters": {
            "type": "object",
            "properties": {"to": {"type": "string"}, "kilos": {"type": "number"}, "how": {"enum": ["air", "sea"]}},
            "required": ["to"],
        },
    },
}


@pytest.mark.parametrize("schema", [SCHEMA, SCHEMA["function"]])
def test_a_tool_of_a_schema_calls_its_function_with_the_arguments(schema):
    box = Toolbox([schema_tool(schema, lambda to, kilos=1: {"sent": to, "kilos": kilos})])
    assert box.call(call("ship", to="Oslo", kilos=2.5)).text == '{"sent":"Oslo","kilos":2.5}'


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "'to' is missing"),
        ({"to": 1}, "'to' must be string"),
        ({"to": "x", "how": "train"}, "one of air, sea"),
        ([], "not an object"),
    ],
)
def test_arguments_that_do_not_fit_a_schema_are_answered(given, said):
    result = Toolbox([schema_tool(SCHEMA, lambda **_: 1 / 0)]).call(ToolCall(id="c", name="ship", input=given))
    assert said in result.text


def test_a_schema_without_a_name_is_refused():
    with pytest.raises(BadInput, match="no name"):
        schema_tool({"type": "function", "function": {}}, print)


def test_a_tool_that_fails_tells_the_model_and_not_the_program():
    class Odd(Exception): ...

    def broken():
        raise Odd("no luck")

    result = Toolbox([function_tool(broken)]).call(call("broken"))
    assert (result.error, result.text) == (True, "Odd: no luck")


def test_control_c_in_a_tool_stops_the_program():
    def long():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Toolbox([function_tool(long)]).call(call("long"))


def test_a_result_without_end_is_cut_in_the_middle():
    result = Toolbox([function_tool(lambda: b"\xff" * 5_000_000)]).call(call("<lambda>"))
    assert len(result.text) < LONGEST_RESULT + 100
    assert "4,900,000 characters left out" in result.text


def test_a_person_may_refuse_a_call_or_change_its_arguments():
    box = Toolbox([function_tool(weather), function_tool(lambda: "x", safe=True)])
    assert box.call(call(city="Oslo"), approval=lambda _: False).text == "The person did not allow this."
    assert box.call(call(city="Oslo"), approval=lambda _: {"city": "Bergen"}).text.startswith("Bergen 1")
    assert box.call(call("<lambda>"), approval=lambda _: False).text == "x"


def test_an_asynchronous_tool_works_in_both_kinds_of_program():
    async def slow(n: int) -> int:
        return n + 1

    box = Toolbox([function_tool(slow)])
    assert box.call(call("slow", n=1)).text == "2"
    assert asyncio.run(box.acall(call("slow", n=1))).text == "2"


def test_a_turn_runs_tools_until_the_model_answers():
    model = ScriptedModel(Answer(text="Let me see.", calls=(call(city="Oslo"),)), "It rains.")
    steps = list(turn(model, HELLO, Toolbox([function_tool(weather)])))
    assert [s.message.text for s in steps if isinstance(s, Finished)] == ["Let me see.", "It rains."]
    assert [type(s) for s in steps if isinstance(s, ToolStarted | ToolEnded)] == [ToolStarted, ToolEnded]
    assert [m.role for m in model.asked[1].messages] == ["user", "assistant", "tool"]
    assert model.asked[1].messages[2].parts[0].text.startswith("Oslo 1 C")


def test_a_message_can_be_kept_before_the_model_is_asked_again():
    kept: list = []
    model = ScriptedModel(Answer(calls=(call(city="Oslo"),)), lambda asked: str(len(kept)))
    steps = turn(model, HELLO, Toolbox([function_tool(weather)]))
    kept.extend(s.message for s in steps if isinstance(s, Finished | ToolEnded))
    assert kept[-1].text == "2"


def test_a_model_that_lies_about_tool_names_is_told_and_goes_on():
    model = ScriptedModel(Answer(calls=(call("launch_missiles"),)), "Sorry.")
    steps = list(turn(model, HELLO, Toolbox()))
    assert steps[-1].message.text == "Sorry."
    assert "no tool 'launch_missiles'" in model.asked[1].messages[-1].parts[0].text


def test_a_model_that_never_stops_calling_is_stopped():
    model = ScriptedModel(*[Answer(calls=(call(city="Oslo", ident=f"c{n}"),)) for n in range(5)])
    with pytest.raises(Unavailable, match="3 times"):
        list(turn(model, HELLO, Toolbox([function_tool(weather)]), max_iterations=3))
    assert len(model.asked) == 3


def test_an_asynchronous_turn_takes_the_same_steps():
    async def steps():
        model = ScriptedModel(Answer(calls=(call(city="Oslo"),)), "It rains.")

        async def refuse(_):
            return False

        return [s async for s in aturn(model, HELLO, Toolbox([function_tool(weather)]), approval=refuse)]

    found = asyncio.run(steps())
    assert found[-1].message.text == "It rains."
    assert [s.result.text for s in found if isinstance(s, ToolEnded)] == ["The person did not allow this."]
