"""Everything that a template may ask for: where it stands in the form, and when it is answered."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rca.domain.postmortem import PostmortemContent
from rca.domain.vocabulary import (
    DEFAULT_AI_SURFACES,
    ActionKind,
    Milestone,
    NoteKind,
    Section,
)

Met = Callable[[PostmortemContent, int], bool]


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that can be asked.

    ``part`` is the piece of the form that holds it; two questions may share one. ``anchor`` is the
    field that a checklist jumps to. ``met`` takes the content and how many are wanted.
    ``countable`` says whether a number of answers can be asked for.
    """

    id: str
    section: Section
    part: str
    anchor: str
    label: str
    words: str
    met: Met
    countable: bool = False

    def asked(self, at_least: int) -> str:
        """The requirement in words."""
        return self.words.format(count=spoken(at_least), s="" if at_least == 1 else "s")


_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def spoken(count: int) -> str:
    """A small number in words."""
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def _text(field: str) -> Met:
    return lambda content, _: bool(str(getattr(content, field)).strip())


def _given(field: str) -> Met:
    return lambda content, _: getattr(content, field) is not None


def _several(field: str) -> Met:
    return lambda content, least: len(getattr(content, field)) >= least


def _time(milestone: Milestone) -> Met:
    return lambda content, _: content.mark(milestone) is not None


def _factors(content: PostmortemContent, least: int) -> bool:
    return sum(bool(row.statement) for row in content.factors) >= least


def _classes(content: PostmortemContent, _: int) -> bool:
    rows = [row for row in content.factors if row.statement]
    return bool(rows) and all(row.factor_class for row in rows)


def _evidence(content: PostmortemContent, _: int) -> bool:
    rows = [row for row in content.factors if row.statement]
    return bool(rows) and all(row.timeline_ids or row.evidence.strip() for row in rows)


def _timeline(content: PostmortemContent, least: int) -> bool:
    return sum(bool(row.text.strip()) for row in content.timeline) >= least


def _commitments(content: PostmortemContent, least: int) -> bool:
    rows = [a for a in content.actions if a.kind is ActionKind.COMMITMENT and a.title]
    return sum(bool((a.owner or a.team) and a.due and a.done_criterion) for a in rows) >= least


def _factors_answered(content: PostmortemContent, _: int) -> bool:
    rows = {row.id for row in content.factors if row.statement}
    answered = {factor for action in content.actions for factor in action.factor_ids}
    return bool(rows) and rows <= answered


def _note(kind: NoteKind) -> Met:
    return lambda content, least: (
        sum(note.kind is kind and bool(note.text.strip()) for note in content.notes) >= least
    )


def _ai(content: PostmortemContent, _: int) -> bool:
    return not missing_surfaces(content)


def missing_surfaces(content: PostmortemContent) -> list[str]:
    """The surfaces asked of every incident that have no answer yet, in words."""
    answered = {row.surface for row in content.ai_influences}
    return [surface.label for surface in DEFAULT_AI_SURFACES if surface not in answered]


def _impact(content: PostmortemContent, _: int) -> bool:
    return bool(content.impact_summary.strip() or content.impact_measures)


def _halving(content: PostmortemContent, _: int) -> bool:
    return bool(content.cut_detection.strip() or content.cut_mitigation.strip())


_TIME_WORDS = {
    Milestone.IMPACT_STARTED: "impact started",
    Milestone.DETECTED: "it was detected",
    Milestone.MITIGATED: "it was mitigated",
    Milestone.DIAGNOSED: "it was understood",
    Milestone.IMPACT_ENDED: "impact ended",
    Milestone.RESOLVED: "it was resolved",
    Milestone.FAULT_INTRODUCED: "the condition was introduced",
    Milestone.DECLARED: "it was declared",
    Milestone.ACKNOWLEDGED: "it was acknowledged",
}


def _times() -> Iterable[Question]:
    for milestone, words in _TIME_WORDS.items():
        yield Question(
            milestone.value,
            Section.TIMES,
            milestone.value,
            f"times-{milestone.value}",
            milestone.label,
            f"When {words}, or that it is unknown",
            _time(milestone),
        )


def _notes() -> Iterable[Question]:
    for kind in NoteKind:
        yield Question(
            f"note_{kind.value}",
            Section.LEARNING,
            "notes",
            "notes",
            kind.label,
            f"At least {{count}} note{{s}}: {kind.label.lower()}",
            _note(kind),
            countable=True,
        )


