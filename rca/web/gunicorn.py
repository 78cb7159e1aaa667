"""What gunicorn does beyond serving: warm the statistics libraries once a worker is up.

They take seconds to import and the first reader of a figure would bear it. A worker answers
meanwhile; the cost is memory, about 100 MB a worker.
"""

import importlib
import threading
import time

_LATER_SECONDS = 1.5
_MODULES = ("scipy.stats", "statsmodels.stats.proportion")


def _warm() -> None:
    time.sleep(_LATER_SECONDS)
    for name in _MODULES:
        importlib.import_module(name)


def post_worker_init(_worker: object) -> None:
    """gunicorn's hook after a worker has loaded the app."""
    threading.Thread(target=_warm, name="warm", daemon=True).start()
