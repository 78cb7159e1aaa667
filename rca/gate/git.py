"""What git says of a range: paths, lines, commits. Few calls, none through a shell."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from rca.gate.found import GateError

_SEPARATORS = "%H%x1f%cI%x1f%an%x1f%ae%x1f%cn%x1f%ce%x1f%B%x1e"


@dataclass(frozen=True, slots=True)
class CommitText:
    """One commit of the range."""

    sha: str
    at: str
    author_name: str
    author_email: str
    committer_name: str
    committer_email: str
    message: str


@dataclass(frozen=True, slots=True)
class Range:
    """The change between two revisions."""

    base: str
    head: str
    paths: tuple[str, ...]
    lines: int | None
    commits: tuple[CommitText, ...]
    remote: str


def _git(repo: Path, *words: str) -> str:
    command = ["git", "-C", str(repo), "-c", "core.quotepath=off", *words]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GateError(f"git could not be run: {error}") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise GateError(f"git {words[0]}: {said[-1] if said else 'failed'}")
    return done.stdout.decode(errors="replace")


def _revision(text: str) -> str:
    """A revision can't be an option: git would take ``--output=...`` for one."""
    if not text or text.startswith("-") or any(sign in text for sign in "\n\0 "):
        raise GateError(f"“{text}” is not a revision")
    return text


def show(repo: Path, revision: str, path: str) -> str | None:
    """The file at that revision, or None when it is not there."""
    try:
        return _git(repo, "show", f"{_revision(revision)}:{path}")
    except GateError as error:
        if "is not a revision" in str(error):
            raise
        return None


def commit_of(repo: Path, revision: str) -> str:
    """The commit's id, or the words given when there is no such commit here."""
    try:
        return _git(repo, "rev-parse", f"{_revision(revision)}^{{commit}}").strip()
    except GateError:
        return revision


def _counts(text: str) -> tuple[tuple[str, ...], int | None]:
    paths: list[str] = []
    lines: int | None = 0
    fields = iter(text.split("\0"))
    for entry in fields:
        if not entry:
            continue
        added, deleted, path = entry.split("\t", 2)
        if not path:  # a rename: the two names follow, and both are touched
            paths += [next(fields), next(fields)]
        else:
            paths.append(path)
        if added == "-":
            lines = None
        elif lines is not None:
            lines += int(added) + int(deleted)
    return tuple(sorted(set(paths))), lines


def _commits(text: str) -> tuple[CommitText, ...]:
    entries = (entry.strip("\n") for entry in text.split("\x1e"))
    return tuple(CommitText(*entry.split("\x1f", 6)) for entry in entries if entry)


def read_range(repo: Path, base: str, head: str) -> Range:
    """The change from the merge base of the two to ``head``. Raises GateError."""
    base, head = _revision(base), _revision(head)
    fork = _git(repo, "merge-base", base, head).strip()
    numbers = _git(repo, "diff", "--numstat", "-z", "-M", fork, head)
    paths, lines = _counts(numbers)
    log = _git(repo, "log", f"--format={_SEPARATORS}", f"{fork}..{head}")
    return Range(base, head, paths, lines, _commits(log), _remote(repo))


def _remote(repo: Path) -> str:
    try:
        url = _git(repo, "config", "--get", "remote.origin.url").strip()
    except GateError:
        return ""
    tail = url.removesuffix(".git").rstrip("/").replace(":", "/").split("/")
    return "/".join(tail[-2:]) if len(tail) >= 2 else ""
