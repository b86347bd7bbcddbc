"""Names that programs written for other session libraries already use, over our store."""

from holdfast.compat.memory import UserMemory
from holdfast.compat.sessions import SessionManager
from holdfast.compat.snapshots import SessionSnapshot

__all__ = ["SessionManager", "SessionSnapshot", "UserMemory"]
