"""A large vocabulary with Zipf's frequencies, and log-like text made of it. Knows no agent and no format of theirs."""

from __future__ import annotations

import json
from functools import cache
from itertools import accumulate
from random import Random

from _mix import prints

VOCABULARY = 120_000
EXPONENT = -1.25
"""With the shares of names and numbers below, 150,000 words of a corpus hold about 0.10 distinct ones, of 5.1 to 5.5 letters in the
mean; recordings of Claude Code, Codex and Copilot CLI hold 0.04 to 0.065, of 4.9 to 5.5 letters."""
DRAWN = 1 << 16
COMMON = (  # noqa: SIM905 - words read better so
    "the a to of in is for and not on with that this it was be as from but if are no error value index file line test "
    "self return none true false string list type name key path data result expected actual request response server "
    "client timeout connection failed warning info debug null count size token cache session user config parse build"
).split()
ONSETS = "b br c ch cl cr d dr f fl fr g gl gr h j k kl l m n p pl pr qu r s sc sh sl sn sp st str t th tr v w".split()  # noqa: SIM905
VOWELS = "a e i o u ai ea ee ie oa ou".split()  # noqa: SIM905
CODAS = ["", "", "", "n", "r", "s", "l", "t", "m", "nd", "rk", "st", "ck", "x"]
CYRILLIC = str.maketrans("abcdefghijklmnopqrstuvwxyz", "абцдефгхийклмнопярстувшжыз")
GREEK = str.maketrans("abcdefghijklmnopqrstuvwxyz", "αβψδεφγηιξκλμνοπρςστθωχζυα")
HAN = "数据服务器连接超时请求失败重试缓存队列配置文件路径内存线程异步任务日志版本构建部署测试通过更新删除用户权限令牌"
HANGUL = "서버요청응답오류연결캐시설정파일경로작업대기실패성공배포시험기록사용자권한"


@cache
def vocabulary():
    """Return the words, the frequent ones short, and the weights added up."""
    rng, known = Random("vocabulary"), dict.fromkeys(COMMON)
    while len(known) < VOCABULARY:
        syllables = 1 + (len(known) > 400) + (len(known) > 20_000) + (rng.random() < 0.2)
        known["".join(rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(CODAS) for _ in range(syllables))] = None
    return list(known), list(accumulate((rank + 2.7) ** EXPONENT for rank in range(VOCABULARY)))


class Text:
    """Draws text; what recurs in one project (paths, names) recurs until the next `scene`."""

    def __init__(self, seed):
        self.rng = Random(seed)
        self._known, self._weights = vocabulary()
        self._drawn, self._at = [], 0
        self.scene("/home/dev/start")

    def words(self, number):
        """Return so many words by their frequencies."""
        if self._at + number > len(self._drawn):
            self._drawn = self.rng.choices(self._known, cum_weights=self._weights, k=max(number, DRAWN))
            self._at = 0
        self._at += number
        return self._drawn[self._at - number : self._at]

    def scene(self, root):
        """Move to another project: other paths, names and numbers, the same whenever it is come back to."""
        drawn, self.rng = self.rng, Random(f"scene {root}")
        self._at = len(self._drawn)
        self.root = root
        self.names = [self.identifier() for _ in range(160)]
        self.paths = [self.path() for _ in range(90)]
        self.rng, self._at = drawn, len(self._drawn)
        self.hashes = [f"{drawn.getrandbits(160):040x}" for _ in range(24)]

    def identifier(self):
        """Return a name as programs have them: camelCase, PascalCase, snake_case or with dashes."""
        parts = self.words(self.rng.randint(2, 4))
        kind = self.rng.random()
        if kind < 0.4:
            return parts[0] + "".join(p.capitalize() for p in parts[1:])
        if kind < 0.6:
            return "".join(p.capitalize() for p in parts)
        return ("_" if kind < 0.92 else "-").join(parts)

    def path(self):
        """Return a path below the project, some of them long, a few of another system."""
        rng = self.rng
        parts = self.words(rng.randint(2, 9))
        name = f"{self.identifier()}.{rng.choice(('py', 'ts', 'tsx', 'go', 'rs', 'java', 'cs', 'json', 'yaml', 'sql'))}"
        if rng.random() < 0.06:
            return "C:\\src\\" + "\\".join(parts) + "\\" + name
        return f"{self.root}/{'/'.join(parts)}/{name}"

    def prose(self, number):
        """Return so many words with names, paths and code between them."""
        words = self.words(number)
        for place in range(7, number, 11):
            words[place] = f"`{self.rng.choice(self.names)}`"
        for place in range(13, number, 37):
            words[place] = self.rng.choice(self.paths)
        for place in range(0, number, 14):
            words[place] = words[place].capitalize()
        return " ".join(words) + "."

    def foreign(self):
        """Return a sentence in another script; Japanese and Arabic are left to what is planted."""
        rng, kind = self.rng, self.rng.random()
        if kind < 0.4:
            return " ".join(self.words(8)).translate(CYRILLIC)
        if kind < 0.55:
            return " ".join(self.words(8)).translate(GREEK)
        letters = HAN if kind < 0.85 else HANGUL
        return "\uff0c".join("".join(rng.choices(letters, k=rng.randint(2, 7))) for _ in range(4))

    def json(self, depth=2):
        """Return nested data."""
        rng = self.rng
        found = {name: _leaf(rng, self) for name in rng.sample(self.names, rng.randint(3, 8))}
        if depth:
            found[rng.choice(self.names)] = [self.json(depth - 1) for _ in range(rng.randint(1, 3))]
        return found

    def printed(self, size):
        """Return about so many bytes as one tool printed them."""
        kind = self.rng.choices(prints.KINDS, cum_weights=prints.WEIGHTS)[0]
        parts, length = [], 0
        while length < size:
            parts.append(kind(self))
            length += len(parts[-1]) + 1
        return "\n".join(parts)


def _leaf(rng, text):
    kind = rng.random()
    if kind < 0.35:
        return " ".join(text.words(rng.randint(1, 6)))
    if kind < 0.5:
        return rng.getrandbits(rng.choice((8, 20, 40)))
    if kind < 0.62:
        return f"{rng.getrandbits(64):016x}"
    if kind < 0.75:
        return rng.choice(text.paths)
    return rng.choice((None, True, False, round(rng.random() * 1000, 4), [], {}))


ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
