"""A template: what a postmortem is asked, in which order, in whose words, and what review needs.

A template never removes a field: what it does not ask stays at hand, folded away. Versions are
values; a record keeps the id and version that it was begun with.
"""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from rca.domain.postmortem import PostmortemContent
from rca.domain.questions import ALWAYS, QUESTIONS, Question, parts_of
from rca.domain.text import Line, LongLine
from rca.domain.vocabulary import RecordKind, Section, Severity, Vocabulary

_SLUG = r"^[a-z][a-z0-9-]{1,38}[a-z0-9]$"
_FOLDER = Path(__file__).parent / "templates"


class Level(Vocabulary):
    """How strongly something is asked for."""

    REQUIRED = "required", "Required for review"
    ASKED = "asked", "Asked, may stay blank"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Ask(_Part):
    """One question of a template.

    ``since`` limits it to that severity and graver ones; blank asks at every severity.
    ``hint`` stands beneath the field; ``words`` replace the requirement's own.
    """

    question: str
    level: Level = Level.ASKED
    since: Severity | None = None
    at_least: int = Field(default=1, ge=1, le=20)
    hint: LongLine = ""
    words: LongLine = ""

    @field_validator("question")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in QUESTIONS:
            raise ValueError(f"“{value}” is not something that a form can ask.")
        return value

    @property
    def of(self) -> Question:
        """What is asked."""
        return QUESTIONS[self.question]

    def applies(self, severity: Severity | None) -> bool:
        """Whether it is asked at that severity. An unknown one meets no threshold."""
        if self.since is None:
            return True
        return severity is not None and _RANK[severity] <= _RANK[self.since]

    def says(self) -> str:
        """The requirement in words."""
        return self.words or self.of.asked(self.at_least)


_RANK = {severity: place for place, severity in enumerate(Severity)}


class TemplateSection(_Part):
    """One section of the form: its heading, its note, its questions in order."""

    section: Section
    heading: Line = ""
    note: LongLine = ""
    asks: tuple[Ask, ...] = ()

    @model_validator(mode="after")
    def _own_questions(self) -> "TemplateSection":
        for ask in self.asks:
            if ask.of.section is not self.section:
                raise ValueError(f"“{ask.of.label}” belongs to {ask.of.section.label}.")
        return self


