from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.adapter.card import Price
from evalkit.adapter.quote import Quote
from evalkit.choose.judged import judge, stricter
from evalkit.engine import Measured
from evalkit.plan import Scope, make_plan
from evalkit.record import TrialReader, TrialWriter, read_run_file, write_run_file
from evalkit.stats import clopper_pearson
from evalkit.verdict import Terms
from tests.runs import Scripted, carry_out, make_suite, right, session


def terms_of(folder: Path, scope: Scope, **suite: str) -> Terms:
    return make_plan(make_suite(folder, **suite), scope).terms[0]


def test_stricter_terms_need_more_evidence_of_the_same_bets(tmp_path: Path) -> None:
    own = terms_of(tmp_path, Scope(), perturbations="{noise: [0.1]}")
    strict = stricter(own, 0.005)
    assert own.test is not None
    assert strict.test is not None
    assert (pytest.approx(200), pytest.approx(400)) == strict.test.needed  # type: ignore[comparison-overlap]
    assert (own.test.above, own.test.below, own.test.n_max) == (strict.test.above, strict.test.below, strict.test.n_max)
    assert (0.005, 0.0025) == (strict.alpha, strict.alpha_high)


def test_terms_that_are_strict_enough_stay_as_they_are(tmp_path: Path) -> None:
    own = terms_of(tmp_path, Scope())
    assert own is stricter(own, own.alpha)
    assert own is stricter(own, 0.1)


def test_a_calibrated_test_is_held_to_what_any_test_needs(tmp_path: Path) -> None:
    own = terms_of(tmp_path, Scope(max_calls=40, calibrated=True), threshold="0.5")
    assert own.test is not None
    assert own.test.calibrated == 20
    strict = stricter(own, own.alpha / 2).test
    assert strict is not None
    assert None is strict.calibrated
    assert pytest.approx(80) == strict.needed[0]


def test_a_fixed_number_of_trials_is_judged_by_an_interval_of_the_lower_error_rate(tmp_path: Path) -> None:
    """19 of 20 pass: enough to be above 0.7 for one model, but not among ten."""
    suite = make_suite(tmp_path, threshold=0.7)
    model = Scripted(lambda call: "no" if call.item == "i0" else right(call))
    folder = carry_out(suite, model, tmp_path / "runs", scope=Scope(fixed=20)).folder
    assert "usable" == judge(folder, alpha=0.025, max_p95_s=None).results.verdict
    found = judge(folder, alpha=0.0025, max_p95_s=None).results
    assert "edge" == found.verdict
    assert clopper_pearson(19, 20, alpha_low=0.0025, alpha_high=0.0025).low == found.tasks[0].conditions[0].low


def test_a_sequential_run_is_held_to_more_evidence(tmp_path: Path) -> None:
    """It stopped as soon as it was sure enough for one model; the interval goes with the verdict."""
    suite = make_suite(tmp_path, threshold=0.5)
    folder = carry_out(suite, Scripted(), tmp_path / "runs", scope=Scope(until="verdict")).folder
    assert "usable" == judge(folder, alpha=0.025, max_p95_s=None).results.verdict
    (strict,) = judge(folder, alpha=1e-5, max_p95_s=None).results.tasks[0].conditions
    assert ("edge", True) == (strict.verdict, (strict.low or 0) <= 0.5)
    assert strict.evidence is not None
    assert 40 <= strict.evidence.usable < strict.evidence.needed[0] == pytest.approx(1e5)


# --- cost and latency


def costly(out: Path, *, reuse: tuple[Path, ...] = (), perturbations: str = "{}") -> Measured:
    """Answers cost a tenth of a cent, but those of perturbed prompts, which have no question mark, ten times that."""
    suite = make_suite(out, threshold=0.5, perturbations=perturbations)
    model = Scripted(cost_usd=lambda answer: 0.01 if answer.response.text == "noisy" else 0.001)
    model._answer = lambda call: right(call) if call.condition == "clean" else "noisy"
    model.free = False
    return asyncio.run(session(suite, model, out / "runs", scope=Scope(fixed=20), reuse=reuse).carry_out())


