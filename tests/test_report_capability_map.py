from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace

from evalkit.plain import columns
from evalkit.report import MapEntry, capability_map
from evalkit.verdict import SuiteResult
from tests.results import condition, result


def entry(
    found: SuiteResult, *, started: str = "2026-11-22T03:15:00Z", sha256: str = "aa", size: float | None = None
) -> MapEntry:
    return MapEntry(result=found, sha256=sha256, started=started, size=size)


def family(*names: str, provider: str = "tiny") -> list[MapEntry]:
    return [entry(result(f"{provider}/{name}", {"title": 199})) for name in names]


def rows(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def support() -> list[MapEntry]:
    """Three models: one fails nearly everything, one is undecided, one can do all but a task that it was not asked."""
    noisy = [condition(190), condition(150, "noise@0.05"), condition(2, "noise@0.5", counts=False)]
    robust = [condition(199), condition(197, "noise@0.05")]
    small = result("tiny/5k", {"title": 20, "routing": noisy, "order-number": 0})
    middle = result("tiny/80k", {"title": 181, "routing": robust, "order-number": 199})
    large = result("tiny/1m", {"title": 199, "routing": robust, "extra": 200, "order-number": None})
    return [entry(each) for each in (small, middle, large)]


def test_the_map_looks_as_it_should(golden: Callable[[str, str], None]) -> None:
    golden("capability_map.txt", capability_map(support()))


def test_one_run_of_a_suite_needs_no_map() -> None:
    assert ["", ""] == [
        capability_map([]),
        capability_map([entry(result("a", {"t": 1})), entry(result("a", {"t": 1}, suite="other"))]),
    ]


def test_colour_adds_nothing_but_colour() -> None:
    marked = capability_map(support(), style=lambda text, role: f"<{role}>{text}</{role}>")
    for role in ("good", "bad", "open", "dim", "strong"):
        assert f"<{role}>" in marked
        marked = marked.replace(f"<{role}>", "").replace(f"</{role}>", "")
    assert capability_map(support()) == marked


def test_columns_keep_their_order_unless_the_size_of_every_model_is_known() -> None:
    runs = family("big", "small", "middle")
    sized = [replace(run, size=size) for run, size in zip(runs, (9.0, 1.0, 3.0), strict=True)]
    assert "task big small middle" in rows(capability_map(runs))
    assert "task small middle big" in rows(capability_map(sized))
    assert "task big small middle" in rows(capability_map([*sized[:2], runs[2]]))


def test_a_provider_that_all_models_have_is_not_repeated() -> None:
    assert "task 5k 1m" in rows(capability_map(family("5k", "1m")))
    assert "task tiny/5k echo/1m" in rows(capability_map([*family("5k"), *family("1m", provider="echo")]))


def test_models_that_do_not_fit_beside_each_other_go_below() -> None:
    text = capability_map(family(*[f"m{number}" for number in range(9)]))
    heads = [line for line in rows(text) if line.startswith("task ")]
    assert [f"m{number}" for number in range(9)] == " ".join(heads).replace("task ", "").split()
    assert len(heads) > 1
    assert len(heads) == sum(line.startswith("title ") for line in rows(text))
    assert [] == [line for line in text.splitlines() if len(line) > 80]


def test_six_sizes_of_a_family_fit_beside_each_other() -> None:
    text = capability_map(family("5k", "15k", "40k", "120k", "350k", "1m"))
    assert "task 5k 15k 40k 120k 350k 1m" in rows(text)


def test_no_line_is_wider_than_80_columns() -> None:
    long = "a-name-that-is-longer-than-anybody-would-ever-want-it-to-be"
    conditions = [condition(100, long), condition(120, f"{long}2")]
    runs = [entry(result(f"{long}/{number}{long}", {long: conditions}, suite=long)) for number in range(5)]
    changed = [replace(runs[0], started="2027"), replace(runs[1], sha256="bb")]
    lines = capability_map([*runs, *changed]).splitlines()
    assert [] == [line for line in lines if len(line) > 80]


def test_models_and_tasks_whose_names_begin_alike_are_told_apart() -> None:
    tasks = {f"customer-complaint-ticket-title-{language}": 150 for language in ("english", "german")}
    dated = [entry(result(f"anthropic/claude-3-5-sonnet-{date}", tasks)) for date in (20240620, 20241022)]
    found = rows(capability_map([*dated, *family("5k")]))
    assert "task anthrop…20240620 anthrop…20241022 tiny/5k" in found
    assert ["customer-c…tle-english", "customer-c…itle-german"] == [
        line.partition(" ")[0] for line in found if line.startswith("customer")
    ]


def test_names_that_cannot_be_told_apart_in_a_column_are_numbered_and_said_below() -> None:
    names = [f"{'a' * 20}{one}{'b' * 20}{two}{'c' * 20}" for one in "12" for two in "12"]
    found = rows(capability_map(family(*names)))
    assert "task aaaa…1bbbbbbbbb… aaaa…1bbbbbbb… 2 aaaa…2bbbbbbbbb… aaaa…2bbbbbbb… 2" in found
    assert f"aaaa…1bbbbbbb… 2 is {names[1]}" in " ".join(found)


def test_wide_letters_shift_no_column() -> None:
    runs = [entry(result(f"m/文脈文脈文脈{n}", {"日本語のとても長い作業名前": 199, "title": 20})) for n in range(4)]
    lines = capability_map(runs).splitlines()
    table = [line for line in lines if "✓" in line or "✗" in line][:3]
    assert [] == [line for line in lines if columns(line) > 80]
    assert 1 == len({columns(re.split("[✓✗]", line)[0]) for line in table})


def test_of_several_runs_of_a_model_the_latest_is_shown_and_that_is_said() -> None:
    old, new = result("m", {"title": 20}), result("m", {"title": 199})
    for runs in ([entry(old), entry(new, started="2026-11-23")], [entry(new, started="2026-11-23"), entry(old)]):
        text = capability_map(runs)
        assert "title ✓ ≥+7.2" in rows(text)
        assert "of 2 runs of m the latest is shown" in rows(text)


def test_each_suite_has_a_map_of_its_own() -> None:
    runs = [entry(result(model, {suite: 199}, suite=suite)) for suite in ("one", "two") for model in ("a", "b")]
    text = capability_map([runs[0], runs[2], runs[1], runs[3]])
    titles = [line for line in text.splitlines() if line.startswith("Capability")]
    assert ["Capability map of one: 1 task, 2 models", "Capability map of two: 1 task, 2 models"] == titles


def test_a_suite_that_has_changed_between_runs_is_said_to() -> None:
    runs = family("5k", "1m")
    assert "changed" not in capability_map(runs)
    text = " ".join(rows(capability_map([runs[0], replace(runs[1], sha256="bb")])))
    assert "the suite's file has changed between these runs: 1m had not the one of the first" in text


def test_the_weakest_condition_is_named_where_several_count() -> None:
    strong, weak = [condition(199), condition(150, "noise@0.05")], [condition(100), condition(150, "noise@0.05")]
    both = capability_map([entry(result("x/a", {"t": strong})), entry(result("x/b", {"t": weak}))])
    assert "t is weakest at noise@0.05 (a), clean (b)" in rows(both)
    alike = capability_map([entry(result(model, {"t": strong})) for model in "ab"])
    assert "t is weakest at noise@0.05" in rows(alike)
    assert "weakest" not in capability_map(family("5k", "1m"))


def test_an_edge_shows_the_whole_range_rounded_outwards() -> None:
    assert "title ? −5…+5 ✓ ≥+7.2" in rows(capability_map([entry(result("a", {"title": 181})), *family("b")]))


def test_nothing_from_outside_commands_the_terminal() -> None:
    evil = "x\x1b]0;owned\x07\u202e"
    runs = [entry(result(f"{evil}{number}", {evil: 100}, suite=evil)) for number in (1, 2, 2)]
    text = capability_map(runs)
    assert {unicodedata.category(character) for character in text if character != "\n"}.isdisjoint({"Cc", "Cf"})


def test_in_words_the_map_has_no_signs(golden: Callable[[str, str], None]) -> None:
    text = capability_map(support(), words_only=True)
    golden("capability_map_words.txt", text)
    assert set("−–") >= {character for character in text if not character.isascii()}


def test_in_words_six_models_go_below_each_other_where_they_must() -> None:
    runs = family("5k", "15k", "40k", "120k", "350k", "1m")
    text = capability_map(runs, words_only=True)
    assert ["5k", "15k", "40k", "120k", "350k", "1m"] == [
        name for line in rows(text) if line.startswith("task ") for name in line.split()[1:]
    ]
    assert [] == [line for line in text.splitlines() if len(line) > 80]


def test_in_words_a_margin_of_nothing_is_one_of_at_least_nothing() -> None:
    runs = []
    for passes in (199, 100):
        found = result(f"{passes}", {"title": passes})
        (task,) = found.tasks
        (bare,) = task.conditions
        bare = replace(bare, low=0.90002) if passes == 199 else replace(bare, high=0.89998)
        runs.append(entry(replace(found, tasks=(replace(task, weakest=bare, conditions=(bare,)),))))
    assert "title ✓ >0 ✗ <0" in rows(capability_map(runs))
    assert "title usable +0 unusable −0" in rows(capability_map(runs, words_only=True))
