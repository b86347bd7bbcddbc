from holdfast.owned import open_store as open_store
from holdfast.workspace import Workspace as Workspace

__version__: str
__all__ = ["Workspace", "__version__", "open_store"]
