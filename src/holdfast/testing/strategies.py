"""Hypothesis strategies for every noun that a transcript holds; import only where hypothesis is installed."""

from __future__ import annotations

from hypothesis import strategies as st

from holdfast.model import (
    Attachment,
    Bucket,
    Context,
    Json,
    Losses,
    Message,
    Parent,
    Request,
    Rollup,
    Session,
    Summary,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Transcript,
    Usage,
)
from holdfast.testing.builders import HOSTILE_TEXTS

_traps = st.sampled_from(HOSTILE_TEXTS)
_loose = st.text(st.characters(exclude_categories=()), max_size=12)
_lines = st.text(st.sampled_from(" \t\n\r#-`~>|:.!'\"\\<&*{}[]ab0\x85\u2028\ufeff\U0001f600\ud800\udc00"), max_size=16)
texts = st.one_of(_lines, _loose, _traps)
words = st.one_of(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12), texts)
counts = st.integers(0, 2**40)
moments = st.none() | st.integers(-(10**12), 10**13) | st.integers(-(2**62), 2**62)
_leaves = st.none() | st.booleans() | st.integers() | st.integers(-(2**200), 2**200) | st.floats() | texts
values = st.recursive(
    _leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=8
)
_none: dict[str, Json] = {}
extras = st.just(_none) | st.dictionaries(texts, values, max_size=3)
parts = st.one_of(
    st.builds(Text, texts),
    st.builds(Thinking, texts),
    st.builds(ToolCall, id=texts, name=texts, input=values),
    st.builds(
        ToolResult, call=texts, text=texts, error=st.booleans(), exit_code=st.none() | st.integers(-(2**31), 2**31)
    ),
    st.builds(Attachment, media=texts, name=texts, size=counts, text=texts),
    st.builds(Summary, texts),
)
messages = st.builds(
    Message,
    id=words,
    role=st.sampled_from(("user", "assistant", "system", "tool")),
    parts=st.lists(parts, max_size=3).map(tuple),
    at=moments,
    seq=st.integers(-1, 10**6),
    model=texts,
    parent=texts,
    continues=st.booleans(),
    live=st.booleans(),
    line=counts,
    extra=extras,
)
usages = st.builds(
    Usage,
    input=counts,
    cache_read=counts,
    cache_write=counts,
    output=counts,
    reasoning=counts,
    reasoning_apart=counts,
    cache_write_1h=counts,
    web_searches=counts,
    cost=st.none() | st.integers(-(10**9), 10**15),
)
kinds = st.sampled_from(("reported", "exact", "estimated", "none"))
requests = st.builds(
    Request, key=words, at=moments, model=texts, usage=usages, kind=kinds, path=texts, line=counts, main=st.booleans()
)
buckets = st.builds(
    Bucket, model=texts, band=st.integers(0, 5), requests=counts, usage=usages, kind=kinds, recorded=counts
)
rollups = st.builds(
    Rollup,
    messages=counts,
    user_messages=counts,
    tool_calls=counts,
    errors=counts,
    usage=st.lists(buckets, max_size=2).map(tuple),
    requests=counts,
    files=st.lists(texts, max_size=2).map(tuple),
)
sessions = st.builds(
    Session,
    id=st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=16, max_size=16),
    agent=words,
    native_id=words,
    origin=st.sampled_from(("observed", "owned")),
    name=texts,
    title=texts,
    project=texts,
    cwd=texts,
    branch=texts,
    models=st.lists(texts, max_size=2).map(tuple),
    parent=st.none() | st.builds(Parent, id=words, kind=st.sampled_from(("fork", "continuation", "subagent"))),
    status=st.sampled_from(("ended", "unknown", "working", "idle", "error")),
    started=moments,
    active=moments,
    tags=st.lists(texts, max_size=2).map(tuple),
    description=texts,
    expires=moments,
    source_expires=moments,
    source_path=texts,
    captured=st.booleans(),
    trashed=moments,
    partial=st.booleans(),
    context=st.builds(
        Context,
        used=st.none() | counts,
        limit=st.none() | counts,
        source=st.sampled_from(("recorded", "table", "unknown")),
    ),
    rollup=rollups,
    revision=counts,
    version=texts,
    extra=extras,
)
losses = st.builds(
    Losses,
    unknown=st.dictionaries(texts, counts, max_size=2),
    damaged=counts,
    damaged_lines=st.lists(counts, max_size=2).map(tuple),
)
transcripts = st.builds(
    Transcript,
    session=sessions,
    messages=st.lists(messages, max_size=3).map(tuple),
    requests=st.lists(requests, max_size=2).map(tuple),
    dropped=st.lists(texts, max_size=2).map(tuple),
    losses=losses,
    replaces=st.booleans(),
)
