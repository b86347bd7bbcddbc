"""The made-up sessions of the demo: one bug solved with one agent and met again with another, and ordinary work around it."""

from __future__ import annotations

import hashlib

from holdfast.services._demo.story import Answer, Call, Tale, Turn

SHOP, MOBILE, INFRA = "/home/ada/shop", "/home/ada/mobile", "/home/ada/infra"
OPUS, GPT, FLASH = "claude-opus-4-7", "gpt-5.5", "gemini-3.5-flash"
HOUR, DAY = 60, 24 * 60


def planted_key() -> str:
    """Return a key that looks real and opens nothing, put together here so that no file of ours holds one."""
    return "_".join(("sk", "live", hashlib.blake2b(b"no door", digest_size=14).hexdigest()))


def _run(command: str, output: str, exit_code: int = 0) -> Call:
    return Call(tool="run", what=command, output=output, exit_code=exit_code)


def _read(path: str, output: str) -> Call:
    return Call(tool="read", what=path, output=output)


def _edit(path: str, before: str, after: str) -> Call:
    return Call(tool="edit", what=path, before=before, after=after, output=f"The file {path} has been updated.")


_CALLERS = Tale(
    native="a41c09e2",
    title="Find every caller of refresh()",
    cwd=SHOP,
    branch="fix/jwt-refresh",
    model=OPUS,
    minutes_ago=6 * DAY + 119,
    turns=(
        Turn(
            prompt="Find every place that calls refresh() or reads the refresh token, and say whether two can run at once.",
            answers=(
                Answer(
                    call=_run(
                        "rg -n 'refresh\\(' src",
                        "src/api/middleware.py:41:        pair = tokens.refresh(cookie)\n"
                        "src/api/session.py:88:    pair = tokens.refresh(request.cookies['rt'])\n"
                        "src/jobs/digest.py:17:    tokens.refresh(account.refresh_token)",
                    )
                ),
                Answer(
                    text="Three callers. The middleware and the session route can run at once for one browser: the page"
                    " loads cart and profile in parallel, and both see an access token that has just run out."
                ),
            ),
        ),
    ),
)

JWT = Tale(
    native="5f0c1d7e-3a52-4c18-9b6e-7d2f4a80c911",
    title="JWT refresh logs people out",
    cwd=SHOP,
    branch="fix/jwt-refresh",
    model=OPUS,
    minutes_ago=6 * DAY + 120,
    helper=_CALLERS,
    turns=(
        Turn(
            prompt="Support says people are logged out at random, about an hour after signing in. Find out why.",
            answers=(
                Answer(
                    thinking="An hour is the life of the access token, so the refresh is the suspect.",
                    text="An hour is how long our access token lives. I will run the tests of the refresh first.",
                    call=_run(
                        "pytest -q tests/test_tokens.py",
                        "FAILED tests/test_tokens.py::test_two_requests_refresh_at_once - AssertionError: 401 != 200\n"
                        "E   TokenSpent: refresh token 7f3a was used already\n1 failed, 14 passed in 1.92s",
                        1,
                    ),
                ),
                Answer(
                    call=_read(
                        "src/api/tokens.py",
                        "def refresh(token):\n    row = db.get(token)\n    if row.spent:\n        revoke_family(row.family)\n"
                        "        raise TokenSpent(token)\n    row.spent = True\n    return issue(row.family)",
                    )
                ),
                Answer(text="I let a sub-agent look for everything that can refresh at the same time."),
                Answer(
                    thinking="The second request presents a token that the first has spent: the family is revoked.",
                    text="Found it: a race in the JWT refresh. Two requests refresh at once, the second presents a spent"
                    " refresh token, and our reuse detection takes that for theft and revokes the whole family.",
                ),
            ),
        ),
        Turn(
            prompt="Fix it without weakening the reuse detection.",
            summary="Summary: people are logged out because two parallel requests use one refresh token; the second is"
            " taken for theft. Next: a grace window of 10 seconds for the same family, with a lock around refresh().",
            answers=(
                Answer(
                    text="A lock around the family, and for 10 seconds the second caller gets the pair of the first.",
                    call=_edit(
                        "src/api/tokens.py",
                        "    if row.spent:\n        revoke_family(row.family)",
                        "    with family_lock(row.family):\n        if row.spent and row.age < GRACE_SECONDS:\n"
                        "            return row.successor\n        if row.spent:\n            revoke_family(row.family)",
                    ),
                ),
                Answer(
                    call=_run(
                        "cat .env.staging && pytest -q tests/test_tokens.py",
                        f"STRIPE_SECRET_KEY={planted_key()}\nGRACE_SECONDS=10\n...............\n15 passed in 1.71s",
                    )
                ),
                Answer(
                    text="All 15 tests pass. A token that is used again after the grace window still revokes the family."
                ),
            ),
        ),
    ),
)

