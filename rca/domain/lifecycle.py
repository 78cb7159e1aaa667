"""Which moves a postmortem may make, and what review needs."""

from dataclasses import dataclass

from rca.domain.action import missing
from rca.domain.postmortem import PostmortemContent
from rca.domain.questions import missing_surfaces
from rca.domain.template import Ask, Level, Template, first_of
from rca.domain.vocabulary import DEFAULT_AI_SURFACES, Section, Status

MOVES: dict[Status, tuple[Status, ...]] = {
    Status.DRAFT: (Status.IN_REVIEW, Status.NOT_REQUIRED),
    Status.IN_REVIEW: (Status.APPROVED, Status.CHANGES_REQUESTED, Status.DRAFT),
    Status.CHANGES_REQUESTED: (Status.IN_REVIEW, Status.NOT_REQUIRED),
    Status.APPROVED: (Status.PUBLISHED, Status.CHANGES_REQUESTED),
    Status.PUBLISHED: (Status.ARCHIVED, Status.CHANGES_REQUESTED),
    Status.ARCHIVED: (),
    Status.NOT_REQUIRED: (Status.DRAFT,),
}
EDITABLE = (Status.DRAFT, Status.IN_REVIEW, Status.CHANGES_REQUESTED, Status.APPROVED)


def may_move(current: Status, target: Status) -> bool:
    """Whether ``target`` can follow ``current``."""
    return target in MOVES[current]


def status_after_edit(current: Status) -> Status:
    """An edit after approval asks for a new approval; other states stay."""
    return Status.IN_REVIEW if current is Status.APPROVED else current


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that review needs. ``anchor`` is the field that the checklist jumps to."""

    section: Section
    anchor: str
    text: str
    met: bool


def _ai_rows(content: PostmortemContent) -> list[Requirement]:
    """Answers about AI influence that are begun and not finished."""
    return [
        Requirement(Section.AI, f"ai-{row.surface}", f"{row.surface.label}: {problem}", False)
        for row in content.ai_influences
        for problem in row.problems()
    ]


def _actions(content: PostmortemContent) -> list[Requirement]:
    """What the state of each action still asks for, such as a reason and who accepts the risk."""
    return [
        Requirement(Section.ACTIONS, f"actions-{place}-{field}", f"“{item.title}”: {words}", False)
        for place, item in enumerate(content.actions)
        if item.title
        for field, words in missing(item)
    ]


def _requirement(ask: Ask, content: PostmortemContent) -> Requirement:
    text = ask.says()
    if ask.question == "ai":
        left = missing_surfaces(content)
        if left and len(left) < len(DEFAULT_AI_SURFACES):
            text += f" (open: {', '.join(left)})"
    return Requirement(ask.of.section, ask.of.anchor, text, ask.of.met(content, ask.at_least))


def requirements(content: PostmortemContent, template: Template | None = None) -> list[Requirement]:
    """What this record needs before review, in the order of its template.

    Without a template, the one that was shipped for its severity and kind.
    """
    template = template or first_of(content)
    asked = [
        _requirement(ask, content)
        for ask in template.asks(content.severity)
        if ask.level is Level.REQUIRED
    ]
    order = template.order()
    begun = [*_ai_rows(content), *_actions(content)]
    return sorted([*asked, *begun], key=lambda item: order.index(item.section))


def unmet(content: PostmortemContent, template: Template | None = None) -> list[Requirement]:
    """The requirements still open."""
    return [item for item in requirements(content, template) if not item.met]


@dataclass(frozen=True, slots=True)
class SectionProgress:
    """How far one section is: ``met`` of ``asked`` requirements (both 0 when nothing is asked)."""

    section: Section
    met: int
    asked: int


def progress(content: PostmortemContent, template: Template | None = None) -> list[SectionProgress]:
    """Completeness per section in the template's order, for the rail of the editor."""
    template = template or first_of(content)
    asked = requirements(content, template)
    return [
        SectionProgress(
            section,
            sum(item.met for item in asked if item.section is section),
            sum(item.section is section for item in asked),
        )
        for section in template.order()
    ]


def asked_sections(
    content: PostmortemContent, template: Template | None = None
) -> frozenset[Section]:
    """Sections of which something is asked at this severity; the others may stay closed."""
    template = template or first_of(content)
    asked = {ask.of.section for ask in template.asks(content.severity)}
    return frozenset(asked | {item.section for item in requirements(content, template)})
