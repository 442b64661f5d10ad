from __future__ import annotations

import pytest

from evalkit.report.charts.theme import DARK, LIGHT, SHAPES, VERDICTS, Colours, config

THEMES = [pytest.param(LIGHT, id="light"), pytest.param(DARK, id="dark")]


def luminance(colour: str) -> float:
    """As the Web Content Accessibility Guidelines 2.2 define it."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_that_of_the_guidelines() -> None:
    assert (21.0, 1.0) == (contrast("#000000", "#ffffff"), contrast("#777777", "#777777"))
    assert 4.48 == pytest.approx(contrast("#777777", "#ffffff"), abs=0.01)


@pytest.mark.parametrize("colours", THEMES)
def test_words_can_be_read_on_what_they_stand_on(colours: Colours) -> None:
    on_background = [colours.ink, colours.muted, *colours.verdict]
    assert [] == [each for each in on_background if contrast(each, colours.background) < 4.5]
    on_fills = [(word, fill) for fill in colours.verdict_fill for word in (colours.ink, colours.muted)]
    on_fills += list(zip(colours.verdict, colours.verdict_fill, strict=True))
    assert [] == [pair for pair in on_fills if contrast(*pair) < 4.5]


@pytest.mark.parametrize("colours", THEMES)
def test_marks_stand_out_from_the_background(colours: Colours) -> None:
    assert [] == [each for each in (*colours.models, colours.score) if contrast(each, colours.background) < 3]


@pytest.mark.parametrize("colours", THEMES)
def test_every_model_has_its_own_colour_and_its_own_shape(colours: Colours) -> None:
    assert len(SHAPES) == len(set(SHAPES)) == len(colours.models) == len(set(colours.models))


@pytest.mark.parametrize(("dark", "colours"), [(False, LIGHT), (True, DARK)])
def test_the_configuration_is_that_of_the_theme(dark: bool, colours: Colours) -> None:
    made = config(dark=dark)
    assert colours.background == made["background"]
    assert dict(zip(VERDICTS, colours.verdict, strict=True)) == dict(
        zip(VERDICTS, made["range"]["verdict"], strict=True)
    )


def test_both_themes_know_the_same_roles() -> None:
    light, dark = config(dark=False), config(dark=True)
    assert light["style"].keys() == dark["style"].keys()
    assert light["range"].keys() == dark["range"].keys()


def test_signs_come_from_one_font_that_has_them_all() -> None:
    """Else a picture's ✓ may be a hair and its ✗ bold."""
    assert config(dark=False)["style"]["sign"]["font"].startswith("'DejaVu Sans', ")
