"""The ledger of the file store against the plain one: the same owners, figures and repeats after anything that happens."""

from __future__ import annotations

import random

import pytest

from holdfast.model import Request, Transcript, Usage
from holdfast.stores.inmemory import InMemoryStore
from holdfast.stores.sqlite import SqliteStore
from holdfast.testing.store_contract import NOON, said, session

SESSIONS, KEYS, STEPS = 4, 3, 20


def request(rng: random.Random) -> Request:
    usage = Usage(
        input=rng.randrange(3), output=rng.randrange(3), cache_read=rng.randrange(2), cost=rng.choice([None, 0, 5])
    )
    line = rng.randrange(1, 10_000)
    return Request(key=f"k{rng.randrange(KEYS)}", at=NOON + line, model="m-1", line=line, path="f", usage=usage)


def step(rng: random.Random, stores) -> None:
    """Do the same to every store: put, throw away, take out again or erase."""
    one = session(f"s{rng.randrange(SESSIONS)}", started=NOON + rng.randrange(3), active=NOON + rng.randrange(3, 9))
    choice = rng.random()
    requests = tuple(request(rng) for _ in range(rng.randrange(4)))
    trashed = rng.choice([NOON, None])
    for store in stores:
        if choice < 0.65:
            store.put(Transcript(session=one, messages=(said(1),), requests=requests))
        else:
            store.delete(one.id, at=trashed, forever=choice > 0.93)


def picture(store) -> dict:
    found = (*store.find(), *store.find(trashed=True))
    return {
        s.native_id: (sorted(map(repr, s.rollup.usage)), sorted(map(repr, store.ledger(s.id, copies=True))))
        for s in found
    } | {"all": sorted(map(repr, store.ledger()))}


@pytest.mark.parametrize("seed", range(30))
def test_both_stores_count_every_request_in_the_same_place_with_the_same_figures(seed):
    rng = random.Random(seed)
    stores = InMemoryStore(), SqliteStore(None)
    for _ in range(STEPS):
        step(rng, stores)
        assert picture(stores[0]) == picture(stores[1])
        visible = [e.request.key for e in stores[0].ledger()]
        assert len(visible) == len(set(visible))
