"""What customers may read: the three texts written for them, and nothing else."""

from rca.domain.postmortem import PostmortemContent
from rca.domain.vocabulary import Milestone, TimePrecision
from rca.formats.markdown_tables import when

_PARTS = (
    ("external_summary", "Summary"),
    ("external_what_happened", "What happened"),
    ("external_what_we_do", "What we do about it"),
)


def write(content: PostmortemContent) -> str:
    """Markdown, or "" when none of the three texts is written."""
    parts = [f"## {title}\n\n{text.strip()}\n" for name, title in _PARTS
             if (text := getattr(content, name)).strip()]  # fmt: skip
    if not parts:
        return ""
    return "\n".join([f"# Incident report{_date(content)}\n", *parts])


def _date(content: PostmortemContent) -> str:
    mark = content.mark(Milestone.IMPACT_STARTED) or content.mark(Milestone.DETECTED)
    if mark is None or mark.value is None or not mark.confirmed:
        return ""
    coarse = (TimePrecision.YEAR, TimePrecision.MONTH)
    precision = mark.precision if mark.precision in coarse else TimePrecision.DAY
    return f", {when(mark.value, precision)}"
