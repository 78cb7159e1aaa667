"""A Markdown document without our marks: its head, its title, its text."""

from collections.abc import Mapping
from typing import Any

from rca.formats.rows import Row, Sheet


def read(text: str, *, head: Mapping[str, Any], name: str) -> Sheet:
    """One row: the head's values and the whole text, verbatim."""
    return Sheet((Row(1, {**head, "imported_text": text.strip("\n")}),))
