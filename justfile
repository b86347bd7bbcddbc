# `just check` is the whole gate, the same as .ci/run.

default:
    @just --list

check:
    .ci/run

test *ARGS:
    uv run pytest {{ARGS}}

# The bare core: a fresh environment with nothing but the ten dependencies and pytest.
core:
    uv run --isolated --no-default-groups --with pytest pytest tests/core -q

lint:
    uv run ruff check .
    uv run ruff format --check .

fix:
    uv run ruff check --fix .
    uv run ruff format .

types:
    uv run mypy
    uv run lint-imports --no-logo

docs:
    uv run pytest tests/test_docs.py -q

# Other people's recordings, which stay where they are (HOLDFAST_RECORDINGS, by default ../shared/fixtures).
recordings:
    uv run pytest tests/recordings -q

nightly:
    uv run pytest -m nightly

# One file per question, for example `just bench search`.
bench QUESTION *ARGS:
    uv run --group dev python benchmarks/bench_{{QUESTION}}.py {{ARGS}}

# Move the date before which a release must have been out, and lock again with hashes.
lock DAYS="8":
    sed -i "s/^exclude-newer = \"[^\"]*\"/exclude-newer = \"$(date -u -d '{{DAYS}} days ago' +%Y-%m-%dT00:00:00Z)\"/" pyproject.toml
    uv lock --upgrade
    uv export --quiet --frozen --all-extras --no-default-groups --no-emit-project --no-header --no-annotate --format requirements-txt -o requirements.lock
    ! grep -n "://" requirements.lock

# The tests on every Python that is supported.
pythons:
    for python in 3.11 3.12 3.13; do uv run --isolated --python "$python" pytest -q || exit 1; done
