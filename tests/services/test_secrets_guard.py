"""Secrets: found in what people paste and vendors send, and nearly never in prose."""

import base64
import json
import random
import string
from collections.abc import Callable
from datetime import datetime

import pytest
from sqlmodel import Session, select

from rca.domain.postmortem import AIEvidence
from rca.services import authoring, reading
from rca.services.secrets_guard import find, in_words, redact, redact_model, redact_tree
from rca.store import tables as t
from tests.factories import rich
from tests.people import People

_LETTERS = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"


def _some(draw: random.Random, count: int, alphabet: str = _LETTERS) -> str:
    return "".join(draw.choice(alphabet) for _ in range(count))


def _pem(draw: random.Random) -> str:
    body = "\n".join(_some(draw, 64, _LETTERS + "+/") for _ in range(6))
    name = draw.choice(["RSA ", "EC ", "", "OPENSSH "])
    return f"-----BEGIN {name}PRIVATE KEY-----\n{body}\n-----END {name}PRIVATE KEY-----"


def _jwt(draw: random.Random) -> str:
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=").decode()
    claims = json.dumps({"sub": _some(draw, 8), "exp": draw.randint(1, 10**9)}).encode()
    body = base64.urlsafe_b64encode(claims).rstrip(b"=").decode()
    return f"{head}.{body}.{_some(draw, 43)}"


def _password(draw: random.Random) -> str:
    return "".join(
        (_some(draw, 5, string.ascii_lowercase), _some(draw, 3, string.digits),
         draw.choice("!#%+?"), _some(draw, 3, string.ascii_uppercase))
    )  # fmt: skip


# Kind -> how one is made; {} stands where a text holds it. Shapes follow the issuers' own docs.
KINDS: dict[str, Callable[[random.Random], str]] = {
    "github classic": lambda d: "ghp_" + _some(d, 36),
    "github fine-grained": lambda d: "github_pat_" + _some(d, 22) + "_" + _some(d, 59),
    "gitlab": lambda d: "glpat-" + _some(d, 20, _LETTERS + "_-"),
    "aws id": lambda d: "AKIA" + _some(d, 16, string.ascii_uppercase + "234567"),
    "aws secret": lambda d: "aws_secret_access_key = " + _some(d, 40, _LETTERS + "+/"),
    "slack bot": lambda d: f"xoxb-{_some(d, 12, string.digits)}-{_some(d, 24)}",
    "slack webhook": lambda d: (
        f"https://hooks.slack.com/services/T{_some(d, 8).upper()}/B{_some(d, 8).upper()}/{_some(d, 24)}"
    ),
    "stripe": lambda d: "sk_live_" + _some(d, 24),
    "google api": lambda d: "AIza" + _some(d, 35, _LETTERS + "_-"),
    "google oauth": lambda d: "ya29." + _some(d, 60, _LETTERS + "_-"),
    "openai": lambda d: "sk-proj-" + _some(d, 48),
    "anthropic": lambda d: "sk-ant-api03-" + _some(d, 60, _LETTERS + "_-"),
    "sendgrid": lambda d: f"SG.{_some(d, 22)}.{_some(d, 43)}",
    "npm": lambda d: "npm_" + _some(d, 36),
    "vault": lambda d: "hvs." + _some(d, 28),
    "jwt": _jwt,
    "private key": _pem,
    "database address": lambda d: f"postgresql://app:{_password(d)}@db.internal:5432/shop",
    "bearer header": lambda d: "Authorization: Bearer " + _some(d, 40),
    "password": lambda d: f"password: {_password(d)}",
}
PLACES = (
    "{}",
    "on-call pasted this into the channel: {} and it worked",
    '{{"note": "{}"}}',
    "export VALUE={}",
    "09:14 responder: try again with `{}` please",
)
PROSE = """
The token bucket was too small for the evening peak.
We rotated the token and the errors stopped within a minute.
The password reset page returned 500 for every customer.
Password: see the vault entry of the payments team.
The secret was mounted under a name that the new chart did not use.
A key question is why the alert stayed silent for nineteen minutes.
The API key had expired on Sunday; nothing warned of it.
secret: rotated on Monday by the platform team
The primary key of the orders table is a 64-bit integer.
token: expired
The session token is checked by the edge before the service sees it.
Basic authentication was switched off in March.
Bearer tokens are cached for five minutes by the gateway.
Commit 4f2a91c7d0b3e5a6879f1234567890abcdef1234 halved the pool.
Trace 7f3e9a1c2b4d5e6f708192a3b4c5d6e7 shows the retry storm.
The image digest was sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.
See https://status.fernwick.example/incidents/2026-08-14 for what customers read.
groupKey: {}:{alertname="CheckoutErrors"}
The credentials file is read at start only.
Set PASSWORD=${DB_PASSWORD} in the environment of the job.
token = os.environ["SERVICE_TOKEN"]
The connection string points at the replica since Tuesday.
kubectl get secret checkout-db -o yaml
Request 3f2504e0-4f89-41d3-9a0c-0305e82c3301 took eleven seconds.
The risk-assessment task-force met at 14:00 and sk-ipped the second item.
"""


