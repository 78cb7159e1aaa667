"""Errors as pages or problem+json: what happened, what to do, an id to quote. Never a traceback."""

import logging
import secrets
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, jsonify, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response as WerkzeugResponse

from rca.errors import Invalid, NotSignedIn, ThroughlineError

_log = logging.getLogger("rca.web")
_TITLES = {
    400: "This request could not be read",
    403: "Not allowed",
    404: "Not found",
    405: "Not this way",
    409: "This changed meanwhile",
    413: "Too much at once",
    422: "Something needs another look",
    428: "The version is missing",
    429: "Too many tries",
    500: "Something broke on our side",
    503: "Not available here",
}


_FOR_PROGRAMS = (".yaml", ".json", ".csv")


def wants_json() -> bool:
    """Whether the caller is a program: the API, a bearer token, or a JSON Accept header."""
    if request.path.startswith("/api/") or request.headers.get("Authorization"):
        return True
    if request.path.endswith(_FOR_PROGRAMS):
        # A pipeline that follows redirects must not take the sign-in page for a policy.
        return request.accept_mimetypes.best_match(["application/yaml", "text/html"]) != "text/html"
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"


def answer(status: int, message: str, **extra: Any) -> tuple[Response | str, int]:
    """The error as the caller understands it."""
    title = _TITLES.get(status, HTTPStatus(status).phrase)
    if wants_json():
        body = jsonify({"type": "about:blank", "title": title, "status": status,
                        "detail": message, **extra})  # fmt: skip
        body.mimetype = "application/problem+json"
        return body, status
    page = render_template(
        "errors/error.html", status=status, title=title, message=message, incident=""
    )
    return page, status


def _ours(error: ThroughlineError) -> Any:
    if isinstance(error, NotSignedIn) and not wants_json():
        return _to_sign_in()
    extra: dict[str, Any] = {}
    if isinstance(error, Invalid):
        extra["problems"] = [{"path": p.path, "message": p.message} for p in error.problems]
    return answer(error.status, str(error), **extra)


def _to_sign_in() -> WerkzeugResponse:
    """Send to sign-in and back; only paths of our own are carried."""
    target = request.full_path.rstrip("?") if request.method == "GET" else "/"
    return redirect(url_for("accounts.sign_in", next=target), code=303)


def _http(error: HTTPException) -> Any:
    status = error.code or 500
    message = error.description or ""
    if isinstance(error, RequestEntityTooLarge):
        message = (
            "A form may hold 6,000 fields and 8 MB. Nothing was stored; go back, your text is "
            "still in the page, and save it in two steps."
        )
    if isinstance(error, CSRFError):
        message = (
            "The page was open for too long or came from elsewhere. Go back, copy what you typed "
            "if the field is empty after a reload, and send it again."
        )
    if status == HTTPStatus.NOT_FOUND:
        message = "There is nothing at this address, or you are not a member of it."
    return answer(status, message)


def _unexpected(error: Exception) -> Any:
    """Log with an id; show the id only. Exception text can hold secrets."""
    incident = secrets.token_hex(4)
    _log.exception("unexpected error %s on %s", incident, request.endpoint)
    if wants_json():
        return answer(500, "An unexpected error.", incident=incident)
    page = render_template(
        "errors/error.html",
        status=500,
        title=_TITLES[500],
        message="Nothing was stored by this request. Go back and try again.",
        incident=incident,
    )
    return page, 500


def install(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(ThroughlineError, _ours)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)
