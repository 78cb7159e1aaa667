"""What a neighbour shares, said in words."""

from rca.services.placing import reasons


def test_words_and_answers_both_have_room() -> None:
    said = reasons(["a", "b", "c", "d", "e"], ["trigger=binary_push", "cause=monitoring_gap"])
    assert said == ("a", "b", "c", "d", "Trigger: Code deploy", "cause monitoring gap")
    assert reasons([], []) == ()