def corpus(seed: int) -> list[tuple[str, str, str]]:
    """(kind, line, what must be gone): three of each of the twenty kinds, in different places."""
    draw = random.Random(seed)
    found = []
    for kind, make in KINDS.items():
        for _ in range(3):
            secret = make(draw)
            found.append((kind, draw.choice(PLACES).format(secret), secret))
    return found


def _gone(text: str, secret: str) -> bool:
    """No run of twelve characters of the secret's value survives."""
    value = secret.split(" ")[-1] if "PRIVATE" not in secret else secret.splitlines()[2]
    if "://app:" in value:
        value = value.removeprefix("postgresql://app:").partition("@")[0]
    return value[:12] not in text and value[-12:] not in text


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_recall_over_sixty_tokens_of_twenty_kinds(seed: int) -> None:
    cases = corpus(seed)
    assert (len(cases), len({kind for kind, _, _ in cases})) == (60, 20)
    missed = [(kind, text) for kind, text, secret in cases if not _gone(redact(text).text, secret)]
    assert len(missed) <= 3, missed  # 95 %


def test_prose_about_secrets_is_left_alone() -> None:
    lines = [line for line in PROSE.splitlines() if line]
    wrong = [(line, find(line)) for line in lines if find(line)]
    assert wrong == []


def test_a_harness_without_patterns_would_fail() -> None:
    assert sum(not _gone(text, secret) for _, text, secret in corpus(1)) == 60


def test_redacting_twice_changes_nothing() -> None:
    for _, text, _ in corpus(4):
        once = redact(text).text
        assert redact(once).text == once


def test_json_stays_json() -> None:
    draw = random.Random(5)
    for make in KINDS.values():
        body = json.dumps({"note": make(draw), "password": _password(draw), "n": 1})
        assert json.loads(redact(body).text)["n"] == 1


def test_the_person_is_told_the_kind_and_the_line_and_never_the_value() -> None:
    secret = "glpat-" + "a1B2c3D4e5F6g7H8i9J0"
    done = redact(f"first line\nsecond {secret}\n")
    words = in_words(done.found)
    assert "GitLab token (line 2)" in words
    assert secret not in words
    assert in_words(()) == ""


def test_models_and_trees_keep_everything_else() -> None:
    secret = "hvs." + "A1b2C3d4E5f6G7h8I9j0K1l2"
    item = AIEvidence(basis="log", quote=f"export VAULT_TOKEN={secret}", locator="run 12")
    clean, found = redact_model(item)
    assert (clean.locator, len(found)) == ("run 12", 1)
    assert secret not in clean.quote
    tree, found = redact_tree({"a": [secret, 3, None], "b": {"c": "plain words"}})
    assert tree["b"] == {"c": "plain words"}
    assert tree["a"][1:] == [3, None]
    same, none = redact_model(clean)
    assert same is clean
    assert none == ()


def test_a_hostile_line_costs_no_more_than_its_length() -> None:
    """Shapes that tempt a pattern to look again and again; the test ends, so it did not."""
    for part in ("password=", "a.", "sk-", "eyJ", "://a:", "-----BEGIN PRIVATE KEY-----", "_token"):
        find(part * 2_000)


def test_what_is_saved_holds_no_secret_and_the_writer_is_told(
    session: Session, people: People, now: datetime
) -> None:
    secret = "ghp_" + _some(random.Random(6), 36)
    content = rich(summary=f"It worked with {secret} in the shell.")
    made = authoring.create(session, viewer=people.ines, content=content, now=now)
    assert [one.kind for one in made.redacted] == ["GitHub token"]
    stored = reading.view(session, viewer=people.ines, reference=made.reference).content
    assert stored.summary == "It worked with [redacted GitHub token] in the shell."
    again = authoring.save(
        session,
        viewer=people.ines,
        reference=made.reference,
        content=stored.model_copy(update={"response": f"curl -H 'Authorization: Bearer {secret}'"}),
        base_version=made.version,
        now=now,
    )
    assert again.redacted
    kept = [json.dumps(row.content) for row in session.exec(select(t.Revision))]
    assert len(kept) == 2
    assert not [text for text in kept if secret in text]
