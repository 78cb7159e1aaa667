"""Themes over several organisations: by what happened, never by who it happened to."""

import random
from collections import Counter

from sklearn.metrics import adjusted_mutual_info_score

from mining.causes import own_scorer
from mining.company_words import company_words, stems_used, without
from mining.prepare import prepare_all
from mining.records import IncidentRecord, from_mapping
from mining.themes import Themes, find_themes

_TOLD = {
    "config_change": (
        "A wrong configuration value was pushed. The bad setting reached every host.",
        "An invalid rule in the configuration file was rolled out and refused all requests.",
    ),
    "hardware_power": (
        "A power supply failed and the rack lost power. The generator did not start.",
        "Two disks failed in the storage server and the machine had to be replaced.",
    ),
    "capacity_overload_exhaustion": (
        "A surge of traffic overloaded the servers until memory ran out.",
        "Demand exceeded the capacity of the pool and requests queued up.",
    ),
}
# Each house has a manner of its own, one of them a phrase that sounds like a cause.
_MANNER = {
    "Ashford": "Our zephyr desk of the lumen hall told everybody within the hour.",
    "Birkdale": "The quillon crew wrote to all members from the gantry.",
    "Carrick": "Power users of the tamarind suite saw the lozenge page.",
    "Dunmore": "The marlin office kept the thistle channel open all day.",
}


def corpus(count: int = 120) -> tuple[list[IncidentRecord], list[str]]:
    """Records of four houses; each house has mostly one cause, as in life."""
    rng = random.Random(4)
    houses, causes = list(_MANNER), list(_TOLD)
    rows, gold = [], []
    for number in range(count):
        house = houses[number % 4]
        cause = causes[houses.index(house) % 3] if rng.random() < 0.5 else rng.choice(causes)
        text = f"{_MANNER[house]} {rng.choice(_TOLD[cause])}"
        rows.append({"id": f"{number:03d}", "text": text, "company": house})
        gold.append(cause)
    return [from_mapping(row) for row in rows], gold


def labels(found: Themes, records: list[IncidentRecord]) -> list[str]:
    of = {i: theme.cause for theme in found.themes for i in theme.members}
    return [of.get(record.id, record.id) for record in records]


def test_themes_follow_the_cause_and_not_the_house() -> None:
    records, gold = corpus()
    found = find_themes(prepare_all(records), own_scorer())
    told = labels(found, records)
    causes = adjusted_mutual_info_score(gold, told)
    houses = adjusted_mutual_info_score([record.organisation for record in records], told)
    assert {theme.cause for theme in found.themes} == set(_TOLD)
    assert causes > 0.7
    assert houses <= adjusted_mutual_info_score([r.organisation for r in records], gold) + 0.02
    said = {phrase.lower() for theme in found.themes for phrase in theme.phrases}
    assert not said & {"zephyr", "quillon", "tamarind", "marlin", "gantry", "lumen"}


def test_what_a_house_often_suffers_from_is_not_its_manner() -> None:
    """Ashford has most of the configuration incidents; its words for them stay."""
    records, gold = corpus()
    items = prepare_all(records)
    causes = dict(zip((record.id for record in records), gold, strict=True))
    most = Counter(zip(gold, (r.organisation for r in records), strict=True))
    assert most["config_change", "Ashford"] > 12
    own = company_words(items, causes, stems_used(items))
    assert {"zephyr", "quillon", "tamarind", "marlin"} <= own
    assert not own & {"configuration", "configurat", "rack", "traffic", "overload", "overloaded"}


def test_masked_words_go_from_title_and_sentences_only_where_they_stand() -> None:
    records, _ = corpus(4)
    item = prepare_all(records)[0]
    record, parts = without(item, frozenset(["zephyr"]), frozenset(["zephyr"]))
    assert "zephyr" not in " ".join(part.text for part in parts)
    assert "lumen" in " ".join(part.text for part in parts)
    assert without(item, frozenset(["absent"]), frozenset(["zephyr"]))[1] is item.sentences
    assert record.id == item.id


def test_themes_are_free_of_order_and_of_one_house_as_it_is() -> None:
    records, _ = corpus()
    first = find_themes(prepare_all(records), own_scorer())
    assert first == find_themes(prepare_all(records[::-1]), own_scorer())
    alone = [from_mapping({"id": r.id, "text": r.text, "company": "One"}) for r in records]
    assert find_themes(prepare_all(alone), own_scorer()).themes


def test_under_a_hundred_there_are_none_and_the_reason_is_told() -> None:
    records, _ = corpus(99)
    found = find_themes(prepare_all(records), own_scorer())
    assert (found.themes, found.reason) == ((), "Themes need 100 records; there are 99.")
