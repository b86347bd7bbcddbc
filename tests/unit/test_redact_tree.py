"""How nested values are masked: by what their strings hold, and by what their keys say."""

from __future__ import annotations

import pytest

from holdfast.redact import Redactor


@pytest.fixture(scope="module")
def redactor():
    return Redactor(engine="re")


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "api_key",
        "client_secret",
        "apiKey",
        "DB_PASSWORD",
        "x-api-key",
        "accessToken",
        "Authorization",
        "GH_PAT",
    ],
)
def test_a_value_whose_key_says_secret_is_masked_whole(redactor, key):
    masked, findings = redactor.mask_tree({key: "plain words"})
    assert masked == {key: "[REDACTED:secret-key-name]"}
    assert [f.kind for f in findings] == ["key-name"]


@pytest.mark.parametrize(
    "key",
    [
        "max_tokens",
        "token_count",
        "next_page_token",
        "public_key",
        "tokenizer",
        "passed",
        "key",
        "author",
        "primary_key",
    ],
)
def test_a_key_that_only_sounds_like_it_is_left_alone(redactor, key):
    assert redactor.mask_tree({key: "plain words"}) == ({key: "plain words"}, ())


def test_strings_are_masked_at_any_depth_and_the_rest_is_kept(redactor):
    key = "ghp" + "_" + "aB3dE5gH7j" * 3 + "kL9mN1"
    value = {"a": [1, None, True, 2.5, {"b": f"x {key}"}], "n": ("t", key)}
    masked, findings = redactor.mask_tree(value)
    assert masked == {
        "a": [1, None, True, 2.5, {"b": "x [REDACTED:github-token]"}],
        "n": ("t", "[REDACTED:github-token]"),
    }
    assert len(findings) == 2
    assert value["n"] == ("t", key)


@pytest.mark.parametrize("stand_in", ["", "${PASSWORD}", "<password>", "null", "$PW", "****"])
def test_a_stand_in_under_such_a_key_stays(redactor, stand_in):
    assert redactor.mask_tree({"password": stand_in}) == ({"password": stand_in}, ())


def test_masking_a_tree_twice_changes_nothing_more(redactor):
    once, _ = redactor.mask_tree({"password": "plain words", "tokens": ["a"], "auth_token": ["x1", "y2"]})
    assert redactor.mask_tree(once) == (once, ())
    assert once["auth_token"] == ["[REDACTED:secret-key-name]"] * 2


def test_a_file_says_which_keys_are_secret_and_which_are_safe(tmp_path):
    path = tmp_path / "keys.yaml"
    path.write_text("sensitive_keys:\n  blocked: [PGPASS]\n  masked: [DATABASE_URL]\n  safe: [API_TOKEN_HINT]\n")
    redactor = Redactor([path], engine="re")
    masked, _ = redactor.mask_tree({"pgpass": "a b", "DATABASE_URL": "a b", "api_token_hint_token": "a b"})
    assert masked == {
        "pgpass": "[REDACTED:secret-key-name]",
        "DATABASE_URL": "[REDACTED:secret-key-name]",
        "api_token_hint_token": "a b",
    }
