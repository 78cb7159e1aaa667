"""The names of contributing causes, for pages and forms: the one taxonomy of ``mining``."""

from collections.abc import Iterable

from mining import taxonomy
from rca.errors import NotFound


def cause_name(identifier: str) -> str:
    """The words for a factor class; the id itself when this version does not know it."""
    return taxonomy.load().name_of(identifier)


def find_cause(identifier: str) -> str:
    """The id of a class that may be asked for. Raises NotFound when the taxonomy has none such."""
    if identifier not in {leaf.id for leaf in taxonomy.load().leaves}:
        raise NotFound(f"There is no cause {identifier} in the taxonomy.")
    return identifier


def cause_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """``(group, [(id, name), …])`` of every class, for a select."""
    return taxonomy.choices()


def grouped(identifiers: Iterable[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The same groups with only ``identifiers`` in them; unknown ones come last."""
    wanted = set(identifiers)
    groups = [
        (group, [(key, name) for key, name in leaves if key in wanted])
        for group, leaves in cause_choices()
    ]
    known = {key for _, leaves in groups for key, _ in leaves}
    rest = [(key, key) for key in sorted(wanted - known)]
    return [(group, leaves) for group, leaves in [*groups, ("Other", rest)] if leaves]
