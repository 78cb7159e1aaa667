"""Shapes of words that patterns ask for: past participles, -ing forms, adverbs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rca.blameless.nouns import is_adverb
from rca.blameless.tokens import Sentence

Shape = Callable[[Sentence, int], bool]


def make_shapes(lists: Mapping[str, frozenset[str]]) -> dict[str, Shape]:
    """The shapes by name, with the irregular forms of the lexicon."""
    irregular, barred, det = lists["irregular"], lists["not_participles"], lists["det"]

    def part(s: Sentence, k: int) -> bool:
        if not 0 <= k < len(s.words):
            return False
        word = s.words[k]
        if word in irregular:
            return True
        return word.endswith("ed") and len(word) > 3 and word not in barred

    simple = lists["action_verb"] | lists["finite"]

    def past(s: Sentence, k: int) -> bool:
        if not 0 <= k < len(s.words):
            return False
        word = s.words[k]
        return word in simple or word in irregular or (word.endswith("ed") and len(word) > 3)

    perceived = lists["perceived"]

    def deed(s: Sentence, k: int) -> bool:
        return past(s, k) and s.words[k] not in perceived

    def ing(s: Sentence, k: int) -> bool:
        return 0 <= k < len(s.words) and s.words[k].endswith("ing") and len(s.words[k]) > 4

    def number(s: Sentence, k: int) -> bool:
        return 0 <= k < len(s.words) and s.words[k][0].isdigit()

    def determiner(s: Sentence, k: int) -> bool:
        return 0 <= k < len(s.words) and s.words[k] in det

    def end(s: Sentence, k: int) -> bool:
        # Takes no word: the matcher treats it on its own.
        return not 0 <= k < len(s.words)

    def adverb(s: Sentence, k: int) -> bool:
        return is_adverb(s, k, lists)

    return {
        "part": part,
        "past": past,
        "deed": deed,
        "ing": ing,
        "num": number,
        "det": determiner,
        "adv": adverb,
        "end": end,
    }
