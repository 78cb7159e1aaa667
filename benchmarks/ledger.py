"""How long the ledger takes: 100,000 commits from git, and the published file of changes."""

import os
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from rca.domain.access import OPERATOR
from rca.formats.changes import read
from rca.services import risk
from rca.services.change_sync import sync
from rca.store import migrate
from rca.store.engine import make_engine

COMMITS = 100_000
_BODIES = (
    "Bound the pool of connections",
    "Read the limit from the config\n\nCo-Authored-By: Claude <noreply@anthropic.com>",
    "Say which shard answered\n\nThe log had no name for it.\n\nReviewed-by: B <b@x.example>",
    "Retry once when the lease moved\n\nDrafted with Codex, then simplified.",
)


def _stream(commits: int) -> bytes:
    """A history for ``git fast-import``: one file a commit, 40 folders."""
    parts = []
    for number in range(commits):
        body = _BODIES[number % len(_BODIES)].encode()
        text = f"value = {number}\n".encode()
        who = f"Mara <m@x.example> {1_600_000_000 + number * 600} +0000".encode()
        parts.append(
            b"commit refs/heads/main\nmark :%d\nauthor %s\ncommitter %s\ndata %d\n%s\n"
            % (number + 1, who, who, len(body), body)
            + (b"from :%d\n" % number if number else b"")
            + b"M 100644 inline part%d/f.py\ndata %d\n%s\n" % (number % 40, len(text), text)
        )
    return b"".join(parts)


def _made_repository(folder: Path) -> Path:
    subprocess.run(["git", "init", "-q", "-b", "main", str(folder)], check=True)
    subprocess.run(["git", "-C", str(folder), "fast-import", "--quiet"],
                   input=_stream(COMMITS), check=True)  # fmt: skip
    return folder


def _sync(folder: Path) -> None:
    engine = make_engine(f"sqlite:///{folder / 'bench.db'}")
    now = datetime.now(UTC)
    migrate.upgrade(engine, now=now)
    repo = _made_repository(folder / "repo")
    started = time.perf_counter()
    done = sync(engine, viewer=OPERATOR, path=repo, now=now)
    seconds = time.perf_counter() - started
    print(f"sync: {done.read:,} commits in {seconds:.1f} s ({done.read / seconds:,.0f}/s)")
    started = time.perf_counter()
    sync(engine, viewer=OPERATOR, path=repo, now=now)
    print(f"sync again, nothing new: {time.perf_counter() - started:.2f} s")
    started = time.perf_counter()
    log = subprocess.run(["git", "-C", str(repo), "log", "--numstat", "--no-merges"],
                         capture_output=True, check=True)  # fmt: skip
    print(
        f"git log --numstat alone: {time.perf_counter() - started:.1f} s, {len(log.stdout):,} bytes"
    )


def _published(data: str) -> None:
    path = Path(data) / "changes" / "changes.csv"
    started = time.perf_counter()
    sheet = read(path.read_text(encoding="utf-8"), name=path.name)
    loaded = time.perf_counter() - started
    report = risk.of_records(sheet.changes, outcome="reverted_30d", by="repo", source=path.name)
    whole = time.perf_counter() - started
    print(
        f"changes.csv: {len(sheet.changes):,} rows in {loaded:.1f} s, with the report {whole:.1f} s"
    )
    print(report.sentence)


def main() -> None:
    """Run both; the second needs RCA_DATA."""
    with tempfile.TemporaryDirectory() as folder:
        _sync(Path(folder))
    data = os.environ.get("RCA_DATA")
    if data:
        _published(data)
    else:
        print("changes.csv: RCA_DATA is not set, left out")


if __name__ == "__main__":
    main()