class Template(_Part):
    """One version of a template."""

    id: str = Field(pattern=_SLUG)
    version: int = Field(default=1, ge=1)
    name: Line = Field(min_length=1)
    summary: LongLine = ""
    guide: LongLine = ""
    sections: tuple[TemplateSection, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> "Template":
        named = [part.section for part in self.sections]
        if len(named) != len(set(named)):
            raise ValueError("A section is given twice.")
        if named and named[0] is not Section.HEADER:
            raise ValueError("The basics come first: everything else is found by them.")
        required = {
            ask.question
            for part in self.sections
            for ask in part.asks
            if ask.level is Level.REQUIRED and ask.since is None
        }
        for question in ALWAYS:
            if question not in required:
                label = QUESTIONS[question].label
                raise ValueError(f"“{label}” is required of every postmortem.")
        return self

    @property
    def key(self) -> str:
        """Id and version in one word."""
        return f"{self.id}@{self.version}"

    def section(self, section: Section) -> TemplateSection:
        """That section, empty when the template does not name it."""
        found = (part for part in self.sections if part.section is section)
        return next(found, TemplateSection(section=section))

    def order(self) -> tuple[Section, ...]:
        """Every section: the template's first, then those it does not name."""
        named = [part.section for part in self.sections]
        return (*named, *(section for section in Section if section not in named))

    def asks(self, severity: Severity | None) -> tuple[Ask, ...]:
        """What is asked at that severity, in order."""
        return tuple(ask for part in self.sections for ask in part.asks if ask.applies(severity))

    def parts(self, section: Section, severity: Severity | None) -> tuple[str, ...]:
        """The pieces of a section's form that are asked for, in the template's order."""
        asks = (ask for ask in self.section(section).asks if ask.applies(severity))
        return tuple(dict.fromkeys(ask.of.part for ask in asks))

    def rest(self, section: Section, severity: Severity | None) -> tuple[str, ...]:
        """The pieces that are not asked for; they stay at hand."""
        shown = self.parts(section, severity)
        return tuple(part for part in parts_of(section) if part not in shown)

    def hints(self, severity: Severity | None) -> dict[str, str]:
        """The template's own words beneath a field, by question."""
        return {ask.question: ask.hint for ask in self.asks(severity) if ask.hint}


@cache
def seeds() -> dict[tuple[str, int], Template]:
    """The templates that come with the program, by id and version. Shipped ones never change."""
    found = [Template.model_validate(_read(path)) for path in sorted(_FOLDER.glob("*.toml"))]
    return {(template.id, template.version): template for template in found}


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


UNKNOWN_SEVERITY = "unknown"
OCCASIONS: tuple[tuple[str, str], ...] = (
    *((severity.value, severity.label) for severity in Severity),
    (UNKNOWN_SEVERITY, "Severity not known"),
    *((kind.value, kind.label) for kind in RecordKind if kind is not RecordKind.INCIDENT),
)
"""What a template can be the usual one for: each severity, and each kind that is no incident."""

_USUAL = {occasion: "light" for occasion, _ in OCCASIONS} | dict.fromkeys(
    (*(s.value for s in (Severity.SEV1, Severity.SEV2, Severity.SEV3)), UNKNOWN_SEVERITY), "sre"
)


def occasion_of(content: PostmortemContent) -> str:
    """Which of :data:`OCCASIONS` a record is. Its kind comes before its severity."""
    if content.record_kind is not RecordKind.INCIDENT:
        return content.record_kind.value
    return content.severity.value if content.severity else UNKNOWN_SEVERITY


def usual(occasion: str) -> str:
    """The id of the template that is used for an occasion until somebody chooses another."""
    return _USUAL[occasion]


def first_of(content: PostmortemContent) -> Template:
    """The template of a record that names none: the first version that was shipped."""
    return seeds()[usual(occasion_of(content)), 1]


@dataclass(frozen=True, slots=True)
class TemplateChange:
    """One difference between two versions, in words."""

    where: str
    before: str
    after: str


def changes(old: Template, new: Template) -> list[TemplateChange]:
    """What a new version changes, in the order of the form."""
    found = [
        TemplateChange(words, getattr(old, name), getattr(new, name))
        for name, words in (("name", "Name"), ("summary", "For what"), ("guide", "Guide"))
        if getattr(old, name) != getattr(new, name)
    ]
    if old.order() != new.order():
        found.append(TemplateChange("Order", _listed(old.order()), _listed(new.order())))
    for section in Section:
        found += _section_changes(old.section(section), new.section(section))
    return found


def _listed(sections: Sequence[Section]) -> str:
    return ", ".join(section.label for section in sections)


def _section_changes(old: TemplateSection, new: TemplateSection) -> Iterable[TemplateChange]:
    where = new.section.label
    for name, words in (("heading", "heading"), ("note", "note")):
        if getattr(old, name) != getattr(new, name):
            yield TemplateChange(f"{where}: {words}", getattr(old, name), getattr(new, name))
    before = {(ask.question, ask.since): ask for ask in old.asks}
    after = {(ask.question, ask.since): ask for ask in new.asks}
    for key in dict.fromkeys((*before, *after)):
        if before.get(key) != after.get(key):
            label = QUESTIONS[key[0]].label
            yield TemplateChange(f"{where}: {label}", _ask(before.get(key)), _ask(after.get(key)))
    order = [key for key in before if key in after], [key for key in after if key in before]
    if order[0] != order[1]:
        yield TemplateChange(f"{where}: order", *(_labels(keys) for keys in order))


def _labels(keys: Iterable[tuple[str, Severity | None]]) -> str:
    return ", ".join(QUESTIONS[question].label for question, _ in keys)


def _ask(ask: Ask | None) -> str:
    if ask is None:
        return "not asked"
    since = f" from {ask.since.label}" if ask.since else ""
    words = f"{ask.level.label.lower()}{since}: {ask.says()}"
    return f"{words}. “{ask.hint}”" if ask.hint else words
