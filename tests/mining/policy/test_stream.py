"""YAML that every reader understands alike, byte for byte."""

import io
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from mining.policy.stream import PolicyTextError, dump, parse, render
from tests.mining.policy.rules import every_template, from_template, rule

TRICKY = st.sampled_from(
    [
        "on",
        "no",
        "Yes",
        "y",
        "N",
        "off",
        "null",
        "~",
        "",
        "true",
        "15:30",
        "1:20:30",
        "010",
        "0x1f",
        "0o17",
        "1_000",
        "1e3",
        ".5",
        "+1",
        "-0",
        "2026-08-03",
        "2026-08-03T00:00:00Z",
        "<<",
        "=",
        "- a",
        "a: b",
        "a #b",
        "#",
        "'",
        '"',
        "&a",
        "*a",
        "!x",
        "|",
        ">",
        "%TAG",
        "@a",
        "`",
        "{a}",
        "[a]",
        "? ",
        " lead",
        "trail ",
        "a\nb",
        "\ttab",
        "\r",
        "\u2028",
        "\x85",
        "\ufeff",
        "é",
        "日本",
        "\U0001f600",
        ".inf",
        ".nan",
        "Infinity",
        "NaN",
        "0b1",
        "12e03",
        "---",
        "...",
        "--- a",
        "key: |",
        "\\",
        "\\n",
        "a\\b",
    ],
)
TEXT = st.one_of(
    TRICKY,
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
)
NUMBER = st.one_of(
    st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False, width=32)
)
VALUE = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBER, TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=12,
)
DOCUMENT = st.dictionaries(TEXT, VALUE, min_size=1, max_size=5)


def _printable(value: Any) -> bool:
    """Whether YAML can carry every character at all; our checks refuse the others."""
    if isinstance(value, str):
        return not any(yaml.reader.Reader.NON_PRINTABLE.search(sign) for sign in value)
    if isinstance(value, dict):
        return all(_printable(k) and _printable(v) for k, v in value.items())
    return all(map(_printable, value)) if isinstance(value, list) else True


def _ruamel(text: str) -> Any:
    reader = YAML(typ="safe", pure=True)
    reader.version = (1, 2)
    return list(reader.load_all(io.StringIO(text)))


@settings(max_examples=250, deadline=None, derandomize=True)
@given(st.lists(DOCUMENT, min_size=1, max_size=3))
def test_what_is_written_is_read_back(docs: list[dict[str, Any]]) -> None:
    _round_trip(docs)


@pytest.mark.long
@settings(max_examples=2_000, deadline=None, derandomize=True)
@given(st.lists(DOCUMENT, min_size=1, max_size=3))
def test_what_is_written_is_read_back_at_full_size(docs: list[dict[str, Any]]) -> None:
    _round_trip(docs)


def _round_trip(docs: list[dict[str, Any]]) -> None:
    text = render(docs)
    back = parse(text)
    assert sorted(map(repr, map(_sorted, back))) == sorted(map(repr, map(_sorted, docs)))
    assert render(back) == text
    if all(map(_printable, docs)):
        assert list(yaml.safe_load_all(text)) == back
        assert _ruamel(text) == back


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def test_every_template_reads_the_same_in_three_readers() -> None:
    docs = sorted(
        (from_template(template) for template in every_template()),
        key=lambda doc: doc["metadata"]["id"],
    )
    text = render(docs)
    assert parse(text) == docs
    assert list(yaml.safe_load_all(text)) == docs
    assert _ruamel(text) == docs


def test_the_stream_is_sorted_by_id_whatever_came_in() -> None:
    a, b = rule(metadata__id="gr-a"), rule(metadata__id="gr-b")
    assert render([b, a]) == render([a, b])
    assert [doc["metadata"]["id"] for doc in parse(render([b, a]))] == ["gr-a", "gr-b"]


def test_keys_come_in_the_published_order() -> None:
    backwards = dict(reversed(list(rule().items())))
    assert dump(backwards) == dump(rule())
    assert dump(rule()).startswith("apiVersion: guardrails.rca/v1\nkind: GuardrailPolicy\n")


def test_what_yaml_1_1_would_retype_stays_what_it_looks_like() -> None:
    text = "on: no\ntime: 15:30\noctal: 010\nday: 2026-08-03\nyes: Off\nlong: 1_000\n"
    assert parse(text) == [
        {"on": "no", "time": "15:30", "octal": "010", "day": "2026-08-03", "yes": "Off",
         "long": "1_000"}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &x 1\nb: *x\n", "anchors and aliases"),
        ("a: !!python/object/apply:os.system [ls]\n", "tag"),
        ("a: !custom 1\n", "tag"),
        ("a: 1\na: 2\n", "stands twice"),
        ("<<: {a: 1}\n", "merge keys"),
        ("? [a, b]\n: 1\n", "a key must be a plain word"),
        ("- a\n", "not a mapping"),
        ("---\n---\na: 1\n", "empty"),
        ("a: [1, 2\n", "line"),
        ("a: 1.5e+999\n", "too large"),
        ("a: " + "[" * 40 + "]" * 40, "nested deeper"),
        ("%TAG ! tag:x,2000:\n---\na: 1\n", "tag directives"),
        ("a: \x00\n", "line 1"),
    ],
)
def test_what_is_not_plain_is_refused_with_its_place(text: str, words: str) -> None:
    with pytest.raises(PolicyTextError) as refused:
        parse(text)
    assert words in str(refused.value)
    assert refused.value.line >= 1


def test_a_bomb_is_refused_before_it_is_built() -> None:
    with pytest.raises(PolicyTextError, match="longer than"):
        parse("a: " + "x" * 4_000_001)
    with pytest.raises(PolicyTextError, match="more than 400000 values"):
        parse("a: [" + "1," * 400_001 + "]")


def test_an_empty_stream_is_no_document() -> None:
    assert parse("") == []
    assert parse("# nothing accepted yet\n") == []
    assert render([]) == ""


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), float("inf"), b"x", {1: "a"}])
def test_a_value_without_one_reading_is_never_written(value: Any) -> None:
    with pytest.raises(TypeError):
        dump({"a": value})
