"""Commits of a git repository, read by the git command, newest first.

The only impure module of the room. Nothing is fetched: notes must have been fetched before
(``git fetch origin refs/notes/ai:refs/notes/ai``), since git does not do so by itself.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from rca.provenance.commit import Commit

_FIELD, _RECORD = "\x1f", "\x1e"
_FORMAT = _FIELD.join(("%H", "%an", "%ae", "%cn", "%ce", "%B", "%N")) + _RECORD
_CHUNK = 1 << 16


class GitError(ValueError):
    """git refused; the message is its own first line."""


def _spoken(error: bytes) -> str:
    return error.decode("utf-8", "replace").strip().partition("\n")[0] or "git failed"


def _command(repo: Path, span: str) -> list[str]:
    if span.startswith("-"):
        raise GitError(f"“{span}” is not a range of commits.")
    return [
        "git", "-C", str(repo), "log", "--no-merges", "--no-color", "--notes=ai",
        f"--format={_FORMAT}", span or "HEAD", "--",
    ]  # fmt: skip


def _commit(record: str) -> Commit:
    sha, author, author_mail, committer, committer_mail, message, note = record.split(_FIELD, 6)
    return Commit(
        sha=sha.strip(), message=message.rstrip("\n"), author_name=author,
        author_email=author_mail, committer_name=committer, committer_email=committer_mail,
        note=note.strip("\n"),
    )  # fmt: skip


def _records(stream: Iterator[str]) -> Iterator[str]:
    held = ""
    for chunk in stream:
        *whole, held = (held + chunk).split(_RECORD)
        yield from whole


def commits(repo: Path, span: str = "HEAD") -> Iterator[Commit]:
    """Non-merge commits of ``span`` (``A..B`` or a ref) with their AI notes. Raises GitError."""
    with subprocess.Popen(  # noqa: S603 - a fixed command; the span can't be an option
        _command(repo, span), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        reader = child.stdout
        chunks = (
            data.decode("utf-8", "replace") for data in iter(lambda: reader.read(_CHUNK), b"")
        )
        for record in _records(chunks):
            if record.count(_FIELD) >= 6:
                yield _commit(record)
        error = child.stderr.read()
        if child.wait() != 0:
            raise GitError(_spoken(error))
