"""Dates as an iCalendar feed that calendar programs show: all-day events with an alarm.

Tasks (VTODO) would be the truer word, but Google and Outlook show none in a feed.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

PRODUCT = "-//Throughline//Action items and drills//EN"


@dataclass(frozen=True, slots=True)
class Entry:
    """One day, or one instant, to be reminded of. ``uid`` stays the same for its whole life."""

    uid: str
    title: str
    on: date | datetime
    changed: datetime
    url: str
    words: str = ""
    place: str = ""


def calendar(name: str, entries: list[Entry]) -> bytes:
    """The feed, in the order of dates. The same entries give the same bytes."""
    from icalendar import Calendar

    made = Calendar()
    made.add("prodid", PRODUCT)
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", name)
    made.add("refresh-interval;value=duration", "PT6H")
    made.add("x-published-ttl", "PT6H")
    for entry in sorted(entries, key=lambda one: (str(one.on), one.uid)):
        made.add_component(_event(entry))
    data: bytes = made.to_ical()
    return data


def _event(entry: Entry) -> Any:
    from icalendar import Alarm, Event

    event = Event()
    event.add("uid", entry.uid)
    event.add("summary", entry.title)
    event.add("dtstart", entry.on)
    whole_day = not isinstance(entry.on, datetime)
    event.add("dtend", entry.on + (timedelta(days=1) if whole_day else timedelta(hours=1)))
    # When the record changed, not when it was asked for: else each look would be a new file.
    event.add("dtstamp", entry.changed)
    event.add("last-modified", entry.changed)
    event.add("url", entry.url)
    if entry.words:
        event.add("description", f"{entry.words}\n\n{entry.url}")
    if entry.place:
        event.add("categories", [entry.place])
    event.add("class", "PRIVATE")
    event.add("transp", "TRANSPARENT")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", entry.title)
    # Nine in the morning of the day before; an hour before an instant.
    alarm.add("trigger", timedelta(hours=-15) if whole_day else timedelta(hours=-1))
    event.add_component(alarm)
    return event
