"""The company's look: readable colours, pictures that are nothing but pixels, and PDFs that wear it."""

import io
from datetime import datetime

import pytest
from PIL import Image, PngImagePlugin
from sqlalchemy import Engine

from rca.domain.access import OPERATOR
from rca.domain.colour import contrast, darker_until, lighter_until
from rca.errors import Conflict, Forbidden, Invalid
from rca.services import look
from rca.services.report_pdf import Document
from rca.store.engine import writing
from tests.people import make_people


def picture(kind: str = "PNG", size: tuple[int, int] = (300, 90)) -> bytes:
    """A plain picture with words in its metadata."""
    buffer = io.BytesIO()
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "canary-in-the-metadata")
    more = {"pnginfo": info} if kind == "PNG" else {}
    Image.new("RGB", size, (160, 30, 40)).save(buffer, kind, **more)
    return buffer.getvalue()


def save(engine: Engine, now: datetime, **values: object) -> look.Look:
    """Set the look over what is stored."""
    given = {"name": "", "accent": "", "base_version": 0, **values}
    with writing(engine) as session:
        return look.save(session, viewer=OPERATOR, now=now, **given)  # type: ignore[arg-type]


def test_it_works(engine: Engine, now: datetime) -> None:
    found = save(engine, now, name=" Fernwick  Home ", accent="#8A2A2A", logo=picture())
    assert (found.name, found.accent, found.version) == ("Fernwick Home", "#8a2a2a", 1)
    assert found.logo_size == (300, 90)
    assert contrast(found.dark_accent, "#101514") >= look.READABLE
    kept = save(engine, now, name="Fernwick", base_version=1)
    assert kept.logo == found.logo
    assert not save(engine, now, base_version=2, drop_logo=True).logo


def test_a_colour_that_can_not_be_read_is_refused_with_one_that_can(
    sqlite_engine: Engine, now: datetime
) -> None:
    with pytest.raises(Invalid) as wrong:
        save(sqlite_engine, now, accent="#ffcc00")
    words = wrong.value.problems[0].message
    better = words.split("needed to read it. ")[1][:7]
    assert contrast(better, "#fafaf7") >= look.READABLE
    save(sqlite_engine, now, accent=better)
    with pytest.raises(Invalid, match="like #0a5a60"):
        save(sqlite_engine, now, accent="red;}body{}", base_version=1)


def test_contrast_is_that_of_the_guideline() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert darker_until("#0a5a60", "#ffffff", 4.5) == "#0a5a60"
    assert contrast(lighter_until("#0a5a60", "#101514", 6.5), "#101514") >= 6.5


def test_only_pixels_of_a_picture_are_kept(sqlite_engine: Engine, now: datetime) -> None:
    found = save(sqlite_engine, now, logo=picture(size=(2400, 800)))
    assert b"canary" not in found.logo
    assert found.logo.startswith(b"\x89PNG")
    assert found.logo_size[0] <= look.PRINTED[0]
    assert found.logo_size[1] <= look.PRINTED[1]
    jpeg = save(sqlite_engine, now, logo=picture("JPEG"), base_version=1)
    assert jpeg.logo.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "PNG or JPEG"),
        (b"GIF89a" + b"\0" * 40, "PNG or JPEG"),
        (picture()[:60], "PNG or JPEG"),
        (picture("WEBP"), "PNG or JPEG"),
        (picture(size=(4_100, 8)), "4,000 pixels"),
        (b"\x89PNG" + b"x" * look.MOST_BYTES, "1 MB"),
    ],
)
def test_other_files_are_refused(
    sqlite_engine: Engine, now: datetime, data: bytes, words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        save(sqlite_engine, now, logo=data)


def test_who_may_and_when(sqlite_engine: Engine, now: datetime) -> None:
    with writing(sqlite_engine) as session:
        people = make_people(session, now)
        with pytest.raises(Forbidden):
            look.save(session, viewer=people.ravi, name="x", accent="", base_version=0, now=now)
    save(sqlite_engine, now, name="Fernwick")
    with pytest.raises(Conflict):
        save(sqlite_engine, now, name="Another", base_version=0)


def test_a_document_wears_it(sqlite_engine: Engine, now: datetime) -> None:
    plain = Document("a.pdf", "<p><!--logo-->Fernwick</p>")
    assert look.dressed(plain, look.Look()) == plain
    found = save(sqlite_engine, now, name="A <b> & Co", accent="#8a2a2a", logo=picture())
    worn = look.dressed(plain, found)
    assert 'alt="Logo of A &lt;b&gt; &amp; Co"' in worn.html
    assert dict(worn.colours)["#0a5a60"] == "#8a2a2a"
    assert worn.key != plain.key
