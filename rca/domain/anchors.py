"""What a comment may hang on: the whole, a field, or a row that keeps its anchor when it moves."""

from rca.domain.labels import FIELD_LABELS, ROW_NAMES, SECTION_HEADINGS
from rca.domain.postmortem import PostmortemContent
from rca.domain.sections import SECTION_FIELDS
from rca.domain.vocabulary import Section

ROW_LISTS = ("timeline", "factors", "actions", "notes", "impact_measures", "ai_influences")
_WORDS = ("statement", "title", "text", "surface", "kind")
FIELDS = (
    "title", "severity", "services", "times", "timeline", "impact_summary", "detection_method",
    "trigger", "factors", "ai", "actions", "learning", "summary", "what_happened", "response",
    "external_summary",
)  # fmt: skip
_OWN_LABELS = {
    "ai": "AI influence",
    "learning": "What we learned",
    "factors": "Contributing factors",
    "actions": "Actions",
    "timeline": "Timeline",
    "times": "Times",
}
_STANDS_IN = {"notes": "learning", "ai_influences": "ai", "impact_measures": "summary"}
_SECTIONS = {"ai": Section.AI, "learning": Section.LEARNING}


def anchors(content: PostmortemContent) -> dict[str, str]:
    """Anchor -> words for everything that can be commented on now, in the order of the form."""
    found = {"": "The whole postmortem"}
    found |= {name: _OWN_LABELS.get(name) or FIELD_LABELS.get(name, name) for name in FIELDS}
    for name in ROW_LISTS:
        for place, row in enumerate(getattr(content, name), 1):
            found[f"{name}/{row.id}"] = f"{ROW_NAMES[name].capitalize()} {place}: {_words_of(row)}"
    return found


def _words_of(row: object) -> str:
    text = next((str(v) for name in _WORDS if (v := getattr(row, name, ""))), "")
    return text if len(text) <= 60 else f"{text[:57].rstrip()}…"


def words_of(anchor: str, content: PostmortemContent) -> str:
    """Words for an anchor; a row that is gone says so, an anchor of old is read as it was."""
    known = anchors(content)
    if anchor in known:
        return known[anchor]
    name, _, rest = anchor.partition("/")
    if rest and name in ROW_LISTS:
        return f"a {ROW_NAMES[name]} that is gone"
    kind, _, number = anchor.partition("-")
    return f"{kind.capitalize()} {number}" if number.isdecimal() else anchor


def section_of(anchor: str) -> Section | None:
    """The section of the form that holds the anchor; None for the whole."""
    name = anchor.partition("/")[0]
    if name.startswith(("factor-", "action-")):
        name = f"{name.partition('-')[0]}s"
    if name in _SECTIONS:
        return _SECTIONS[name]
    return next((part for part, fields in SECTION_FIELDS.items() if name in fields), None)


def heading_of(anchor: str) -> str:
    """The heading of the anchor's section."""
    section = section_of(anchor)
    return SECTION_HEADINGS[section] if section else "The whole postmortem"


def place_on_page(anchor: str, content: PostmortemContent) -> str:
    """The id of the element that the reading page shows for an anchor."""
    name, _, row_id = anchor.partition("/")
    if not row_id:
        return anchor
    if name == "timeline":
        return f"event-{row_id}"
    ids = [row.id for row in getattr(content, name, ())]
    prefix = {"factors": "factor", "actions": "action"}.get(name)
    if prefix and row_id in ids:
        return f"{prefix}-{ids.index(row_id) + 1}"
    return {"notes": "learning", "ai_influences": "ai", "impact_measures": "summary"}.get(
        name, name
    )
