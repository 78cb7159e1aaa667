"""Layer 1: what a record tells of, and where."""

import pytest

from mining.causes import CauseScorer, causal_parts
from mining.cues import CueIndex, words_of
from mining.foreign import scorer_for
from mining.records import from_mapping
from mining.taxonomy import Taxonomy, from_rows
from mining.text import sentences
from tests.mining.corpus import company


def told(text: str, **fields: object) -> str | None:
    """The one cause of a text."""
    return CauseScorer().score(from_mapping({"id": "1", "text": text, **fields})).primary


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("The TLS certificate of the gateway expired.", "expiry_credential_lifecycle"),
        ("A misconfigured routing rule sent traffic to an empty pool.", "config_change"),
        ("Nodes ran out of memory after a surge of traffic.", "capacity_overload_exhaustion"),
        ("The counter column reached the maximum of a 32-bit integer.", "hard_limit_overflow"),
        ("Two writers ran into a deadlock on the same rows.", "concurrency_race_deadlock"),
        ("An engineer accidentally deleted the production volume.", "operator_action"),
        ("A power outage in the data centre took down a rack.", "hardware_power"),
        ("Our upstream provider had an outage.", "third_party_dependency"),
        ("An attacker exploited a vulnerability in the upload form.", "security"),
        ("The leap second made the scheduler spin.", "time_leap_clock"),
    ],
)
def test_plain_sentences_are_understood(text: str, cause: str) -> None:
    assert told(text) == cause


def test_the_reason_goes_before_its_effect() -> None:
    assert told("The database overload was caused by a misconfigured cache.") == "config_change"
    assert told("A software bug caused the configuration service to restart.") == "code_defect"


def test_nothing_told_is_uncertain_and_not_guessed() -> None:
    result = CauseScorer().score(from_mapping({"id": "1", "text": "We had a bad afternoon."}))
    assert result.primary is None
    assert result.causes == ()


def test_each_cause_quotes_a_sentence_of_the_record() -> None:
    for record in company():
        for cause in CauseScorer().score(record).causes:
            assert cause.evidence in record.text or cause.evidence == record.title


def test_the_author_wins() -> None:
    record = from_mapping({"id": "1", "text": "The certificate expired.", "causes": ["datastore"]})
    result = CauseScorer().score(record)
    assert result.primary == "datastore"
    assert (result.causes[0].id, result.causes[0].source) == ("datastore", "author")


def test_quotes_show_no_secret_and_no_person() -> None:
    text = "Sarah Miller put password=hunter2secret into a misconfigured file."
    evidence = CauseScorer().score(from_mapping({"id": "1", "text": text})).causes[0].evidence
    assert "hunter2" not in evidence
    assert "Sarah" not in evidence


def test_cues_match_stems_choices_and_gaps() -> None:
    index = CueIndex([("rout* ~ leak|loop*", 1), ("split-brain", 2), ("didn't fire", 3)])
    assert index.find(words_of("Routes started to leak")) == {1}
    assert index.find(words_of("a route was seen and then it began leaking")) == set()
    assert index.find(words_of("Split brain! The alert didn’t fire.")) == {2, 3}


def test_a_sentence_is_cut_at_its_causal_words() -> None:
    words = words_of("Errors rose because the flag was on")
    (_, _, effect), (start, stop, reason) = causal_parts(words)
    assert words[start:stop] == ["the", "flag", "was", "on"]
    assert reason > effect


def test_classes_that_come_as_one_line_each_are_understood_through_ours() -> None:
    rows = [
        {"id": "A", "name": "Settings", "description": "Wrong configuration was applied."},
        {"id": "B", "name": "Load", "description": "More traffic than capacity."},
        {"id": "Z", "name": "Others", "description": "Anything else."},
    ]
    scorer = scorer_for(from_rows(rows))
    asked = {
        "A misconfigured proxy refused every call.": "A",
        "Memory was exhausted by the backlog.": "B",
        "The certificate expired.": "Z",
        "We had a bad afternoon.": "Z",
    }
    found = {t: scorer.score(from_mapping({"id": "1", "text": t})).primary for t in asked}
    assert found == asked


_CLASSES = from_rows(
    [
        {
            "id": "change",
            "name": "Change",
            "description": "A release or configuration was rolled out",
        },
        {"id": "load", "name": "Load", "description": "More load than resources"},
        {"id": "rest", "name": "Other", "description": "Anything else"},
    ]
)


@pytest.mark.parametrize("taxonomy", [None, _CLASSES])
def test_the_leading_cause_stands_among_the_causes_with_its_sentence(
    taxonomy: Taxonomy | None,
) -> None:
    weak = [
        {"id": "a", "text": "Things were slow. Somebody thought of a release."},
        {"id": "b", "text": "We ran out of disk on one host and nothing else was seen."},
        {"id": "c", "text": "The vendor was down."},
        {"id": "d", "text": "Nothing is known."},
    ]
    records = [*company(), *(from_mapping(row) for row in weak)]
    found = scorer_for(taxonomy).score_all(records)
    for record, result in zip(records, found, strict=True):
        named = {cause.id: cause for cause in result.causes}
        assert len(named) == len(result.causes) <= 6
        if result.primary is None:
            continue
        guess = named[result.primary]
        assert (
            result.primary == "rest" or guess.evidence.strip("…") in f"{record.title} {record.text}"
        )


def test_what_is_told_without_quotes_is_what_is_scored_with_them() -> None:
    rows = [
        {"id": "A", "name": "Settings", "description": "Wrong configuration was applied."},
        {"id": "Z", "name": "Others", "description": "Anything else."},
    ]
    for scorer in (CauseScorer(), scorer_for(from_rows(rows))):
        for record in company():
            found = scorer.told(record, sentences(record.text))
            scored = scorer.score(record)
            assert found.causes == tuple(cause.id for cause in scored.causes)
            assert (found.primary, found.scores) == (scored.primary, scored.scores)
