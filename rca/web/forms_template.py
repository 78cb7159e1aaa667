"""A template's form: one row per question, its place as a number; and back to a template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rca.domain.labels import SECTION_HEADINGS
from rca.domain.questions import ALWAYS, QUESTIONS
from rca.domain.template import Level, Template
from rca.domain.vocabulary import Section, Severity
from rca.errors import Problem

ASK_FIELDS = ("question", "level", "since", "at_least", "hint", "words", "place")


@dataclass(frozen=True, slots=True)
class AskRow:
    """One question on the form; ``n`` is its number in the names of its fields."""

    n: int
    values: Mapping[str, str]
    label: str
    countable: bool
    fixed: bool


@dataclass(frozen=True, slots=True)
class SectionRow:
    """One section on the form."""

    section: Section
    usual: str
    values: Mapping[str, str]
    asks: tuple[AskRow, ...]


Row = dict[str, str]


def _blank(question: str) -> Row:
    return {**dict.fromkeys(ASK_FIELDS, ""), "question": question, "at_least": "1"}


def values_of(template: Template) -> dict[str, Any]:
    """The form's words for a template: what it asks, then everything it could ask."""
    asks: list[Row] = []
    sections: dict[str, Row] = {}
    for place, section in enumerate(template.order(), 1):
        part = template.section(section)
        sections[section.value] = {
            "place": str(place),
            "heading": part.heading,
            "note": part.note,
        }
        shown = [_row(ask.model_dump(mode="json"), n) for n, ask in enumerate(part.asks, 1)]
        taken = {row["question"] for row in shown}
        asks += shown
        asks += [
            _blank(one.id)
            for one in QUESTIONS.values()
            if one.section is section and one.id not in taken
        ]
    words = {name: getattr(template, name) for name in ("id", "name", "summary", "guide")}
    return {**words, "sections": sections, "asks": asks}


def _row(ask: Mapping[str, Any], place: int) -> Row:
    row = {name: str(ask.get(name) or "") for name in ASK_FIELDS}
    return {**row, "place": str(place)}


def typed(nested: Mapping[str, Any], template_id: str = "") -> dict[str, Any]:
    """What the page sent, as :func:`values_of` gives it."""
    sections = nested.get("sections")
    asks = nested.get("asks")
    rows = asks if isinstance(asks, list) else []
    return {
        "id": template_id or _text(nested, "id"),
        **{name: _text(nested, name) for name in ("name", "summary", "guide")},
        "sections": {
            section: {name: _text(part, name) for name in ("place", "heading", "note")}
            for section in Section.values()
            if isinstance(part := (sections or {}).get(section, {}), dict)
        },
        "asks": [
            {name: _text(row, name) for name in ASK_FIELDS}
            for row in rows
            if isinstance(row, dict) and row.get("question") in QUESTIONS
        ],
    }


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def _place(row: Mapping[str, str]) -> float:
    text = row["place"]
    return float(text) if text.isdecimal() and len(text) < 6 else 1_000.0


def _sections(values: Mapping[str, Any]) -> list[tuple[str, Row]]:
    return sorted(values["sections"].items(), key=lambda item: _place(item[1]))


def _asked(values: Mapping[str, Any], section: str) -> list[tuple[int, Row]]:
    found = [
        (n, row)
        for n, row in enumerate(values["asks"])
        if row["level"] and QUESTIONS[row["question"]].section == section
    ]
    return sorted(found, key=lambda item: _place(item[1]))


def data_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """The form as data for :class:`Template`. A section without questions is left out."""
    sections = []
    for name, part in _sections(values):
        asks = [_ask(row) for _, row in _asked(values, name)]
        if asks or part["heading"] or part["note"]:
            words = {"heading": part["heading"], "note": part["note"]}
            sections.append({"section": name, **words, "asks": asks})
    words = {name: values[name] for name in ("id", "name", "summary", "guide")}
    return {**words, "sections": sections}


def _ask(row: Mapping[str, str]) -> dict[str, Any]:
    ask: dict[str, Any] = {name: row[name] for name in ("question", "level", "hint", "words")}
    ask["since"] = row["since"] or None
    ask["at_least"] = row["at_least"] or 1
    return ask


def field_names(values: Mapping[str, Any], problems: Sequence[Problem]) -> list[Problem]:
    """Problems by the names of the form's fields."""
    data = data_of(values)
    names: dict[str, str] = {}
    for i, part in enumerate(data["sections"]):
        names[f"sections.{i}"] = f"sections-{part['section']}"
        for j, (n, _) in enumerate(_asked(values, part["section"])):
            names[f"sections.{i}.asks.{j}"] = f"asks-{n}"
    return [Problem(_renamed(problem.path, names), problem.message) for problem in problems]


def _renamed(path: str, names: Mapping[str, str]) -> str:
    for size in (4, 2):
        head = ".".join(path.split(".")[:size])
        if head in names:
            rest = path[len(head) + 1 :].replace(".", "-")
            return f"{names[head]}-{rest or 'heading'}"
    return path


def rows(values: Mapping[str, Any]) -> tuple[SectionRow, ...]:
    """The form as the page shows it, each section with its questions."""
    every = [
        AskRow(
            n,
            row,
            QUESTIONS[row["question"]].label,
            QUESTIONS[row["question"]].countable,
            row["question"] in ALWAYS and row["level"] == Level.REQUIRED and not row["since"],
        )
        for n, row in enumerate(values["asks"])
    ]
    return tuple(
        SectionRow(
            Section(name),
            SECTION_HEADINGS[Section(name)],
            part,
            tuple(row for row in every if QUESTIONS[row.values["question"]].section == name),
        )
        for name, part in _sections(values)
    )


def ask_again(values: dict[str, Any], number: str) -> None:
    """A second row for a question: asked more strongly from some severity on."""
    place = int(number) if number.isdecimal() and len(number) < 4 else len(values["asks"])
    if place < len(values["asks"]):
        row = values["asks"][place]
        again = {**_blank(row["question"]), "level": Level.REQUIRED.value, "since": "SEV2"}
        values["asks"].insert(place + 1, {**again, "place": row["place"]})


def matrix(template: Template) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    """What is asked at each severity: ``(section, [(question, [level per severity])])``."""
    found = []
    for section in template.order():
        questions = dict.fromkeys(ask.question for ask in template.section(section).asks)
        lines = [
            (QUESTIONS[q].label, [_level(template, q, severity) for severity in Severity])
            for q in questions
        ]
        if lines:
            heading = template.section(section).heading or SECTION_HEADINGS[section]
            found.append((heading, lines))
    return found


def _level(template: Template, question: str, severity: Severity) -> str:
    levels = [ask.level for ask in template.asks(severity) if ask.question == question]
    return min(levels, key=list(Level).index).value if levels else ""
