"""Scripts of chats inside editors: listed from their stores, joined to the editor, which is itself no agent.

They play in a home of their own, so that the only editors that run are theirs.
"""

from __future__ import annotations

from tests.live.labels import DONE, ENDED, WORKING, is_
from tests.live.pens_of_editors import CopilotChat, CursorEditor
from tests.live.scripts import Stage, Steps, decoy, script, see


@script("editor", CopilotChat)
def a_chat_of_vs_code_is_listed_and_joined_to_the_editor(stage: Stage) -> Steps:
    pen = stage.pen()
    pid = pen.launch(str(stage.cwd))
    helpers = [stage.start("/usr/share/code/code", f"--type={kind}") for kind in ("zygote", "renderer", "gpu-process")]
    yield [*decoy(pid, "an editor without a chat"), *(c for h in helpers for c in decoy(h, "a helper of the editor"))]
    pen.prompt()
    yield [*see(pen, WORKING, "asked"), *(c for h in helpers for c in decoy(h, "a helper of the editor"))]
    pen.finish()
    yield see(pen, DONE, "answered")
    pen.kill()
    yield see(pen, ENDED, "the editor was closed")


@script("editor", CursorEditor)
def a_chat_of_cursor_is_listed_and_joined_to_the_editor(stage: Stage) -> Steps:
    pen = stage.pen()
    pid = pen.launch(str(stage.cwd))
    helpers = [stage.start("/opt/Cursor/cursor", f"--type={kind}") for kind in ("zygote", "renderer", "utility")]
    yield [*decoy(pid, "an editor without a chat"), *(c for h in helpers for c in decoy(h, "a helper of the editor"))]
    pen.prompt()
    yield see(pen, is_("working", "unknown"), "asked")
    pen.finish()
    yield see(pen, is_("done-unread", "idle", "unknown"), "answered")
    pen.kill()
    yield see(pen, ENDED, "the editor was closed")
