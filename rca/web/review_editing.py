"""Editing the words of a review: the form as a whole, and one part at a time for the script."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from rca.domain.access import Permission
from rca.domain.review_words import AGENDA, DECISIONS, PARTS
from rca.domain.vocabulary import ReviewState
from rca.errors import Conflict, Invalid, NotFound, NotNow, Problem, VersionMissing
from rca.services import review_editing, secrets_guard
from rca.services.review_editing import Saved
from rca.services.review_pages import ReviewPage
from rca.web import forms
from rca.web.access import allow
from rca.web.context import now, reading, viewer, writing
from rca.web.filters import by_field
from rca.web.review_records import addresses, page_of
from rca.web.reviews import ask_for_drawings, words_of_pages
from rca.web.reviews import blueprint as blueprint

Bodies = dict[str, dict[str, Any]]
_BLANK: dict[str, dict[str, Any]] = {
    DECISIONS: {"title": "", "detail": "", "owner": "", "cost": "", "by": None},
    AGENDA: {"reference": "", "title": "", "severity": "", "why": "", "by_hand": True},
}
_SENT = {
    DECISIONS: ("title", "detail", "owner", "cost", "by"),
    AGENDA: ("reference", "why", "by_hand"),
}


def field_name(part: str) -> str:
    """The part as a name in the form: ``follow-through`` as ``follow_through``."""
    return part.replace("-", "_")


def _read(pairs: Sequence[tuple[str, str]]) -> tuple[Bodies, dict[str, int]]:
    """Bodies and versions by part, of what the form sent."""
    data = forms.parse(pairs)
    bodies: Bodies = {}
    versions: dict[str, int] = {}
    sent, numbers = data.get("part", {}), data.get("version_of", {})
    if not isinstance(sent, dict) or not isinstance(numbers, dict):
        raise Invalid([Problem("", "This form is of another shape. Reload the page.")])
    for part in PARTS:
        name = field_name(part)
        if name in sent and str(numbers.get(name, "")).isdigit():
            bodies[part] = _body(part, sent[name])
            versions[part] = int(numbers[name])
    return bodies, versions


def _body(part: str, sent: Any) -> dict[str, Any]:
    if part not in _SENT:
        text = sent.get("text", "") if isinstance(sent, dict) else ""
        return {"text": text if isinstance(text, str) else ""}
    rows = sent.get("rows", []) if isinstance(sent, dict) else []
    found = []
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict):
            kept = {n: row[n] for n in _SENT[part] if isinstance(row.get(n), str)}
            if part == AGENDA:
                kept["by_hand"] = kept.get("by_hand") != "0"
            found.append(kept)
    return {"rows": found}


def _apply(bodies: Bodies, do: str) -> None:
    """The button of a row: ``decisions-up-2``, ``agenda-remove-0``."""
    part, _, rest = do.partition("-")
    act, _, place = rest.partition("-")
    rows = bodies.get(part, {}).get("rows")
    if not isinstance(rows, list) or not place.isdigit() or int(place) >= len(rows):
        return
    n = int(place)
    if act == "remove":
        rows.pop(n)
    elif act == "up" and n > 0:
        rows[n - 1], rows[n] = rows[n], rows[n - 1]
    elif act == "down" and n + 1 < len(rows):
        rows[n + 1], rows[n] = rows[n], rows[n + 1]


@blueprint.get("/reviews/records/<reference>/edit")
@allow(Permission.WRITE)
def edit(reference: str) -> str:
    """The words: verdict, decisions, agenda, a commentary for each section."""
    return _form(page_of(reference))


def _form(
    page: ReviewPage,
    bodies: Mapping[str, Mapping[str, Any]] | None = None,
    problems: tuple[Problem, ...] = (),
    more: str = "",
) -> str:
    record = page.record
    assert record is not None
    if record.state is ReviewState.PUBLISHED:
        raise NotNow("This review is published. Add an addendum, or start a new version.")
    ask_for_drawings(page)
    shown = {part: dict(found.body) for part, found in record.parts.items()}
    shown.update({part: dict(body) for part, body in (bodies or {}).items()})
    for part in (DECISIONS, AGENDA):
        rows = [{**_BLANK[part], **row} for row in shown[part].get("rows", [])]
        if more == part or not rows:
            rows.append(dict(_BLANK[part]))
        shown[part] = {"rows": rows}
    incidents = next((s for s in page.review.sheets() if s.name == "incidents"), None)
    choices = [(str(r[0]), f"{r[0]} {r[1]}") for r in incidents.rows] if incidents else []
    known = {value for value, _ in choices}
    choices += [
        (row["reference"], f"{row['reference']} {row['title']}")
        for row in shown[AGENDA]["rows"]
        if row["reference"] and row["reference"] not in known
    ]
    return render_template(
        "reviews/edit.html",
        here="reviews",
        page=page,
        record=record,
        review=page.review,
        shown=shown,
        name_of=field_name,
        incidents=choices,
        problems=problems,
        errors=by_field(_renamed(problems)),
        to=addresses(record.reference),
        **words_of_pages(),
    )


def _renamed(problems: Sequence[Problem]) -> list[Problem]:
    return [Problem(p.path.replace("follow-through", "follow_through"), p.message)
            for p in problems]  # fmt: skip


@blueprint.post("/reviews/records/<reference>/edit")
@allow(Permission.WRITE)
def save(reference: str) -> WerkzeugResponse | tuple[str, int]:
    """Store every part that changed. Parts that somebody else saved meanwhile are shown twice."""
    bodies, versions = _read(list(request.form.items(multi=True)))
    do = request.form.get("do", "save")
    _apply(bodies, do)
    _settle(reference, bodies)
    problems: list[Problem] = []
    clashes: dict[str, Conflict] = {}
    for part, body in bodies.items():
        try:
            _save_one(reference, part, body, versions[part])
        except Invalid as error:
            problems += error.problems
        except Conflict as error:
            clashes[part] = error
    if clashes:
        return _clashes(reference, bodies, clashes), 409
    if problems:
        return _form(page_of(reference), bodies, tuple(problems)), 422
    if do == "save":
        flash("Saved.", "done")
        return redirect(url_for("reviews.record", reference=reference), code=303)
    part = do.partition("-")[0]
    if do.endswith("-add"):
        return _form(page_of(reference), more=part), 200
    anchor = f"p-{part}" if part in PARTS else None
    return redirect(url_for("reviews.edit", reference=reference, _anchor=anchor), code=303)


def _save_one(reference: str, part: str, body: Mapping[str, Any], base: int) -> Saved | None:
    """One part in a transaction of its own; one that reads as before is left alone."""
    page = None
    if base == 0:
        page = page_of(reference)
    with writing() as session:
        if page is not None and page.record is not None:
            shown = page.record.parts[part]
            checked = review_editing.body_checked(session, part, body)
            if shown.version == 0 and checked == _plain(part, shown.body):
                return None
        return review_editing.save_part(
            session,
            viewer=viewer(),
            reference=reference,
            part=part,
            body=body,
            base_version=base,
            now=now(),
        )


def _plain(part: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """What the records propose, in the shape in which it would be stored."""
    if part != AGENDA:
        return dict(body)
    order = ("reference", "why", "by_hand", "title", "severity")
    return {"rows": [{name: row[name] for name in order} for row in body["rows"]]}


def _settle(reference: str, bodies: Bodies) -> None:
    """Choices of the page that showed two texts."""
    chosen = {p: c for p in bodies if (c := request.form.get(f"choose-{field_name(p)}"))}
    if not chosen:
        return
    record = page_of(reference).record
    assert record is not None
    for part, choice in chosen.items():
        theirs = dict(record.parts[part].body)
        if choice == "theirs":
            bodies[part] = theirs
        elif choice == "both":
            bodies[part] = _both(theirs, bodies[part])


def _both(theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> dict[str, Any]:
    if "text" in mine:
        texts = [t for t in (theirs.get("text", ""), mine["text"]) if str(t).strip()]
        return {"text": "\n\n".join(dict.fromkeys(texts))}
    rows = list(theirs.get("rows", []))
    kept = {_row_key(row) for row in rows}
    return {"rows": rows + [row for row in mine["rows"] if _row_key(row) not in kept]}


def _row_key(row: Mapping[str, Any]) -> str:
    return str(row.get("reference") or row.get("title") or row.get("detail"))


def _clashes(reference: str, bodies: Bodies, clashes: Mapping[str, Conflict]) -> str:
    _keep_mine(reference, {part: bodies[part] for part in clashes})
    shown = [
        (part, PARTS[part], in_words(bodies[part]), in_words(error.current), error.version)
        for part, error in clashes.items()
    ]
    pairs = [pair for part in clashes for pair in _pairs(part, bodies[part])]
    return render_template(
        "reviews/conflict.html",
        here="reviews",
        reference=reference,
        clashes=shown,
        pairs=pairs,
        name_of=field_name,
    )


def _keep_mine(reference: str, bodies: Bodies) -> None:
    with writing() as session:
        for part, body in bodies.items():
            review_editing.keep_conflict(
                session, viewer=viewer(), reference=reference, part=part, body=body, now=now()
            )


def _pairs(part: str, body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The body as the form's own fields, so that a choice sends it again."""
    name = f"part-{field_name(part)}"
    if "text" in body:
        return [(f"{name}-text", str(body["text"]))]
    return [
        (f"{name}-rows-{place}-{key}", _value(row[key]))
        for place, row in enumerate(body["rows"])
        for key in _SENT[part]
        if key in row
    ]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return "" if value is None else str(value)


