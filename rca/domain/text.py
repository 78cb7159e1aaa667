"""What text the product accepts: any words, but no NUL and no lone surrogates."""

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

_SURROGATE = re.compile("[\ud800-\udfff]")


def clean_text(value: str) -> str:
    """Normalise line ends and refuse what a store can't hold.

    PostgreSQL refuses NUL and neither store can encode a lone surrogate, so both are refused
    here, where the message can still name the field.
    """
    if "\x00" in value:
        raise ValueError("Contains a NUL character, which cannot be stored. Remove it.")
    if _SURROGATE.search(value):
        raise ValueError("Contains half of a character pair, which cannot be stored. Retype it.")
    return value.replace("\r\n", "\n").replace("\r", "\n")


def quoted(text: str) -> str:
    """``text`` in quotation marks; those inside it become single ones."""
    return f"“{text.replace('“', '‘').replace('”', '’')}”"


def _one_line(value: str) -> str:
    return " ".join(clean_text(value).split())


Line = Annotated[str, StringConstraints(max_length=240), AfterValidator(_one_line)]
"""One line of at most 240 characters; inner line breaks become spaces."""

LongLine = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(_one_line)]
"""One line with room for a URL or a locator."""

Paragraphs = Annotated[str, StringConstraints(max_length=200_000), AfterValidator(clean_text)]
"""Markdown of any shape, line breaks kept."""
