"""What the redactor finds and what it leaves alone, measured on a corpus that knows no rule."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys

import pytest

from holdfast.redact import MASK_PATTERN, Finding, Redactor, is_masked
from tests.unit import redact_corpus


@pytest.fixture(scope="module")
def seeded():
    return redact_corpus.seeded()


@pytest.fixture(scope="module")
def clean():
    return redact_corpus.clean()


@pytest.fixture(scope="module")
def redactors():
    pytest.importorskip("hyperscan", reason="pip install 'holdfast[redact]'")
    return {"re": Redactor(engine="re"), "hyperscan": Redactor(engine="hyperscan")}


@pytest.fixture(scope="module")
def redactor():
    return Redactor(engine="re")


def key_of(vendor, at=0):
    return redact_corpus.fill(random.Random(3), redact_corpus.FORMATS[vendor][at])


def missed(redactor, texts):
    return [t for t in texts if any(s in redactor.mask(t.text)[0] for s in t.secrets)]


def test_the_corpus_is_large_and_of_many_vendors(seeded, clean):
    assert len(seeded) >= 2_000
    assert len(clean) >= 10_000
    assert len({text.vendor for text in seeded}) >= 40
    assert all(secret in text.text for text in seeded for secret in text.secrets)


def test_the_corpus_is_the_same_every_time():
    assert redact_corpus.seeded() == redact_corpus.seeded()


def test_99_of_100_secrets_are_masked(redactor, seeded):
    lost = missed(redactor, seeded)
    assert len(lost) <= len(seeded) // 100, [(t.vendor, t.setting) for t in lost]


def test_every_vendor_and_every_setting_is_mostly_masked(redactor, seeded):
    lost = missed(redactor, seeded)
    for group in ("vendor", "setting"):
        for name in {getattr(t, group) for t in seeded}:
            whole = sum(getattr(t, group) == name for t in seeded)
            assert sum(getattr(t, group) == name for t in lost) <= whole * 0.1, name


def test_at_most_one_clean_text_in_1000_is_touched(redactor, clean):
    touched = [text for text in clean if redactor.scan(text)]
    assert len(touched) <= len(clean) // 1000, touched[:5]


def test_both_engines_find_the_same(redactors, seeded, clean):
    for text in [*(t.text for t in seeded), *clean]:
        assert redactors["re"].scan(text) == redactors["hyperscan"].scan(text)


def test_masking_what_is_masked_changes_nothing(redactor, seeded):
    for text in seeded:
        masked, _ = redactor.mask(text.text)
        assert redactor.mask(masked) == (masked, ())


def test_findings_never_show_the_secret(redactor, seeded):
    for text in seeded:
        for finding in redactor.scan(text.text):
            shown, _, size = finding.preview.rpartition("...")
            assert len(shown) <= 4
            assert size == f"({finding.end - finding.start})"
            assert finding.preview not in text.text


def test_findings_stand_in_order_and_apart(redactor, seeded):
    for text in seeded:
        found = redactor.scan(text.text)
        assert all(a.end <= b.start for a, b in itertools.pairwise(found))
        assert all(0 <= f.start < f.end <= len(text.text) for f in found)


def test_a_mask_names_its_rule_and_can_be_recognised(redactor):
    key = key_of("github")
    masked, findings = redactor.mask(f"use {key} now")
    assert masked == "use [REDACTED:github-token] now"
    assert findings == (
        Finding(start=4, end=4 + len(key), rule="github-token", kind="token", preview=f"{key[:4]}...(40)"),
    )
    assert is_masked(masked)
    assert not is_masked("use [REDACTED] now")
    assert MASK_PATTERN.findall(masked) == ["[REDACTED:github-token]"]


def test_only_the_password_of_an_address_is_masked(redactor):
    masked, _ = redactor.mask("postgres://app:s3cr" + "3t@db.internal:5432/prod?ssl=1")
    assert masked == "postgres://app:[REDACTED:url-password]@db.internal:5432/prod?ssl=1"


def test_a_key_in_an_assignment_bears_the_name_of_its_vendor(redactor):
    masked, findings = redactor.mask(f'API_KEY="{key_of("anthropic")}"')
    assert masked == 'API_KEY="[REDACTED:anthropic-api-key]"'
    assert len(findings) == 1


def test_a_private_key_is_masked_from_its_first_to_its_last_line(redactor):
    key = redact_corpus.pem(random.Random(1))
    assert redactor.mask(f"a\n{key}\nb")[0] == "a\n[REDACTED:private-key]\nb"
    flat = key.replace("\n", "\\n")
    assert redactor.mask(f'"{flat}"')[0] == '"[REDACTED:private-key]"'


@pytest.mark.parametrize("text", redact_corpus.PLACEHOLDERS)
def test_a_placeholder_is_no_secret(redactor, text):
    assert redactor.scan(text) == ()


@pytest.mark.parametrize(
    "text", ["", "\ud800 lone", "é" * 50, "\0" * 100, "\\" * 99, "=" * 999, "-" * 999, "A" * 5000, "eyJ." * 300]
)
def test_odd_texts_are_read_and_left_alone(redactors, text):
    for redactor in redactors.values():
        assert redactor.mask(text) == (text, ())


def test_places_are_right_beside_other_scripts(redactors):
    key = key_of("npm")
    for redactor in redactors.values():
        (finding,) = redactor.scan(f"鍵は\U0001f511 {key} です")
        assert (finding.start, finding.end) == (4, 4 + len(key))


def test_without_the_engine_asked_for_nothing_of_it_is_imported():
    code = "import sys, holdfast.redact as r; r.Redactor(engine='re').mask('a b'); sys.exit('hyperscan' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_rule_taken_away_is_missed(tmp_path, seeded):
    path = tmp_path / "less.yaml"
    path.write_text("disable: [github-token, openai-api-key, slack-token, assignment, anthropic-api-key]\n")
    assert len(missed(Redactor([path], engine="re"), seeded)) > len(seeded) // 100


def test_the_engine_changes_over_by_itself_when_that_pays():
    pytest.importorskip("hyperscan", reason="pip install 'holdfast[redact]'")
    redactor = Redactor()
    engines = [redactor.engine]
    redactor.scan("clean words " * 2_000_000)
    assert [*engines, redactor.engine] == ["re", "hyperscan"]
    assert redactor.mask(f"a {key_of('npm')}")[0] == "a [REDACTED:npm-token]"
