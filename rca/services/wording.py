"""Wording hints on postmortems: which fields are read, what was waved away, how often per rule.

A hint never blocks anything and is never stored: only a dismissal is, and without a person. The
fields that quote people, list times or look ahead are left alone.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_
from sqlmodel import Session, col, select

from mining.stats import Share, share
from rca.blameless import Allowed, Finding, Options, Reviewer
from rca.blameless.lexicon import load
from rca.domain.access import Permission, Viewer
from rca.domain.postmortem import PostmortemContent
from rca.errors import Invalid, Problem
from rca.services.permissions import need
from rca.services.visibility import find_postmortem, is_open
from rca.store import audit
from rca.store import tables as t
from rca.store.postmortems import load_content, load_contents

NEWEST = 200
"""So many of the newest open postmortems are read for the rate of dismissals."""
REVIEW_ABOVE = 0.30
ENOUGH = 10

_WHOLE = (
    ("title", "Title"),
    ("tldr", "In one sentence"),
    ("impact_summary", "Impact in words"),
    ("trigger_note", "Trigger"),
    ("summary", "Summary"),
    ("what_happened", "What happened"),
    ("response", "How the response went"),
    ("external_summary", "Summary for customers"),
    ("external_what_happened", "What happened, for customers"),
    ("external_what_we_do", "What we do about it, for customers"),
    ("imported_text", "Imported text"),
)
_ROWS = (
    ("factors", "statement", "Factor"),
    ("ai_influences", "conditions_note", "AI influence"),
    ("ai_influences", "note", "AI influence, note"),
    ("notes", "text", "Note"),
)
_READ = {name for name, _ in _WHOLE} | {field for _, field, _ in _ROWS}
_QUIET_ROWS = ("timeline", "actions", "participants", "related", "changes", "impact_measures",
               "times", "claims", "evidence")  # fmt: skip


@dataclass(frozen=True, slots=True)
class FieldFindings:
    """The hints of one field. ``path`` is the field's path (``factors.2.statement``)."""

    path: str
    label: str
    text: str
    findings: tuple[Finding, ...]

    @property
    def anchor(self) -> str:
        """The id of the field in the editor."""
        return self.path.replace(".", "-")


@dataclass(frozen=True, slots=True)
class RuleRate:
    """How often a rule's hints were waved away: dismissed, of dismissed and standing."""

    rule: str
    category: str
    family: str
    message: str
    standing: int
    dismissed: int
    share: Share

    @property
    def due(self) -> bool:
        """Whether the rule itself should be reviewed."""
        value = self.share.value
        return value is not None and self.share.n >= ENOUGH and value > REVIEW_ABOVE


def texts_of(content: PostmortemContent) -> Iterator[tuple[str, str, str]]:
    """Path, label and text of every field that is read.

    Timelines and claims quote people, actions look ahead, and the counterfactual note of an AI
    influence is asked for as one: hints are quiet there.
    """
    for name, label in _WHOLE:
        yield name, label, getattr(content, name)
    for rows, field, label in _ROWS:
        for index, row in enumerate(getattr(content, rows)):
            yield f"{rows}.{index}.{field}", f"{label} {index + 1}", getattr(row, field)


def is_read(field_name: str) -> bool:
    """Whether hints speak in the form field of that name (``factors-0-statement``)."""
    parts = field_name.replace(".", "-").split("-")
    return (
        parts[0] not in _QUIET_ROWS
        and parts[-1] in _READ
        and not (set(parts) & {"claims", "evidence"})
    )


def roster_of(content: PostmortemContent) -> frozenset[str]:
    """Names of those who took part: they tell a person from a product of the same name."""
    return frozenset(person.name for person in content.participants if person.name)


def findings_for(
    content: PostmortemContent, *, options: Options | None = None
) -> list[FieldFindings]:
    """Fields with hints, in the order of the form. Pure: reads and stores nothing."""
    given = options or Options()
    reviewer = Reviewer(
        Options(
            clarity=given.clarity,
            roster=given.roster | roster_of(content),
            muted=given.muted,
            allowed=given.allowed,
            dismissed=given.dismissed,
        )
    )
    found = []
    for path, label, text in texts_of(content):
        findings = reviewer.review(text).findings if text else ()
        if findings:
            found.append(FieldFindings(path, label, text, findings))
    return found


@dataclass(frozen=True, slots=True)
class WordingOf:
    """All hints of one postmortem, with what its page needs beside them."""

    title: str
    status: str
    fields: list[FieldFindings]


def of_postmortem(
    session: Session, *, viewer: Viewer, reference: str, allowed: tuple[Allowed, ...]
) -> WordingOf:
    """The hints of a stored postmortem. Raises NotFound when absent or hidden."""
    row = find_postmortem(session, viewer, reference)
    options = options_for(session, postmortem_id=row.id, allowed=allowed)
    fields = findings_for(load_content(session, row), options=options)
    return WordingOf(row.title, row.status, list(fields))


def counts_for(content: PostmortemContent, *, options: Options | None = None) -> dict[str, int]:
    """Hints by category, for the answer of an import."""
    fields = findings_for(content, options=options)
    return dict(Counter(finding.category for field in fields for finding in field.findings))


def counts_of(contents: Iterable[PostmortemContent]) -> dict[str, int]:
    """Hints by category over several contents, the commonest first: the summary of an import."""
    total: Counter[str] = Counter()
    for content in contents:
        total.update(counts_for(content))
    return dict(total.most_common())


