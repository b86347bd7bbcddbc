"""The agent: sessions by name, tools, callbacks, and one turn at a time.

Every message is kept before the model is asked for the next one. A turn that fails leaves the conversation as it was.
"""

from __future__ import annotations

import asyncio
import inspect
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from holdfast.agent._kept import Kept
from holdfast.agent._prompts import system_prompt
from holdfast.agent._session import AgentSession
from holdfast.errors import BadInput
from holdfast.llm.base import Client, Finished, TextDelta
from holdfast.llm.images import without_images
from holdfast.llm.tools import Toolbox, function_tool, schema_tool
from holdfast.llm.turn import MOST_ROUNDS, ToolEnded, ToolStarted, aturn
from holdfast.owned import SessionStore, open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from types import TracebackType

    from holdfast.llm.mcp import ToolServer
    from holdfast.llm.tools import Approved
    from holdfast.llm.turn import Step
    from holdfast.model import Json, ToolCall

Callbacks = dict[str, "Callable[..., Any] | None"]
CALLBACKS = ("on_tool_start", "on_tool_end", "on_tool_approval", "on_final_message", "on_token")
DEFAULT = "default"


class Agent:
    """A model with tools and sessions. `chat` is asynchronous; `chat_sync` is its twin for ordinary programs."""

    def __init__(  # noqa: PLR0917 - the signature that programs already call
        self,
        llm: str | Client = "ollama",
        model: str | None = None,
        api_key: str | None = None,
        endpoint: str | None = None,
        system_message: str | None = None,
        role: str = "general",
        debug: bool = False,  # noqa: FBT001, FBT002
        max_iterations: int = MOST_ROUNDS,
        capabilities: Any = None,  # noqa: ANN401 - a dict or an object, as programs have it
        *,
        store: SessionStore | str | None = None,
        secrets: Literal["mask", "keep"] = "mask",
        timeout: float | None = None,
    ) -> None:
        """Take a provider (`ollama`), a whole name (`ollama/qwen2.5:3b`) or a client; nothing is asked or opened yet.

        `store` is where sessions are kept, by default this machine's archive; `memory://` keeps nothing. With
        `secrets="mask"` keys in messages are masked before they are kept or sent.
        """
        self._llm, self._model, self._key, self._endpoint = llm, model, api_key, endpoint
        self._client: Client | None = None if isinstance(llm, str) else llm
        self._store = store if isinstance(store, SessionStore) else None
        self._url = store if isinstance(store, str) else None
        self._owns_store = self._store is None
        self._secrets = secrets
        self._timeout = timeout
        self.default_system_message = system_message or system_prompt(role)
        self.role = role
        self.debug = debug
        self.max_iterations = max_iterations
        self.capabilities = capabilities
        self.tools = Toolbox()
        self.sessions: dict[str, AgentSession] = {}
        self.callbacks: Callbacks = dict.fromkeys(CALLBACKS)
        self._kept: dict[str, Kept] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._guarded: set[str] = set()
        self._servers: list[ToolServer] = []

    async def __aenter__(self) -> Self:
        """Use as a context."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Clean up."""
        await self.cleanup()

    @property
    def client(self) -> Client:
        """The model; errors.Denied names a missing key, errors.BadInput an unknown provider."""
        if self._client is None:
            from holdfast.llm.provider import client  # noqa: PLC0415 - loaded when a model is called

            name = f"{self._llm}/{self._model}" if self._model else str(self._llm)
            self._client = client(name, endpoint=self._endpoint, api_key=self._key)
        return self._client

    @property
    def store(self) -> SessionStore:
        """Where sessions are kept."""
        if self._store is None:
            self._store = open_store(self._url)
        return self._store

    def load_default_tools(self) -> None:
        """Give the model the tools of a project: list, read, search, write, edit, shell, todo.

        Those that change something are refused while no `on_tool_approval` callback can ask.
        """
        from importlib import import_module, util  # noqa: PLC0415

        if util.find_spec("holdfast.llm.project_tools") is None:
            return
        for tool in import_module("holdfast.llm.project_tools").project_tools(Path.cwd()):
            self.tools.add(tool)
            if not tool.safe:
                self._guarded.add(tool.spec.name)

    def register_tool_from_function(self, func: Callable[..., Any]) -> None:
        """Make a tool of a Python function, from its signature and docstring."""
        self.tools.add(function_tool(func))

    def add_custom_tool(self, schema: Mapping[str, Json], executor: Callable[..., Any]) -> None:
        """Add a tool of a schema and the function that is called with its arguments."""
        self.tools.add(schema_tool(schema, executor))

    async def add_mcp_server(
        self, config_path: str | Path = "mcp.json", config: Mapping[str, Json] | None = None
    ) -> None:
        """Start the servers that a file (or its content) lists and add their tools."""
        from holdfast.llm.mcp import ToolServer, read_servers, servers_of  # noqa: PLC0415

        for server in servers_of(dict(config)) if config is not None else read_servers(Path(config_path)):
            running = ToolServer(server)
            self._servers.append(running)
            for tool in await asyncio.to_thread(running.start):
                self.tools.add(tool)

    def set_callbacks(self, **callbacks: Callable[..., Any] | None) -> None:
        """Set on_tool_start, on_tool_end, on_tool_approval, on_final_message, on_token; ordinary or asynchronous ones."""
        unknown = sorted(set(callbacks) - set(CALLBACKS))
        if unknown:
            raise BadInput(f"no callback is called {', '.join(unknown)}", f"use {', '.join(CALLBACKS)}")
        self.callbacks.update(callbacks)

    def get_session(self, session_id: str = DEFAULT) -> AgentSession:
        """Return the session of that name as it is kept, or a new one."""
        session = self.sessions.get(session_id)
        if session is None:
            session = self.sessions[session_id] = AgentSession(session_id, self.default_system_message)
            redactor = (lambda: self.store.redactor) if self._secrets == "mask" else None
            kept = self._kept[session_id] = Kept(self.store.session(session_id), redactor)
            _resume(session, kept)
            session.metadata.update(kept.metadata)
            session.on_change = lambda: kept.keep(session.messages)
        return session

    def clear_session(self, session_id: str = DEFAULT) -> None:
        """Forget a session's conversation but for its system message; what was said stays in the store, taken out."""
        self.get_session(session_id).clear_history()

    async def chat(
        self, user_input: str | list[dict[str, Any]], session_id: str = DEFAULT, callbacks: Callbacks | None = None
    ) -> str:
        """Say something (a text, or OpenAI-style parts with images) and return the answer.

        A model that fails raises (errors.Unavailable, Denied, BadInput) and leaves the conversation as it was.
        """
        active = {**self.callbacks, **(callbacks or {})}
        session = self.get_session(session_id)
        async with self._locks.setdefault(session_id, asyncio.Lock()):
            before, kept = list(session.messages), self._kept[session_id]
            began = bool(kept.dicts)
            session.messages.append({"role": "user", "content": user_input})
            try:
                text = await self._answer(session, active)
            except BaseException:
                session.messages = before
                kept.keep(before if began else [])
                raise
            kept.keep_metadata(session.metadata)
        await _tell(active["on_final_message"], session_id, text)
        return text

    def chat_sync(
        self, user_input: str | list[dict[str, Any]], session_id: str = DEFAULT, callbacks: Callbacks | None = None
    ) -> str:
        """Say something as `chat` does, in an ordinary program."""
        return _run(self.chat(user_input, session_id, callbacks))

    async def cleanup(self) -> None:
        """Keep what changed, stop the MCP servers and close the store if it is the agent's own."""
        self.close()

    def close(self) -> None:
        """Clean up, in an ordinary program."""
        for name, kept in self._kept.items():
            kept.keep(self.sessions[name].messages)
            kept.keep_metadata(self.sessions[name].metadata)
        while self._servers:
            self._servers.pop().close()
        if self._owns_store and self._store is not None:
            self._store.close()
            self._store = None
            self.sessions.clear()
            self._kept.clear()

    async def _answer(self, session: AgentSession, active: Callbacks) -> str:
        kept, text = self._kept[session.session_id], ""
        thread = kept.keep(session.messages)
        if not self._can("vision"):
            thread = tuple(map(without_images, thread))
        steps = aturn(
            self.client,
            thread,
            self.tools if self._can("tools") else Toolbox(),
            max_iterations=self.max_iterations,
            timeout=self._timeout,
            approval=lambda call: self._approved(session, call, active["on_tool_approval"]),
            mask=kept.masked,
        )
        async with aclosing(steps):
            async for step in steps:
                if isinstance(step, Finished):
                    text = step.message.text
                message = self._kept_message(kept, step)
                if message is not None:
                    session.messages.append(message)
                await _report(session.session_id, step, active)
        session.last_activity = type(session.last_activity).now()
        return text

    def _kept_message(self, kept: Kept, step: Step) -> dict[str, Any] | None:
        if isinstance(step, Finished):
            return kept.add(step.message, step)
        return kept.add(step.message) if isinstance(step, ToolEnded) else None

    def _can(self, what: str) -> bool:
        name, can = f"supports_{what}", self.capabilities
        return bool(can.get(name, True) if isinstance(can, dict) else getattr(can, name, True))

    async def _approved(self, session: AgentSession, call: ToolCall, ask: Callable[..., Any] | None) -> Approved:
        if ask is None:
            return call.name not in self._guarded
        answer = await _tell(ask, session.session_id, call.name, call.input)
        return answer if isinstance(answer, dict) else bool(answer)


