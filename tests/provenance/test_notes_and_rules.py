"""Git notes, the data rows, and the labelled commits."""

import json
from pathlib import Path

import pytest

from rca.provenance import Commit, judge
from rca.provenance.commit import from_mapping
from rca.provenance.notes import authorship_log
from rca.provenance.prose import findings, rules
from rca.provenance.tools import catalogue

LOG = (
    "src/pool.py\n"
    "  s_c9883b05a2487d::t_9f8e7d6c5b4a32 1-10,15-20\n"
    "  h_31dce776f88375 35-40\n"
    "---\n"
    + json.dumps(
        {
            "schema_version": "authorship/3.0.0",
            "sessions": {
                "s_c9883b05a2487d": {
                    "agent_id": {"tool": "cursor", "id": "6ef2", "model": "claude-sonnet-4-5"}
                }
            },
        }
    )
)


def test_an_authorship_log_counts_lines_per_contributor() -> None:
    found = {one.kind: one.lines for one in authorship_log(LOG)}
    assert found == {"ai": 16, "human": 6}


def test_a_note_is_evidence_with_its_session() -> None:
    verdict = judge(Commit("a", "Bound the pool", note=LOG))
    assert (verdict.state, verdict.tool, verdict.role) == ("evidenced", "cursor", "author")
    assert (verdict.session_ref, verdict.model) == ("6ef2", "claude-sonnet-4")


def test_an_agent_trace_record_is_evidence() -> None:
    record = {
        "version": "0.1.0",
        "tool": {"name": "cursor"},
        "files": [
            {
                "path": "a.py",
                "conversations": [
                    {
                        "url": "https://x.example/1",
                        "contributor": {"type": "ai", "model_id": "gpt-5"},
                        "ranges": [{"start_line": 1, "end_line": 4}],
                    }
                ],
            }
        ],
    }
    verdict = judge(Commit("a", "Bound the pool", note=json.dumps(record)))
    assert (verdict.state, verdict.model) == ("evidenced", "gpt-5")


@pytest.mark.parametrize(
    "note", ["", "---\n{", "{broken", "a\n  s_1 1-2\n---\n[]", LOG.replace("cursor", "mock_ai")]
)
def test_broken_notes_and_test_fixtures_attest_nothing(note: str) -> None:
    assert judge(Commit("a", "Bound the pool", note=note)).state == "unknown"


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_each_rule_hits_and_misses_its_examples(rule: object) -> None:
    from rca.provenance.prose import Rule

    assert isinstance(rule, Rule)
    for sentence in rule.hits:
        found = [f for f in findings(f"Change a thing\n\n{sentence}") if f.detector == "D10"]
        assert found, sentence
        assert found[0].role == rule.role, sentence
    for sentence in rule.misses:
        found = [f for f in findings(f"Change a thing\n\n{sentence}") if f.detector == "D10"]
        assert found == [], sentence


def test_a_tool_is_a_data_row() -> None:
    ids = [tool.id for tool in catalogue().tools]
    assert len(ids) == len(set(ids))
    for tool in catalogue().tools:
        assert tool.words or tool.shy or tool.mails or tool.ids or tool.bots


def test_long_hostile_messages_stay_linear() -> None:
    for text in (
        "co-authored-by: " * 20_000,
        "written " * 40_000,
        "AI " * 60_000,
        "- [x] AI\n" * 9_000,
    ):
        assert judge(Commit("a", text)).sha == "a"  # quadratic rules would take minutes here


def _rates(rows: list[dict[str, object]], said: list[bool]) -> tuple[float, float]:
    truth = [row["label_ai"] == "yes" for row in rows]
    both = sum(a and b for a, b in zip(truth, said, strict=True))
    return both / max(sum(said), 1), both / max(sum(truth), 1)


@pytest.mark.data
def test_the_labelled_commits(data_dir: Path) -> None:
    lines = (data_dir / "commits" / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    verdicts = [judge(from_mapping(row)) for row in rows]
    precision, recall = _rates(rows, [verdict.state == "evidenced" for verdict in verdicts])
    print(f"structured: precision {precision:.3f} recall {recall:.3f}")
    assert precision >= 0.98
    assert recall >= 0.78
    precision, recall = _rates(rows, [verdict.ai for verdict in verdicts])
    print(f"with prose: precision {precision:.3f} recall {recall:.3f}")
    assert precision >= 0.97
    assert recall >= 0.93
    hard = [v for row, v in zip(rows, verdicts, strict=True)
            if row["category"] in ("neg-vendor-human", "neg-name-collision")]  # fmt: skip
    assert not any(verdict.ai for verdict in hard)
    roles = [v.role == row["label_role"] for row, v in zip(rows, verdicts, strict=True)
             if row["label_ai"] == "yes" and v.ai]  # fmt: skip
    assert sum(roles) / len(roles) >= 0.9
