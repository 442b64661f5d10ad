from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.errors import EvalkitError
from evalkit.report.page import Templates


def rendered(folder: Path, template: str, **values: object) -> str:
    (folder / "x.html.jinja").write_text(template, encoding="utf-8")
    return Templates(folder).render("x.html.jinja", values)


def test_what_is_shown_is_escaped_and_visible(tmp_path: Path) -> None:
    assert "&lt;b&gt; &#34;\\u202e\\x1b" == rendered(tmp_path, "{{ text }}", text='<b> "\u202e\x1b')


def test_a_template_of_the_project_may_change_a_part_of_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "report.html.jinja").write_text(
        '{% extends "shipped/report.html.jinja" %}{% block brand %}Acme{% endblock %}', encoding="utf-8"
    )
    from evalkit.report.page import html_report
    from tests.report_pages import support

    ours, theirs = (html_report([support()], overrides=folder).decode() for folder in (tmp_path, None))
    assert theirs.replace('<p class="brand">evalkit report</p>', '<p class="brand">Acme</p>') == ours


def test_a_part_of_the_project_wins_within_shipped_templates(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/reading.html.jinja").write_text("<p>Ask Ines.</p>", encoding="utf-8")
    from evalkit.report.page import html_report
    from tests.report_pages import support

    page = html_report([support()], overrides=tmp_path).decode()
    assert "<p>Ask Ines.</p>" in page
    assert "How far the pass rate is from what is needed" not in page


def test_templates_run_no_python(tmp_path: Path) -> None:
    with pytest.raises(EvalkitError, match=r"x\.html\.jinja:1: .*unsafe; mend"):
        rendered(tmp_path, "{{ text.__class__.__mro__[1].__subclasses__() }}", text="a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("one\n{% if %}", r"x\.html\.jinja:2: .*mend the template"),
        ("one\n{{ nothing }}", r"x\.html\.jinja:2: 'nothing' is undefined; mend"),
        ('one\n{% include "y.html.jinja" %}', r'x\.html\.jinja:2: found no template y\..*mean "x\.html\.jinja"'),
        ('one\n{% extends "z.jinja" %}', r"x\.html\.jinja:2: found no template z\.jinja"),
        ("one\n{{ 1 / 0 }}", r"x\.html\.jinja:2: division by zero; mend"),
        ("{% for i in range(1000000000) %}{% endfor %}", r"x\.html\.jinja:1: Range too big.*; mend"),
        ('{{ "%(a)s" % {} }}', r"x\.html\.jinja:1: found no 'a'; mend"),
        ('{{ "%d" % text }}', r"x\.html\.jinja:1: %d format.*; mend"),
        ('{% include "x.html.jinja" %}', r"x\.html\.jinja:1: .*without end; .*extends \"shipped/"),
        ('{% extends "x.html.jinja" %}', r"x\.html\.jinja:1: .*without end; .*extends \"shipped/"),
        ("{{ 1 + text }}", r"x\.html\.jinja:1: .*mend"),
    ],
)
def test_a_wrong_template_says_where_it_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(EvalkitError, match=message):
        rendered(tmp_path, text, text="a")


def test_a_wrong_part_is_named_and_not_the_page_that_includes_it(tmp_path: Path) -> None:
    (tmp_path / "part.jinja").write_text("one\n{{ nothing }}", encoding="utf-8")
    with pytest.raises(EvalkitError, match=r"part\.jinja:2: 'nothing' is undefined; mend"):
        rendered(tmp_path, '{% include "part.jinja" %}')


def test_what_no_page_shows_is_named_with_what_may_be_meant(tmp_path: Path) -> None:
    files = {
        "reading.html.jinja": "",
        "reprot.css": "",
        "report.html.jinja": '{% extends "shipped/report.html.jinja" %}{% include "own.jinja" %}'
        "{% block brnd %}{% endblock %}{% block foot %}{% block new %}{% endblock %}{% endblock %}",
        "own.jinja": "{% block ours %}{% endblock %}",
        "view.css": "",
        "last.html": "",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = [told.partition(" Known")[0] for told in Templates(tmp_path).unused()]
    assert [
        f'{tmp_path / "reading.html.jinja"}: no page shows it. Did you mean "parts/reading.html.jinja"?',
        f'{tmp_path / "reprot.css"}: no page shows it. Did you mean "report.css"?',
        f'{tmp_path / "report.html.jinja"}: no template has a block brnd. Did you mean "brand"?',
    ] == found
    assert [] == [*Templates().unused()]


def test_a_style_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report.css").write_bytes(b"\xff")
    with pytest.raises(EvalkitError, match=r"report\.css: cannot be read"):
        Templates(tmp_path).text("report.css")


def test_files_come_from_the_project_first(tmp_path: Path) -> None:
    (tmp_path / "report.css").write_text("ours", encoding="utf-8")
    templates = Templates(tmp_path)
    assert "ours" == templates.text("report.css")
    assert Templates().text("report.js") == templates.text("report.js")
