"""Changes from CSV and JSON Lines: names, states, outcomes, and what is never taken in."""

from rca.domain.vocabulary import ChangeAI
from rca.formats.changes import read


def test_columns_of_other_tools_are_understood() -> None:
    text = "sha,repository,date,ai_flag,additions,deletions,reverted_30d,mood\na1,shop,2026-03-01,ai,5,2,1,good\n"
    sheet = read(text, name="x.csv")
    (change,) = sheet.changes
    assert (change.key, change.repo, change.lines) == ("a1", "shop", 7)
    assert change.ai_state is ChangeAI.EVIDENCED
    assert change.outcomes == {"reverted_30d": True}
    assert sheet.unknown_columns == ("mood",)


def test_absence_of_a_label_is_unknown_and_committer_only_is_no_evidence() -> None:
    text = "id,merged_at,ai_flag\n1,2026-01-01,no_evidence\n2,2026-01-01,ai_committer_only\n3,2026-01-01,none\n4,2026-01-01,\n"
    states = [
        (change.ai_state.value, change.ai_part) for change in read(text, name="x.csv").changes
    ]
    assert states == [
        ("unknown", ""), ("unknown", "committer-only"), ("attested_none", ""), ("unknown", ""),
    ]  # fmt: skip


def test_columns_about_people_are_left_out_without_a_word() -> None:
    sheet = read(
        "id,merged_at,author_email,author_hash\n1,2026-01-01,m@x.example,ab12\n", name="x.csv"
    )
    assert "m@x.example" not in repr(sheet)
    assert sheet.unknown_columns == ()


def test_bad_rows_are_named_and_good_ones_kept() -> None:
    text = "id,merged_at,ai_flag,reverted_30d\n1,yesterday,ai,0\n2,2026-01-01,maybe,0\n3,2026-01-01,ai,perhaps\n4,2026-01-01,ai,\n,2026-01-01,ai,0\n5,,ai,0\n"
    sheet = read(text, name="x.csv")
    assert [change.key for change in sheet.changes] == ["4"]
    assert sheet.changes[0].outcomes.get("reverted_30d") is None
    found = {(one.line, one.field) for one in sheet.refusals}
    assert found == {
        (2, "merged_at"),
        (3, "ai_state"),
        (4, "outcomes"),
        (6, "key"),
        (7, "merged_at"),
    }


def test_json_lines_carry_lists_and_facts() -> None:
    text = '{"key":"1","merged_at":"2026-01-01T10:00:00Z","paths":["a/b"],"facts":{"rollout":{"strategy":"canary"}}}\n{"key":2}\n'
    sheet = read(text, name="x.jsonl")
    assert sheet.changes[0].paths == ["a/b"]
    assert sheet.changes[0].facts["rollout"] == {"strategy": "canary"}
    assert sheet.refusals[0].line == 2
