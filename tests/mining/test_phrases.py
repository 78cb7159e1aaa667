"""Names read as somebody would write them, and hold nothing that is masked."""

from dataclasses import replace

import pytest

from mining.pipeline import mine
from mining.records import IncidentRecord, from_mapping
from tests.mining.corpus import company


def name_of(records: list[IncidentRecord], member: str) -> str:
    return next(p.name for p in mine(records).patterns if member in p.ids)


@pytest.mark.parametrize(
    "kind",
    ["cert", "lock", "retry"],
)
def test_a_name_quotes_words_that_members_wrote_in_that_order(kind: str) -> None:
    name = name_of(company(), f"{kind}-1")
    said = name.split(": ", 1)[1].split(", as in ")[0]
    texts = [f"{r.title} {r.text}".lower() for r in company() if r.id.startswith(kind)]
    inside = said.removeprefix("as in ").strip("“”").lower()
    assert any(inside in text for text in texts), name
    assert ", " not in said


def test_a_phrase_that_most_members_use_goes_before_a_title() -> None:
    told = (
        ("Orders stood still", "The connection pool of the order store was exhausted by retries."),
        ("Baskets were empty", "Waiting requests held the connection pool until it was exhausted."),
        (
            "Nothing to pick",
            "The connection pool was exhausted again, and the screens stood still.",
        ),
    )
    rows = [{"id": f"p{n}", "title": a, "text": b} for n, (a, b) in enumerate(told)]
    records = [*(from_mapping(row) for row in rows), *company()]
    assert "connection pool" in name_of(records, "p0")


def test_without_a_common_phrase_a_title_speaks_for_the_rest() -> None:
    """Three tell of the same things in other orders, so that no run of words is common."""
    told = (
        ("Labels printed twice at dawn", "Printer label queue. Spool ribbon feeder."),
        ("Two parcels, one address", "Ribbon spool label. Feeder queue printer."),
        ("Stickers on the floor", "Feeder label printer. Queue spool. Ribbon."),
    )
    rows = [{"id": f"p{n}", "title": a, "text": b} for n, (a, b) in enumerate(told)]
    records = [*(from_mapping(row) for row in rows), *company()]
    assert name_of(records, "p0").endswith("as in “Labels printed twice at dawn”")


def test_a_thing_alone_is_no_name() -> None:
    """What most of them name is a printer; what went wrong with it stands in a title only."""
    told = (
        ("Label printers in hall 2 stopped after a new driver", "Label printers printed nothing."),
        ("Label printers again", "The label printers of hall 1 were dark for an hour."),
    )
    rows = [{"id": f"p{n}", "title": a, "text": b} for n, (a, b) in enumerate(told)]
    records = [*(from_mapping(row) for row in rows), *company()]
    assert name_of(records, "p0").endswith(
        "as in “Label printers in hall 2 stopped after a new driver”"
    )


def test_no_person_address_or_organisation_becomes_a_name() -> None:
    records = [
        replace(
            r,
            organisation="Fernwick",
            title="Fernwick mail to ana.diaz@fernwick.example bounced" if n < 4 else r.title,
            text=f"Fernwick mail to ana.diaz@fernwick.example bounced. {r.text}"
            if n < 4
            else r.text,
        )
        for n, r in enumerate(company())
    ]
    for pattern in mine(records).patterns:
        assert "diaz" not in pattern.name.lower()
        assert "@" not in pattern.name
        assert "[" not in pattern.name


def test_names_are_free_of_order() -> None:
    names = [p.name for p in mine(company()).patterns]
    assert names == [p.name for p in mine(company()[::-1]).patterns]


def test_a_cause_that_the_taxonomy_no_longer_knows_is_named_by_its_id() -> None:
    records = [replace(r, causes=("retired_class",)) for r in company()]
    assert name_of(records, "cert-1").startswith("retired_class")
