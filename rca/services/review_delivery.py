"""A review as something to send: its document, a subject, a sentence and where its page is."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from rca.domain.periods import Period
from rca.services import look, report_pdf, review_pages, review_records
from rca.services.report_pdf import Document


@dataclass(frozen=True, slots=True)
class Delivery:
    """``report_pdf.pdf_of(document, home=...)`` gives the bytes, outside any transaction."""

    document: Document
    period: str
    subject: str
    summary: str
    path: str


def delivery(
    session: Session,
    *,
    period: Period,
    now: datetime,
    organisation: str,
    whose: str = "",
    paper: str = "a4",
) -> Delivery:
    """The published review of the period when there is one, else its figures of the moment.

    Raises NotFound without an incident there.
    """
    name = look.name_of(session, settings_name=organisation)
    reference = review_records.published_reference(session, period=period, whose=whose)
    if reference:
        page = review_pages.record_page(session, reference=reference, now=now, organisation=name)
        path = f"/reviews/records/{reference}"
    else:
        page = review_pages.live_page(
            session, period=period, now=now, organisation=name, whose=whose
        )
        path = f"/reviews/{period}"
    document = report_pdf.quarter_document(
        session, review=page.review, paper=paper, incident=page.incident, look=page.look
    )
    return Delivery(
        look.dressed(document, look.of(session, document)),
        str(period),
        f"Reliability review {page.review.quarter}",
        page.review.title,
        path,
    )
