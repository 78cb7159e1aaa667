"""A postmortem with roles in place of names, for readers outside the team."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from mining.masking import mask_people
from rca.domain.postmortem import PostmortemContent

# What is no prose: keys, codes, addresses and names of things.
_NOT_PROSE = frozenset(
    {
        "id", "source_url", "evidence_url", "backlog_url", "tracker_url", "locator",
        "change_key", "change_ref", "reference", "session_ref", "session_sha256", "entry_tz",
        "factor_class", "organisation", "source_licence", "services", "functionalities",
        "environments", "regions", "teams", "team", "timeline_ids", "factor_ids",
        "guardrail_family", "tool", "model", "unit", "source", "user_id",
    }
)  # fmt: skip
_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_PERSON = "a colleague"
_SHORTEST = 2


def without_names(content: PostmortemContent, *, known: Iterable[str] = ()) -> PostmortemContent:
    """The content with every participant, owner and approver as a role, in fields and in text.

    ``known`` are further names that occur here, such as those of accounts. Names that stand
    nowhere but in the text are replaced when they are handles, addresses or common given names.
    """
    roles = _roles(content)
    data = content.model_dump(mode="json")
    for person in data["participants"]:
        person["name"], person["user_id"] = roles.get(person["name"], _PERSON), None
    for action in data["actions"]:
        for name in ("owner", "approver"):
            action[name] = roles.get(action[name], action[name])
    others = {name: _PERSON for name in known if name and name not in roles}
    words = NameReplacer({**others, **roles})
    return _fitting(words.through(data, ""))


def _roles(content: PostmortemContent) -> dict[str, str]:
    """Name -> role, numbered where several share a role."""
    found: dict[str, str] = {}
    given: Counter[str] = Counter()
    people = [(person.name, person.role.label) for person in content.participants]
    people += [(action.owner, "Action owner") for action in content.actions]
    people += [(action.approver, "Approver") for action in content.actions]
    teams = set(content.teams) | {action.team for action in content.actions}
    first = {name: label for name, label in reversed(people) if name}
    shared = Counter(first.values())
    for name, label in people:
        if not name or name in found or name in teams:
            continue
        given[label] += 1
        found[name] = f"{label} {given[label]}" if shared[label] > 1 else label
    return found


class NameReplacer:
    """Replaces names in prose: whole names first, then their parts, then what looks like one.

    A nickname in small letters is a word like any other, so it counts only after an ``@``. With
    ``guess`` off, names that nobody gave stay.
    """

    def __init__(self, roles: Mapping[str, str], *, guess: bool = True) -> None:
        self.guess = guess
        parts: dict[str, str] = {}
        for name, role in roles.items():
            for part in name.split():
                if len(part) >= _SHORTEST and part[:1].isupper():
                    parts.setdefault(part, role)
        self.roles = {**parts, **roles}
        names = sorted(self.roles, key=len, reverse=True)
        listed = "|".join(re.escape(name) for name in names)
        self.pattern = re.compile(rf"(?<![\w@])(@?)({listed})(?!\w)") if names else None

    def text(self, value: str) -> str:
        """One text without names."""
        if self.pattern:
            value = self.pattern.sub(self._role, value)
        if not self.guess:
            return value
        value = _EMAIL.sub(_PERSON, value)
        return mask_people(value).replace("[person]", _PERSON)

    def _role(self, match: re.Match[str]) -> str:
        at, name = match.groups()
        return self.roles[name] if at or name[:1].isupper() else match.group()

    def through(self, value: Any, name: str) -> Any:
        """A nested value with its prose replaced."""
        if name in _NOT_PROSE or name == "participants":
            return value
        if isinstance(value, dict):
            return {key: self.through(item, key) for key, item in value.items()}
        if isinstance(value, list):
            return [self.through(item, name) for item in value]
        return self.text(value) if isinstance(value, str) and value else value


def _fitting(data: dict[str, Any]) -> PostmortemContent:
    """A role may be longer than a name: what grew past its field is cut."""
    try:
        return PostmortemContent.model_validate(data)
    except ValidationError as error:
        for item in error.errors():
            if item["type"] != "string_too_long":
                raise
            owner: Any = data
            *path, last = item["loc"]
            for step in path:
                owner = owner[step]
            owner[last] = owner[last][: item["ctx"]["max_length"] - 1] + "…"
    return PostmortemContent.model_validate(data)
