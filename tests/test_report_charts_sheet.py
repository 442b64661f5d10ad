from __future__ import annotations

from dataclasses import replace

from evalkit.report.charts.sheet import alone, sheet
from evalkit.report.figure import Figure, Table


def figure(says: str = "It says.", name: str = "f") -> Figure:
    spec = {"$schema": "s", "width": 10, "layer": []}
    return Figure(id=name, title=f"Title of {name}", says=says, spec=spec, table=Table(columns=(), rows=()))


def test_a_picture_that_stands_alone_has_its_title_and_what_it_says() -> None:
    made = alone(figure())
    assert ("Title of f", ["It says."], 10) == (made["title"]["text"], made["title"]["subtitle"], made["width"])


def test_the_model_stands_above_what_a_figure_says_and_notes_below_it() -> None:
    one = replace(figure(), whose="With m.")
    assert ["With m.", "It says.", "Note."] == alone(one, ["Note."])["title"]["subtitle"]
    panels = sheet([one, one], ["Note."])["vconcat"]
    assert [["With m.", "It says.", "Note."], ["With m.", "It says."]] == [each["title"]["subtitle"] for each in panels]


def test_figures_stand_below_each_other_in_their_order_each_with_its_title() -> None:
    made = sheet([figure(name="a"), figure(name="b")])
    assert ["Title of a", "Title of b"] == [panel["title"]["text"] for panel in made["vconcat"]]
    assert ["$schema" in made, *("$schema" in panel for panel in made["vconcat"])] == [True, False, False]


def test_titles_of_a_sheet_begin_where_plots_begin_so_that_panels_line_up() -> None:
    made = sheet([figure(name="a"), figure(name="b")])
    assert ["group", "group"] == [panel["title"]["frame"] for panel in made["vconcat"]]


def test_pictures_tell_in_words_all_that_they_say_though_not_all_of_it_is_drawn() -> None:
    long = figure(" ".join(["It says."] * 300), name="b")
    assert long.says == alone(long)["description"]
    assert f"Title of a: It says.\nTitle of b: {long.says}" == sheet([figure(name="a"), long])["description"]


def test_one_figure_needs_no_sheet() -> None:
    assert alone(figure()) == sheet([figure()])


def test_figures_are_left_as_they_were() -> None:
    """The page draws the same ones."""
    one = figure()
    sheet([one, figure(name="b")])
    alone(one)
    assert {"$schema": "s", "width": 10, "layer": []} == one.spec


def test_long_sentences_are_broken_into_few_lines_never_between_a_number_and_its_percent_sign() -> None:
    lines = alone(figure(" ".join(["95.0 %"] * 300)))["title"]["subtitle"]
    assert (6, True) == (len(lines), lines[-1].endswith(" …"))
    assert all(len(line) <= 100 and not line.startswith("%") for line in lines)
    assert 100 < 2 * min(len(line) for line in lines)


def test_a_long_title_is_cut() -> None:
    assert 90 == len(alone(figure(name="x" * 500))["title"]["text"])
