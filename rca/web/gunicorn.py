"""What gunicorn does beyond serving: warm templates and statistics libraries once a worker is up.

They take seconds and the first reader of a page or a figure would bear it. A worker answers
meanwhile; the cost is memory, about 100 MB a worker.
"""

import importlib
import threading
import time
from typing import Any

_LATER_SECONDS = 1.5
_MODULES = ("scipy.stats", "statsmodels.stats.proportion")


def warm_templates(app: Any) -> int:
    """Compile the templates of pages; print and mail have environments of their own. How many."""
    found = app.jinja_env.list_templates(extensions=["html"])
    names = [name for name in found if not name.startswith(("print/", "mail/"))]
    for name in names:
        app.jinja_env.get_template(name)
    return len(names)


def _warm(app: Any) -> None:
    time.sleep(_LATER_SECONDS)
    warm_templates(app)
    for name in _MODULES:
        importlib.import_module(name)


def post_worker_init(worker: Any) -> None:
    """gunicorn's hook after a worker has loaded the app."""
    threading.Thread(target=_warm, args=(worker.wsgi,), name="warm", daemon=True).start()
