from holdfast import aio as aio
from holdfast.agent import Agent as Agent
from holdfast.agent import AgentSession as AgentSession
from holdfast.agent import CopilotAgent as CopilotAgent
from holdfast.agent.preprocess import preprocess_and_execute as preprocess_and_execute
from holdfast.agent.preprocess import preprocess_and_execute_sync as preprocess_and_execute_sync
from holdfast.compat import SessionManager as SessionManager
from holdfast.compat import SessionSnapshot as SessionSnapshot
from holdfast.compat import UserMemory as UserMemory
from holdfast.owned import open_store as open_store
from holdfast.workspace import Workspace as Workspace

__version__: str
__all__ = [
    "Agent",
    "AgentSession",
    "CopilotAgent",
    "SessionManager",
    "SessionSnapshot",
    "UserMemory",
    "Workspace",
    "__version__",
    "aio",
    "open_store",
    "preprocess_and_execute",
    "preprocess_and_execute_sync",
]
