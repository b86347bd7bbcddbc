"""Which files matter for a question, and what is read again to know it."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from holdfast.context._words import asked, parts_of, stem
from holdfast.context.files import walk
from holdfast.context.index import Index
from holdfast.context.ranking import Scene, rank

FILES = {
    "src/auth/login_controller.py": "class LoginController:\n    def sign_in(self, user): ...\n",
    "src/auth/token.py": "class RefreshToken:\n    def expire(self): ...\n",
    "src/api/routes.py": "def routes(): return []\n",
    "src/apiv2/routes.py": "def handlers(): return []\n",
    "src/billing/invoice.py": "class Invoice:\n    total = 0\n",
    "tests/test_login_controller.py": "def test_login_controller(): LoginController()\n",
    "docs/login.md": "The login controller signs people in.\n",
    "logo.png": "\0login controller",
}


@pytest.fixture
def root(tmp_path):
    for path, text in FILES.items():
        place = tmp_path / "shop" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return tmp_path / "shop"


def ranked(root, query, touched=(), index=None):
    tree = walk(root)
    index = index or Index(root)
    return rank(Scene(tree, index.refresh(tree), index.history, touched), query)


def test_the_controller_comes_before_its_test_and_its_page(root):
    found = [r.path for r in ranked(root, "fix the login controller")]
    assert found[0] == "src/auth/login_controller.py"
    assert set(found[1:3]) == {"tests/test_login_controller.py", "docs/login.md"}


def test_a_question_about_tests_lifts_them(root):
    assert ranked(root, "the login controller test is flaky")[0].path == "tests/test_login_controller.py"


def test_short_words_count(root):
    assert ranked(root, "the api of cli")[0].path == "src/api/routes.py"


def test_names_are_found_by_their_parts(root):
    assert ranked(root, "tokens that refresh")[0].path == "src/auth/token.py"
    assert parts_of("getHTTPResponse_codes") == ("get", "http", "response", "cod", "gethttpresponse_codes")
    assert stem("retries") == stem("retry".replace("y", "ies"))


@pytest.mark.parametrize(
    "query",
    ["look at src/billing/invoice.py", "look at @src/billing/invoice.py please", "billing.invoice fails", "invoice.py"],
)
def test_a_file_that_the_question_names_is_first(root, query):
    best = ranked(root, query)[0]
    assert best.path == "src/billing/invoice.py"
    assert "named in the question" in best.why


def test_files_of_the_session_come_first_where_the_question_says_nothing(root):
    best = ranked(root, "go on", touched=("src/api/routes.py", "src/billing/invoice.py"))
    assert [r.path for r in best[:2]] == ["src/billing/invoice.py", "src/api/routes.py"]
    assert best[0].why == ("touched in this session",)


def test_binary_files_are_never_ranked(root):
    assert "logo.png" not in [r.path for r in ranked(root, "logo login controller")]


def test_words_of_other_scripts_are_found(root):
    (root / "src" / "opis.py").write_text("# авторизация zażółć\n")
    assert ranked(root, "авторизация")[0].path == "src/opis.py"
    assert ranked(root, "zażółć")[0].path == "src/opis.py"


def test_words_that_say_nothing_do_not_count():
    assert asked("please fix the bug in this") == {}


def git(root, *arguments):
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_git_s_history_counts_by_its_words_and_its_age(root):
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "everything")
    (root / "src" / "apiv2" / "routes.py").write_text("def handlers(): return [1]\n")
    git(root, "commit", "-qam", "Throttle wholesale customers")
    assert ranked(root, "wholesale throttling")[0].path == "src/apiv2/routes.py"
    assert ranked(root, "")[0].path == "src/apiv2/routes.py"


def test_without_git_nothing_fails(root, monkeypatch):
    (root / ".git").mkdir()
    monkeypatch.setenv("PATH", "")
    assert ranked(root, "login controller")[0].path == "src/auth/login_controller.py"


def test_only_files_that_changed_are_read_again(root):
    index = Index(root)
    tree = walk(root)
    index.refresh(tree)
    assert index.read == 7
    index.refresh(walk(root))
    assert index.read == 0
    (root / "src" / "api" / "routes.py").write_text("def wholesale(): ...\n")
    assert ranked(root, "wholesale", index=index)[0].path == "src/api/routes.py"
    assert index.read == 1


def test_words_are_kept_between_programs_for_their_person_alone(root, tmp_path):
    kept = tmp_path / "data" / "map"
    Index(root, kept).refresh(walk(root))
    again = Index(root, kept)
    again.refresh(walk(root))
    assert again.read == 0
    (file,) = kept.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert kept.stat().st_mode & 0o777 == 0o700


def test_damaged_words_are_read_again(root, tmp_path):
    Index(root, tmp_path / "map").refresh(walk(root))
    next((tmp_path / "map").iterdir()).write_bytes(b"\xc1 no words")
    again = Index(root, tmp_path / "map")
    again.refresh(walk(root))
    assert again.read == 7


def test_a_folder_that_cannot_be_written_is_no_failure(root, tmp_path):
    (tmp_path / "map").write_text("a file where a folder should be")
    assert Index(root, tmp_path / "map").refresh(walk(root))


def test_reading_stops_after_its_time_and_goes_on_the_next_time(root):
    moments = iter([0.0, 1.0, 2.0, 99.0, 99.0, 99.0, 99.0, 99.0, *([0.0] * 50)])
    index = Index(root, clock=lambda: next(moments))
    assert len(index.refresh(walk(root))) == 2
    assert len(index.refresh(walk(root))) == 7


def test_a_file_that_is_gone_or_binary_has_no_words(root):
    (root / "data.txt").write_bytes(b"login\0controller")
    tree = walk(root)
    (root / "src/auth/token.py").unlink()
    words = Index(root).refresh(tree)
    assert words["data.txt"].words == {}
    assert words["src/auth/token.py"].words == {}
