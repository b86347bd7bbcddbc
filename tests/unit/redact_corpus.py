"""Makes texts with known secrets and texts without, from formats that vendors publish; imports no rule.

Keys are put together at run time from pieces, so that no file holds one.
"""

from __future__ import annotations

import base64
import json
import random
import string
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

HEX = "0123456789abcdef"
LOW = string.ascii_lowercase + string.digits
UP = string.ascii_uppercase + string.digits
B62 = string.ascii_letters + string.digits
URL = B62 + "_-"
B64 = B62 + "+/"
B32 = string.ascii_uppercase + "234567"
BECH = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"
SETS = {
    "h": HEX,
    "l": LOW,
    "u": UP,
    "b": B62,
    "w": URL,
    "s": B64,
    "a": B32,
    "e": BECH,
    "d": string.digits,
    "U": string.ascii_uppercase,
}

# A format is literal text with {<set><length>} fields; `~` is cut out, so that no literal key stands here.
FORMATS: dict[str, tuple[str, ...]] = {
    "openai": (
        "sk~-proj-{w74}T3BlbkFJ{w74}",
        "sk~-svcacct-{w60}T3BlbkFJ{w60}",
        "sk~-admin-{w58}T3BlbkFJ{w58}",
        "sk~-{b20}T3BlbkFJ{b20}",
    ),
    "anthropic": ("sk~-ant-api03-{w93}AA", "sk~-ant-admin01-{w93}AA", "sk~-ant-oat01-{w93}AA"),
    "openrouter": ("sk~-or-v1-{h64}",),
    "deepseek": ("sk~-{h32}",),
    "google": ("AI~za{w35}", "GOC~SPX-{w28}", "ya~29.{w120}", "1/~/0{w60}"),
    "aws": ("AK~IA{a16}", "AS~IA{a16}", "ABS~K{s110}"),
    "azure": ("{b3}8Q~~{b34}", "{b52}JQ~QJ99{b26}", "{w44}Az~Fu{w6}=="),
    "github": ("gh~p_{b36}", "gh~o_{b36}", "gh~u_{b36}", "gh~s_{b36}", "gh~r_{b76}", "github~_pat_{b22}_{b59}"),
    "gitlab": ("gl~pat-{w20}", "gl~dt-{w20}", "gl~rt-{w20}", "gl~ptt-{h40}", "gl~cbt-{h2}_{w20}"),
    "slack": ("xo~xb-{d12}-{d12}-{b24}", "xo~xp-{d12}-{d12}-{d12}-{h32}", "xa~pp-1-A{u10}-{d13}-{h64}"),
    "stripe": ("sk~_live_{b24}", "rk~_live_{b99}", "wh~sec_{b32}", "sk~_test_{b99}"),
    "twilio": ("SK~{h32}", "AC~{h32}"),
    "sendgrid": ("SG~.{w22}.{w43}",),
    "mailgun": ("key~-{h32}",),
    "mailchimp": ("{h32}~-us{d2}",),
    "mandrill": ("md~-{b22}",),
    "npm": ("npm~_{b36}",),
    "pypi": ("py~pi-AgEIcHlwaS5vcmc{w120}",),
    "huggingface": ("hf~_{b34}",),
    "groq": ("gs~k_{b52}",),
    "xai": ("xa~i-{b80}",),
    "perplexity": ("pp~lx-{b48}",),
    "replicate": ("r8~_{b37}",),
    "digitalocean": ("do~p_v1_{h64}", "do~o_v1_{h64}"),
    "linear": ("lin~_api_{b40}",),
    "notion": ("nt~n_{d11}{b35}",),
    "figma": ("fig~d_{w40}",),
    "telegram": ("{d10}~:AA{w33}",),
    "shopify": ("shp~at_{h32}", "shp~ss_{h32}"),
    "square": ("sq0~atp-{w22}", "sq0~csp-{w43}", "EA~AAl{w59}"),
    "heroku": ("HR~KU-AA{w58}",),
    "cloudflare": ("cf~ut_{b40}{h8}", "cf~k_{b40}{h8}", "v1~.0-{h24}-{h146}"),
    "databricks": ("da~pi{h32}", "da~pi{h32}-2"),
    "doppler": ("dp~.pt.{b43}", "dp~.st.dev.{b43}"),
    "vault": ("hv~s.{w90}", "hv~b.{w140}"),
    "terraform": ("{b14}.at~lasv1.{w66}",),
    "grafana": ("gl~sa_{b32}_{h8}", "gl~c_eyJ{b80}="),
    "newrelic": ("NR~AK-{u27}",),
    "sentry": ("sn~tryu_{h64}", "sn~trys_eyJ{b90}_{b43}"),
    "planetscale": ("ps~cale_tkn_{w43}", "ps~cale_pw_{w43}"),
    "supabase": ("sb~p_{h40}", "sb~_secret_{w31}"),
    "postman": ("PM~AK-{h24}-{h34}",),
    "airtable": ("pa~t{b14}.{h64}",),
    "atlassian": ("AT~ATT3xFfGF0{w170}={u8}", "AT~BB{b32}"),
    "dropbox": ("sl~.u.{w140}",),
    "fly": ("fo~1_{w43}", "fm~2_{s160}"),
    "age": ("AGE~-SECRET-KEY-1{e58}",),
    "onepassword": ("op~s_eyJ{b300}",),
    "buildkite": ("bk~ua_{h40}",),
    "circleci": ("CCI~PAT_{b22}_{h40}",),
    "confluent": ("cf~lt{s60}",),
    "dynatrace": ("dt~0c01.{u24}.{u64}",),
    "easypost": ("EZ~AK{b54}",),
    "flutterwave": ("FLW~SECK-{h32}-X",),
    "frameio": ("fi~o-u-{w64}",),
    "launchdarkly": ("sd~k-{h8}-{h4}-4{h3}-a{h3}-{h12}",),
    "prefect": ("pn~u_{b36}",),
    "pulumi": ("pu~l-{h40}",),
    "rubygems": ("ruby~gems_{h48}",),
    "shippo": ("ship~po_live_{h40}",),
    "typeform": ("tf~p_{w44}_{b14}",),
    "vercel": ("vc~p_{b56}", "vercel~_blob_rw_{b16}_{b30}"),
    "netlify": ("nf~p_{b40}",),
    "neon": ("na~pi_{l64}",),
    "langsmith": ("ls~v2_pt_{h32}_{h10}",),
    "tailscale": ("ts~key-auth-k{b11}CNTRL-{b32}",),
    "docker": ("dc~kr_pat_{w27}",),
    "nvidia": ("nv~api-{w64}",),
    "cerebras": ("cs~k-{l48}",),
    "elevenlabs": ("sk~_{h48}",),
    "pinecone": ("pc~sk_{b6}_{b63}",),
    "tavily": ("tv~ly-dev-{b32}",),
    "posthog": ("ph~x_{b43}",),
    "sourcegraph": ("sg~p_{h16}_{h40}",),
    "sonar": ("sq~u_{h40}",),
    "brevo": ("xkey~sib-{h64}-{b16}",),
    "resend": ("re~_{b8}_{b24}",),
    "hubspot": ("pat~-na1-{h8}-{h4}-{h4}-{h4}-{h12}",),
    "alibaba": ("LT~AI{b20}",),
    "contentful": ("CF~PAT-{w43}",),
    "plaid": ("access~-sandbox-{h8}-{h4}-{h4}-{h4}-{h12}",),
    "snyk": ("sn~yk_uat.{l8}.{w86}",),
    "render": ("rn~d_{b32}",),
    "facebook": ("EA~AM{b180}",),
    "openshift": ("sha256~~{w43}",),
    "langfuse": ("sk~-lf-{h8}-{h4}-4{h3}-a{h3}-{h12}",),
    "together": ("tg~p_v1_{w43}",),
    "fireworks": ("fw~_3Z{b22}",),
    "voyage": ("pa~-{w43}",),
    "jina": ("ji~na_{h32}{w28}",),
    "firecrawl": ("fc~-{h32}",),
    "wandb": ("wan~db_v1_{b80}",),
    "e2b": ("e2~b_{h40}",),
    "cursor": ("ke~y_{h64}",),
    "runpod": ("rp~a_{u42}",),
    "gemini": ("AQ~.Ab{w50}",),
    "aws-session": ("IQoJ~b3JpZ2lu{s200}==",),
    "tencent": ("AK~ID{b32}",),
    "yandex": ("AQ~VN{w36}",),
    "scalingo": ("tk~-us-{w48}",),
    "harness": ("pa~t.{w22}.{h24}.{b20}",),
    "infracost": ("ic~o-{b32}",),
    "gitlab-runner": ("GR1~348941{w20}",),
    "crates-io": ("ci~o{b32}",),
    "nuget": ("oy~2{l43}",),
    "clojars": ("CLO~JARS_{l60}",),
    "artifactory": ("AK~Cp{b69}", "cmVm~dGtu{b56}"),
    "octopus": ("AP~I-{u26}",),
    "notion-old": ("sec~ret_{b43}",),
    "readme": ("rd~me_{l70}",),
    "datadog": ("dd~app_{b34}",),
    "duffel": ("duf~fel_live_{w43}",),
    "braintree": ("access~_token$production${l16}${h32}",),
    "lob": ("li~ve_{h35}",),
    "klaviyo": ("p~k_{h34}",),
    "paddle": ("pd~l_live_apikey_{l26}_{b22}_{b3}",),
    "polar": ("pol~ar_oat_{b43}",),
    "mapbox": ("s~k.eyJ{b60}.{w22}",),
    "adafruit": ("ai~o_{b28}",),
    "adobe": ("p8~e-{b32}",),
    "mongodb": ("md~b_sa_sk_{w40}",),
    "onepassword-account": ("A3~-{u6}-{u6}-{u5}-{u5}-{u5}-{u5}",),
    "newrelic-license": ("{h36}NR~AL",),
}
FOUND_BY_THEIR_MIDDLE = {"telegram", "mailchimp", "terraform", "azure", "newrelic-license", "braintree"}
WORDS = [
    "the",
    "build",
    "failed",
    "after",
    "cache",
    "refresh",
    "because",
    "index",
    "reader",
    "was",
    "closed",
    "before",
    "flush",
    "please",
    "run",
    "tests",
    "again",
    "then",
    "check",
    "logs",
    "for",
    "a",
    "timeout",
    "in",
    "worker",
    "queue",
    "we",
    "moved",
    "config",
    "loading",
    "into",
    "startup",
    "so",
    "that",
    "retries",
    "happen",
    "once",
    "per",
    "request",
    "session",
    "token",
    "usage",
    "is",
    "shown",
    "in",
    "the",
    "panel",
    "key",
    "points",
    "are",
    "listed",
    "below",
    "secret",
    "santa",
    "list",
    "password",
    "rules",
    "apply",
    "see",
    "docs",
    "for",
    "author",
    "notes",
    "and",
    "keyboard",
    "shortcuts",
]


