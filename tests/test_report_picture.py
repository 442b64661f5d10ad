from __future__ import annotations

import subprocess
import sys
from typing import Any
from xml.dom import minidom

import pytest

from evalkit.errors import EvalkitError
from evalkit.report.charts.theme import SCHEMA
from evalkit.report.picture import picture


def spec(title: str = "t", **changes: Any) -> dict[str, Any]:
    """A line that is clipped, so that the picture has a clip path."""
    return {
        "$schema": SCHEMA,
        "title": title,
        "data": {"values": [{"x": 1, "y": 2, "name": title}, {"x": 3, "y": 4, "name": title}]},
        "mark": {"type": "line", "clip": True, "point": True},
        "encoding": {
            "x": {"field": "x", "type": "quantitative"},
            "y": {"field": "y", "type": "quantitative"},
            "color": {"field": "name", "type": "nominal"},
        },
        **changes,
    }


def texts(svg: bytes) -> set[str]:
    """What an eye reads in a picture."""
    nodes = minidom.parseString(svg).getElementsByTagName("text")
    return {node.firstChild.data for node in nodes if node.firstChild is not None}  # type: ignore[union-attr]


def test_the_same_specification_makes_the_same_bytes_whatever_was_drawn_before() -> None:
    first = picture(spec(), "svg")
    picture(spec("another"), "svg")
    assert first == picture(spec(), "svg")
    assert b'id="clip1"' in first
    assert b"url(#clip1)" in first


def test_a_png_is_one() -> None:
    drawn = picture(spec(), "png")
    assert b"\x89PNG\r\n\x1a\n" == drawn[:8]
    assert drawn == picture(spec(), "png")


def test_an_svg_loads_nothing_and_runs_nothing() -> None:
    drawn = minidom.parseString(picture(spec(), "svg"))
    names = {node.tagName for node in drawn.getElementsByTagName("*")}
    assert set() == names & {"script", "image", "use", "foreignObject", "style", "a", "link"}
    attributes = [
        (name, value) for node in drawn.getElementsByTagName("*") for name, value in (node.attributes or {}).items()
    ]
    assert [] == [name for name, _ in attributes if name.startswith("on") or name.endswith("href")]
    assert {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"} == {
        value for _, value in attributes if "://" in value
    }


def test_an_svg_says_what_it_is_and_keeps_the_descriptions_of_what_is_in_it() -> None:
    drawn = minidom.parseString(picture(spec("a < b", description="It says & shows."), "svg"))
    root = drawn.documentElement
    assert root is not None
    told = {node.tagName: node.firstChild.data for node in root.childNodes if node.tagName in {"title", "desc"}}  # type: ignore[union-attr]
    assert ("graphics-document", {"title": "a < b", "desc": "It says & shows."}) == (root.getAttribute("role"), told)
    assert "mark container" not in drawn.toxml()
    assert "graphics-symbol" in drawn.toxml()


def test_an_svg_of_several_panels_is_called_by_their_titles() -> None:
    panels = [spec("a"), spec("b")]
    for panel in panels:
        del panel["$schema"]
    assert b"<title>a; b</title>" in picture({"$schema": SCHEMA, "vconcat": panels}, "svg")


def test_markup_in_a_name_is_shown_and_not_obeyed() -> None:
    name = "<script>alert(\"1\")</script> & ]]> 'x'"
    drawn = picture(spec(name), "svg")
    assert b"<script" not in drawn
    assert name in texts(drawn)


@pytest.mark.parametrize(
    ("character", "shown"),
    [
        ("\x1b", "\\x1b"),
        ("\x00", "\\x00"),
        ("\ufffe", "\\ufffe"),
        ("\uffff", "\\uffff"),
        ("\ud800", "\\ud800"),
        ("\u202e", "\\u202e"),
    ],
)
def test_what_no_picture_can_hold_is_shown_as_an_escape(character: str, shown: str) -> None:
    """The renderer would end the process: no exception, no report."""
    drawn = picture(spec(f"a{character}b"), "svg")
    assert f"a{shown}b" in texts(drawn)


def test_data_from_elsewhere_are_refused() -> None:
    with pytest.raises(EvalkitError, match=r"renderer refused .*External data url not allowed: https://example\.com"):
        picture(spec(data={"url": "https://example.com/x.json"}), "svg")


def test_what_is_no_specification_is_an_error_that_people_can_read() -> None:
    with pytest.raises(EvalkitError, match=r"picture: the renderer refused the specification: .*") as caught:
        picture({"mark": "no such mark", "data": {"values": []}}, "png")
    assert "\n" not in str(caught.value)


def test_without_the_extra_it_says_what_to_install() -> None:
    program = (
        "import sys\n"
        "from evalkit.errors import EvalkitError\n"
        "from evalkit.report.picture import picture\n"
        "assert 'vl_convert' not in sys.modules, 'loaded though nothing is drawn'\n"
        "sys.modules['vl_convert'] = None\n"
        "try:\n    picture({}, 'svg')\n"
        "except EvalkitError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert "Pictures need an extra; run: pip install 'evalkit[charts]'\n" == done.stdout
