"""PDFs of single postmortems, and how a PDF is answered."""

import re

from flask import Blueprint, Response, request

from rca.domain.access import Permission
from rca.services import report_pdf
from rca.services.report_pdf import Document
from rca.web.access import allow
from rca.web.context import reading, settings, viewer

blueprint = Blueprint("reports", __name__)


def paper() -> str:
    """The paper that the address asks for; A4 unless told."""
    return request.args.get("paper", "a4")


def answer_pdf(document: Document) -> Response:
    """The PDF, shown in the browser under its own name. Rendered outside any transaction."""
    data = report_pdf.pdf_of(document, home=settings().home)
    response = Response(data, mimetype="application/pdf")
    name = re.sub(r"[^A-Za-z0-9._-]", "_", document.name)
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response


@blueprint.get("/postmortems/<reference>.pdf")
@allow(Permission.READ)
def postmortem_pdf(reference: str) -> Response:
    """One postmortem; ``?variant=one-page|customer``, ``?paper=letter``. Roles only."""
    with reading() as session:
        document = report_pdf.postmortem_document(
            session,
            viewer=viewer(),
            reference=reference,
            organisation=settings().organisation,
            variant=request.args.get("variant", "full"),
            paper=paper(),
        )
    return answer_pdf(document)
