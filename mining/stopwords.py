"""Words that carry no incident in them."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from runpy import run_path

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
someone near miss nobody people person others company report reported follow per via
"""


@cache
def no_names() -> frozenset[str]:
    """Words that a pattern may share and that can't name it."""
    return frozenset(_NO_NAMES.split())


@cache
def stop_words() -> frozenset[str]:
    """scikit-learn's English list and the words that stand in every postmortem."""
    return _english() | COMMON


def _english() -> frozenset[str]:
    """The list from its own file: through its package it takes two seconds to load."""
    spec = find_spec("sklearn")
    folder = next(iter((spec and spec.submodule_search_locations) or ()), "")
    path = Path(folder, "feature_extraction", "_stop_words.py")
    if path.is_file():
        return frozenset(run_path(str(path))["ENGLISH_STOP_WORDS"])
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return frozenset(ENGLISH_STOP_WORDS)
