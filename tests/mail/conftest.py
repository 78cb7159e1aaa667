"""Rules of mail are tried on one database; what two workers could do twice is tried on both."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from rca.store.engine import writing


@pytest.fixture
def session(sqlite_engine: Engine) -> Iterator[Session]:
    """A writing transaction on SQLite; tests that take ``engine`` run on PostgreSQL too."""
    with writing(sqlite_engine) as opened:
        yield opened
