"""Reports: the quarterly PDF of the sample company, mined, and of one quarter with 2,000 incidents,
and how quickly pages answer while a worker prints.

Prints reading, drawing and setting apart, with processor time and peak memory. Goals:
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
from dataclasses import replace
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
from rca.reports.rendering import draw_charts, make_pdf
from rca.reports.warm import pool
from rca.services import accounts, authoring, mining, report_pdf, reviews, sample
from rca.services import documents as printing
from rca.services.report_pdf import Document
from rca.store import migrate
from rca.store import tables as t
from rca.store.engine import make_engine, reading, writing

NOW = datetime(2026, 10, 12, 9, 0, tzinfo=UTC)
QUARTER = Quarter(2026, 3)


def _used() -> tuple[float, float]:
    """Seconds of processor time: of this process, and of the rendering ones that stay."""
    ticks = 0
    for server in pool().idle:
        words = Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += sum(int(word) for word in words[11:15])
    return time.process_time(), ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print seconds by the clock and of processors, here and in the rendering processes."""
    before, start = _used(), time.perf_counter()
    yield
    took, after = time.perf_counter() - start, _used()
    print(
        f"   {what:40} {took:6.2f} s, processor {after[0] - before[0]:5.2f} s here and "
        f"{after[1] - before[1]:5.2f} s in rendering",
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
    with timed(f"draw {len(charts)} charts and set pages, cold"):
        data = make_pdf(document.html, charts)
    for _ in range(3):
        with timed("the same, processes warm"):
            make_pdf(document.html, charts)
    with timed("draw charts alone, warm"):
        drawn = draw_charts(charts)
    with timed("set pages alone, warm, charts drawn"):
        make_pdf(document.html, drawn=drawn)
    report_pdf.pdf_of(document, home=home)
    with timed("the same from the cache"):
        report_pdf.pdf_of(document, home=home)
    pool().end()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"   {len(data) / 1024:.0f} KiB, {review.coverage.words}; largest child {peak:.0f} MB")


PAGES = 1000


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


def _printing(home: Path, documents: list[Document], stop: threading.Event) -> None:
    """Keep the worker busy: always two documents asked for, as a reader asks, all of them new."""
    engine = make_engine(f"sqlite:///{home / 'throughline.db'}")
    made, began, place = 0, time.perf_counter(), 0
    waiting: list[str] = []
    while not stop.is_set():
        now = datetime.now(UTC)
        with writing(engine) as session:
            states = {key: printing.standing(session, key, now=now).state for key in waiting}
            made += sum(state == "made" for state in states.values())
            waiting = [key for key, state in states.items() if state in ("waiting", "making")]
            while len(waiting) < 2:
                plain = documents[place % len(documents)]
                # A comment makes it another document, and a chart of another name new drawings.
                charts = tuple(replace(c, alt=f"{c.alt} {place}") for c in plain.charts)
                fresh = replace(plain, html=f"{plain.html}<!-- {place} -->", charts=charts)
                waiting.append(printing.ask(session, fresh, now=now))
                place += 1
        stop.wait(0.25)
    engine.dispose()
    took = time.perf_counter() - began
    print(f"   documents made meanwhile: {made}, one in {took / max(made, 1):.1f} s", flush=True)


def _documents(engine: Engine) -> list[Document]:
    with reading(engine) as session:
        return [
            report_pdf.quarter_document(
                session,
                review=reviews.build(session, period=quarter, now=NOW, organisation="Fernwick"),
                paper=paper,
            )
            for quarter in (QUARTER, Quarter(2026, 2), Quarter(2026, 1))
            for paper in ("a4", "letter")
        ]


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
        printer = threading.Thread(target=_printing, args=(home, _documents(engine), stop))
        printer.start()
        time.sleep(8)
        busy = _pages(port, token, "pages, while a worker prints")
        stop.set()
        printer.join()
        again = _pages(port, token, "pages, nothing printed, again")
    print(f"   p99 while printing: {_p(busy, 0.99) / _p(idle + again, 0.99):.2f} times (goal 2)")


def main() -> None:
    """Both instances, each in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        engine = _engine(home)
        settings = Settings(home=home, database_url=str(engine.url))
        sample.load(engine, settings, now=NOW)
        mining.mine_now(engine, now=NOW)
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
