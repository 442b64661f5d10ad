from __future__ import annotations

import re

from evalkit.report.svg import finished


def svg(*texts: str, width: int = 100) -> str:
    """A picture as the renderer draws it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="marks" width="{width}" height="50" viewBox="0 0 {width} 50">'
        f'<rect width="{width}" height="50" fill="#ffffff"/><g transform="translate(10,5)">{"".join(texts)}</g></svg>'
    )


def text(words: str, x: int, anchor: str = "start", more: str = "") -> str:
    return f'<text text-anchor="{anchor}" transform="translate({x},0){more}" font-size="10px">{words}</text>'


def sides(drawn: str) -> tuple[float, float]:
    """The left and the right end of a picture; its background reaches as far."""
    boxes = re.findall(r'viewBox="(\S+) 0 (\S+) 50"', drawn) + re.findall(r'<rect x="(\S+)" width="(\S+)"', drawn)
    ((left, width),) = set(boxes)
    assert f' width="{width}" height="50" viewBox' in drawn
    return float(left), float(left) + float(width)


def finish(*texts: str) -> tuple[float, float]:
    return sides(finished(svg(*texts), title="", description=""))


def test_a_picture_in_which_every_text_has_room_stays_as_it_is() -> None:
    assert (0, 100) == finish(text("ab", 10), text("cd", 60, "end"), text("ef", 40, "middle"))


def test_a_picture_grows_to_the_side_on_which_a_wide_font_would_be_cut_off() -> None:
    """Of 10 pixels a usual letter takes 6.4, and 6 pixels stay free."""
    assert (0, 10 + 40 + 64 + 6) == finish(text("a" * 10, 40))
    assert (-(64 - 10 - 40 + 6), 100) == finish(text("a" * 10, 40, "end"))
    assert (-24, 124) == finish(text("a" * 21, 40, "middle"))


def test_letters_have_their_widths() -> None:
    starts = [text(words, 80) for words in ("iiii", "aaaa", "MMMM", "題題題題")]
    assert [112, 122, 136, 136] == [finish(each)[1] for each in starts]


def test_of_several_lines_the_longest_counts() -> None:
    lines = "<tspan>aa</tspan><tspan>aaaaaaaaaa</tspan>"
    assert (0, 120) == finish(text(lines, 40))


def test_a_text_that_is_turned_needs_no_room_beside_it() -> None:
    assert (0, 100) == finish(text("a" * 90, 5, "middle", " rotate(-90)"))
