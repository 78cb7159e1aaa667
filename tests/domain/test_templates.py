"""Templates as values: what is asked when, in which order, and that shipped ones never change."""

import hashlib
import json
from typing import Any

import pytest
from pydantic import ValidationError

from rca.domain.lifecycle import asked_sections, progress, requirements, unmet
from rca.domain.postmortem import PostmortemContent
from rca.domain.questions import QUESTIONS
from rca.domain.template import OCCASIONS, Template, changes, first_of, seeds, usual
from rca.domain.vocabulary import Section, Severity
from tests.factories import rich

# A record names id and version. Changing a shipped file would change what old records are asked:
# add a file with the next version instead.
SHIPPED = {
    ("coe", 1): "7004438882ba402b",
    ("howie", 1): "983f9c6f1a18202a",
    ("light", 1): "460795ee0fb813c5",
    ("sre", 1): "0bed75c9de5fddfc",
}


def _digest(template: Template) -> str:
    text = json.dumps(template.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def test_shipped_templates_never_change() -> None:
    assert {key: _digest(one) for key, one in seeds().items()} == SHIPPED


def _with(template: Template, **changed: Any) -> Template:
    return Template.model_validate({**template.model_dump(mode="json"), **changed})


def _asks(**ask: Any) -> list[dict[str, Any]]:
    always = [{"question": name, "level": "required"} for name in ("title", "severity")]
    return [
        {"section": "header", "asks": always},
        {"section": "ai", "asks": [{"question": "ai", "level": "required"}]},
        {"section": QUESTIONS[ask["question"]].section.value, "asks": [ask]},
    ]


@pytest.mark.parametrize("severity", [*Severity, None])
def test_a_graver_severity_never_asks_less(severity: Severity | None) -> None:
    order = list(Severity)
    for template in seeds().values():
        if severity is None or severity is Severity.SEV1:
            continue
        graver = order[order.index(severity) - 1]
        lighter = {(ask.question, ask.since) for ask in template.asks(severity)}
        assert lighter <= {(ask.question, ask.since) for ask in template.asks(graver)}


def test_a_threshold_is_met_from_its_severity_on() -> None:
    template = Template.model_validate(
        {
            "id": "own",
            "name": "Own",
            "sections": _asks(question="halving", level="required", since="SEV2"),
        }
    )
    for severity, is_asked in (("SEV1", True), ("SEV2", True), ("SEV3", False), (None, False)):
        content = PostmortemContent.model_validate({"severity": severity})
        words = [item.anchor for item in unmet(content, template)]
        assert ("cut_detection" in words) is is_asked, severity


def test_the_order_of_the_template_is_the_order_of_the_checklist() -> None:
    howie = seeds()["howie", 1]
    content = rich()
    sections = [item.section for item in requirements(content, howie)]
    assert sections == sorted(sections, key=howie.order().index)
    assert [item.section for item in progress(content, howie)] == list(howie.order())
    assert howie.order().index(Section.SUMMARY) < howie.order().index(Section.FACTORS)


def test_styles_ask_for_what_they_are_known_for() -> None:
    content = rich()
    coe = {item.text for item in unmet(content, seeds()["coe", 1])}
    assert any("halved" in text for text in coe)
    assert "An action or idea for each factor" in coe
    howie = {item.text for item in unmet(content, seeds()["howie", 1])}
    assert any("made sense" in text for text in howie)
    light = PostmortemContent.model_validate({"severity": "SEV4"})
    assert len(requirements(light)) < 8 < len(requirements(rich(severity="SEV3")))


def test_every_question_can_be_answered() -> None:
    """A content that answers everything meets every question of the catalogue."""
    note = [{"kind": kind, "text": "x"} for kind in
            ("went_well", "went_poorly", "got_lucky", "surprise", "made_sense", "open_question")]  # fmt: skip
    data = rich().model_dump(mode="json")
    data["factors"][1]["evidence"] = "Seen on the dashboard."
    data["actions"][0]["factor_ids"] = [row["id"] for row in data["factors"]]
    times = {m["milestone"] for m in data["times"]}
    data["times"] += [
        {"milestone": q.id, "precision": "unknown"}
        for q in QUESTIONS.values()
        if q.section is Section.TIMES and q.id not in times
    ]
    content = PostmortemContent.model_validate(
        {
            **data, "notes": note, "tldr": "x", "functionalities": ["pay"], "cut_detection": "x",
            "responders_count": 3, "what_happened": "x", "response": "x", "external_summary": "x",
            "participants": [{"role": "scribe", "name": "x"}],
            "changes": [{"change_key": "a@1", "relation": "suspect"}],
        }
    )  # fmt: skip
    blank = PostmortemContent()
    assert [q.id for q in QUESTIONS.values() if not q.met(content, 1)] == []
    assert [q.id for q in QUESTIONS.values() if q.met(blank, 1)] == []


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ({"sections": []}, "is required of every postmortem"),
        ({"sections": [{"section": "ai"}, {"section": "header"}]}, "The basics come first"),
        ({"sections": _asks(question="summary") * 2}, "given twice"),
        ({"id": "No Spaces"}, "pattern"),
        ({"sections": [{"section": "ai", "asks": [{"question": "title"}]}]}, "belongs to"),
        ({"sections": [{"section": "ai", "asks": [{"question": "nothing"}]}]}, "can ask"),
        ({"surprise": 1}, "Extra"),
    ],
)
def test_a_template_that_can_not_be_is_refused(broken: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        _with(seeds()["light", 1], **broken)


def test_differences_are_said_in_words() -> None:
    old = seeds()["light", 1]
    assert changes(old, old) == []
    sections = old.model_dump(mode="json")["sections"]
    sections[2]["heading"] = "Why"
    sections[5]["asks"][0]["hint"] = "One sentence."
    sections[1], sections[2] = sections[2], sections[1]
    said = {change.where: change.after for change in changes(old, _with(old, sections=sections))}
    assert set(said) == {"Order", "Contributing factors: heading", "Summary: Summary"}
    assert "One sentence." in said["Summary: Summary"]


def test_each_occasion_has_a_template_and_its_kind_comes_first() -> None:
    assert {usual(key) for key, _ in OCCASIONS} <= {key[0] for key in seeds()}
    near_miss = PostmortemContent.model_validate({"severity": "SEV1", "record_kind": "near_miss"})
    assert first_of(near_miss).id == "light"
    assert Section.TIMELINE not in asked_sections(near_miss)
