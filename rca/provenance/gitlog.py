"""Commits of a git repository, read by the git command, newest first.

The only impure module of the room. Nothing is fetched: notes must have been fetched before
(``git fetch origin refs/notes/ai:refs/notes/ai``), since git does not do so by itself.
"""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
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
    if held.strip():
        yield held


def _stream(command: list[str]) -> Iterator[str]:
    """Records of a git command. Raises GitError with git's own first line."""
    with subprocess.Popen(  # noqa: S603 - fixed commands; a span can't be an option
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        reader = child.stdout
        chunks = (
            data.decode("utf-8", "replace") for data in iter(lambda: reader.read(_CHUNK), b"")
        )
        yield from _records(chunks)
        error = child.stderr.read()
        if child.wait() != 0:
            raise GitError(_spoken(error))


def commits(repo: Path, span: str = "HEAD") -> Iterator[Commit]:
    """Non-merge commits of ``span`` (``A..B`` or a ref) with their AI notes. Raises GitError."""
    for record in _stream(_command(repo, span)):
        if record.count(_FIELD) >= 6:
            yield _commit(record)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One commit with when it landed, what it touched, and which commits it reverts."""

    commit: Commit
    at: datetime
    paths: tuple[str, ...]
    added: int
    deleted: int
    reverts: tuple[str, ...]


_REVERTS = re.compile(r"^This reverts commit ([0-9a-f]{7,40})", re.MULTILINE)
_RENAME = re.compile(r"\{[^{}]* => ([^{}]*)\}|^.* => (.*)$")
_HISTORY = _RECORD + _FIELD.join(("%H", "%an", "%ae", "%cn", "%ce", "%ct", "%B", "%N")) + _FIELD


def _path(text: str) -> str:
    """The new name of a renamed file, as numstat writes renames."""
    return _RENAME.sub(lambda m: m[1] if m[1] is not None else m[2], text).replace("//", "/")


def _numbers(lines: str) -> tuple[tuple[str, ...], int, int]:
    paths, added, deleted = [], 0, 0
    for line in lines.splitlines():
        parts = line.split("\t", 2)
        if len(parts) == 3:
            paths.append(_path(parts[2]))
            added += int(parts[0]) if parts[0].isdigit() else 0
            deleted += int(parts[1]) if parts[1].isdigit() else 0
    return tuple(paths), added, deleted


def _entry(record: str) -> HistoryEntry:
    sha, name, mail, committer, committer_mail, at, message, rest = record.split(_FIELD, 7)
    note, _, numbers = rest.partition(_FIELD)
    paths, added, deleted = _numbers(numbers)
    commit = Commit(
        sha=sha.strip(), message=message.rstrip("\n"), author_name=name, author_email=mail,
        committer_name=committer, committer_email=committer_mail, note=note.strip("\n"),
    )  # fmt: skip
    reverts = tuple(_REVERTS.findall(message)) if commit.subject.startswith("Revert") else ()
    return HistoryEntry(
        commit, datetime.fromtimestamp(int(at), UTC), paths, added, deleted, reverts
    )


def history(repo: Path, span: str = "HEAD") -> Iterator[HistoryEntry]:
    """Non-merge commits of ``span`` on the way of first parents, oldest first, with their sizes.

    Oldest first makes the newest stored commit the place to go on from. Raises GitError.
    """
    if span.startswith("-"):
        raise GitError(f"“{span}” is not a range of commits.")
    command = [
        "git", "-C", str(repo), "log", "--reverse", "--no-merges", "--no-color", "--numstat",
        "--notes=ai", f"--format={_HISTORY}", span, "--",
    ]  # fmt: skip
    for record in _stream(command):
        if record.count(_FIELD) >= 7:
            yield _entry(record)


def is_ancestor(repo: Path, sha: str) -> bool:
    """Whether ``sha`` is still in the history of HEAD."""
    done = subprocess.run(  # noqa: S603 - a fixed command
        ["git", "-C", str(repo), "merge-base", "--is-ancestor", sha, "HEAD"],  # noqa: S607
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def name_of(repo: Path) -> str:
    """The repository's name: of its origin when it has one, else of its folder."""
    done = subprocess.run(  # noqa: S603 - a fixed command
        ["git", "-C", str(repo), "remote", "get-url", "origin"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    address = done.stdout.strip().removesuffix(".git").rstrip("/")
    parts = [part for part in re.split(r"[/:]", address) if part]
    return "/".join(parts[-2:]) if parts else repo.resolve().name