@dataclass(frozen=True)
class Seeded:
    """A text, what must vanish from it (as it stands there), and where it came from."""

    text: str
    secrets: tuple[str, ...]
    vendor: str
    setting: str


def fill(rng: random.Random, form: str) -> str:
    """Write one key of a format."""
    out, rest = [], form.replace("~~", "\0").replace("~", "").replace("\0", "~")
    while "{" in rest:
        before, _, rest = rest.partition("{")
        field, _, rest = rest.partition("}")
        out += [before, "".join(rng.choices(SETS[field[0]], k=int(field[1:])))]
    # the end of a word must not be a dash that prose would not have there
    key = "".join([*out, rest])
    return key if key[-1] not in "-_" else key[:-1] + "k"


def discord(rng: random.Random) -> str:
    """Write a bot token: the base64 of an account number, then two random parts."""
    number = str(rng.randint(10**17, 10**18)).encode()
    return base64.b64encode(number).decode().rstrip("=") + "." + fill(rng, "{b6}.{b38}")


def jwt(rng: random.Random) -> str:
    """Write a signed web token."""

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return ".".join(
        (
            part({"alg": "HS256", "typ": "JWT"}),
            part({"sub": fill(rng, "{d10}"), "iat": rng.randint(10**9, 2 * 10**9)}),
            fill(rng, "{w42}x"),
        )
    )


