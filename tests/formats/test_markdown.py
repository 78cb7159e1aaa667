"""Our Markdown gives back exactly what it was given."""

from hypothesis import HealthCheck, given, settings

from rca.domain.postmortem import PostmortemContent
from rca.formats import markdown
from tests.factories import rich
from tests.formats.contents import contents, without_ids


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(contents())
def test_nothing_is_lost(content: PostmortemContent) -> None:
    text = markdown.write(content, reference="INC-2026-0001", status="published")
    assert without_ids(markdown.read(text)) == without_ids(content)


def test_it_reads_like_a_document() -> None:
    text = markdown.write(rich(), reference="INC-2026-0001", status="draft")
    assert "# Checkout returns 502 for card payments" in text
    assert "| Impact started | 2026-08-14 09:12 |" in text
    assert "## Summary\n\nA config rollout halved the pool." in text


def test_the_same_content_gives_the_same_bytes() -> None:
    content = rich()
    assert markdown.write(content) == markdown.write(content)


def test_a_lost_field_would_be_seen() -> None:
    """The comparison of the property above is no tautology."""
    content = rich()
    text = markdown.write(content).replace("Config rolled back.", "")
    assert without_ids(markdown.read(text)) != without_ids(content)
