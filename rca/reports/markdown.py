"""Markdown to safe HTML: a parser without raw HTML, then a sanitiser with a short allow-list.

Either alone stops what we know of; both together stop what one of them will miss one day.
"""

import nh3
from markdown_it import MarkdownIt

_TAGS = {
    "p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li",
    "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td", "a",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}


def _parser() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(
        ["table", "strikethrough"]
    )
    # Images would make the reader's browser, or the PDF, fetch an address of the writer's choice.
    return made.disable("image")


_MARKDOWN = _parser()


def _lower_headings(html: str) -> str:
    """Headings of pasted text start at h3: h1 and h2 belong to the page."""
    for level in (2, 1):
        html = html.replace(f"<h{level}>", "<h3>").replace(f"</h{level}>", "</h3>")
    return html


def markdown_to_html(text: str) -> str:
    """Safe HTML of ``text``: no scripts, styles, images, raw HTML or odd link schemes."""
    return nh3.clean(
        _lower_headings(_MARKDOWN.render(text)),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )
