"""What a run of thousands of small instances would otherwise compute thousands of times over.

Each is what one process of the product does once; here every test has an instance of its own.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from rca.store import engine as store_engine

_COMPILED = ("_parts", "_trace", "_converters", "_build", "_build_unknown", "arguments")


@contextmanager
def routes() -> Iterator[None]:
    """Rules compiled once for all apps of a run: reading two hundred of them and compiling two
    builders of addresses for each was most of what making an app took.
    """
    compiled: dict[tuple[object, ...], dict[str, Any]] = {}
    real = Rule.compile

    def once(rule: Rule) -> None:
        assert rule.map is not None
        key = (rule.rule, rule.subdomain, rule.host, repr(rule.defaults), rule.merge_slashes,
               rule.map.host_matching, tuple(rule.map.converters.items()))  # fmt: skip
        if key not in compiled:
            real(rule)
            found = {name: getattr(rule, name) for name in _COMPILED}
            compiled[key] = {
                name: value.__func__ if name.startswith("_build") else value
                for name, value in found.items()
            }
            return
        for name, value in compiled[key].items():
            bound = value.__get__(rule, None) if name.startswith("_build") else value
            setattr(rule, name, bound)

    Rule.compile = once  # type: ignore[method-assign]
    yield
    Rule.compile = real  # type: ignore[method-assign]


@contextmanager
def statements() -> Iterator[None]:
    """SQL compiled once for all SQLite files of a run: the cache of an engine ends with it, and
    each test has an engine, so that a third of the time of a page went into compiling.
    """
    real = store_engine.create_engine
    cache: LRUCache[Any, Any] = LRUCache(20_000)
    first: list[Engine] = []

    def sharing(url: str, **options: Any) -> Engine:
        engine = real(url, **options)
        if engine.dialect.name == "sqlite":
            if not first:
                first.append(engine)
                engine.connect().close()  # the dialect learns which SQLite it speaks to
            engine.dialect = first[0].dialect
            engine._compiled_cache = cache
        return engine

    store_engine.create_engine = sharing  # type: ignore[assignment]
    yield
    store_engine.create_engine = real


def settle() -> None:
    """Modules and collected tests are looked at once by the garbage collector, then left alone."""
    gc.collect()
    gc.freeze()