class CopilotAgent(Agent):
    """An agent for programming, with the project's tools loaded."""

    def __init__(  # noqa: PLR0917 - the signature that programs already call
        self,
        llm: str | Client = "ollama",
        model: str | None = None,
        api_key: str | None = None,
        system_message: str | None = None,
        debug: bool = False,  # noqa: FBT001, FBT002
        capabilities: Any = None,  # noqa: ANN401
        **more: Any,  # noqa: ANN401
    ) -> None:
        """Take what `Agent` takes."""
        super().__init__(llm, model, api_key, None, system_message, "copilot", debug, capabilities=capabilities, **more)
        self.load_default_tools()

    async def explain_code(self, code: str, language: str | None = None) -> str:
        """Explain a piece of code."""
        return await self.chat(f"Explain this code briefly:\n\n```{language or ''}\n{code}\n```")

    async def review_file(self, filepath: str) -> str:
        """Review a file for faults and improvements."""
        return await self.chat(
            f"Read the file {filepath!r}, then review it for bugs, security and what could be better."
        )

    async def write_code(self, description: str, language: str = "python") -> str:
        """Write code from a description."""
        return await self.chat(f"Write {language} code that does this: {description}")

    async def fix_bug(self, code: str, error: str | None = None) -> str:
        """Find and mend what is wrong with a piece of code."""
        told = f" The error is: {error}" if error else ""
        return await self.chat(f"Find and fix what is wrong with this code.{told}\n\n```\n{code}\n```")

    async def general_chat(self, user_input: str) -> str:
        """Talk about anything, in a session of its own named `general`."""
        return await self.chat(user_input, session_id="general")

    discuss = general_chat