MOBILE_JWT = Tale(
    native="019f1c20-7d11-7a30-8c44-2e9a6b5d1f03",
    title="App signs people out",
    cwd=MOBILE,
    branch="main",
    model=GPT,
    minutes_ago=DAY + 3 * HOUR,
    turns=(
        Turn(
            prompt="The app signs people out after a while in the background. Did we not have this in the shop? Look it up.",
            answers=(
                Answer(
                    thinking="Earlier sessions may know: search for the refresh.",
                    text="I look in the earlier sessions.",
                    call=_run(
                        'holdfast search "spent refresh token" --no-sync',
                        "5f0c1d7e  claude-code  shop  JWT refresh logs people out\n"
                        "  the second presents a spent refresh token, and our reuse detection takes that for theft",
                    ),
                ),
                Answer(
                    text="The same race: on waking, the app sends three requests, and each one does its own retry with"
                    " the old refresh token. The shop solved it with one refresh at a time.",
                    call=_edit(
                        "app/net/Session.kt",
                        "suspend fun refresh() = api.refresh(store.token)",
                        "suspend fun refresh() = once.withLock { store.fresh() ?: api.refresh(store.token) }",
                    ),
                ),
                Answer(
                    call=_run(
                        "./gradlew testDebugUnitTest --tests '*Session*'", "BUILD SUCCESSFUL in 21s\n9 tests completed"
                    )
                ),
                Answer(text="Fixed: refresh runs once at a time, and the other requests wait for its answer."),
            ),
        ),
    ),
)

WEBHOOKS = Tale(
    native="019eff02-1b70-7c55-9d02-84c7f3e2a016",
    title="Retry failed webhooks",
    cwd=SHOP,
    branch="webhooks",
    model=GPT,
    minutes_ago=9 * DAY,
    turns=(
        Turn(
            prompt="Webhooks that fail are lost. Add a retry with exponential backoff and jitter, at most 8 tries.",
            answers=(
                Answer(
                    thinking="Look at how they are sent now.",
                    call=_run(
                        "rg -n 'def deliver' -A8 src/jobs",
                        "src/jobs/webhooks.py:12:def deliver(event, url):\n13-    httpx.post(url, json=event.body)",
                    ),
                ),
                Answer(
                    text="deliver() neither looks at the status nor at timeouts. I add the retry there.",
                    call=_edit(
                        "src/jobs/webhooks.py",
                        "    httpx.post(url, json=event.body)",
                        "    for attempt in range(8):\n        if posted(url, event):\n            return\n"
                        "        wait(random() * 2**attempt)\n    park(event, url)",
                    ),
                ),
                Answer(call=_run("pytest -q tests/test_webhooks.py", "......\n6 passed in 0.64s")),
                Answer(text="Done: up to 8 tries with backoff and jitter, then the event is parked for a person."),
            ),
        ),
    ),
)

