"""What a timeline says of an AI in the response: who it was, what it did, how the line says it went."""

import pytest

from rca.provenance.response import read

LINES = [
    ("Claude suggested that the pool was too small, which was correct", "adviser", "helped"),
    ("We asked ChatGPT for the flag; the flag does not exist in this version", "adviser", "misled"),
    ("The AI agent restarted the workers after Priya approved it", "agent_operator", ""),
    ("Gemini found the cause in the diff of 09:40 and confirmed it on a replica", "adviser", "helped"),
    ("The AI assistant pointed to an outdated runbook; we lost twenty minutes", "adviser", "misled"),
    ("Followed the advice from Copilot to raise the limit, no effect", "adviser", "misled"),
    ("Codex wrote the hotfix", "author", ""),
    ("The SRE agent rolled back the canary by itself", "agent_operator", ""),
    ("The incident copilot summarised the channel for the second shift", "adviser", ""),
    ("The chatbot answered that the region was healthy", "adviser", ""),
]  # fmt: skip


@pytest.mark.parametrize(("line", "part", "turn"), LINES)
def test_an_ai_that_acted_or_advised_is_read(line: str, part: str, turn: str) -> None:
    found = read(line)
    assert found is not None
    assert (found.part, found.turn) == (part, turn)
    assert found.quote == line


@pytest.mark.parametrize(
    "line",
    [
        "Priya restarted the workers",
        "The Copilot API returned errors for twelve minutes",
        "The ChatGPT integration was disabled",
        "The cursor stopped in the shard table",
        "The monitoring agent restarted",
        "Devin rolled back the release",
        "Our gateway to Gemini timed out",
        "The support bot queue was drained",
        "",
    ],
)
def test_people_products_and_daemons_are_no_ai_in_the_response(line: str) -> None:
    assert read(line) is None


def test_autonomy_is_what_the_line_says() -> None:
    def autonomy(line: str) -> str:
        found = read(line)
        assert found is not None
        return found.autonomy

    assert autonomy("The AI agent restarted the pod after approval") == "acted_with_approval"
    assert autonomy("The AI agent restarted the pod without asking") == "acted_unattended"
    assert autonomy("The AI agent restarted the pod") == "unknown"
    assert autonomy("Claude suggested a restart") == "suggested"


def test_the_actor_column_counts() -> None:
    found = read("restarted the workers", actor="AI agent")
    assert found is not None
    assert found.part == "agent_operator"
    assert read("restarted the workers", actor="on-call engineer") is None


def test_a_long_line_takes_no_long_time() -> None:
    assert read("asked " * 20_000) is None
    assert read("AI " * 20_000) is None
