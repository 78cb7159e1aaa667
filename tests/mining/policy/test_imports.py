"""A gate has 400 ms for everything: what it imports must stay light."""

import json

from tests.conftest import run_python

HEAVY = ("numpy", "scipy", "sklearn", "pandas", "sqlalchemy", "sqlmodel", "flask", "statsmodels")
ALSO_LATER = ("jsonschema",)
_CODE = """
import sys, json
import mining.policy, mining.policy.document, mining.policy.matcher, mining.policy.catalogue
import mining.policy.suggest, mining.policy.backtest, mining.policy.gates
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def test_policies_load_nothing_heavy() -> None:
    loaded = set(json.loads(run_python(_CODE)))
    assert not loaded & {*HEAVY, *ALSO_LATER}
    assert not any(name == "rca" for name in loaded)
