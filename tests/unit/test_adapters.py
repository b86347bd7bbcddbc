"""Other frameworks keep their sessions here: their own suites, and what ours adds."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from holdfast.owned import open_store


@pytest.fixture(params=["sqlite", "memory"])
def store(request, tmp_path):
    url = "memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/own/sessions.db"
    with open_store(url, durability="derived") as found:
        yield found


def test_no_framework_is_loaded_before_it_is_asked_for():
    program = (
        "import sys, holdfast, holdfast.adapters, holdfast.owned;"
        "print([m for m in ('agents', 'pydantic_ai', 'claude_agent_sdk', 'langgraph', 'langchain_core') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


class TestOpenAIAgents:
    ITEMS: ClassVar = [
        {"role": "user", "content": "list the zebra files"},
        {"type": "reasoning", "id": "r1", "summary": [{"type": "summary_text", "text": "think"}], "encrypted_content": "x"},
        {"type": "function_call", "call_id": "c1", "name": "ls", "arguments": '{"path": "."}', "id": "fc1"},
        {"type": "function_call_output", "call_id": "c1", "output": "a.py"},
        {"type": "message", "role": "assistant", "id": "m1", "status": "completed", "content": [{"type": "output_text", "text": "a.py", "annotations": []}]},
        {"type": "web_search_call", "id": "w1", "status": "completed"},
    ]  # fmt: skip

    @pytest.fixture
    def make(self, store):
        pytest.importorskip("agents", reason="openai-agents is not installed")
        from holdfast.adapters.openai_agents import HoldfastSession

        return lambda name="s", **more: HoldfastSession(name, store, **more)

    def test_it_is_a_session(self, make):
        from agents.memory import Session

        assert isinstance(make(), Session)

    def test_it_does_what_the_frameworks_own_session_does(self, make, tmp_path):
        from agents import SQLiteSession

        async def play(session):
            seen = []
            await session.add_items([])
            seen.append(await session.pop_item())
            await session.add_items(self.ITEMS[:2])
            await session.add_items(self.ITEMS[2:])
            seen += [await session.get_items(limit) for limit in (None, 0, 1, 2, 3, 99)]
            seen.append(await session.pop_item())
            seen.append(await session.get_items())
            await session.clear_session()
            seen.append(await session.get_items())
            await session.clear_session()
            await session.add_items(self.ITEMS[:1])
            seen.append(await session.get_items())
            return seen

        theirs = SQLiteSession("s", tmp_path / "theirs.db")
        assert asyncio.run(play(make())) == asyncio.run(play(theirs))
        theirs.close()

    def test_what_it_keeps_is_found_and_shown(self, make, store):
        asyncio.run(make().add_items(self.ITEMS))
        assert [h.seq for h in store.search("zebra") if h.kind == "said"] == [0]
        roles = [m.role for m in store.session("s").messages()]
        assert roles == ["user", "assistant", "assistant", "tool", "assistant", "assistant"]

    def test_two_that_pop_at_once_never_get_the_same_item(self, make):
        async def play():
            one, two = make(), make()
            await one.add_items([{"role": "user", "content": str(n)} for n in range(20)])
            found = await asyncio.gather(*(s.pop_item() for s in (one, two) * 10))
            return sorted(int(item["content"]) for item in found), await one.get_items()

        assert asyncio.run(play()) == (list(range(20)), [])

    def test_an_agent_of_the_framework_remembers_its_turns(self, make):
        from agents import Agent, ModelResponse, RunConfig, Runner, Usage
        from agents.models.interface import Model
        from openai.types.responses import ResponseOutputMessage, ResponseOutputText

        class Echo(Model):
            given: ClassVar[list] = []

            async def get_response(self, system_instructions, input, *args, **more):  # noqa: A002
                self.given.append(input)
                text = ResponseOutputText(text=f"answer {len(self.given)}", type="output_text", annotations=[])
                message = ResponseOutputMessage(
                    id="m", type="message", role="assistant", status="completed", content=[text]
                )
                return ModelResponse(output=[message], usage=Usage(), response_id=None)

            def stream_response(self, *args, **more):
                raise NotImplementedError

        model = Echo()
        agent = Agent(name="a", model=model)
        quiet = RunConfig(tracing_disabled=True)
        asyncio.run(Runner.run(agent, "first", session=make(), run_config=quiet))
        asyncio.run(Runner.run(agent, "second", session=make(), run_config=quiet))
        assert [i["role"] for i in model.given[1]] == ["user", "assistant", "user"]


class TestClaudeAgentSdk:
    @pytest.fixture(autouse=True)
    def _installed(self):
        pytest.importorskip("claude_agent_sdk", reason="claude-agent-sdk is not installed")

    def test_it_passes_the_frameworks_own_suite(self, tmp_path):
        from claude_agent_sdk.testing import run_session_store_conformance

        from holdfast.adapters.claude_agent_sdk import HoldfastSessionStore

        stores: list = []

        def make():
            stores.append(open_store(f"sqlite:///{tmp_path}/{len(stores)}.db", durability="derived"))
            return HoldfastSessionStore(stores[-1])

        asyncio.run(run_session_store_conformance(make))
        assert len(stores) > 10
        for one in stores:
            one.close()

    def test_it_passes_in_memory_too(self):
        from claude_agent_sdk.testing import run_session_store_conformance

        from holdfast.adapters.claude_agent_sdk import HoldfastSessionStore

        make: Any = lambda: HoldfastSessionStore(open_store("memory://"))  # noqa: E731
        asyncio.run(run_session_store_conformance(make))

    def test_an_entry_with_a_uuid_is_kept_once_and_all_is_found(self, store):
        from holdfast.adapters.claude_agent_sdk import HoldfastSessionStore

        async def play():
            theirs = HoldfastSessionStore(store)
            key = {"project_key": "p", "session_id": "s"}
            entry = {"type": "user", "uuid": "u1", "message": {"role": "user", "content": "the zebra"}}
            title = {"type": "custom-title", "customTitle": "t"}
            await theirs.append(key, [entry, title])
            await theirs.append(key, [entry, title])
            return await theirs.load(key), [entry, title, title]

        found, wanted = asyncio.run(play())
        assert found == wanted
        assert [h.seq for h in store.search("zebra") if h.kind == "said"] == [0]


class TestLangGraph:
    @pytest.fixture(autouse=True)
    def _installed(self):
        pytest.importorskip(
            "langgraph.checkpoint.conformance", reason="langgraph-checkpoint-conformance is not installed"
        )

    @pytest.mark.parametrize("url", ["memory://", "sqlite"])
    def test_it_passes_the_frameworks_own_suite_with_every_capability(self, url, tmp_path):
        from langgraph.checkpoint.conformance import checkpointer_test, validate

        from holdfast.adapters.langgraph import HoldfastSaver

        numbers = iter(range(100))

        @checkpointer_test(name=f"holdfast {url}")
        async def saver():
            where = url if url != "sqlite" else f"sqlite:///{tmp_path}/{next(numbers)}.db"
            with open_store(where, durability="derived") as store:
                yield HoldfastSaver(store)

        report = asyncio.run(validate(saver))
        failures = {name: r.failures for name, r in report.results.items() if not r.passed}
        assert failures == {}
        assert all(r.detected for r in report.results.values())
        assert sum(r.tests_passed for r in report.results.values()) > 80

    def test_messages_of_a_graph_are_found_and_its_state_comes_back(self, store):
        from typing import Annotated, TypedDict

        from langchain_core.messages import AIMessage, HumanMessage
        from langgraph.graph import END, START, StateGraph
        from langgraph.graph.message import add_messages

        from holdfast.adapters.langgraph import HoldfastSaver

        class State(TypedDict):
            messages: Annotated[list, add_messages]

        State.__annotations__ = {"messages": Annotated[list, add_messages]}
        builder = StateGraph(State)
        builder.add_node("answer", lambda state: {"messages": [AIMessage("a giraffe")]})
        builder.add_edge(START, "answer")
        builder.add_edge("answer", END)
        graph: Any = builder.compile(checkpointer=HoldfastSaver(store))
        config: Any = {"configurable": {"thread_id": "t"}}
        for words in ("a zebra", "a lion"):
            graph.invoke({"messages": [HumanMessage(words)]}, config)
        assert [m.content for m in graph.get_state(config).values["messages"]] == [
            "a zebra", "a giraffe", "a lion", "a giraffe",
        ]  # fmt: skip
        assert [m.text for m in store.session("t").messages()] == ["a zebra", "a giraffe", "a lion", "a giraffe"]
        graph.checkpointer.delete_thread("t")
        assert graph.get_state(config).values == {}
        assert store.session("t").messages() == ()


class TestPydanticAI:
    @pytest.fixture
    def theirs(self, store):
        pytest.importorskip("pydantic_ai.conversation_store", reason="pydantic-ai has no conversation stores here")
        from holdfast.adapters.pydantic_ai import HoldfastConversationStore

        return HoldfastConversationStore(store)

    def play(self, theirs):
        """Do the same with any conversation store; ids and times are the framework's, so texts are compared."""
        from pydantic_ai import Agent
        from pydantic_ai.conversation import Conversation
        from pydantic_ai.conversation_store import ConversationConflict
        from pydantic_ai.messages import ModelResponse, TextPart
        from pydantic_ai.models.function import FunctionModel

        model = FunctionModel(lambda messages, info: ModelResponse(parts=[TextPart(f"answer to {len(messages)}")]))
        agent = Agent(model)
        seen = []

        async def texts(name, **more):
            found = await theirs.load(name, **more)
            return None if found is None else [[getattr(p, "content", "") for p in m.parts] for m in found.messages]

        async def run():
            seen.append(await texts("c"))
            for words in ("one", "two", "three"):
                conversation = await theirs.load("c") or Conversation(conversation_id="c")
                await theirs.save(await agent.run(words, conversation=conversation), scope="me")
            seen.append(await texts("c"))
            seen.append(await texts("c", limit=2))
            seen.append(await texts("c", scope="other"))
            stale = await theirs.load("c")
            conversation = await theirs.load("c")
            await theirs.save(await agent.run("four", conversation=conversation), scope="me")
            try:
                await theirs.save(await agent.run("late", conversation=stale), scope="me")
            except ConversationConflict:
                seen.append("conflict")
            entries = await theirs.load_entries("c")
            seen.append(sorted(r.conversation_id for r in await theirs.list_conversations(scope="me")))
            seen.append(len(entries))
            return entries

        return asyncio.run(run()), seen

    def test_it_does_what_the_frameworks_own_store_does(self, theirs):
        from pydantic_ai.conversation_store import InMemoryConversationStore

        assert self.play(theirs)[1] == self.play(InMemoryConversationStore())[1]

    def test_primitives_keep_their_promises(self, theirs, store):
        from pydantic_ai.conversation_store import ConversationConflict, ConversationEntry, ConversationRecord
        from pydantic_ai.messages import ModelRequest, UserPromptPart

        def entry(ident, parent):
            part = UserPromptPart(f"the {ident}", timestamp=datetime(2026, 1, 1, tzinfo=UTC))
            return ConversationEntry(id=ident, parent_id=parent, message=ModelRequest(parts=[part]))

        async def play():
            a, b, c = entry("a", None), entry("b", "a"), entry("c", "b")
            one = ConversationRecord(conversation_id="one", head_id="b")
            await theirs.write_record(one, new_entries=[a, b], expected_revision=None)
            two = ConversationRecord(conversation_id="two", head_id="a", forked_from="one", forked_at="a")
            await theirs.write_record(two, expected_revision=None)
            for wrong in (None, "other"):
                with pytest.raises(ConversationConflict):
                    await theirs.write_record(one, new_entries=[c], expected_revision=wrong)
            gone = ConversationRecord(conversation_id="three", head_id="no such entry")
            with pytest.raises(ConversationConflict):
                await theirs.write_record(gone, expected_revision=None)
            assert await theirs.read_record("one") == one
            assert await theirs.read_entry("b") == b
            with pytest.raises(LookupError):
                await theirs.read_entry("c")
            assert await theirs.read_history("b") == [a, b]
            assert await theirs.read_history("b", limit=1) == [b]
            with pytest.raises(ConversationConflict):
                await theirs.delete_record("one", expected_revision="other")
            await theirs.delete_record("one", expected_revision=one.revision)
            assert await theirs.read_record("one") is None
            assert await theirs.read_history("a") == [a]
            await theirs.delete_record("two", expected_revision=two.revision)
            with pytest.raises(LookupError):
                await theirs.read_entry("a")

        asyncio.run(play())
        assert store.sessions() == []

    def test_a_fork_shares_what_came_before_and_survives_its_origin(self, theirs, store):
        from pydantic_ai.messages import ModelRequest

        async def play():
            await theirs.fork("c", at=4, new_conversation_id="f")
            record = await theirs.read_record("f")
            held = len(list(store.store.messages(store.session("c").id)))
            await theirs.delete("c")
            found = await theirs.load("f")
            assert [m.parts[0].content for m in found.messages if isinstance(m, ModelRequest)] == ["one", "two"]
            assert (record.forked_from, held) == ("c", 8)
            await theirs.delete("f")

        self.play(theirs)
        asyncio.run(play())
        assert store.sessions() == []

    def test_what_it_keeps_is_found(self, theirs, store):
        self.play(theirs)
        assert {h.session for h in store.search("answer") if h.kind == "said"} == {store.session("c").id}
