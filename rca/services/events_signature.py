"""Whether a delivery comes from who holds the secret. Every comparison takes constant time.

GitHub and Jira sign the body; GitLab sends its token; PagerDuty signs and may list several
signatures; the others follow Standard Webhooks (id.timestamp.body, five minutes of clock
difference). Alertmanager and DevLake's scripts can't sign, so those two may send the secret as a
bearer token instead.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

LATITUDE = timedelta(seconds=300)
BEARER = ("alertmanager", "devlake")


@dataclass(frozen=True, slots=True)
class Checked:
    """The id of a genuine delivery, or why it is refused."""

    delivery_id: str = ""
    refused: str = ""


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def _hex(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def key_of(secret: str) -> bytes:
    """The signing key of a Standard Webhooks secret: base64 behind its prefix, else its bytes."""
    if secret.startswith("whsec_"):
        try:
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except (ValueError, binascii.Error):
            pass
    return secret.encode()


def sign(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """The Standard Webhooks signature: ``v1,`` and base64."""
    content = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(key_of(secret), content, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def check(
    source: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    secrets: Sequence[str],
    now: datetime,
) -> Checked:
    """Check one delivery. Without an id of its sender its body's digest stands for one."""
    if not secrets:
        return Checked(refused="No secret is set for this source.")
    if source == "github":
        return _github(headers, body, secrets)
    if source == "gitlab":
        return _gitlab(headers, body, secrets)
    if source == "jira":
        return _jira(headers, body, secrets)
    if source == "pagerduty":
        return _pagerduty(headers, body, secrets)
    bearer = headers.get("authorization", "")
    if source in BEARER and "webhook-signature" not in headers and bearer:
        scheme, _, token = bearer.partition(" ")
        good = scheme.lower() == "bearer" and any(_same(token.strip(), one) for one in secrets)
        return Checked(_digest(body)) if good else Checked(refused="The token is not the secret.")
    return _standard(headers, body, secrets, now)


def _digest(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _github(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> Checked:
    given = headers.get("x-hub-signature-256", "")
    if not any(_same(given, f"sha256={_hex(secret, body)}") for secret in secrets):
        return Checked(refused="X-Hub-Signature-256 does not fit the body.")
    return Checked(headers.get("x-github-delivery", "")[:240] or _digest(body))


def _gitlab(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> Checked:
    given = headers.get("x-gitlab-token", "")
    if not any(_same(given, secret) for secret in secrets):
        return Checked(refused="X-Gitlab-Token is not the secret.")
    named = headers.get("idempotency-key") or headers.get("x-gitlab-event-uuid") or ""
    return Checked(named[:240] or _digest(body))


def _jira(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> Checked:
    given = headers.get("x-hub-signature", "")
    if not any(_same(given, f"sha256={_hex(secret, body)}") for secret in secrets):
        return Checked(refused="X-Hub-Signature does not fit the body.")
    # Jira's own identifier is not signed; the same body again is the same delivery.
    return Checked(_digest(body))


def _pagerduty(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> Checked:
    given = [part.strip() for part in headers.get("x-pagerduty-signature", "").split(",")]
    wanted = [f"v1={_hex(secret, body)}" for secret in secrets]
    if not any(_same(one, other) for one in given[:8] for other in wanted):
        return Checked(refused="X-PagerDuty-Signature does not fit the body.")
    # The id of the event is in the signed body; a header beside it could be changed.
    return Checked(_digest(body))


def _standard(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime
) -> Checked:
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message_id or len(message_id) > 240 or not (stamp.isascii() and stamp.isdigit()):
        return Checked(refused="webhook-id, webhook-timestamp or webhook-signature is missing.")
    if len(stamp) > 12 or abs(int(stamp) - now.timestamp()) > LATITUDE.total_seconds():
        return Checked(refused="webhook-timestamp is more than five minutes away.")
    given = headers.get("webhook-signature", "").split()[:8]
    wanted = [sign(secret, message_id, stamp, body) for secret in secrets]
    if not any(_same(one, other) for one in given for other in wanted):
        return Checked(refused="webhook-signature does not fit.")
    return Checked(message_id)
