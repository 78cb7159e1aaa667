"""Text as the product says it."""

from rca.domain.text import quoted


def test_marks_inside_of_a_quotation_become_single() -> None:
    assert quoted("Configuration: as in “Carts empty”") == "“Configuration: as in ‘Carts empty’”"
    assert quoted("plain") == "“plain”"
