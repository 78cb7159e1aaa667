"""Factor classes for the form, from the one taxonomy of causes."""

from mining import taxonomy

Groups = list[tuple[str, list[tuple[str, str]]]]


def factor_classes() -> Groups:
    """``(group, [(id, name)])`` in the taxonomy's order."""
    return taxonomy.choices()


def factor_class_name(identifier: str) -> str:
    """The words of a class; an id of another taxonomy, or of an import, stays as it is."""
    return taxonomy.load().name_of(identifier) if identifier else ""