def pem(rng: random.Random) -> str:
    """Write a private key block."""
    kind = rng.choice(("RSA ", "EC ", "OPENSSH ", "", "ENCRYPTED "))
    body = "".join(rng.choices(B64, k=rng.randint(200, 1600)))
    lines = "\n".join(body[i : i + 64] for i in range(0, len(body), 64))
    return f"-----BEGIN {kind}PRIVATE" + f" KEY-----\n{lines}\n-----END {kind}PRIVATE" + " KEY-----"


def password(rng: random.Random) -> str:
    """Write a password as people and generators do."""
    style = rng.randrange(4)
    if style == 0:
        return "".join(rng.choices(B62, k=rng.randint(12, 24))) + str(rng.randint(0, 9)) + "q"
    if style == 1:
        return (
            rng.choice(("Tr0mbone", "m4rigold", "K1ngfisher", "blu3berry"))
            + str(rng.randint(10, 9999))
            + rng.choice("!#*^")
        )
    if style == 2:
        return "".join(rng.choices(LOW, k=14)) + "7z"
    return "".join(rng.choices(B62 + "!#%^*-_+", k=18)) + "4K"


def prose(rng: random.Random, size: int) -> str:
    """Write words."""
    return " ".join(rng.choices(WORDS, k=size))


Setting = Callable[[random.Random, str], str]
SETTINGS: dict[str, Setting] = {
    "env": lambda r, k: (
        f"PATH=/usr/bin\nHOME=/root\nAPP_{r.choice(('TOKEN', 'API_KEY', 'CREDS', 'X'))}={k}\nLANG=C.UTF-8\n"
    ),
    "export": lambda r, k: f"  {r.randint(1, 900)}  export SERVICE_TOKEN={k}\n  903  git status\n",
    "history": lambda _, k: f'curl -H "Authorization: Bearer {k}" https://api.service.io/v1/me | jq .',
    "json": lambda r, k: json.dumps(
        {"id": r.randint(1, 999), "config": {"key": k, "retries": 3}}, indent=r.choice((None, 2))
    ),
    "json-in-json": lambda _, k: json.dumps({"content": json.dumps({"auth": {"value": k}}) + "\n" + k + "\nnext"}),
    "json-escaped-line": lambda _, k: json.dumps({"output": f"line one\n{k}\n\tdone"}),
    "yaml": lambda _, k: (
        f"services:\n  web:\n    image: app:1.2\n    environment:\n      KEY: {k}\n      DEBUG: 'false'\n"
    ),
    "python": lambda _, k: (
        f'import os\n\nclient = Client(\n    api_key="{k}",  # moved to settings\n    timeout=30,\n)\n'
    ),
    "javascript": lambda _, k: f"const client = new Client({{ key: '{k}', region: 'eu' }});\n",
    "log": lambda r, k: f"2026-03-0{r.randint(1, 9)}T10:11:12Z WARN request failed key={k} status=401 attempt=2\n",
    "prose": lambda r, k: f"{prose(r, 30)} my key is {k}, {prose(r, 20)}.",
    "markdown": lambda r, k: f"## Setup\n\n{prose(r, 12)}\n\n```sh\ntool login --key {k}\n```\n\nor `{k}`.\n",
    "diff": lambda _, k: f"--- a/.env\n+++ b/.env\n@@ -1,2 +1,2 @@\n-{k}\n+KEY=old\n NAME=web\n",
    "line-start": lambda r, k: f"{prose(r, 8)}\n{k}\n{prose(r, 8)}",
    "url-query": lambda _, k: f"GET https://maps.service.io/api/json?zoom=3&key={k}&lang=en HTTP/1.1",
    "toml": lambda _, k: f'[remote]\nurl = "https://x.io"\ncredential = "{k}"\n',
    "xml": lambda _, k: f"<settings><server><id>main</id><value>{k}</value></server></settings>",
    "table": lambda _, k: f"| name | value |\n|---|---|\n| prod | {k} |\n",
    "colour": lambda _, k: f"\x1b[32m{k}\x1b[0m saved",
    "shell-default": lambda _, k: f'run --with "${{KEY:-{k}}}"',
    "cjk": lambda _, k: f"これは鍵です：{k}。使わないでください",
}