BACKUP = Tale(
    native="c2d9b7f4-60aa-4e0b-8f0d-1f3b9a7c5e22",
    title="",
    cwd=INFRA,
    branch="",
    model=FLASH,
    minutes_ago=2 * HOUR,
    turns=(
        Turn(
            prompt="The nightly backup failed again. Why?",
            answers=(
                Answer(
                    thinking="The journal of the unit should say it.",
                    text="I look at the journal of the unit.",
                    call=_run(
                        "journalctl -u backup --since yesterday | tail -3",
                        "backup[812]: upload part 41 of 57\nbackup[812]: No space left on device: /var/tmp/part-42\n"
                        "systemd[1]: backup.service: Failed with result 'exit-code'.",
                        1,
                    ),
                ),
                Answer(
                    text="The disk is full: parts of failed runs are never removed, so each failure makes the next one likelier."
                ),
            ),
        ),
        Turn(
            prompt="Remove parts older than a day before it starts, and stream the upload.",
            answers=(
                Answer(
                    call=_edit(
                        "backup/run.sh",
                        "tar czf /var/tmp/part",
                        "find . -name 'part-*' -mtime +1 -delete\ntar cz | upload -",
                    ),
                ),
                Answer(
                    text="Old parts go first, and the archive is streamed: nothing is written to the disk any more."
                ),
            ),
        ),
    ),
)

TERRAFORM = Tale(
    native="8e51a0c6-2f77-4b1d-a3c9-d0e46b82f715",
    title="",
    cwd=INFRA,
    branch="",
    model=FLASH,
    minutes_ago=16 * DAY,
    turns=(
        Turn(
            prompt="Explain this plan before I apply it: 2 to add, 1 to destroy.",
            answers=(
                Answer(
                    call=_run(
                        "terraform show -no-color plan.out",
                        "  # aws_db_instance.orders must be replaced\n-/+ storage_encrypted = false -> true # forces replacement",
                    )
                ),
                Answer(
                    text="Do not apply it: switching on encryption replaces the orders database. Restore a snapshot first."
                ),
            ),
        ),
    ),
)

CATALOGUE = Tale(
    native="b81e6a25-94d3-4f6c-8a17-3c5b0e9d2f48",
    title="Product list takes 4 seconds",
    cwd=SHOP,
    branch="perf/catalogue",
    model=OPUS,
    minutes_ago=27 * DAY + 5 * HOUR,
    turns=(
        Turn(
            prompt="The product list takes 4 seconds. Make it fast.",
            answers=(
                Answer(
                    text="I count the queries first.",
                    call=_run("pytest -q tests/test_catalogue.py --count-queries", "GET /products: 613 queries, 3.9 s"),
                ),
                Answer(
                    text="613 queries: each product loads its own prices. I load them together.",
                    call=_edit("src/catalogue/views.py", "Product.all()", "Product.all().prefetch('prices', 'stock')"),
                ),
                Answer(
                    call=_run("pytest -q tests/test_catalogue.py --count-queries", "GET /products: 3 queries, 0.11 s")
                ),
                Answer(text="From 613 queries to 3, from 3.9 s to 0.11 s."),
            ),
        ),
    ),
)

NOTES = Tale(
    native="d7203b9f-1c84-4de5-b5a0-6f9e8c417a3d",
    title="Release notes for 4.2",
    cwd=SHOP,
    branch="main",
    model=OPUS,
    minutes_ago=35,
    turns=(
        Turn(
            prompt="Write the release notes for 4.2 from the merged branches, in plain words.",
            answers=(
                Answer(
                    call=_run(
                        "git log --merges --oneline v4.1..",
                        "3f1c Merge fix/jwt-refresh\n9ab0 Merge webhooks",
                    )
                ),
                Answer(
                    text="4.2: you stay signed in; webhooks that fail are sent again; the product list opens at once."
                ),
            ),
        ),
    ),
)

LOST = Tale(
    native="e94f7d10-58b2-4a6e-9c3d-a1b0f2c86d57",
    title="",
    cwd=SHOP,
    branch="",
    model=OPUS,
    minutes_ago=52 * DAY,
    turns=(
        Turn(prompt="How do we rotate the signing key for JWTs without logging everybody out?", answers=()),
        Turn(prompt="Write that down as a runbook.", answers=()),
    ),
)

CLAUDE, CODEX, GEMINI = (JWT, CATALOGUE, NOTES), (MOBILE_JWT, WEBHOOKS), (BACKUP, TERRAFORM)
