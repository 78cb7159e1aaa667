"""Where the rules come from: a file, a folder, or the service's address with a cached copy."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mining.policy.stream import PolicyTextError, parse
from rca.gate.found import GateError

TIMEOUT = 10
MOST_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Policies:
    """The rules, and a word about where they come from when it is not the source itself."""

    docs: tuple[Mapping[str, Any], ...]
    source: str
    stale: str = ""


def _parsed(text: str, where: str) -> tuple[Mapping[str, Any], ...]:
    try:
        docs = parse(text)
    except PolicyTextError as error:
        raise GateError(f"{where}: {error}") from error
    for doc in docs:
        if not {"metadata", "spec"} <= set(doc) or doc.get("kind") != "GuardrailPolicy":
            raise GateError(f"{where}: a document is no GuardrailPolicy")
    return tuple(docs)


def _files(place: Path) -> Policies:
    names = sorted(place.glob("**/*.y*ml")) if place.is_dir() else [place]
    docs: list[Mapping[str, Any]] = []
    for name in names:
        if name.name == "facts.yml":
            continue
        try:
            docs += _parsed(name.read_text(encoding="utf-8"), str(name))
        except (OSError, UnicodeDecodeError) as error:
            raise GateError(f"{name}: {error}") from error
    return Policies(tuple(docs), str(place))


def _cache(url: str, folder: Path) -> tuple[Path, Path]:
    name = hashlib.sha256(url.encode()).hexdigest()[:24]
    return folder / f"{name}.yaml", folder / f"{name}.etag"


def _write(path: Path, text: str) -> None:
    """Whole or not at all: a gate beside this one reads the same file."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_suffix(f"{path.suffix}.{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _fetch(url: str, token: str, etag: str) -> tuple[int, str, str]:
    # Loading the http client costs 80 ms, which a gate that reads a file should not pay.
    import urllib.error
    import urllib.request

    class NoRedirect(urllib.request.HTTPRedirectHandler):
        """A redirect would carry the token to an address that nobody named."""

        def redirect_request(self, *args: Any, **kwargs: Any) -> None:
            return None

    headers = {"Accept": "application/yaml"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if etag:
        headers["If-None-Match"] = etag
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - http or https, checked
    try:
        with urllib.request.build_opener(NoRedirect).open(request, timeout=TIMEOUT) as answer:
            body = answer.read(MOST_BYTES + 1)
            return answer.status, body.decode("utf-8"), answer.headers.get("ETag", "")
    except urllib.error.HTTPError as error:
        error.close()
        return error.code, "", ""


def _address(url: str, token: str, folder: Path) -> Policies:
    body, tag = _cache(url, folder)
    known = tag.read_text(encoding="utf-8") if tag.is_file() and body.is_file() else ""
    why = ""
    try:
        status, text, etag = _fetch(url, token, known)
        if status == 200:
            docs = _parsed(text, url)
            _write(body, text)
            _write(tag, etag)
            return Policies(docs, url)
        if status != 304:
            why = f"the service answered {status}"
    except (OSError, UnicodeDecodeError) as error:
        why = f"the service did not answer ({error})"
    if not body.is_file():
        raise GateError(f"{url}: {why or 'nothing is cached'}")
    docs = _parsed(body.read_text(encoding="utf-8"), url)
    return Policies(docs, url, f"{why}: these rules are a cached copy" if why else "")


def past(address: str, token: str) -> Mapping[str, Any]:
    """What the service says of the past, with whole addresses. Raises GateError."""
    import json

    try:
        status, text, _ = _fetch(address, token, "")
        entries = json.loads(text) if status == 200 else None
    except (OSError, ValueError) as error:
        raise GateError(f"{address} did not answer ({error})") from error
    if not isinstance(entries, dict):
        raise GateError(f"{address} answered {status}")
    origin = "/".join(address.split("/", 3)[:3])
    return {
        name: [str(line).replace("(/", f"({origin}/") for line in lines]
        for name, lines in entries.get("services", {}).items()
    }


def load(source: str, *, token: str = "", cache: Path) -> Policies:
    """The rules of a file, a folder or an http(s) address. Raises GateError."""
    if source.startswith(("https://", "http://")):
        return _address(source, token, cache)
    place = Path(source)
    if not place.exists():
        raise GateError(f"{source}: there is no such file or folder")
    return _files(place)
