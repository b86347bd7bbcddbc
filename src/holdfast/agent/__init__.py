"""An agent in five lines: a model, tools, and sessions that are kept.

agent = Agent(llm="ollama")
agent.load_default_tools()
answer = await agent.chat("Hello", session_id="my_project")
"""

from __future__ import annotations

from holdfast.agent._agent import Agent, CopilotAgent
from holdfast.agent._session import AgentSession

__all__ = ["Agent", "AgentSession", "CopilotAgent"]
