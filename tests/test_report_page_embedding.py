from __future__ import annotations

import hashlib
import re
from base64 import b64encode

import pytest

from evalkit.errors import EvalkitError
from evalkit.plain import printable, with_texts
from evalkit.report.page import html_report
from evalkit.report.page.embedding import inline, packed, policy
from tests.report_pages import carried, support


def sha(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_lets_just_the_scripts_and_styles_of_the_page_run() -> None:
    page = html_report([support()]).decode()
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert found is not None
    said = dict(part.split(" ", 1) for part in found[1].replace("&#39;", "'").split("; "))
    scripts = re.findall(r"<script>(.*?)</script>", page, re.S)
    styles = re.findall(r"<style>(.*?)</style>", page, re.S)
    assert [sha(text) for text in scripts] == said["script-src"].split()
    assert [sha(text) for text in styles] == said["style-src"].split()
    assert {"default-src", "script-src", "style-src", "base-uri", "form-action"} == set(said)
    assert {"'none'"} == {said[name] for name in ("default-src", "base-uri", "form-action")}


def test_a_policy_names_each_file() -> None:
    said = policy([inline("a.css", "a")], [inline("b.js", "b"), inline("c.js", "c")])
    assert f"script-src {sha('b')} {sha('c')}; style-src {sha('a')}" in said


@pytest.mark.parametrize("text", ["</script>", "x = '</SCRIPT'", "</style>", "<!-- x"])
def test_a_file_that_would_end_its_element_is_refused(text: str) -> None:
    with pytest.raises(EvalkitError, match=r"reports/report.js:2: found </?.*ends the element"):
        inline("report.js", f"one\n{text}")


def test_line_breaks_are_those_that_a_browser_takes_the_sum_of() -> None:
    assert "a\nb\nc" == inline("report.js", "a\r\nb\rc").text


def test_values_come_through_packing() -> None:
    value = {"a": [1, 0.5, None, True, "</script>\u2028é"], "b": {"c": []}}
    assert with_texts(value, printable) == carried(f'id="packed">{packed(value)}<')


def test_texts_and_keys_become_printable_at_any_depth() -> None:
    assert {"a\\u202e": [{"b": "\\x1b[31m"}, "plain"]} == (
        with_texts({"a\u202e": ({"b": "\x1b[31m"}, "plain")}, printable)
    )


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        packed({"rate": float("nan")})
