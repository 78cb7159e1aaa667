"""``make bench``: run every benchmark, or those named, and print what they measured.

A benchmark is a module of this folder with ``main()``; it prints its own figures, with the peer's
beside them from the same run. Nothing here asserts: machines differ.
"""

import importlib
import sys
import time
from pathlib import Path


def names() -> list[str]:
    """The benchmarks of this folder."""
    modules = Path(__file__).parent.glob("*.py")
    return sorted(path.stem for path in modules if not path.stem.startswith("_"))


def main(wanted: list[str]) -> int:
    """Run the wanted ones (all when none is named). Returns an exit code."""
    unknown = set(wanted) - set(names())
    if unknown:
        print(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(names())}")
        return 2
    for name in wanted or names():
        print(f"== {name}", flush=True)
        started = time.perf_counter()
        importlib.import_module(f"benchmarks.{name}").main()
        print(f"== {name}: {time.perf_counter() - started:.1f} s in all\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