def test_the_cost_is_that_of_answers_to_items_as_they_stand(tmp_path: Path) -> None:
    folder = costly(tmp_path, perturbations="{noise: {levels: [0.1], require: 0.1}}").folder
    assert pytest.approx(1.0) == judge(folder, alpha=0.025, max_p95_s=None).cost_per_1k


def test_a_cost_that_the_provider_does_not_say_is_not_known(tmp_path: Path) -> None:
    model = Scripted(cost_usd=lambda answer: None if answer.response.text == "3" else 0.001)
    folder = carry_out(make_suite(tmp_path), model, tmp_path / "runs", scope=Scope(fixed=20)).folder
    assert None is judge(folder, alpha=0.025, max_p95_s=None).cost_per_1k


def test_answers_that_were_known_already_neither_cost_nothing_nor_take_no_time(tmp_path: Path) -> None:
    first = costly(tmp_path)
    found = judge(costly(tmp_path, reuse=(first.folder,)).folder, alpha=0.025, max_p95_s=None)
    assert (None, None) == (found.cost_per_1k, found.latency)


def test_a_known_answer_costs_what_its_tokens_cost_where_the_run_knows_prices(tmp_path: Path) -> None:
    """Ten tokens in, of which four came from the cache, and two out."""
    folder = costly(tmp_path, reuse=(costly(tmp_path).folder,)).folder
    price = Price(input=100, output=1000, cached=10)
    run = read_run_file(folder)
    write_run_file(folder, run.model_copy(update={"prices": [Quote(model="x", source="t", price=price)]}))
    assert None is judge(folder, alpha=0.025, max_p95_s=None).cost_per_1k
    with TrialReader(folder) as reader:
        rows = [replace(row, tokens_in=10, tokens_out=2, tokens_cached=4) for row in reader.rows()]
    writer = TrialWriter(folder)
    writer.commit(rows, ())
    writer.close()
    assert pytest.approx(6 * 0.1 + 4 * 0.01 + 2 * 1.0) == judge(folder, alpha=0.025, max_p95_s=None).cost_per_1k


def test_latency_counts_calls_that_took_too_long_and_bounds_their_share(tmp_path: Path) -> None:
    model = Scripted(seconds=lambda call: 0.03 if call.item in {"i3", "i4"} else 0.0)
    folder = carry_out(make_suite(tmp_path), model, tmp_path / "runs", scope=Scope(fixed=20)).folder
    latency = judge(folder, alpha=0.025, max_p95_s=0.01).latency
    assert latency is not None
    assert (0.0, 0.03, 20, 2) == (latency.p50_s, latency.p95_s, latency.calls, latency.slower)
    exact = clopper_pearson(2, 20, alpha_low=0.025, alpha_high=0.025).high
    assert exact < (latency.slower_share_high or 0) < 0.6
    assert None is (judge(folder, alpha=0.025, max_p95_s=None).latency or latency).slower


@pytest.mark.parametrize(("limit", "slower", "least", "most"), [(1.0, 0, 0.1, 0.4), (0.001, 20, 1.0, 1.0)])
def test_the_bound_holds_at_the_ends(tmp_path: Path, limit: float, slower: int, least: float, most: float) -> None:
    model = Scripted(seconds=lambda call: 0.002)
    folder = carry_out(make_suite(tmp_path), model, tmp_path / "runs", scope=Scope(fixed=20)).folder
    latency = judge(folder, alpha=0.025, max_p95_s=limit).latency
    assert latency is not None
    assert slower == latency.slower
    assert least <= (latency.slower_share_high or 0) <= most


def test_terms_in_the_run_file_stay_as_they_were(tmp_path: Path) -> None:
    folder = carry_out(make_suite(tmp_path), Scripted(), tmp_path / "runs", scope=Scope(fixed=20)).folder
    before = read_run_file(folder)
    assert replace(before.terms[0], alpha=1e-4) == judge(folder, alpha=1e-4, max_p95_s=None).run.terms[0]
    assert before == read_run_file(folder)
