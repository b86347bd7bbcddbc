"""What does it cost to append a turn of two messages, at 10, 1,000 and 100,000 messages?

Against the OpenAI Agents SDK (`SQLiteSession`), LangGraph (`SqliteSaver`) and pydantic-ai (which ships a store in memory alone),
in one run. On a RAM disk a sync costs nothing, so every store has the same durability there; on disk ours is `derived`, then
`durable`. A figure is the median, over runs, of the mean time of a batch of turns.
"""

from __future__ import annotations

import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from _measure import Figures, options

USER, ANSWER = "u" * 410, "a" * 410
LENGTHS = (10, 1_000, 100_000)
RAM, DISK = 0.1, 0.2
FLAT = 1.5
FILL = 1_000


def turn(number):
    return [{"role": "user", "content": f"{number} {USER}"}, {"role": "assistant", "content": f"{number} {ANSWER}"}]


def timed(append, turns):
    began = time.perf_counter()
    for number in range(turns):
        append(number)
    return (time.perf_counter() - began) / turns * 1000


def ours(folder, length, durability):
    from holdfast.owned import open_store

    store = open_store(f"sqlite:///{folder}/ours.db", durability=durability)
    session = store.session("s")
    for start in range(0, length, FILL):
        session.append([m for n in range(start, min(start + FILL, length), 2) for m in turn(n)])
    return lambda number: session.append(turn(number)), store.close


def adapted(folder, length):
    from holdfast.adapters.openai_agents import HoldfastSession
    from holdfast.owned import open_store

    store = open_store(f"sqlite:///{folder}/adapted.db", durability="derived")
    return _session(HoldfastSession("s", store), length, store.close)


def openai(folder, length):
    from agents import SQLiteSession

    session = SQLiteSession("s", Path(folder) / "openai.db")
    return _session(session, length, session.close)


def _session(session, length, close):
    loop = asyncio.new_event_loop()
    for start in range(0, length, FILL):
        loop.run_until_complete(
            session.add_items([m for n in range(start, min(start + FILL, length), 2) for m in turn(n)])
        )

    def end():
        close()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()

    return lambda number: loop.run_until_complete(session.add_items(turn(number))), end


def langgraph(folder, length):
    import sqlite3

    from langchain_core.messages import AIMessage, HumanMessage
    from langgraph.checkpoint.base import empty_checkpoint
    from langgraph.checkpoint.sqlite import SqliteSaver

    connection = sqlite3.connect(Path(folder) / "langgraph.db", check_same_thread=False)
    saver = SqliteSaver(connection)
    state = [(HumanMessage if n % 2 == 0 else AIMessage)(USER, id=str(n)) for n in range(length)]
    config = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}

    def append(number):
        nonlocal config
        state.extend((HumanMessage(USER, id=f"u{number}"), AIMessage(ANSWER, id=f"a{number}")))
        checkpoint = empty_checkpoint()
        checkpoint["channel_values"] = {"messages": list(state)}
        checkpoint["channel_versions"] = {"messages": number + 1}
        config = saver.put(config, checkpoint, {}, {"messages": number + 1})

    return append, connection.close


def pydantic_ai(folder, length):
    from pydantic_ai.conversation_store import ConversationEntry, ConversationRecord, InMemoryConversationStore
    from pydantic_ai.messages import ModelRequest, ModelResponse, TextPart, UserPromptPart

    del folder, length
    loop = asyncio.new_event_loop()
    store = InMemoryConversationStore()
    revision = None

    def append(number):
        nonlocal revision
        asked = ConversationEntry(parent_id=None, message=ModelRequest(parts=[UserPromptPart(USER)]))
        said = ConversationEntry(parent_id=asked.id, message=ModelResponse(parts=[TextPart(ANSWER)]))
        record = ConversationRecord(conversation_id="c", head_id=said.id)
        loop.run_until_complete(store.write_record(record, new_entries=[asked, said], expected_revision=revision))
        revision = record.revision
        del number

    return append, loop.close


PEERS = {
    "OpenAI Agents SDK SQLiteSession": (openai, "keeps an item as a row: no search, no receipt, no conflict"),
    "LangGraph SqliteSaver": (langgraph, "keeps the whole state in each checkpoint"),
    "pydantic-ai in memory": (pydantic_ai, "keeps nothing on disk"),
}


def measured(make, where, *, turns, runs):
    found = []
    for _ in range(runs):
        folder = tempfile.mkdtemp(prefix="holdfast-append-", dir=where)
        append, close = make(folder)
        try:
            timed(append, max(1, turns // 10))
            found.append(timed(append, turns))
        finally:
            close()
            shutil.rmtree(folder)
    return statistics.median(found)


def main():
    parser = options(__doc__, corpus=False)
    parser.add_argument("--ram", type=Path, default=Path("/dev/shm"), help="a folder in memory")
    parser.add_argument("--disk", type=Path, default=None, help="a folder on disk, by default the temporary one")
    parser.add_argument("--turns", type=int, default=300, help="turns in a batch")
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS, help="messages in the session before")
    given = parser.parse_args()
    figures = Figures("an append of two messages", given)
    results = {}
    for length in given.lengths:
        results[length] = measured(
            lambda f, n=length: ours(f, n, "derived"), given.ram, turns=given.turns, runs=given.runs
        )
        figures.limit(f"RAM disk, {length} messages", results[length], most=RAM, unit="ms")
        if given.peers:
            peers(figures, given, length, results[length])
    figures.limit("longest against shortest", max(results.values()) / min(results.values()), most=FLAT, unit="times")
    for length in (given.lengths[0], given.lengths[-1]):
        on_disk = measured(lambda f, n=length: ours(f, n, "derived"), given.disk, turns=given.turns, runs=given.runs)
        figures.limit(f"disk, {length} messages, derived", on_disk, most=DISK, unit="ms")
    safe = measured(lambda f: ours(f, 10, "durable"), given.disk, turns=given.turns, runs=given.runs)
    figures.fact("holdfast", f"disk, durable, one writer: {safe:.3f} ms, {1000 / safe:.0f} appends a second")
    figures.close()


def peers(figures, given, length, our_time):
    through = measured(lambda f: adapted(f, length), given.ram, turns=given.turns, runs=given.runs)
    figures.fact("holdfast", f"RAM disk, {length} messages, as a session of the OpenAI Agents SDK: {through:.3f} ms")
    for name, (make, skips) in PEERS.items():
        turns = given.turns if make is not langgraph else max(3, min(given.turns, 20_000 // length))
        try:
            found = measured(lambda f, m=make: m(f, length), given.ram, turns=turns, runs=given.peer_runs or given.runs)
        except ImportError as error:
            print(f"  {name} is not installed: {error.name}", file=sys.stderr)
            continue
        figures.against(name, f"RAM disk, {length} messages: {found:.3f} ms", our_time / found, skips=skips)


if __name__ == "__main__":
    main()
