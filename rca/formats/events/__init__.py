"""What other systems send, one module per vendor, each reading into one shape.

A reader raises :class:`Malformed` when a body is not what its vendor documents, and answers an
event with ``unknown`` when it is readable and new to us.
"""

from collections.abc import Callable

from rca.domain.event import Delivery, Event
from rca.formats.events import (
    alertmanager,
    cdevents,
    devlake,
    github,
    gitlab,
    jira,
    pagerduty,
)
from rca.formats.events.fields import Malformed

READERS: dict[str, Callable[[Delivery], Event]] = {
    "github": github.read,
    "gitlab": gitlab.read,
    "jira": jira.read,
    "pagerduty": pagerduty.read,
    "alertmanager": alertmanager.read,
    "cdevents": cdevents.read,
    "devlake": devlake.read,
}

SOURCES = tuple(READERS)
"""Sources that may send, by the last part of their address."""

__all__ = ["READERS", "SOURCES", "Malformed"]
