from __future__ import annotations

from evalkit.score import constraint_types


def test_every_constraint_is_known_by_its_key() -> None:
    expected = (
        "asks avoids characters choice date ends_with exact json json_schema lines list mentions money no_preamble "
        "no_promise number one_line python regex sentences set similar sorted starts_with words"
    )
    assert expected.split() == sorted(constraint_types())


def test_the_short_form_fills_a_field_of_the_constraint() -> None:
    shorts = {key: kind.short for key, kind in constraint_types().items()}
    assert ("max", "phrases", "value", None, None) == tuple(
        shorts[key] for key in ("words", "mentions", "number", "choice", "one_line")
    )
