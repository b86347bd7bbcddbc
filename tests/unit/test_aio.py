"""The front door, awaited."""

from __future__ import annotations

import asyncio

from holdfast import aio


def test_a_session_is_written_and_found_in_an_asynchronous_program(tmp_path):
    async def work():
        async with await aio.open_store(f"sqlite:///{tmp_path / 's.db'}") as store:
            session = await store.session("support-42")
            await session.append([{"role": "user", "content": "where is my parcel"}])
            await session.append({"role": "assistant", "content": "on its way"})
            last = await session.messages(last=1)
            info = await session.info()
            return (
                last[0].text,
                info.name,
                [s.id for s in await store.sessions()],
                len(await store.search("parcel")),
                session.id,
            )

    text, name, listed, hits, ident = asyncio.run(work())
    assert (text, name, listed, hits) == ("on its way", "support-42", [ident], 1)


def test_many_tasks_write_one_session_and_none_is_lost(tmp_path):
    async def work():
        async with await aio.open_store(f"sqlite:///{tmp_path / 's.db'}", durability="derived") as store:
            session = await store.session("busy")
            await asyncio.gather(*[session.append({"role": "user", "content": str(n)}) for n in range(20)])
            return {m.text for m in await session.messages()}

    assert asyncio.run(work()) == {str(n) for n in range(20)}


def test_what_else_a_session_and_a_folder_offer_is_awaited_too(tmp_path):
    async def work():
        async with await aio.open_store(f"sqlite:///{tmp_path / 's.db'}") as store:
            session = await store.session("x")
            await session.append({"role": "user", "content": "one"})
            (message,) = await session.messages()
            await session.record(dropped=[message.id])
            left = await session.messages()
        folder = aio.SessionManager(str(tmp_path / "sessions"))
        await folder.save_session("a", [{"role": "user", "content": "hi"}])
        found = await folder.load_session("a")
        return left, found, await folder.load_session("b")

    assert asyncio.run(work()) == ((), [{"role": "user", "content": "hi"}], None)
