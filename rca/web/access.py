"""Who is behind a request, and default deny: a route without a declared permission answers 403."""

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request
from werkzeug.wrappers import Response as WerkzeugResponse

from rca.domain.access import Permission, Viewer
from rca.errors import Forbidden, NotSignedIn
from rca.services import accounts
from rca.store.engine import reading, writing
from rca.web.context import engine, now, settings

View = TypeVar("View", bound=Callable[..., object])
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def allow(permission: Permission) -> Callable[[View], View]:
    """Declare what a view needs. Views without it are never reachable."""

    def declare(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined]
        return view

    return declare


def declared(endpoint: str) -> Permission | None:
    """The permission that the view of ``endpoint`` declares, or None."""
    view = current_app.view_functions.get(endpoint)
    return getattr(view, "permission", None)


def cookie_name() -> str:
    """``__Host-`` ties the cookie to this host over TLS; plain http can't carry that prefix."""
    return "__Host-rca" if settings().behind_tls else "rca_session"


def _bearer() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _viewer_of_request() -> Viewer | None:
    token = _bearer()
    if token:
        with reading(engine()) as session:
            found = accounts.viewer_of_token(session, token=token, now=now())
            unseen = found is not None and accounts.token_unseen(session, token=token, now=now())
        if unseen:
            with writing(engine()) as session:
                accounts.touch_token(session, token=token, now=now())
        return found
    secret = request.cookies.get(cookie_name(), "")
    if not secret:
        return None
    with reading(engine()) as session:
        signed_in = accounts.session_of(session, secret=secret, now=now())
    if signed_in and signed_in.touch:
        with writing(engine()) as session:
            accounts.touch_session(
                session, secret=secret, now=now(), hours=settings().session_hours
            )
    return signed_in.viewer if signed_in else None


def _refuse_foreign_origin() -> None:
    """A write that a browser says comes from another site is refused, token or not."""
    site = request.headers.get("Sec-Fetch-Site", "")
    if site not in ("", "same-origin", "none"):
        raise Forbidden("This request came from another site.")
    origin = request.headers.get("Origin", "")
    if origin and urlsplit(origin).netloc != request.host:
        raise Forbidden("This request came from another site.")


def guard() -> None:
    """Before every request: find the viewer, then apply the view's declared permission."""
    g.moment = current_app.extensions["rca_clock"]()
    g.viewer = None
    if request.endpoint is None:
        # No such address: the error page still shows the signed-in bar.
        g.viewer = _viewer_of_request()
        return
    permission = declared(request.endpoint)
    if permission is None:
        raise Forbidden("This address is not open to anyone.")
    if request.endpoint == "static":
        return
    g.viewer = _viewer_of_request()
    if request.method not in SAFE_METHODS and not _bearer():
        _refuse_foreign_origin()
    if permission is Permission.PUBLIC:
        return
    if g.viewer is None:
        raise NotSignedIn("Sign in to see this.")
    if not g.viewer.may(permission):
        raise Forbidden(f"Your account may not do this: it needs “{permission.label}”.")


def set_session_cookie(response: WerkzeugResponse, secret: str) -> None:
    """Put a fresh session into the browser."""
    response.set_cookie(
        cookie_name(),
        secret,
        max_age=int(accounts.SESSION_LIFE.total_seconds()),
        secure=settings().behind_tls,
        httponly=True,
        samesite="Lax",
        path="/",
    )


def drop_session_cookie(response: WerkzeugResponse) -> None:
    """Take the session out of the browser."""
    response.delete_cookie(cookie_name(), path="/", secure=settings().behind_tls)


_CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


def harden(response: Response) -> Response:
    """Security headers on every answer; pages of signed-in people are never cached."""
    response.headers.setdefault("Content-Security-Policy", _CSP)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    if settings().behind_tls:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.endpoint == "static":
        # A module imports its neighbours without a version, so those are asked for again.
        versioned = "public, max-age=31536000, immutable"
        response.headers["Cache-Control"] = versioned if request.args.get("v") else "no-cache"
    else:
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def install(app: Flask) -> None:
    """Wire the guard and the headers into an app."""
    app.before_request(guard)
    app.after_request(harden)