def wrapped(rng: random.Random, key: str) -> tuple[str, tuple[str, ...]]:
    """Split a key as editors, terminals and careful programmers do; the parts are what must vanish."""
    lead = len(key) // 2 if len(key) < 24 else rng.randint(20, len(key) - 8)
    one, two = key[:lead], key[lead:]
    style = rng.randrange(6)
    if style == 0:
        return f'KEY = "{one}" + "{two}"\n', (one[15:], two)
    if style == 1:
        return f'key = (\n    "{one}"\n    "{two}"\n)\n', (one[15:], two)
    if style == 2:
        return f"run --flag \\\n  --key {one}\\\n{two}\nnext line\n", (one[15:], two)
    if style == 3:
        return "x" * 20 + " " + prose(rng, 8) + f" {one}\n{two}\n\nthe end of it\n", (one[15:], two)
    if style == 4:
        return json.dumps({"out": f"{prose(rng, 9)} now {one}\n{two}\n\nthe end"}), (one[15:], two)
    return f"const k = '{one}' +\n  '{two}';\n", (one[15:], two)


def escaped(rng: random.Random, key: str) -> str:
    """Write a key inside JSON with some characters escaped, as some encoders do."""
    body = key.replace("-", "\\u002d").replace("/", "\\/")
    return '{"value":"' + (body if rng.random() < 0.5 else body.replace("_", "\\u005f")) + '","n":1}'


