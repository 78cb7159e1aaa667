"""Where one can go from any page: the bar, the account menu, the keys."""

from dataclasses import dataclass

from flask import current_app, url_for

from rca.domain.access import Permission, Viewer


@dataclass(frozen=True, slots=True)
class Place:
    """One destination. ``main`` ones stand in the bar, the rest in the account menu."""

    key: str
    words: str
    endpoint: str
    needs: Permission = Permission.READ
    main: bool = True
    go: str = ""

    @property
    def href(self) -> str:
        """Its address."""
        return url_for(self.endpoint)


PLACES = (
    Place("home", "Home", "home.index", go="h"),
    Place("postmortems", "Postmortems", "postmortems.index", go="p"),
    Place("patterns", "Patterns", "patterns.index", go="t"),
    Place("guardrails", "Guardrails", "guardrails.index", go="r"),
    Place("ai", "AI influence", "ai.index", go="a"),
    Place("reviews", "Reviews", "reviews.index", go="q"),
    Place("actions", "Action items", "actions.index", main=False),
    Place("services", "Services", "catalogue.index", main=False),
    Place("templates", "Templates", "templates.index", main=False),
    Place("import", "Import", "imports.index", Permission.WRITE, main=False),
    Place("people", "People", "accounts.people", Permission.ADMIN, main=False),
    Place("wording", "Kept wording", "wording.allowed", Permission.ADMIN, main=False),
    Place("look", "Company look", "look.edit", Permission.ADMIN, main=False),
    Place("deliveries", "Deliveries", "webhooks.index", Permission.ADMIN, main=False),
    Place("mail", "Mail that went out", "mail.log", Permission.ADMIN, main=False),
    Place("mail-choices", "Mail and calendars", "mail.choices", main=False),
    Place("account", "Your account", "account.index", main=False),
)

EDITOR_KEYS = (
    ("Editor: add a timeline event", ("t",)),
    ("Editor: add a factor", ("f",)),
    ("Editor: add an action from this factor", ("a",)),
    ("Editor: out of a field, so that letters act", ("Esc",)),
    ("On a row: the row above or below", ("↑", "↓")),
    ("On an event: detection, diagnosis, repair, key moment", ("1", "2", "3", "4")),
    ("On an event: star it", ("s",)),
    ("On an event: confirm it", ("Space",)),
    ("On an AI question: none, suspected, confirmed, unknown", ("n", "s", "c", "u")),
    ("Editor: comment on this row", ("c",)),
    ("Editor: next section", ("Ctrl", "Enter")),
    ("Editor: save now", ("Ctrl", "S")),
    ("Editor: why words have a dotted line", ("Alt", "Enter")),
)


def has_endpoint(name: str) -> bool:
    """Whether this app serves that endpoint, so that pages link to what is there."""
    return name in current_app.view_functions


def navigation(viewer: Viewer | None) -> tuple[Place, ...]:
    """The places that this account may go to."""
    if viewer is None:
        return ()
    return tuple(p for p in PLACES if has_endpoint(p.endpoint) and viewer.may(p.needs))


def shortcuts(viewer: Viewer | None) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The keyboard sheet: words and keys, for this account."""
    if viewer is None:
        return ()
    keys: list[tuple[str, tuple[str, ...]]] = [("Search", ("/",))]
    if viewer.may(Permission.WRITE):
        keys.append(("New postmortem", ("n",)))
    keys += [(f"Go to {p.words}", ("g", p.go)) for p in navigation(viewer) if p.go]
    keys += [("This list", ("?",)), ("Close", ("Esc",))]
    return (*keys, *(EDITOR_KEYS if viewer.may(Permission.WRITE) else ()))
