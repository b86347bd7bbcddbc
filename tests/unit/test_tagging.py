"""Tags out of hints: what counts, what only looks like a word, and how verdicts change the next ranking."""

from __future__ import annotations

import pytest

from holdfast.errors import BadInput
from holdfast.model.knowledge import Provenance
from holdfast.tagging import Material, Verdict, by_project_type, by_tag, likelihood, project_type, propose, tidy

CODE = "# authentication jwt login redis\nimport pytest\nfrom fastapi import FastAPI\n"


def tags(material, *more, **options) -> list[str]:
    return [p.tag for p in propose(material, *more, **options)]


def verdict(tag, accepted, *, kind="python", session="s") -> Verdict:
    said = Provenance(writer="person", trust="person", at=1, session=session)
    return Verdict(tag=tag, accepted=accepted, provenance=said, project_type=kind)


def test_the_older_tools_example_is_ranked_as_by_the_older_tool_but_for_what_is_no_word():
    """It put `api` first with 3 hints; one of them was the end of the word `fastapi`, so two are left."""
    material = Material(files=("README.md", "src/api/main.py"), code=(CODE,), description="Working on auth feature")
    found = propose(material)
    assert [(p.tag, p.count) for p in found] == [
        ("testing", 3), ("fastapi", 3), ("auth", 3), ("api", 2), ("feature", 2), ("documentation", 1), ("python", 1),
        ("backend", 1), ("redis", 1),
    ]  # fmt: skip
    assert [p.tag for p in found if p.sure] == ["testing", "fastapi", "auth"]


def test_imports_are_ranked_in_the_order_in_which_they_stand():
    assert tags(Material(code=("from fastapi import FastAPI\nimport pytest\n",))) == ["fastapi", "testing"]


@pytest.mark.parametrize(
    "text",
    ["interest", "the rest of it", "forest", "arrested", "except ValueError:", "capitalise", "FastAPI", "researcher", "coworkers",
     "cachet", "featureless", "apiary", "rapid", "blogging2", "unsearchable", "acronym"],
)  # fmt: skip
def test_a_part_of_another_word_is_no_hint(text):
    assert tags(Material(said=(text,), description=text)) == []


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("a REST call", "rest-api"), ("RESTful", "rest-api"), ("our rest api", "rest-api"), ("the APIs", "api"), ("api_key", "api"),
        ("migrations", "database"), ("we cached it", "caching"), ("caching", "caching"), ("two queues", "message-queue"),
        ("refactored", "refactoring"), ("Refactoring!", "refactoring"), ("oauth-flow", "auth"), ("handle errors", "error-handling"),
        ("payments", "payments"), ("cron", "scheduling"), ("(websockets)", "websockets"),
    ],
)  # fmt: skip
def test_a_word_is_a_hint_in_every_form(text, tag):
    assert tag in tags(Material(said=(text,)))


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.py", ["python", "backend"]), ("web/A.TSX", ["typescript", "react", "frontend"]), ("Dockerfile", ["docker", "devops"]),
        ("prod.dockerfile", ["docker", "devops"]), ("src/auth/x.zzz", ["authentication"]), (r"src\api\x.zzz", ["api"]),
        ("node_modules/api/x.js", []), (".venv/api/x.py", []), ("latest/x", []), ("testsuite/x", []), ("x.md", ["documentation"]),
    ],
)  # fmt: skip
def test_endings_and_folders_hint_except_where_nobody_works(path, found):
    assert tags(Material(files=(path,))) == found


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import numpy as np\nimport pandas", ["data-science"]), ("const x = require('axios')", ["api"]),
        ("import React from 'react'", ["react"]), ('import { C } from "@angular/core"', ["angular"]),
        ("import { p } from '@prisma/client'", ["prisma"]), ("  from django.db import models", ["django"]),
        ("important torches", []), ("import flasky", []),
    ],
)  # fmt: skip
def test_imported_packages_hint_by_their_whole_name(code, found):
    assert tags(Material(code=(code,))) == found


def test_a_long_session_does_not_say_a_word_until_it_wins():
    said = propose(Material(said=("an error",) * 500))
    assert [(p.tag, p.count) for p in said] == [("error-handling", 3)]
    many = propose(Material(files=tuple(f"{n}.py" for n in range(500))))
    assert {p.count for p in many} == {10}


def test_each_proposal_says_why():
    found = propose(Material(files=("src/api/a.py",), code=("import flask",), said=("jwt",), description="stripe"))
    assert {p.tag: p.reasons for p in found} == {
        "flask": ("imports flask",), "api": ("folder api",), "payments": ("description: stripe",), "python": ("files .py",),
        "backend": ("files .py",), "auth": ("said: jwt",),
    }  # fmt: skip


def test_tags_that_a_session_has_are_not_proposed_and_ten_are_enough():
    everything = Material(
        said=("jwt api redis queue celery cron stripe email upload download search logging security",)
    )
    assert len(tags(everything)) == 10
    assert "auth" not in tags(everything, without={"auth"}, most=99)


def test_an_accepted_tag_goes_up_and_a_rejected_one_goes_down():
    material = Material(files=("a.py",), said=("redis celery",))
    assert tags(material) == ["python", "backend", "redis", "celery"]
    assert tags(material, [verdict("celery", True)])[0] == "celery"
    assert tags(material, [verdict("python", False)])[-1] == "python"
    assert [p.sure for p in propose(Material(code=("import flask",)), [verdict("flask", False, kind="")])] == [False]


def test_a_verdict_counts_more_in_a_project_of_the_same_type():
    same, other = verdict("api", False), verdict("api", False, kind="rust")
    assert likelihood("api", "python", [same]) < likelihood("api", "python", [other]) < 0.5
    assert likelihood("api", "python", [verdict("api", True), *[other] * 3]) == 0.5
    assert likelihood("api", "python", [verdict("db", True)]) == 0.5


def test_the_type_of_a_project_is_the_language_of_most_files():
    assert project_type(Material(files=("a.py", "b.py", "c.ts", "README.md", "node_modules/x.js"))) == "python"
    assert project_type(Material(files=("README.md",))) == ""


def test_verdicts_are_counted_by_tag_and_by_type_of_project():
    known = [verdict("api", True), verdict("api", False, session="t"), verdict("db", True, kind="rust")]
    assert [(r.name, r.accepted, r.rejected, r.share) for r in by_tag(known)] == [("db", 1, 0, 1.0), ("api", 1, 1, 0.5)]
    assert [r.name for r in by_project_type(known)] == ["rust: db", "python: api"]


@pytest.mark.parametrize(("text", "tag"), [(" API ", "api"), ("#Urgent", "urgent"), ("Ünïcode", "ünïcode")])
def test_a_tag_is_kept_in_lower_case_without_space(text, tag):
    assert tidy(text) == tag


@pytest.mark.parametrize("text", ["", "  ", "#", "two words", "a,b", 'a"b'])
def test_what_is_no_word_is_no_tag(text):
    with pytest.raises(BadInput):
        tidy(text)
