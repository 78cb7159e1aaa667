"""Words that carry no incident in them."""

from functools import cache

from mining.prepare import COMMON

# Words that say how something was or what was done: true of a pattern, but no name for it.
_NO_NAMES = """
came went got gave ran run saw left kept began begun became found told made held brought sent fell
broke grew lost met put set took show shown allow allowed cause caused cannot could would should
must may might will let lead led start stop end begin help keep move high low large small big long
short great full first last next same whole green red slow quick fast early late good bad ready
able possible normal correct total real clear main certain various several single double half
twice once again already still however while after before during morning evening night week month
year today yesterday percent number amount level part kind type side case place point state result
reason fact moment window prevent multiple did meant turn assume solve receive depend everyone
someone nobody people person others company report reported follow per via
"""


@cache
def no_names() -> frozenset[str]:
    """Words that a pattern may share and that can't name it."""
    return frozenset(_NO_NAMES.split())


@cache
def stop_words() -> frozenset[str]:
    """scikit-learn's English list and the words that stand in every postmortem."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return frozenset(ENGLISH_STOP_WORDS) | COMMON
