"""JSON Lines: one object per line. Also one JSON document: an object, or a list of them."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from rca.formats.rows import Refusal, Row, Sheet, Unreadable

MOST_LINE = 2_000_000
_WHOLE = "(whole line)"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def load(text: str) -> Any:
    """Strict JSON. Raises ValueError in plain words, also for nesting without end."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, " if error.lineno > 1 else ""
        raise ValueError(f"is not JSON ({error.msg}, {where}column {error.colno})") from error
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error


def _row(line: str, number: int) -> Row | Refusal:
    if len(line) > MOST_LINE:
        return Refusal(number, _WHOLE, f"has {len(line):,} characters; at most {MOST_LINE:,} fit")
    try:
        value = load(line)
    except ValueError as error:
        return Refusal(number, _WHOLE, str(error))
    if not isinstance(value, Mapping):
        return Refusal(number, _WHOLE, "is not a JSON object")
    return Row(number, value)


def read_lines(text: str) -> Sheet:
    """The objects of JSON Lines; blank lines are skipped, wrong ones refused one by one."""
    # Not splitlines(): U+2028 and its like may stand inside a JSON string.
    lines = enumerate(text.split("\n"), start=1)
    found = [_row(line, number) for number, line in lines if line.strip()]
    return Sheet(
        tuple(item for item in found if isinstance(item, Row)),
        tuple(item for item in found if isinstance(item, Refusal)),
    )


def read_document(text: str) -> Sheet:
    """The objects of one JSON document. Raises Unreadable when it is none."""
    try:
        value = load(text)
    except ValueError as error:
        raise Unreadable(f"It {error}.") from error
    if isinstance(value, Mapping) and isinstance(value.get("postmortems"), list):
        value = value["postmortems"]
    items = value if isinstance(value, list) else [value]
    rows, refusals = [], []
    for number, item in enumerate(items, start=1):
        if isinstance(item, Mapping):
            rows.append(Row(number, item))
        else:
            refusals.append(Refusal(number, _WHOLE, "is not a JSON object"))
    return Sheet(tuple(rows), tuple(refusals))
