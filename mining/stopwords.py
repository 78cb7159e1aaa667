"""Words that carry no incident in them."""

from functools import cache

from mining.prepare import COMMON


@cache
def stop_words() -> frozenset[str]:
    """scikit-learn's English list and the words that stand in every postmortem."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return frozenset(ENGLISH_STOP_WORDS) | COMMON
