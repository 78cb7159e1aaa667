"""What the editor's page shows: the data in its inputs, problems beside them, and what is left."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rca.domain.durations import durations, order_warnings
from rca.domain.labels import SECTION_HEADINGS, SHORT_HEADINGS, label_of_path
from rca.domain.lifecycle import (
    Requirement,
    asked_sections,
    progress,
    requirements,
)
from rca.domain.postmortem import PostmortemContent, new_id
from rca.domain.questions import parts_of
from rca.domain.sections import SECTION_FIELDS
from rca.domain.skeleton import sentence
from rca.domain.template import Template, first_of
from rca.domain.vocabulary import DEFAULT_AI_SURFACES, AISurface, Section, Severity
from rca.errors import Problem
from rca.web import forms_postmortem
from rca.web.context import settings
from rca.web.forms_times import as_typed

MOST_PICKABLE = 60
# Pieces of the form whose fields carry other names than the piece.
PART_FIELDS: dict[str, tuple[str, ...]] = {
    "detection": ("detection_method", "detection_gap"),
    "impact_words": ("impact_summary",),
    "halving": ("cut_detection", "cut_mitigation"),
    "cost": ("responders_count", "teams_count", "tools_count", "person_hours"),
    "trigger": ("trigger", "trigger_note"),
    "external": ("external_summary", "external_what_happened", "external_what_we_do"),
}
# Long lists that say how many they hold instead of standing open.
_DETAIL = ("participants", "teams")
_MORE_SURFACES = tuple(s for s in AISurface if s not in DEFAULT_AI_SURFACES)


@dataclass(frozen=True, slots=True)
class RailItem:
    """One line of the completeness rail."""

    section: Section
    heading: str
    met: int
    asked: int

    @property
    def done(self) -> bool:
        """Everything that is asked here is answered."""
        return self.met == self.asked and self.asked > 0

    @property
    def left(self) -> str:
        """What remains, in two words."""
        if not self.asked:
            return "optional"
        return "" if self.done else f"{self.asked - self.met} left"


@dataclass(frozen=True, slots=True)
class AIRow:
    """One row of the AI section; ``n`` is its place on the page."""

    n: int
    surface: AISurface
    row: Mapping[str, Any]
    first: bool


@dataclass(frozen=True, slots=True)
class Pickable:
    """A timeline row that a factor may point at."""

    id: str
    words: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that the editor's templates read. ``data`` is in the form's words, typed or stored."""

    data: Mapping[str, Any]
    errors: Mapping[str, str]
    problems: tuple[tuple[str, str], ...]
    rail: tuple[RailItem, ...]
    checklist: tuple[Requirement, ...]
    asked: frozenset[Section]
    ai_default: tuple[AIRow, ...]
    ai_more: tuple[AIRow, ...]
    pickable: tuple[Pickable, ...]
    suggestion: str
    durations: Mapping[str, str]
    order_warnings: tuple[str, ...]
    due_words: str
    template: Template

    @property
    def order(self) -> tuple[Section, ...]:
        """The sections in the template's order."""
        return self.template.order()

    def heading(self, section: Section) -> str:
        """What the template calls a section, or its usual name."""
        return self.template.section(section).heading or SECTION_HEADINGS[section]

    def note(self, section: Section) -> str:
        """The template's own words above a section; empty for the usual ones."""
        return self.template.section(section).note

    def parts(self, section: Section) -> tuple[str, ...]:
        """The pieces of a section that are asked; all of them when none is."""
        severity = self._severity
        return self.template.parts(section, severity) or parts_of(section)

    def rest(self, section: Section) -> tuple[str, ...]:
        """The pieces that are not asked, which stay at hand."""
        shown = self.parts(section)
        return tuple(part for part in parts_of(section) if part not in shown)

    def hint(self, question: str, usual: str = "") -> str:
        """The template's words beneath a field, or the usual ones."""
        return self.template.hints(self._severity).get(question, usual)

    def asked_notes(self) -> tuple[tuple[str, str, str], ...]:
        """The kinds of note that are asked: value, label, the template's words."""
        asks = self.template.asks(self._severity)
        found = (ask for ask in asks if ask.of.section is Section.LEARNING)
        return tuple((ask.question.removeprefix("note_"), ask.of.label, ask.hint) for ask in found)

    def is_open(self, section: Section, focus: str = "") -> bool:
        """Whether the folded pieces of a section hold words, problems or the focus."""
        names = [name for part in self.rest(section) for name in PART_FIELDS.get(part, (part,))]
        return any(
            self._holds(name) or self.errors_in(name) or focus.removeprefix("add-").startswith(name)
            for name in names
        )

    def _holds(self, name: str) -> bool:
        value = self.data.get(name)
        return bool(value) and name not in _DETAIL

    @property
    def _severity(self) -> Severity | None:
        held = self.data["severity"]
        return Severity(held) if held in Severity.values() else None

    @property
    def ai_more_answered(self) -> bool:
        """Whether a surface beyond the five has an answer, or a problem to see."""
        return any(
            item.row["answer"] or self.errors_in(f"ai_influences-{item.n}") for item in self.ai_more
        )

    @property
    def open_items(self) -> tuple[Requirement, ...]:
        """What review still needs."""
        return tuple(item for item in self.checklist if not item.met)

    @property
    def sections_done(self) -> tuple[int, int]:
        """How many asked sections are ready, of how many."""
        asked = [item for item in self.rail if item.asked]
        return sum(item.done for item in asked), len(asked)

    def error(self, name: str) -> str:
        """The message beside the input of that name."""
        return self.errors.get(name, "")

    def errors_in(self, prefix: str) -> bool:
        """Whether any input below ``prefix`` has a problem, so that it must be in sight."""
        return any(name == prefix or name.startswith(f"{prefix}-") for name in self.errors)

    def has_words(self, section: Section) -> bool:
        """Whether the section holds anything, so that it starts open."""
        blank = PostmortemContent().model_dump(mode="json")
        held = (self.data[name] for name in SECTION_FIELDS[section])
        if section is Section.TIMES:
            return any(mark["precision"] for mark in self.data["times"].values())
        return any(
            value and value != blank[name]
            for name, value in zip(SECTION_FIELDS[section], held, strict=True)
        )


