"""Reports: the quarterly PDF of the sample company and of one quarter with 2,000 incidents, and
how quickly pages answer while a worker prints.

Prints reading, drawing and rendering apart, with the child's processor time and peak memory. Goals:
3 s warm for the sample, 15 s and 1 GiB for 2,000 incidents, p99 of pages at most twice as long.
``python -m benchmarks reports``; RCA_BENCH_INCIDENTS changes the 2,000.
"""

import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, select

from rca.config import Settings
from rca.domain.access import OPERATOR
from rca.domain.postmortem import PostmortemContent
from rca.domain.quarters import Quarter
from rca.domain.vocabulary import Role
from rca.services import accounts, authoring, report_pdf, reviews, sample
from rca.store import migrate
from rca.store import tables as t
from rca.store.engine import make_engine, reading, writing

NOW = datetime(2026, 10, 12, 9, 0, tzinfo=UTC)
QUARTER = Quarter(2026, 3)


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print seconds by the clock and of the children's processor."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    yield
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"   {what:34} {time.perf_counter() - start:6.2f} s, child {cpu:5.2f} s of processor, "
        f"peak of any child so far {after.ru_maxrss / 1024:.0f} MB",
        flush=True,
    )


def _engine(home: Path) -> Engine:
    engine = make_engine(f"sqlite:///{home / 'throughline.db'}")
    migrate.upgrade(engine, now=NOW)
    return engine


def _content(place: int) -> PostmortemContent:
    at = QUARTER.start + timedelta(minutes=60 * place % 129_000)
    minutes = 5 + place * 37 % 700
    marks = {"impact_started_at": 0, "detected_at": minutes / 5, "mitigated_at": minutes,
             "impact_ended_at": minutes + 20}  # fmt: skip
    return PostmortemContent.model_validate(
        {
            "title": f"Requests to service {place % 40} failed after a change",
            "severity": f"SEV{1 + place % 4}",
            "services": [f"service-{place % 40}"],
            "detection_method": ("alert_slo", "customer_report", "synthetic")[place % 3],
            "times": [
                {"milestone": name, "value": at + timedelta(minutes=after)}
                for name, after in marks.items()
            ],
            "factors": [{"statement": "A limit was not tested.", "factor_class": "test_gap"}],
            "ai_influences": [{"surface": "code", "state": ("unknown", "reported")[place % 2]}],
            "actions": [{"title": "Test the limit", "due": "2026-09-20"}],
            "summary": "It failed and was rolled back.",
        }
    )


def _fill(session: Session, count: int) -> None:
    for place in range(count):
        saved = authoring.create(session, viewer=OPERATOR, content=_content(place), now=NOW)
        query = select(t.PostmortemRow).where(t.PostmortemRow.reference == saved.reference)
        row = session.exec(query).one()
        row.status, row.published_at, row.published_number = "published", NOW, 1
        session.add(row)


def _measure(engine: Engine, home: Path) -> None:
    with timed("read and compute, first"), reading(engine) as session:
        review = reviews.build(session, period=QUARTER, now=NOW, organisation="Fernwick")
    with timed("read and compute, again"), reading(engine) as session:
        review = reviews.build(session, period=QUARTER, now=NOW, organisation="Fernwick")
    with reading(engine) as session:
        document = report_pdf.quarter_document(session, review=review)
    charts = tuple(review.charts())
    with timed(f"draw {len(charts)} charts"):
        report_pdf.charts_of(charts, home=home)
    with timed("render the PDF, charts drawn"):
        data = report_pdf.pdf_of(document, home=home)
    with timed("the same from the cache"):
        report_pdf.pdf_of(document, home=home)
    print(f"   {len(data) / 1024:.0f} KiB, {review.coverage.words}")


PAGES = 250


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _served(home: Path) -> Iterator[int]:
    """The product as it is served: web processes and a worker."""
    port = _free_port()
    env = {k: v for k, v in os.environ.items() if not k.startswith("RCA_")}
    env |= {"RCA_HOME": str(home), "RCA_PORT": str(port)}
    with open(home / "serve.log", "wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "rca", "serve"], env=env, stdout=log, stderr=log
        )
    try:
        for _ in range(120):
            with suppress(OSError):
                if _get(port, "/healthz", "")[1] == 200:
                    break
            time.sleep(0.5)
        yield port
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=60)


def _get(port: int, path: str, token: str) -> tuple[float, int]:
    """Seconds and status of one request."""
    line = HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Accept": "application/json"} | (
        {"Authorization": f"Bearer {token}"} if token else {}
    )
    started = time.perf_counter()
    line.request("GET", path, headers=headers)
    answer = line.getresponse()
    answer.read()
    line.close()
    return time.perf_counter() - started, answer.status


def _p(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(share * len(times)))] * 1000


def _pages(port: int, token: str, what: str) -> list[float]:
    paths = ("/postmortems", "/patterns", "/guardrails", "/actions")
    times = [_get(port, paths[n % len(paths)], token)[0] for n in range(PAGES)]
    print(
        f"   {what:34} median {_p(times, 0.5):6.0f} ms, p99 {_p(times, 0.99):6.0f} ms "
        f"(n = {len(times)})",
        flush=True,
    )
    return times


def _printing(port: int, token: str, stop: threading.Event) -> None:
    """Keep the worker busy: each document is asked for until it is made, then the next."""
    quarters = ("2026-Q3", "2026-Q2", "2026-Q1", "2025-Q4", "2025-Q3")
    made = 0
    for quarter in quarters:
        for size in ("a4", "letter"):
            while not stop.is_set():
                if _get(port, f"/reviews/{quarter}.pdf?paper={size}", token)[1] == 200:
                    made += 1
                    break
                stop.wait(1.0)
    print(f"   documents made meanwhile: {made}", flush=True)


def _responsive(home: Path, engine: Engine) -> None:
    with writing(engine) as session:
        accounts.create_user(
            session, actor=OPERATOR, name="bench", display_name="Bench", role=Role.ADMIN, now=NOW
        )
        token = accounts.make_token(
            session, actor=OPERATOR, name="bench", label="bench", scopes=("admin",),
            now=datetime.now(UTC),
        )  # fmt: skip
    with _served(home) as port:
        _pages(port, token, "pages, warming up")
        idle = _pages(port, token, "pages, nothing printed")
        stop = threading.Event()
        printing = threading.Thread(target=_printing, args=(port, token, stop))
        printing.start()
        time.sleep(2)
        busy = _pages(port, token, "pages, while a worker prints")
        stop.set()
        printing.join()
    print(f"   p99 while printing: {_p(busy, 0.99) / _p(idle, 0.99):.2f} times (goal 2)")


def main() -> None:
    """Both instances, each in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        engine = _engine(home)
        settings = Settings(home=home, database_url=str(engine.url))
        sample.load(engine, settings, now=NOW)
        print("sample company")
        _measure(engine, home)
        print("pages while the worker prints reviews of the sample company")
        _responsive(home, engine)
        engine.dispose()
    count = int(os.environ.get("RCA_BENCH_INCIDENTS", "2000"))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        engine = _engine(home)
        with writing(engine) as session:
            _fill(session, count)
        print(f"{count} incidents in one quarter")
        _measure(engine, home)
        engine.dispose()
