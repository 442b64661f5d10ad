from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from evalkit.findings.choose import Advice, Choice, Latency, Limits
from evalkit.report.choose import render_choice
from evalkit.verdict import ConditionResult
from tests.choices import broken, candidate, choice, measured
from tests.results import condition


def flat(made: Choice) -> str:
    """Without line breaks, which stand anywhere."""
    return " ".join(render_choice(made).split())


def raced() -> Choice:
    failed: Mapping[str, int | list[ConditionResult]] = {
        "title": [broken(condition(150), words=40, mentions=12)],
        "sort": 198,
    }
    quick, slow = Latency(p50_s=0.31, p95_s=0.84, calls=400), Latency(p50_s=1.24, p95_s=12.3, calls=400)
    return choice(
        candidate(
            "openai/mini",
            "unusable",
            results=measured("openai/mini", {**failed}),
            cost_per_1k=0.12,
            expected_per_1k=0.1,
            latency=quick,
        ),
        candidate(
            "openai/small",
            "edge",
            results=measured("openai/small", {"title": 183, "sort": 198}),
            cost_per_1k=0.41,
            note="not settled within its budget of calls",
            next_step="evalkit run --resume runs/20261122T031500Z-support-openai-small --max-calls 8000",
            latency=quick,
        ),
        candidate(
            "openai/large",
            "chosen",
            results=measured("openai/large", {"title": 198, "sort": 199}),
            cost_per_1k=2.3,
            expected_per_1k=1.9,
            latency=slow,
        ),
        candidate("openai/huge", "not asked", expected_per_1k=11.5),
        undominated=frozenset({"openai/mini", "openai/large"}),
        notes=("openai/small could not be decided and may be usable and cheaper",),
    )


def nobody() -> Choice:
    made = raced()
    tasks = {"title": 150, "sort": 198}
    return replace(
        made,
        candidates=(
            made.candidates[0],
            candidate("openai/large", "unusable", results=measured("openai/large", {**tasks}), cost_per_1k=2.3),
        ),
        advice=(
            Advice(
                task="title",
                help="validators",
                text="check each answer by a program, and ask again with what was wrong",
                evidence="words breaks in 40 of 200 trials of openai/mini at clean",
            ),
        ),
        notes=(),
    )


def test_a_choice_reads_well(golden: Callable[[str, str], None]) -> None:
    golden("choose.txt", render_choice(raced()))


def test_that_nobody_is_usable_reads_well(golden: Callable[[str, str], None]) -> None:
    golden("choose-nobody.txt", render_choice(nobody()))


@pytest.mark.parametrize("made", [raced(), nobody()])
def test_it_fits_eighty_columns_but_for_commands(made: Choice) -> None:
    long = replace(
        made, candidates=tuple(replace(each, model=f"p/{'long-' * 30}{each.model}") for each in made.candidates)
    )
    wide = [line for line in render_choice(long).splitlines() if len(line) > 80]
    assert [] == [line for line in wide if not line.startswith("  evalkit run ")]


def test_control_characters_from_outside_stay_harmless() -> None:
    evil = candidate("m\x1b[31m", "failed", note="\x1b[2Jx\ny", next_step="evalkit \x1b[2J")
    made = choice(
        evil, suite="s\x1b[2J", notes=("\x1b[2J",), advice=(Advice(task="\x1b", help="h", text="t", evidence="\x1b"),)
    )
    assert "\x1b" not in render_choice(made)


@pytest.mark.parametrize(
    ("said", "made"),
    [
        ("It is usable on its task, and the cheapest of the candidates that are shown to be, for 2.00 USD per 1,000",
         choice(candidate("a", "chosen", 198, cost_per_1k=2.0), candidate("b", "usable", 198, expected_per_1k=3.0))),
        ("and the first in the order given (2 are of the same price, as far as is known)",
         choice(candidate("a", "chosen", 198), candidate("b", "not asked"))),
        ("and the smallest (2 are free) of the",
         choice(candidate("a", "chosen", 198, cost_per_1k=0.0, expected_per_1k=0.0, size=1e6),
                candidate("b", "not asked", expected_per_1k=0.0, size=1e7))),
        ("and the quickest of the", choice(candidate("a", "chosen", 198), limits=Limits(prefer="latency"))),
        ("NOBODY can be chosen", choice(candidate("a", "unusable", 100))),
        ("NOBODY is shown to be usable; it could not be settled Nearest: a, which could not be decided.",
         choice(candidate("a", "edge", 180))),
        ("STOPPED before anybody was chosen", choice(candidate("a", "edge", 180), interrupted=True)),
        ("Runner-up: b, which is usable, too.", choice(candidate("a", "chosen", 198), candidate("b", "usable", 198))),
        ("The race took 400 calls and 0.10 USD, 4.0 % of the 10,000 calls and 2.5 % of the 4.00 USD that 1,000 items",
         choice(candidate("a", "chosen", 198))),
        ("These runs took 400 calls", choice(candidate("a", "chosen", 198), raced=False)),
        ("- a, failed: the key was refused", choice(candidate("a", "failed", note="the key was refused"))),
    ],
)  # fmt: skip
def test_the_answer_is_said_in_words(said: str, made: Choice) -> None:
    assert said in flat(made)


def test_of_many_tasks_that_fail_the_worst_are_named() -> None:
    tasks = {f"t{n}": 100 + n for n in range(5)}
    text = flat(choice(candidate("a", "unusable", results=measured("a", {**tasks}))))
    assert "t0 fails at clean" in text
    assert "t3 fails" not in text
    assert "needs 90.0 %); and 2 more" in text


def test_a_task_that_was_left_since_another_is_at_the_edge_is_open_so_far() -> None:
    left = measured("openai/x", {"near": 183, "left": [replace(condition(185), reason="gate-decided")]})
    text = flat(choice(candidate("openai/x", "edge", results=left)))
    assert "near could be either at clean" in text
    assert "left could be either so far at clean" in text


def test_what_is_guaranteed_of_slow_calls_is_said_beside_what_was_seen() -> None:
    latency = Latency(p50_s=0.4, p95_s=1.8, calls=240, slower=9, slower_share_high=0.08123)
    made = choice(replace(candidate("a", "chosen", 198), latency=latency), limits=Limits(max_p95_s=2.0))
    assert "9 of 240 calls took longer than 2 s; with what was seen the share may be up to 8.2 %." in flat(made)


def test_a_price_that_was_not_measured_is_marked() -> None:
    assert "~11.50" in flat(raced())


def test_long_names_that_begin_alike_are_told_apart() -> None:
    names = ["p/a-model-with-a-long-name-of-may", "p/a-model-with-a-long-name-of-june", "p/short"]
    text = render_choice(choice(*[candidate(name, "unusable", 100) for name in names]))
    assert "  a-model-wi…name-of-may unusable" in text
    assert "  a-model-wi…ame-of-june unusable" in text
    assert "  short                  unusable" in text


def test_colours_say_what_became_of_whom() -> None:
    text = render_choice(raced(), style=lambda text, role: f"<{role}>{text}</>")
    assert "<good>CHOSEN: openai/large</>" in text
    assert "<bad>unusable </>" in text
