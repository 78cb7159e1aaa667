"""Twenty editors of one postmortem, and a fault that the harness must see."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from rca.domain.postmortem import PostmortemContent
from rca.services import authoring, conflicts
from rca.store import engine as store
from tests.conftest import NOW
from tests.people import make_people
from tests.services.editors import SECTIONS, Editor, World, judge, run


def _world(engine: Engine) -> tuple[World, list[Any]]:
    with store.writing(engine) as session:
        people = make_people(session, NOW)
        made = authoring.create(
            session,
            viewer=people.ines,
            content=PostmortemContent.model_validate({"title": "Many hands", "severity": "SEV2"}),
            now=NOW,
        )

    @contextmanager
    def reading() -> Iterator[Session]:
        with store.reading(engine) as session:
            yield session

    @contextmanager
    def writing() -> Iterator[Session]:
        with store.writing(engine) as session:
            yield session

    world = World(reading, writing, made.reference, NOW)
    return world, [people.ines, people.otto, people.ravi, people.ada]


@pytest.mark.parametrize("seed", [7])
def test_no_acknowledged_word_is_gone_and_none_stands_twice(engine: Engine, seed: int) -> None:
    world, people = _world(engine)
    run(world, people, seed=seed, steps=50, pages=20)
    verdict = judge(world)
    assert world.counts["clashes"] > 0, "the seed made no clash, so it proves nothing"
    assert len(world.promised) > 12
    assert (verdict.gone, verdict.twice) == (frozenset(), frozenset())


def test_a_version_check_that_is_off_is_seen(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault: a save believes that it builds on what is stored."""
    honest = conflicts.save_section

    def careless(session: Session, **given: Any) -> conflicts.SectionOutcome:
        stored = conflicts.basis(
            session, viewer=given["viewer"], reference=given["reference"], revision=None
        )
        version = stored.section_versions[given["section"].value]
        return honest(session, **{**given, "base_version": version, "choices": {}})

    monkeypatch.setattr(conflicts, "save_section", careless)
    world, people = _world(sqlite_engine)
    run(world, people, seed=7, steps=30, pages=8)
    assert judge(world).gone


@pytest.mark.long
def test_twenty_editors_at_once_for_ten_minutes(engine: Engine) -> None:
    """Twenty threads, real time; RCA_EDITORS_SECONDS shortens it for a look."""
    seconds = float(os.environ.get("RCA_EDITORS_SECONDS", "600"))
    world, people = _world(engine)
    started, problems = time.monotonic(), []
    editors = [Editor(world, people[n % 4], n, Random(n)) for n in range(20)]

    def work(editor: Editor) -> None:
        try:
            while time.monotonic() - started < seconds:
                with _CLOCK:
                    world.tick(editor.random.choice((0.2, 1.0, 2.0)))
                _patiently(world, editor.step)
                time.sleep(editor.random.random() * 0.2)
            for section in SECTIONS:
                _patiently(world, lambda section=section: editor.save(section))  # type: ignore[misc]
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(editor,)) for editor in editors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verdict = judge(world)
    for problem in problems[:3]:
        print(repr(problem)[:900])
    print(f"{world.counts} promised={len(world.promised)} revisions={verdict.revisions}")
    assert (verdict.gone, verdict.twice) == (frozenset(), frozenset())
    assert problems == []


_CLOCK = threading.Lock()


def _patiently(world: World, act: Callable[[], None]) -> None:
    """A database that is busy for too long answers 503; the script of the editor tries again."""
    for _ in range(100):
        try:
            return act()
        except (OperationalError, PoolTimeout) as error:
            if not isinstance(error, PoolTimeout) and "locked" not in str(error):
                raise
            with _CLOCK:
                world.counts["busy"] += 1
    raise AssertionError("the database was busy a hundred times")
