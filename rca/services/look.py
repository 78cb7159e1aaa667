"""The company's look: its name, one colour, a logo. On pages and in every PDF."""

import base64
import io
import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from markupsafe import escape
from sqlmodel import Session, select

from rca.domain.access import Permission, Viewer
from rca.domain.colour import (
    PETROL,
    contrast,
    darker_until,
    hex_of,
    lighter_until,
    mixed,
    rgb_of,
)
from rca.errors import Conflict, Invalid, Problem
from rca.services.permissions import need
from rca.services.report_pdf import Document
from rca.store import audit
from rca.store import tables as t

MOST_BYTES = 1_000_000
MOST_SIDE = 4_000
PRINTED = (600, 160)
"""A logo is kept no larger than this, in pixels."""
READABLE = 4.5
"""The contrast of text (WCAG AA)."""
LOGO = "look:logo"
_LIGHT_PAPER, _DARK_PAPER = "#fafaf7", "#101514"
_NAME_MOST = 120


@dataclass(frozen=True, slots=True)
class Look:
    """What is set; blank is the product's own. ``version`` is 0 before the first save."""

    name: str = ""
    accent: str = ""
    logo: bytes = b""
    logo_type: str = ""
    logo_size: tuple[int, int] = (0, 0)
    version: int = 0

    @property
    def dark_accent(self) -> str:
        """The colour on dark ground: lightened until text in it can be read."""
        return lighter_until(self.accent, _DARK_PAPER, READABLE + 2) if self.accent else ""


def current(session: Session) -> Look:
    """The look as it is set."""
    row = session.get(t.CompanyLook, 1)
    if row is None:
        return Look()
    size = (row.logo_width, row.logo_height)
    return Look(row.name, row.accent, row.logo or b"", row.logo_type, size, row.version)


def worn(session: Session) -> tuple[str, int, bool]:
    """Name, version and whether there is a logo: what every page asks for."""
    row = t.CompanyLook
    found = session.exec(select(row.name, row.version, row.logo_width)).first()
    return (found[0], found[1], bool(found[2])) if found else ("", 0, False)


def name_of(session: Session, *, settings_name: str = "") -> str:
    """The organisation's name: as set here, else as the settings give it."""
    return worn(session)[0] or settings_name


def save(
    session: Session,
    *,
    viewer: Viewer,
    name: str,
    accent: str,
    base_version: int,
    now: datetime,
    logo: bytes | None = None,
    drop_logo: bool = False,
) -> Look:
    """Set the look. ``logo`` None keeps what is there. Raises Invalid with what to change,
    Conflict when somebody saved since, Forbidden.
    """
    need(viewer, Permission.ADMIN)
    row = session.get(t.CompanyLook, 1) or t.CompanyLook(version=0, updated_at=now)
    if row.version != base_version:
        raise Conflict(
            "Somebody changed the look since you opened it.", current=None, version=row.version
        )
    problems: list[Problem] = []
    name = " ".join(name.replace("\x00", "").split())
    if len(name) > _NAME_MOST:
        problems.append(Problem("name", f"At most {_NAME_MOST} characters fit."))
    accent = _accent(accent, problems)
    kept = _logo(logo, problems) if logo else None
    if problems:
        raise Invalid(problems)
    row.name, row.accent = name, accent
    if drop_logo:
        row.logo, row.logo_type, row.logo_width, row.logo_height = None, "", 0, 0
    if kept is not None:
        row.logo, (row.logo_width, row.logo_height) = kept
        row.logo_type = "image/png"
    row.version, row.updated_at, row.updated_by = row.version + 1, now, viewer.user_id
    session.add(row)
    session.flush()
    act = audit.Act(viewer.name, "look.change", "look", "1", {"version": row.version})
    audit.append(session, act, now=now)
    return current(session)


def _accent(text: str, problems: list[Problem]) -> str:
    """The colour, checked: text in it has to be readable on the page."""
    text = text.strip().lower()
    if text in ("", PETROL):
        return ""
    if not re.fullmatch(r"#[0-9a-f]{6}", text):
        problems.append(Problem("accent", "Write the colour like #0a5a60."))
        return ""
    ratio = contrast(text, _LIGHT_PAPER)
    if ratio < READABLE:
        better = darker_until(text, _LIGHT_PAPER, READABLE)
        problems.append(
            Problem(
                "accent",
                f"Text in {text} has a contrast of {ratio:.1f} to 1 on the page; {READABLE} is "
                f"needed to read it. {better} is the nearest that reaches it.",
            )
        )
    return text


def _logo(data: bytes, problems: list[Problem]) -> tuple[bytes, tuple[int, int]] | None:
    """The picture, decoded and written anew, so that nothing but its pixels is kept."""
    if len(data) > MOST_BYTES:
        problems.append(Problem("logo", "The file is larger than 1 MB."))
        return None
    import warnings

    from PIL import Image, UnidentifiedImageError

    wrong = Problem("logo", "Send a PNG or JPEG. SVG can carry scripts and is not taken.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as found:
                if max(found.size) > MOST_SIDE:
                    words = f"The picture is wider or higher than {MOST_SIDE:,} pixels."
                    problems.append(Problem("logo", words))
                    return None
                return _written(found)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Warning):
        problems.append(wrong)
        return None


def _written(found: Any) -> tuple[bytes, tuple[int, int]]:
    plain = found.convert("RGBA")
    plain.thumbnail(PRINTED)
    buffer = io.BytesIO()
    plain.save(buffer, "PNG", optimize=True)
    return buffer.getvalue(), plain.size


def palette(accent: str) -> dict[str, str]:
    """What print puts in place of its own petrol and its two tints; empty without a colour."""
    if not accent:
        return {}
    white = (255, 255, 255)
    return {
        PETROL: accent,
        "#5d9a9b": hex_of(mixed(rgb_of(accent), white, 0.4)),
        "#dcebea": hex_of(mixed(rgb_of(accent), white, 0.86)),
    }


def kept(look: Look) -> dict[str, Any]:
    """The look as plain JSON values, for what has to stay as it was published."""
    logo = base64.b64encode(look.logo).decode()
    return {"name": look.name, "accent": look.accent, "logo": logo, "size": list(look.logo_size)}


def of(session: Session, document: Document) -> Look:
    """What the document wears: the look that was kept with it, else the one that is set."""
    found = document.look
    if not found:
        return current(session)
    width, height = found["size"]
    logo = base64.b64decode(found["logo"])
    return Look(found["name"], found["accent"], logo, "image/png", (width, height))


def dressed(document: Document, look: Look) -> Document:
    """The document in the company's colour and with its logo."""
    colours = tuple(sorted(palette(look.accent).items()))
    pictures = ((LOGO, base64.b64encode(look.logo).decode()),) if look.logo else ()
    html = document.html
    if look.logo:
        width, height = look.logo_size
        alt = escape(f"Logo of {look.name}" if look.name else "Logo")
        mark = f'<img class="logo" src="{LOGO}" alt="{alt}" width="{width}" height="{height}">'
        html = html.replace("<!--logo-->", mark, 1)
    return replace(document, html=html, pictures=pictures, colours=colours)
