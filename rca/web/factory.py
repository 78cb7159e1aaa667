"""Make the Flask app."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask, g, get_flashed_messages
from flask_wtf.csrf import CSRFProtect, generate_csrf
from jinja2 import BytecodeCache, StrictUndefined
from jinja2.bccache import Bucket
from sqlalchemy import Engine

from rca.config import Settings, load_settings, secret_key
from rca.domain.access import Permission
from rca.paths import static_dir, templates_dir
from rca.store.engine import make_engine
from rca.web import access, context, failures, filters, look, navigation
from rca.web.postmortems import shown
from rca.web.routes import BLUEPRINTS

MOST_PARTS = 6_000
MOST_BYTES = 8 * 1024 * 1024


class _Compiled(BytecodeCache):
    """Compiled templates of this process, so that several apps in it compile each one once.

    Compiling is nine tenths of the first view of a large page. A changed template has another
    checksum, which the loader compares, so what is kept here is never stale.
    """

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill ``bucket`` with what was compiled before, when it is of the same source."""
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was just compiled."""
        self._code[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def _system_clock() -> datetime:
    return datetime.now(UTC)


def create_app(
    settings: Settings | None = None,
    *,
    engine: Engine | None = None,
    clock: Callable[[], datetime] = _system_clock,
) -> Flask:
    """An app over ``settings`` (read from the environment by default) and ``engine``.

    Reads or makes the instance's signing key; does not migrate. ``clock`` gives each request its
    instant; tests and screenshots hold it still.
    """
    settings = settings or load_settings()
    app = Flask(
        "rca",
        template_folder=str(templates_dir()),
        static_folder=str(static_dir()),
        static_url_path="/static",
    )
    _configure(app, settings, settings.home)
    app.extensions["rca_settings"] = settings
    app.extensions["rca_engine"] = engine or make_engine(settings.database_url)
    app.extensions["rca_clock"] = clock
    filters.install(app)
    # Access first: a stranger learns nothing from a CSRF error either.
    access.install(app)
    CSRFProtect(app)
    shown.install(app)
    failures.install(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    _open_static(app)
    app.context_processor(_page_globals)
    return app


def _configure(app: Flask, settings: Settings, home: Path) -> None:
    app.config.update(
        SECRET_KEY=secret_key(home),
        MAX_CONTENT_LENGTH=MOST_BYTES,
        MAX_FORM_MEMORY_SIZE=MOST_BYTES,
        MAX_FORM_PARTS=MOST_PARTS,
        SESSION_COOKIE_NAME="__Host-rca-form" if settings.behind_tls else "rca_form",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.behind_tls,
        TRUSTED_HOSTS=list(settings.trusted_hosts),
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.bytecode_cache = _COMPILED


def _open_static(app: Flask) -> None:
    """Style sheets and scripts are public; the sign-in page needs them."""
    access.allow(Permission.PUBLIC)(app.view_functions["static"])


def _page_globals() -> dict[str, Any]:
    settings = context.settings()
    viewer = g.get("viewer")
    name, look_version, has_logo = look.worn()
    return {
        "me": viewer,
        "navigation": navigation.navigation(viewer),
        "shortcuts": navigation.shortcuts(viewer),
        "csrf_token": generate_csrf(),
        "organisation": name or settings.organisation,
        "look_version": look_version,
        "look_logo": has_logo,
        "demo": settings.demo,
        "flashes": get_flashed_messages(with_categories=True),
        "here": "",
    }