def _resume(session: AgentSession, kept: Kept) -> None:
    """Take over what is kept; the system message is the agent's own of today."""
    info = kept.session.info
    if info is None:
        return
    said = kept.dicts
    if said and said[0].get("role") == "system":
        said = said[1:]
    session.messages += said
    now = type(session.created_at)
    session.created_at = now.fromtimestamp(info.started / 1000) if info.started else session.created_at
    session.last_activity = now.fromtimestamp(info.active / 1000) if info.active else session.last_activity


async def _report(session_id: str, step: Step, active: Callbacks) -> None:
    if isinstance(step, TextDelta):
        await _tell(active["on_token"], step.text)
    elif isinstance(step, ToolStarted):
        await _tell(active["on_tool_start"], session_id, step.call.name, step.call.input)
    elif isinstance(step, ToolEnded):
        await _tell(active["on_tool_end"], session_id, step.call.name, step.result.text)


async def _tell(callback: Callable[..., Any] | None, *given: Any) -> Any:  # noqa: ANN401 - a program's own function
    if callback is None:
        return None
    answer = callback(*given)
    return await answer if inspect.isawaitable(answer) else answer


def _run(coroutine: Coroutine[Any, Any, str]) -> str:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    coroutine.close()
    raise BadInput("chat_sync was called in an asynchronous program", "write: await agent.chat(...)")