def encoded(rng: random.Random, key: str) -> tuple[str, str]:
    """Put a key into base64 at one of the three places in a group; the second is what must vanish."""
    inner = rng.choice(("", "u:", "x ", "user:", '{"auth":"')) + key + rng.choice(("", "\n", '"}'))
    run = base64.b64encode(inner.encode()).decode()
    return rng.choice(("data: {}\n", '{{"secretData":"{}"}}', "echo {} | base64 -d")).format(run), run.rstrip("=")


def keys(rng: random.Random) -> Iterator[tuple[str, str]]:
    """Give one key of each format of each vendor."""
    for vendor, forms in FORMATS.items():
        for form in forms:
            yield vendor, fill(rng, form)
    yield "discord", discord(rng)
    yield "jwt", jwt(rng)


def _token_texts(rng: random.Random) -> Iterator[Seeded]:
    names = list(SETTINGS)
    at = 0
    for _ in range(13):
        for vendor, key in keys(rng):
            name = names[at % len(names)]
            at += 1
            yield Seeded(SETTINGS[name](rng, key), (key,), vendor, name)
    for vendor, key in keys(rng):
        if len(key) > 30 and vendor not in (
            "telegram",
            "mailchimp",
            "terraform",
            "azure",
            "twilio",
            "databricks",
            "airtable",
            "discord",
        ):
            text, parts = wrapped(rng, key)
            yield Seeded(text, parts, vendor, "wrapped")
        if any(c in key for c in "-_/"):
            body = max(key.replace("/", "-").replace("_", "-").split("-"), key=len)
            yield Seeded(escaped(rng, key), (body,), vendor, "escaped")
        if vendor not in FOUND_BY_THEIR_MIDDLE | {"google", "twilio"}:
            text, run = encoded(rng, key)
            yield Seeded(text, (run,), vendor, "base64")


