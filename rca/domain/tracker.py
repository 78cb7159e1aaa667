"""Addresses of issues in trackers, made comparable, and what a tracker can say of one."""

from urllib.parse import parse_qs, urlsplit

from rca.domain.vocabulary import Vocabulary


class TrackerSays(Vocabulary):
    """What became of an issue, in the words of action items."""

    DONE = "done", "closed"
    DROPPED = "dropped", "closed without doing it"
    OPEN = "open", "open again"


class ProposalState(Vocabulary):
    """What became of a proposal. ``overtaken``: the tracker said something newer, or it is so."""

    WAITING = "waiting", "Waits for a person"
    ACCEPTED = "accepted", "Accepted"
    REJECTED = "rejected", "Rejected"
    OVERTAKEN = "overtaken", "Overtaken"


def issue_key(url: str) -> str:
    """One form for the ways in which people write an issue's address; blank when it is none.

    Scheme, letter case of the host, query, fragment and trailing slash do not count; GitLab's
    ``/-/`` and work items are issues; a Jira board with a selected issue is that issue.
    """
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").lower()
        port = f":{parts.port}" if parts.port and parts.port not in (80, 443) else ""
    except ValueError:
        return ""
    if parts.scheme.lower() not in ("http", "https") or not host:
        return ""
    selected = parse_qs(parts.query).get("selectedIssue", [""])[0]
    path = f"/browse/{selected}" if selected else parts.path.rstrip("/")
    path = path.replace("/-/", "/").replace("/work_items/", "/issues/")
    return f"{host}{port}{path.casefold()}" if path else ""
