"""Search from end to end: every agent's words are found, in the right session, however the index came to be."""

from __future__ import annotations

import pytest

from holdfast.model import parse
from tests.unit.homes import AGENTS, build, sample, workspace


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Sync every agent's sample home once."""
    folder = tmp_path_factory.mktemp("all")
    roots = build(folder)
    with workspace(folder, roots) as ws:
        ws.sync.run()
    return folder, roots


def words_of(prompt: str) -> str:
    return "".join(c if c.isalnum() else " " for c in prompt)


@pytest.mark.parametrize("slug", AGENTS)
def test_every_prompt_is_found_in_a_session_of_its_agent(archive, slug):
    with workspace(*archive) as ws:
        mine = {s.id for s in ws.store.find() if s.agent == slug}
        for prompt in sample(slug).EXPECTED["prompts"]:
            words = words_of(prompt)
            if words.strip():
                hits = ws.search.find(parse(f"{words} agent:{slug}"), limit=50)
                assert {h.session for h in hits} & mine, prompt
                assert {h.session for h in hits} <= mine


def test_a_lost_index_is_built_again_and_answers_the_same(archive):
    folder, roots = archive
    queries = ["the", "build OR test", "agent:codex fix", "role:user the"]

    def answers(ws):
        return [sorted((h.session, h.seq, h.snippet) for h in ws.search.find(parse(q), limit=200)) for q in queries]

    with workspace(folder, roots) as ws:
        before = answers(ws)
    for path in (folder / "data").glob("index.db*"):
        path.unlink()
    with workspace(folder, roots) as ws:
        ws.sync.catch_up()
        assert answers(ws) == before
        assert any(before)


def test_what_a_person_says_of_a_session_can_be_searched_at_once(archive):
    with workspace(*archive) as ws:
        session = next(iter(ws.store.find()))
        ws.sessions.describe(session, "about quetzalcoatlus")
        ws.sync.catch_up()
        assert [h.session for h in ws.search.find(parse("quetzalcoatlus"))] == [session.id]
        ws.sessions.describe(session, "")
        ws.sync.catch_up()
        assert ws.search.find(parse("quetzalcoatlus")) == ()
