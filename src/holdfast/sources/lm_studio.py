"""LM Studio: a JSON document for each conversation, in folders that a person made.

Knows where the documents are. What they say is in `_lmstudio/conversation.py`. Format: docs/reference/sources/lm-studio.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.model import Losses, Session, Transcript, observed_id
from holdfast.sources._files import ref, walk, whole
from holdfast.sources._jsonl import LINE_LIMIT, clean, loads
from holdfast.sources._lmstudio.conversation import AGENT, transcript_of
from holdfast.sources.base import Cursor, Reading, Ref, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PARSER = 2
ENDING = ".conversation.json"
POINTER = ".lmstudio-home-pointer"


class LmStudio:
    """Reads LM Studio's conversations."""

    info = SourceInfo(
        slug=AGENT,
        name="LM Studio",
        parser=PARSER,
        verified=True,
        evidence="1 real conversation (March 2026), readers and writers of other programs for calls and folders",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:  # noqa: ARG002 - the same everywhere
        """Return where the program says its home is, else where newer and older versions have it."""
        try:
            said = (home / POINTER).read_text(encoding="utf-8", errors="replace")[:4096].strip()
        except OSError:
            said = ""
        usual = (home / ".lmstudio", home / ".cache" / "lm-studio")
        named = Path(said.replace("\0", "")) if said else usual[0]
        return usual if named in usual else (named, *usual)

    def discover(self, roots: Sequence[Path]) -> Iterator[Ref]:
        """Find conversations by listing alone."""
        for root in roots:
            folder = root / "conversations"
            for entry in walk(folder if folder.is_dir() else root, wanted=_is_conversation):
                found = ref(AGENT, entry, root=root)
                if found is not None:
                    yield found

    def read(self, ref: Ref, cursor: Cursor | None) -> Iterator[Reading]:  # noqa: ARG002 - it is rewritten whole
        """Read a conversation whole."""
        path = Path(ref.path)
        data = path.read_bytes() if ref.size <= LINE_LIMIT else b""
        found = loads(data) if data else None
        if isinstance(found, dict) and isinstance(found.get("messages"), list):
            native = clean(path.name.removesuffix(ENDING))
            transcript = transcript_of(found, ref, native=native, folder=_folder(path, ref))
        else:
            nothing = Session(id=observed_id(AGENT, ""), agent=AGENT, native_id="", source_path=ref.path)
            transcript = Transcript(session=nothing, losses=Losses(damaged=1 if data.strip() or ref.size else 0))
        yield whole(ref, transcript, data, parser=PARSER)


def _folder(path: Path, found: Ref) -> str:
    """Return the folders a conversation was put into."""
    base = Path(found.root) / "conversations"
    above = path.parent
    return clean(above.relative_to(base).as_posix()) if above != base and above.is_relative_to(base) else ""


def _is_conversation(name: str) -> bool:
    return name.endswith(ENDING)