_H, _I, _F, _S = Section.HEADER, Section.IMPACT, Section.FACTORS, Section.SUMMARY
_LISTED = (
    Question("title", _H, "title", "title", "Title", "A title that names the symptom",
             _text("title")),
    Question("severity", _H, "basics", "severity", "Severity", "A severity", _given("severity")),
    Question("services", _H, "services", "services", "Services", "At least {count} service{s}",
             _several("services"), countable=True),
    Question("tldr", _H, "tldr", "tldr", "In one sentence", "One sentence for a lift",
             _text("tldr")),
    Question("functionalities", _H, "functionalities", "functionalities",
             "What could people not do?", "What people could not do", _several("functionalities")),
    Question("teams", _H, "teams", "teams", "Teams", "At least {count} team{s}",
             _several("teams"), countable=True),
    Question("participants", _H, "participants", "participants", "People and roles",
             "At least {count} person with a role", _several("participants"), countable=True),
    *_times(),
    Question("timeline", Section.TIMELINE, "timeline", "timeline", "Timeline",
             "A timeline of at least {count} entries", _timeline, countable=True),
    Question("detection_method", _I, "detection", "detection_method", "How we found out",
             "How it was detected", _given("detection_method")),
    Question("detection_gap", _I, "detection", "detection_gap", "Why monitoring was late",
             "Why monitoring did not see it sooner", _given("detection_gap")),
    Question("impact", _I, "impact_words", "impact_summary", "Impact in words or numbers",
             "The impact in words or numbers", _impact),
    Question("impact_types", _I, "impact_types", "impact_types", "What was harmed",
             "What was harmed", _several("impact_types")),
    Question("impact_measures", _I, "impact_measures", "add-impact_measures", "Impact in numbers",
             "At least {count} number of harm, “unknown” included", _several("impact_measures"),
             countable=True),
    Question("halving", _I, "halving", "cut_detection", "What would have halved it",
             "What would have halved the time to detect or mitigate", _halving),
    Question("responders", _I, "cost", "responders_count", "What the response cost",
             "How many people responded", _given("responders_count")),
    Question("trigger", _F, "trigger", "trigger", "Trigger", "The trigger", _given("trigger")),
    Question("factors", _F, "factors", "factors", "Contributing factors",
             "At least {count} contributing factor{s}", _factors, countable=True),
    Question("factor_classes", _F, "factors", "factors", "A class on each factor",
             "A class on each factor", _classes),
    Question("factor_evidence", _F, "factors", "factors", "Evidence on each factor",
             "Evidence on each factor: timeline rows or words", _evidence),
    Question("changes", _F, "changes", "add-changes", "Changes linked by hand",
             "At least {count} change, or one that was looked at and dismissed",
             _several("changes"), countable=True),
    Question("ai", Section.AI, "ai", "ai", "AI influence",
             "AI influence answered for design, code, config, review and response", _ai),
    Question("actions", Section.ACTIONS, "actions", "actions", "Commitments",
             "At least {count} commitment{s} with owner, due date and done criterion",
             _commitments, countable=True),
    Question("factors_answered", Section.ACTIONS, "actions", "actions",
             "An action or idea for each factor", "An action or idea for each factor",
             _factors_answered),
    *_notes(),
    Question("summary", _S, "summary", "summary", "Summary", "A summary", _text("summary")),
    Question("what_happened", _S, "what_happened", "what_happened", "What happened",
             "The longer story: what happened", _text("what_happened")),
    Question("response", _S, "response", "response", "How the response went",
             "How the response went", _text("response")),
    Question("external", _S, "external", "external_summary", "What customers are told",
             "A summary for customers", _text("external_summary")),
)  # fmt: skip

QUESTIONS: dict[str, Question] = {question.id: question for question in _LISTED}
"""By id, in the order of the form."""

ALWAYS = ("title", "severity", "ai")
"""Required by every template: without them nothing can be found, ordered or counted fairly."""


def parts_of(section: Section) -> tuple[str, ...]:
    """The pieces of a section's form that a template may ask for, in the form's own order."""
    parts = (question.part for question in QUESTIONS.values() if question.section is section)
    return tuple(dict.fromkeys(parts))
