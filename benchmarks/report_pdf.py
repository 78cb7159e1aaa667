"""The quarterly PDF: of the sample company, and of one quarter with 2,000 incidents.

Prints reading, drawing and rendering apart, with the child's processor time and peak memory.
``python -m benchmarks report_pdf``; RCA_BENCH_INCIDENTS changes the 2,000.
"""

import os
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, select

from rca.config import Settings
from rca.domain.access import OPERATOR
from rca.domain.postmortem import PostmortemContent
from rca.domain.quarters import Quarter
from rca.services import authoring, report_pdf, reviews, sample
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


def main() -> None:
    """Both instances, each in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        engine = _engine(home)
        settings = Settings(home=home, database_url=str(engine.url))
        sample.load(engine, settings, now=NOW)
        print("sample company")
        _measure(engine, home)
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
