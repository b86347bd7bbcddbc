"""list-projects: what was done where."""

from __future__ import annotations

import csv
import io


def test_projects_hold_every_session_that_names_one(cli):
    sessions = cli.json("list", "--all", "--no-sync")["sessions"]
    shown = [s for s in sessions if s["messages"] or s["requests"] or s["tool_calls"]]
    found = cli.json("list-projects")
    assert sum(p["sessions"] for p in found["projects"]) == sum(bool(s["project"]) for s in shown)
    assert found["sessions_without"] == sum(not s["project"] for s in shown)
    assert {a for p in found["projects"] for a in p["agents"]} == {s["agent"] for s in shown if s["project"]}


def test_a_project_that_a_person_named_is_listed_and_chooses_its_sessions(cli):
    ident = cli.id_of("Fix the build")
    cli("set-project", ident, "My Web App")
    (mine,) = [p for p in cli.json("list-projects")["projects"] if p["name"] == "My Web App"]
    assert mine["sessions"] == 1
    assert [s["id"] for s in cli.json("list", "--no-sync", "--project", "My Web App", "--all")["sessions"]] == [ident]


def test_projects_are_drawn_and_written_as_csv(cli):
    drawn = cli("list-projects")
    assert drawn.stdout.splitlines()[0].split() == ["PROJECT", "SESSIONS", "MSGS", "AGENTS", "WHEN", "FOLDER"]
    rows = list(csv.DictReader(io.StringIO(cli("list-projects", "-f", "csv").stdout)))
    assert [r["project"] for r in rows] == [p["project"] for p in cli.json("list-projects")["projects"]]


def test_a_query_chooses_the_sessions(cli):
    assert {tuple(p["agents"]) for p in cli.json("list-projects", "agent:codex")["projects"]} == {("codex",)}
    assert cli("list-projects", "agent:codex", "--since", "1h").stderr == "no project found\n"