def options_for(
    session: Session,
    *,
    postmortem_id: str | None = None,
    allowed: tuple[Allowed, ...] = (),
    clarity: bool = False,
) -> Options:
    """What is dismissed or muted for one postmortem (and everywhere), as options."""
    row = t.WordingDismissal
    where = or_(col(row.postmortem_id).is_(None), col(row.postmortem_id) == postmortem_id)
    rows = session.exec(select(row).where(where)).all()
    return Options(
        clarity=clarity,
        muted=frozenset(item.rule for item in rows if not item.sentence_key),
        dismissed=frozenset(item.sentence_key for item in rows if item.sentence_key),
        allowed=allowed,
    )


def check(
    session: Session,
    *,
    viewer: Viewer,
    text: str,
    field: str = "",
    reference: str = "",
    allowed: tuple[Allowed, ...] = (),
) -> tuple[Finding, ...]:
    """Hints on a text as it is typed. Nothing of it is stored. Raises NotFound, Forbidden."""
    need(viewer, Permission.WRITE)
    if field and not is_read(field):
        return ()
    row = find_postmortem(session, viewer, reference) if reference else None
    options = options_for(session, postmortem_id=row.id if row else None, allowed=allowed)
    return Reviewer(options).review(text).findings


def dismiss(
    session: Session,
    *,
    viewer: Viewer,
    rule: str,
    sentence_key: str,
    reason: str,
    reference: str = "",
    now: datetime,
) -> None:
    """Leave a sentence as it is; without ``sentence_key`` the rule is muted in ``reference``.

    Twice is once. Raises Invalid without a reason or with an unknown rule, NotFound, Forbidden.
    """
    need(viewer, Permission.WRITE)
    _check_dismissal(rule, sentence_key, reason, reference)
    row = find_postmortem(session, viewer, reference) if reference else None
    postmortem_id = row.id if row else None
    if _already(session, rule, sentence_key, postmortem_id):
        return
    session.add(
        t.WordingDismissal(
            rule=rule,
            sentence_key=sentence_key,
            postmortem_id=postmortem_id,
            reason=reason.strip(),
            at=now,
        )
    )
    session.flush()


def _check_dismissal(rule: str, sentence_key: str, reason: str, reference: str) -> None:
    problems = []
    if rule not in {known.id for known in load(clarity=True).rules}:
        problems.append(Problem("rule", "There is no such rule."))
    if not reason.strip():
        problems.append(Problem("reason", "Say in a few words why this wording stays."))
    if len(reason) > 2_000 or "\x00" in reason:
        problems.append(Problem("reason", "Keep the reason to one or two sentences."))
    if sentence_key and not (len(sentence_key) == 24 and sentence_key.isalnum()):
        problems.append(Problem("key", "This hint is not valid any more. Check the text again."))
    if not sentence_key and not reference:
        problems.append(Problem("key", "A rule is muted in one postmortem, not everywhere."))
    if problems:
        raise Invalid(problems)


def _already(session: Session, rule: str, key: str, postmortem_id: str | None) -> bool:
    row = t.WordingDismissal
    query = select(row.id).where(
        row.rule == rule, row.sentence_key == key, row.postmortem_id == postmortem_id
    )
    return session.exec(query).first() is not None


def withdraw(session: Session, *, viewer: Viewer, dismissal_id: str, now: datetime) -> None:
    """Let a dismissed hint speak again. Reviewers only; audited by rule, not by sentence."""
    need(viewer, Permission.REVIEW)
    row = session.get(t.WordingDismissal, dismissal_id)
    if row is None:
        return
    session.delete(row)
    act = audit.Act(viewer.name, "wording.withdraw", "wording_rule", row.rule, {})
    audit.append(session, act, now=now)


@dataclass(frozen=True, slots=True)
class Dismissed:
    """One row of what was waved away. There is no name to show."""

    id: str
    rule: str
    muted: bool
    reference: str
    reason: str
    at: datetime


def dismissed_of_open(session: Session, *, limit: int = 100) -> list[Dismissed]:
    """The newest dismissals in open postmortems and everywhere, for reviewing a rule."""
    row, post = t.WordingDismissal, t.PostmortemRow
    query = (
        select(row, post.reference)
        .join(post, col(post.id) == col(row.postmortem_id), isouter=True)
        .where(col(row.postmortem_id).is_(None) | is_open())
        .order_by(col(row.at).desc(), col(row.id))
        .limit(limit)
    )
    return [
        Dismissed(item.id, item.rule, not item.sentence_key, reference or "", item.reason, item.at)
        for item, reference in session.exec(query)
    ]


def rates(
    session: Session, *, allowed: tuple[Allowed, ...] = (), newest: int = NEWEST
) -> list[RuleRate]:
    """Dismissal rate per rule over the newest open postmortems, with n and interval."""
    post = t.PostmortemRow
    query = select(post).where(is_open()).order_by(col(post.sort_at).desc()).limit(newest)
    rows = session.exec(query).all()
    contents = load_contents(session, rows)
    standing: Counter[str] = Counter()
    for row in rows:
        options = options_for(session, postmortem_id=row.id, allowed=allowed)
        fields = findings_for(contents[row.id], options=options)
        standing.update(finding.rule for field in fields for finding in field.findings)
    return _rated(standing, _dismissed_by_rule(session, [row.id for row in rows]))


def _dismissed_by_rule(session: Session, ids: Iterable[str]) -> Counter[str]:
    row = t.WordingDismissal
    here = col(row.postmortem_id).is_(None) | col(row.postmortem_id).in_(list(ids))
    return Counter(session.exec(select(row.rule).where(here)).all())


def _rated(standing: Counter[str], dismissed: Counter[str]) -> list[RuleRate]:
    return [
        RuleRate(
            rule.id,
            rule.category,
            rule.family,
            rule.message,
            standing[rule.id],
            dismissed[rule.id],
            share(dismissed[rule.id], dismissed[rule.id] + standing[rule.id]),
        )
        for rule in load(clarity=True).rules
    ]
