"""Tell the service what the gate said of a change, so that hits and overrides can be counted.

Two labels of the pull request speak for people: that a rule was overridden, that it was wrong.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rca.gate.check import Judged
from rca.gate.found import GateError

TIMEOUT = 10
OVERRIDDEN, FALSE_POSITIVE = "guardrail-overridden", "guardrail-false-positive"
_TOLD = ("violation", "excepted", "unknown", "pass")


def entries(found: Sequence[Judged], record: Mapping[str, Any], ref: str) -> list[dict[str, Any]]:
    """One entry per rule that had something to say. Names the change, never a person."""
    labels = record.get("labels") or ()
    flags = {"overridden": OVERRIDDEN in labels, "false_positive": FALSE_POSITIVE in labels}
    repo = str(record.get("repo") or "")
    return [
        {
            "rule": item.outcome.rule, "repo": repo, "ref": ref, "state": item.outcome.state,
            **{name: said and item.outcome.state == "violation" for name, said in flags.items()},
        }
        for item in found
        if item.outcome.state in _TOLD
    ]  # fmt: skip


def post(address: str, token: str, told: Sequence[Mapping[str, Any]]) -> int:
    """Send every entry; how many the service took. Raises GateError when it does not answer."""
    if not address.startswith(("https://", "http://")):
        raise GateError(f"{address} is not an address")
    return sum(_one(address, token, entry) for entry in told)


def _one(address: str, token: str, entry: Mapping[str, Any]) -> bool:
    # Loaded here: a gate that tells nobody need not pay for an http client.
    import urllib.error
    import urllib.request

    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    data = json.dumps(entry).encode()
    request = urllib.request.Request(address, data, headers)  # noqa: S310 - http or https, checked
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            return bool(answer.status == 201)
    except urllib.error.HTTPError as error:
        error.close()
        return False
    except OSError as error:
        raise GateError(f"{address} did not answer ({error})") from error
