"""What each state of an action item asks for, the same in the form, at review and in the API."""

from rca.domain.postmortem import ActionItem
from rca.domain.vocabulary import ActionKind, ActionStatus, Verification

_REASONS = {
    ActionStatus.WONT_DO: "Say why it will not be done; the risk stays.",
    ActionStatus.BLOCKED: "Say what it waits for.",
    ActionStatus.SUPERSEDED: "Say what replaces it.",
}


def is_link(url: str) -> bool:
    """Whether a page may link to it."""
    return url.startswith(("https://", "http://"))


def missing(item: ActionItem) -> list[tuple[str, str]]:
    """``(field, words)`` of what its state still asks for."""
    found = []
    if item.status in _REASONS and not item.status_reason.strip():
        found.append(("status_reason", _REASONS[item.status]))
    if item.status is ActionStatus.WONT_DO and not item.approver.strip():
        found.append(("approver", "Name the role or team that accepts the risk."))
    checked = item.verified is not Verification.PENDING
    if checked and item.status is not ActionStatus.DONE:
        found.append(("verified", "Only a finished action can be checked for effect."))
    if checked and not item.verified_evidence.strip():
        found.append(("verified_evidence", "Say what was seen: an alert, a drill, a number."))
    return found


def unpromised(item: ActionItem) -> list[tuple[str, str]]:
    """What turns a thought into a promise, as far as it is missing from a commitment."""
    if item.kind is not ActionKind.COMMITMENT:
        return []
    found = []
    if not item.owner and not item.team:
        found.append(("owner", "A commitment has an owner or a team."))
    if item.due is None:
        found.append(("due", "A commitment has a date."))
    if not item.done_criterion.strip():
        found.append(("done_criterion", "Say how one will tell that it is done."))
    return found