def _other_texts(rng: random.Random, count: int) -> Iterator[Seeded]:
    for at in range(count):
        pw = password(rng)
        shapes = (
            f"DB_PASSWORD={pw}\nDB_HOST=db\n",
            f'password: "{pw}"\nuser: app\n',
            json.dumps({"user": "app", "client_secret": pw}),
            json.dumps({"body": json.dumps({"adminPassword": pw})}),
            f"postgres://app:{pw.replace('#', 'x').replace('%', 'x')}@db.internal:5432/prod",
            f"redis://:{pw.replace('#', 'x').replace('%', 'x')}@cache:6379/0",
            f"const dbPassword = '{pw}';",
            f"    export MYSQL_ROOT_PASSWORD='{pw}'",
            f"mysqldump --host db --password '{pw}' shop",
        )
        text = shapes[at % len(shapes)]
        secret = pw if pw in text else pw.replace("#", "x").replace("%", "x")
        yield Seeded(text, (secret,), "password", f"password-{at % len(shapes)}")
        key = fill(rng, rng.choice(("{b40}", "{h40}", "{w43}k", "{l32}", "{h8}-{h4}-4{h3}-a{h3}-{h12}")))
        others = (
            f"SECRET_KEY={key}\n",
            f"export DEPLOY_TOKEN={key}",
            f"Authorization: Bearer {key}\n",
            f'headers = {{"X-Api-Key": "{key}"}}',
            f"aws_secret_access_key = {fill(rng, '{s40}')}\n",
            f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={fill(rng, '{s86}')}==;EndpointSuffix=core.windows.net",
            f"https://hooks.slack.com/services/T{fill(rng, '{u8}')}/B{fill(rng, '{u8}')}/{fill(rng, '{b24}')}",
            f"DD_API_KEY={fill(rng, '{h32}')}",
            f"accessToken: {key}",
            f"//registry.local/:_authToken={key}",
        )
        text = others[at % len(others)]
        marks = {4: "= ", 5: "AccountKey=", 6: "/B", 7: "="}
        if at % len(others) in marks:
            key = text.split(marks[at % len(others)])[1].split(";")[0].strip().rstrip("=")
            key = key.split("/")[-1] if at % len(others) == 6 else key
        yield Seeded(text, (key,), "assignment", f"assignment-{at % len(others)}")


def _pem_texts(rng: random.Random, count: int) -> Iterator[Seeded]:
    for at in range(count):
        key = pem(rng)
        line = key.splitlines()[2]
        whole = base64.b64encode(key.encode()).decode()
        folded = "\n".join(whole[i : i + 76] for i in range(0, len(whole), 76))
        texts = (
            (f"here it is\n{key}\nthanks", (line, key.splitlines()[-2])),
            (json.dumps({"private_key": key + "\n", "type": "service_account"}), (line,)),
            (f'PRIVATE="{key}"'.replace("\n", "\\n"), (line,)),
            (f"tls.key: {whole}\n", (whole.rstrip("="),)),
            (f"cat key.b64\n{folded}\n$ ", (folded.split("\n")[1], folded.split("\n")[0])),
            (key.rsplit("\n", 2)[0] + "\n[output cut]", (line,)),
            ("\n".join("+" + one for one in key.splitlines()), (line,)),
        )
        text, secrets = texts[at % len(texts)]
        yield Seeded(text, secrets, "pem", f"pem-{at % len(texts)}")


def seeded(seed: int = 7) -> list[Seeded]:
    """Return at least 2,000 texts that hold secrets."""
    rng = random.Random(seed)
    return [*_token_texts(rng), *_other_texts(rng, 180), *_pem_texts(rng, 70)]