def in_words(body: Mapping[str, Any]) -> str:
    """A body as plain lines, for reading two of them side by side."""
    if "rows" not in body:
        return str(body.get("text", ""))
    shown = ("reference", "title", "detail", "why", "owner", "cost", "by")
    lines = (
        ". ".join(str(row[key]) for key in shown if row.get(key)) for row in body["rows"]
    )  # fmt: skip
    return "\n".join(f"{place}. {line}" for place, line in enumerate(lines, 1))


@blueprint.put("/reviews/records/<reference>/parts/<part>")
@allow(Permission.WRITE)
def put_part(reference: str, part: str) -> Response | tuple[Response, int]:
    """Store one part for the script. A stale version is answered 409 with both texts."""
    if part not in PARTS:
        raise NotFound(f"A review has no part “{part}”.")
    base = _if_match()
    sent = request.get_json(silent=True)
    pairs = sent.get("fields") if isinstance(sent, dict) else None
    good = isinstance(pairs, list) and all(
        isinstance(pair, list) and len(pair) == 2 and all(isinstance(x, str) for x in pair)
        for pair in pairs
    )
    if not good:
        raise Invalid([Problem("fields", "Send the fields of the part as pairs.")])
    version = (f"version_of-{field_name(part)}", str(base))
    bodies, _ = _read([*((name, value) for name, value in pairs or []), version])
    nothing: dict[str, Any] = {"rows": []} if part in _SENT else {"text": ""}
    body = bodies.get(part, nothing)
    try:
        found = _save_one(reference, part, body, base)
    except Conflict as error:
        _keep_mine(reference, {part: body})
        told = {"version": error.version, "mine": in_words(body),
                "theirs": in_words(error.current)}  # fmt: skip
        return jsonify(told), 409
    words = secrets_guard.in_words(found.redacted) if found else ""
    answer = jsonify({"version": found.version if found else base, "saved": f"{now():%H:%M}",
                      "redacted": words})  # fmt: skip
    return answer


def _if_match() -> int:
    text = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if not text.isdigit():
        raise VersionMissing("Send If-Match with the version of the part that you edited.")
    return int(text)


@blueprint.get("/reviews/records/<reference>/history")
@allow(Permission.WRITE)
def history(reference: str) -> str:
    """Every text that was saved, or lost a conflict."""
    with reading() as session:
        found = review_editing.history(session, reference)
    return render_template(
        "reviews/history.html",
        here="reviews",
        reference=reference,
        entries=[(entry, in_words(entry.body)) for entry in found],
    )
