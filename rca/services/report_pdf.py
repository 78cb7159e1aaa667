"""PDFs: what goes in is read in a session, the rendering runs after it, bytes are cached by digest.

:func:`postmortem_document` and :func:`quarter_document` read; :func:`pdf_of` renders.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlmodel import Session

from rca import __version__
from rca.domain.access import OPERATOR, Viewer
from rca.domain.postmortem import PostmortemContent
from rca.domain.vocabulary import Status
from rca.errors import Invalid, NotNow, Problem
from rca.paths import static_dir
from rca.reports import words
from rca.reports.code import charts_digest, pages_digest
from rca.reports.paper import PAPERS, print_html
from rca.reports.rendering import draw_charts, make_pdf
from rca.reports.value import Chart, Review, digest_of
from rca.services import reading
from rca.services.printing import Printed, printed
from rca.services.quarter.front import AGENDA_RULE

VARIANTS = {
    "full": "The whole record",
    "one-page": "One page for leadership",
    "customer": "For customers: only the external texts",
}
_TEMPLATES = {"full": "postmortem.html", "one-page": "one-page.html", "customer": "customer.html"}


@dataclass(frozen=True, slots=True)
class Document:
    """A PDF to be: its HTML, charts, pictures in base64 by address, colours, and its file name.
    ``keep`` allows the cache; ``look`` is the company look that was kept with it, if any.
    """

    name: str
    html: str
    charts: tuple[Chart, ...] = ()
    keep: bool = True
    pictures: tuple[tuple[str, str], ...] = ()
    colours: tuple[tuple[str, str], ...] = ()
    look: Mapping[str, Any] | None = None

    @property
    def key(self) -> str:
        """Digest of everything that decides the bytes."""
        sheet = (static_dir() / "css" / "print.css").read_bytes()
        charts = json.dumps([asdict(c) for c in self.charts], sort_keys=True)
        pictures = json.dumps([self.pictures, self.colours]).encode()
        ours = f"{__version__} {pages_digest()}".encode()
        parts = (ours, sheet, self.html.encode(), charts.encode(), pictures)
        return hashlib.sha256(b"\0".join(hashlib.sha256(p).digest() for p in parts)).hexdigest()


def check_paper(paper: str) -> None:
    """Raises Invalid for a paper that is not printed on."""
    _check("full", paper)


def _check(variant: str, paper: str) -> None:
    problems = []
    if variant not in VARIANTS:
        problems.append(Problem("variant", f"Choose one of {', '.join(VARIANTS)}."))
    if paper not in PAPERS:
        problems.append(Problem("paper", f"Choose one of {', '.join(PAPERS)}."))
    if problems:
        raise Invalid(problems)


def postmortem_document(
    session: Session,
    *,
    viewer: Viewer,
    reference: str,
    organisation: str,
    variant: str = "full",
    paper: str = "a4",
    names: bool = False,
) -> Document:
    """What a reader may print of one postmortem. Raises NotFound when absent or hidden, NotNow
    when the customer text is not written, Invalid on an unknown variant or paper.
    """
    _check(variant, paper)
    view = reading.view(session, viewer=viewer, reference=reference)
    if variant == "customer" and not view.content.external_summary.strip():
        raise NotNow(f"{reference} has no external summary yet, and nothing else goes outside.")
    digest = digest_of(view.content.model_dump(mode="json"))
    at = view.published_at or view.updated_at
    published = view.published_number is not None
    state = f"revision {view.published_number}" if published else view.status.label
    value = printed(
        view.content,
        reference=view.reference,
        state=state,
        unconfirmed=view.unconfirmed,
        names=names,
    )
    # Outside goes neither our title nor our reference, which say what only we need to know.
    outside = variant == "customer"
    title = f"Incident of {value.day}" if value.day else "Incident report"
    if outside:
        digest = digest_of([title, value.outside, *_external(view.content)])
    what = f"{view.reference}, {state}"
    html = print_html(
        _TEMPLATES[variant],
        paper=paper,
        p=value,
        title=title,
        organisation=organisation,
        banner=_banner(view.restricted, published, variant),
        as_of=at.date().isoformat(),
        published=published,
        run=_outside_run(organisation, title)
        if outside
        else _run(organisation, f"{what}, {words.day(at)}", digest),
        digest=digest,
    )
    suffix = "" if variant == "full" else f"-{variant}"
    return Document(f"{view.reference}{suffix}.pdf", html, keep=not view.restricted)


def _external(content: PostmortemContent) -> tuple[str, ...]:
    """The texts written for outside; a code made of anything else would tell that it changed."""
    return (
        content.external_summary,
        content.external_what_happened,
        content.external_what_we_do,
    )


def _outside_run(organisation: str, title: str) -> str:
    return " · ".join(part for part in (organisation, title) if part)


def _banner(restricted: bool, published: bool, variant: str) -> str:
    if restricted:
        return "Restricted, members only"
    if not published:
        return "Draft, not published"
    return "" if variant == "customer" else "Internal"


def _run(organisation: str, what: str, digest: str) -> str:
    return " · ".join(part for part in (organisation, what, f"data {digest[:12]}") if part)


_BANNERS = {"draft": "Draft, internal", "frozen": "Not published yet, internal"}


def quarter_document(
    session: Session,
    *,
    review: Review,
    paper: str = "a4",
    incident: Printed | None = None,
    look: Mapping[str, Any] | None = None,
) -> Document:
    """The review as a document. A frozen one brings the incident that it prints whole and the
    company look of that day; for figures of the moment the incident is read here.
    """
    _check("full", paper)
    edition = review.edition
    whole = incident
    if not edition.digest:
        whole = _whole(session, review.in_full)
    html = print_html(
        "quarter.html",
        paper=paper,
        review=review,
        incident=whole,
        agenda_rule=AGENDA_RULE,
        organisation=review.organisation,
        banner=_BANNERS.get(edition.state, "Internal"),
        as_of=review.as_of,
        run=_run(
            review.organisation, f"Reliability review {review.quarter}, {_standing(review)}",
            review.digest,
        ),
        digest=review.digest,
    )  # fmt: skip
    name = edition.reference or review.quarter
    return Document(f"reliability-review-{name}.pdf", html, tuple(review.charts()), look=look)


def _standing(review: Review) -> str:
    edition = review.edition
    if edition.published_on:
        return f"version {edition.number}, published {words.iso_day(edition.published_on)}"
    if edition.frozen_on:
        return f"version {edition.number}, figures of {words.iso_day(edition.frozen_on)}"
    return f"as of {words.iso_day(review.as_of)}"


def _whole(session: Session, reference: str) -> Printed | None:
    if not reference:
        return None
    # The reference was chosen among open, published records only.
    view = reading.view(session, viewer=OPERATOR, reference=reference)
    if view.restricted or view.status is Status.DRAFT:
        return None
    return printed(
        view.content,
        reference=reference,
        state=f"revision {view.published_number}",
        unconfirmed=view.unconfirmed,
    )


# Cache


def _kept(folder: Path, name: str) -> bytes | None:
    try:
        return (folder / name).read_bytes()
    except OSError:
        return None


def _keep(folder: Path, name: str, data: bytes) -> None:
    """Write whole or not at all, readable by the owner only. A full disk only costs the cache."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, path = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(path, folder / name)
    except OSError:
        return