PLACEHOLDERS = (
    "OPENAI_API_KEY=your-api-key-here",
    "export TOKEN=<token>",
    "api_key: ${API_KEY}",
    "password: changeme",
    "PASSWORD=$DB_PASSWORD",
    "sk" + "-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "sk" + "-ant-api03-your-key-goes-here-please",
    "ghp" + "_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "AKIA" + "IOSFODNN7EXAMPLE",
    "api_key = os.environ['API_KEY']",
    "const apiKey = process.env.API_KEY2;",
    "token = get_token2(session)",
    "password: str = None",
    "secret = self.config.secret_v2",
    "postgres://user:password@localhost:5432/db",
    "postgres://user:${DB_PASS}@host/db",
    "def login(password: str, token: Optional[str] = None) -> Token2:",
    "max_tokens=4096, token_count: 128000",
    "Authorization: Bearer $TOKEN",
    "Authorization: Bearer <access_token>",
    "PASSWORD=**********",
    "token: {{ secrets.GITHUB_TOKEN }}",
    "${{ secrets.NPM_TOKEN }}",
    "import sk" + "learn  # pip install sk-learn",
    "sk-" + "learn-contrib-metric-learning-extensions",
    "next_page_token = response.next_page_token_v1",
    'eos_token: "<|endoftext|>"',
    "cache_key = f'{user_id}:v2:{hash}'",
    "password_file=/run/secrets/db_password_1",
    "secretName: web-tls-2025",
    "the password must have 8 characters, 1 digit",
    "token = tokens[0]",
    "primary_key=True, foreign_key='user.id2'",
    "key: value1, key2: value2",
    "auth: basic",
    "tokenizer = AutoTokenizer.from_pretrained('bert-base-uncased')",
    "https://user@host:8080/path",
    "https://example.com:443/a@b",
    "-----BEGIN PUBLIC" + " KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n-----END PUBLIC KEY-----",
    "-----BEGIN PRIVATE" + " KEY-----\n...\n-----END PRIVATE KEY-----",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7kqz8pQm3n4yT2vB6wXcLr9sHdFgKjPqRtUvWxYz12 me@host",
    "integrity sha512-",
    "SECRET_KEY = config('SECRET_KEY')",
    "password = input('Password 1: ')",
    "hf_" + "hub_download_with_retry_and_backoff",
    "npm_" + "config_registry_fallback_timeout_ms",
    "key-" + "value-store-with-long-hyphenated-name",
    "re_" + "compile_pattern_with_named_groups",
    "pat-" + "na-name-of-pattern",
    "access-" + "control-allow-credentials-header",
    "secret_" + "manager_client_with_default_credentials",
    "AC" + "CESS_TOKEN_EXPIRE_MINUTES = 11520",
    'refresh_token_url: "/oauth2/token/v2"',
    "api-" + "gateway-7d9f8b6c5d-x2x4k",
    "ALGORITHM: HS256  token_type: bearer",
    "@dataclass\nclass Token:\n    kind: TokenKind2\n    value: str",
    "secret: true",
    "auth_token: null",
    "apiKey: string;",
    "private readonly token: CancellationToken2;",
)


def _code(rng: random.Random) -> str:
    a, b, c = (rng.choice(WORDS) + "_" + rng.choice(WORDS) for _ in range(3))
    return (
        f"def {a}({b}: str, {c}: int = {rng.randint(0, 99)}) -> dict[str, int]:\n    token = {b}.split('-')[{rng.randint(0, 5)}]\n"
        f"    if not token or token == '{c}':\n        raise KeyError({b!r})\n    key = ({a}.__name__, {c})\n    return {{key[0]: len(token)}}\n"
    )


def _lock(rng: random.Random) -> str:
    return f'"node_modules/{rng.choice(WORDS)}-{rng.choice(WORDS)}": {{\n  "version": "{rng.randint(0, 9)}.{rng.randint(0, 20)}.1",\n  "integrity": "sha512-{fill(rng, "{s86}")}=="\n}},'


def _minified(rng: random.Random) -> str:
    names = rng.choices(string.ascii_letters, k=12)
    return (
        "!function(e,t){"
        + "".join(
            f"var {n}=e.{rng.choice(WORDS)}[{rng.randint(0, 99)}],{n}{n}=t({n}?.key||'{rng.choice(WORDS)}');"
            for n in names
        )
        + "}(this,void 0);"
    )


def _camel(rng: random.Random) -> str:
    return "".join(w.title() for w in rng.choices(WORDS, k=6))