def make_sheet(
    content: PostmortemContent,
    *,
    data: Mapping[str, Any] | None = None,
    problems: Sequence[Problem] = (),
    template: Template | None = None,
) -> Sheet:
    """The sheet of ``content``; ``data`` holds the words as typed when they are not stored yet."""
    template = template or first_of(content)
    page = forms_postmortem.shown(data or content.model_dump(mode="json"))
    rows, places = _ai_rows(page["ai_influences"])
    named = [(_on_page(forms_postmortem.field_name(p), places), p) for p in problems]
    return Sheet(
        data=page,
        errors={name: problem.message for name, problem in named},
        problems=tuple(
            (name, f"{label_of_path(p.path)}: {p.message}" if p.path else p.message)
            for name, p in named
        ),
        rail=tuple(
            RailItem(item.section, _short(template, item.section), item.met, item.asked)
            for item in progress(content, template)
        ),
        checklist=tuple(requirements(content, template)),
        asked=asked_sections(content, template),
        ai_default=tuple(row for row in rows if row.surface in DEFAULT_AI_SURFACES),
        ai_more=tuple(row for row in rows if row.surface not in DEFAULT_AI_SURFACES),
        pickable=tuple(_pickable(page["timeline"], page["factors"])),
        suggestion=sentence(content),
        durations={span.key: span.text for span in durations(content)},
        order_warnings=tuple(order_warnings(content)),
        due_words=_due_words(content),
        template=template,
    )


def _short(template: Template, section: Section) -> str:
    return template.section(section).heading or SHORT_HEADINGS[section]


def _due_words(content: PostmortemContent) -> str:
    if content.severity is None:
        return ""
    days = settings().days_to_act(content.severity)
    return f"{content.severity.label} default: {days} days"


def _ai_rows(stored: Sequence[Mapping[str, Any]]) -> tuple[list[AIRow], dict[int, int]]:
    """Rows in the order of the page, a blank one for each surface without an answer; and where
    each stored row went.
    """
    rows: list[AIRow] = []
    places: dict[int, int] = {}
    for surface in (*DEFAULT_AI_SURFACES, *_MORE_SURFACES):
        held = [i for i, row in enumerate(stored) if row.get("surface") == surface.value]
        for order, i in enumerate(held):
            places[i] = len(rows)
            rows.append(AIRow(len(rows), surface, stored[i], order == 0))
        if not held:
            blank = {**forms_postmortem.blank_row("ai_influences"), "id": new_id()}
            rows.append(AIRow(len(rows), surface, blank, True))
    return rows, places


def _on_page(name: str, places: Mapping[int, int]) -> str:
    parts = name.split("-")
    if parts[0] == "ai_influences" and len(parts) > 1 and parts[1].isdigit():
        parts[1] = str(places.get(int(parts[1]), int(parts[1])))
    return "-".join(parts)


def _pickable(
    timeline: Sequence[Mapping[str, Any]], factors: Iterable[Mapping[str, Any]]
) -> Iterable[Pickable]:
    """Timeline rows to point at: all of a short timeline; of a long one the starred, the marked
    and those that a factor points at already.
    """
    linked = {entry for factor in factors for entry in factor.get("timeline_ids") or []}
    for row in timeline:
        plain = row.get("kind", "event") == "event" and not row.get("key")
        if len(timeline) > MOST_PICKABLE and plain and row.get("id") not in linked:
            continue
        text = str(row.get("text") or "").strip()
        if row.get("id") and text:
            at = as_typed(row.get("at"))[11:16]
            short = text if len(text) <= 72 else text[:69].rstrip() + "…"
            yield Pickable(row["id"], f"{at} {short}".strip())