def pdf_of(document: Document, *, home: Path, polite: bool = False) -> bytes:
    """The bytes, from the cache in ``home`` or rendered now in limited processes; ``polite`` lets
    others go first.

    Raises Unavailable without Pango, RenderingFailed past a limit.
    """
    folder = home / "cache" / "pdf"
    name = f"{document.key}.pdf"
    found = _kept(folder, name) if document.keep else None
    if found is not None:
        return found
    drawn = charts_kept(document.charts, home=home)
    data = make_pdf(
        document.html,
        () if drawn else document.charts,
        drawn=drawn,
        drew=lambda svgs: _keep_charts(document.charts, svgs, home),
        pictures=dict(document.pictures),
        colours=dict(document.colours),
        polite=polite,
    )
    if document.keep:
        _keep(folder, name, data)
    return data


def charts_key(charts: tuple[Chart, ...]) -> str:
    """Digest of everything that decides the drawings."""
    values = json.dumps([asdict(c) for c in charts], sort_keys=True)
    return digest_of([__version__, charts_digest(), values])


def _charts_file(charts: tuple[Chart, ...]) -> str:
    return f"{charts_key(charts)}.json"


def charts_kept(charts: tuple[Chart, ...], *, home: Path) -> dict[str, str]:
    """The drawn charts when they are in the cache, else an empty dictionary."""
    found = _kept(home / "cache" / "charts", _charts_file(charts))
    drawn: dict[str, str] = json.loads(found) if found else {}
    return drawn


def charts_of(charts: tuple[Chart, ...], *, home: Path) -> dict[str, str]:
    """SVG by chart name, from the cache or drawn now."""
    found = charts_kept(charts, home=home)
    if found or not charts:
        return found
    drawn = draw_charts(charts)
    _keep_charts(charts, drawn, home)
    return drawn


def _keep_charts(charts: tuple[Chart, ...], drawn: dict[str, str], home: Path) -> None:
    _keep(home / "cache" / "charts", _charts_file(charts), json.dumps(drawn).encode())