CLEAN: tuple[Callable[[random.Random], str], ...] = (
    lambda r: prose(r, 60),
    _code,
    lambda r: (
        f"commit {fill(r, '{h40}')}\nAuthor: A B <a@b.org>\n\n    {prose(r, 8)}\n\n {fill(r, '{h7}')}..{fill(r, '{h7}')} 100644"
    ),
    lambda r: json.dumps(
        {
            "uuid": str(uuid.UUID(int=r.getrandbits(128))),
            "parentUuid": str(uuid.UUID(int=r.getrandbits(128))),
            "ts": r.randint(10**12, 2 * 10**12),
        }
    ),
    lambda r: "data:image/png;base64,iVBORw0KGgo" + base64.b64encode(r.randbytes(900)).decode(),
    lambda r: "\n".join(f"{fill(r, '{h64}')}  dist/{r.choice(WORDS)}-{r.randint(0, 9)}.tar.gz" for _ in range(4)),
    _lock,
    _minified,
    lambda r: "\n".join(
        f"/usr/lib/python3/dist-packages/{r.choice(WORDS)}/{r.choice(WORDS)}_{r.choice(WORDS)}.py:{r.randint(1, 999)}: {prose(r, 5)}"
        for _ in range(5)
    ),
    lambda r: (
        f"class {_camel(r)}Factory extends Abstract{_camel(r)}Provider implements {_camel(r)} {{ get{_camel(r)}Token() {{ return this.key; }} }}"
    ),
    lambda r: prose(r, 10) + "\n\n" + r.choice(PLACEHOLDERS) + "\n\n" + prose(r, 10),
    lambda r: "\n".join(r.sample(PLACEHOLDERS, 3)),
    lambda r: json.dumps(
        {
            "usage": {"input_tokens": r.randint(1, 99999), "output_tokens": r.randint(1, 9999), "cache_read": 0},
            "id": "msg_01" + fill(r, "{b22}"),
            "request": "req_01" + fill(r, "{b22}"),
        }
    ),
    lambda r: json.dumps(
        {
            "type": "tool_use",
            "id": "toolu_01" + fill(r, "{b22}"),
            "name": "Bash",
            "input": {"command": "ls -la " + prose(r, 3)},
        }
    ),
    lambda r: (
        f"{r.randint(100, 999)} passed, {r.randint(0, 9)} failed in {r.random() * 90:.2f}s\nFAILED tests/test_{r.choice(WORDS)}.py::test_token_{r.choice(WORDS)} - KeyError: '{r.choice(WORDS)}'"
    ),
    lambda r: (
        f'sha256:{fill(r, "{h64}")} etag: W/"{fill(r, "{h32}")}" cf-ray: {fill(r, "{h16}")}-AMS trace={fill(r, "{h32}")}-{fill(r, "{h16}")}-01'
    ),
    lambda r: f'{{"signature": "{base64.b64encode(r.randbytes(300)).decode()}", "thinking": "{prose(r, 20)}"}}',
    lambda r: (
        f"drwxr-xr-x {r.randint(1, 9)} root root {r.randint(1000, 90000)} Mar  1 10:1{r.randint(0, 9)} {r.choice(WORDS)}-{fill(r, '{l10}')}-{fill(r, '{l5}')}"
    ),
    lambda r: (
        f"| {prose(r, 3)} | {r.randint(0, 10**6)} | `{_camel(r)}` |\n|---|---|---|\n| token_{r.choice(WORDS)} | 12 | https://site.org/{r.choice(WORDS)}#{r.choice(WORDS)} |"
    ),
    lambda r: f'[package]\nname = "{r.choice(WORDS)}"\nsource = "registry"\nchecksum = "{fill(r, "{h64}")}"\n',
)


def clean(count: int = 10_000, seed: int = 11) -> list[str]:
    """Return texts that hold no secret, though some look as if."""
    rng = random.Random(seed)
    return [CLEAN[at % len(CLEAN)](rng) for at in range(count)]
