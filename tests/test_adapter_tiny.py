"""The models in the box, with random weights, against arithmetic that is written out."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from evalkit.adapter import find_cards
from evalkit.adapter.code import load_module
from evalkit.content import shipped
from evalkit.engine import check_model
from evalkit.errors import AdapterError, FatalTransportError, TransportError
from evalkit.plan import Scope, make_plan
from evalkit.transport import Model
from evalkit.trial import Call, Message, Response
from tests import local_models
from tests.local_models import asked
from tests.runs import carry_out, make_suite, rows_of
from tests.tiny_models import METADATA, VOCABULARY, logprobs, weights, write_model, written

NETWORK = load_module(shipped("adapters") / "tiny_network.py").Network
WEIGHTS = weights()
PROMPTS = ["a", "what is 2+3?", "sort dcba:", "x" * 290, "abc " * 20, "", "line\nand line", "7"]
SCORED: dict[str, Any] = {"logprobs": True, "max_tokens": 12}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_model(folder / "small.safetensors")
    return folder


def opened(folder: Path, name: str = "small.safetensors", **settings: Any) -> Model:
    return local_models.opened(f"tiny/{name}", folder, **settings)


def call(*texts: str, **given: Any) -> Call:
    messages = tuple(Message(role="user", content=text) for text in texts)
    return replace(Call(task="t", item="1", condition="clean", repeat=0, messages=messages), **given)


def answers(folder: Path, *texts: str, **settings: Any) -> list[Response]:
    return asked(opened(folder, **settings), [call(text) for text in texts])


def tokens(text: str) -> list[int]:
    return [VOCABULARY.index(character) for character in text]


# --- what it answers


def test_the_likeliest_character_follows_each_time_until_the_line_ends(folder: Path) -> None:
    for text, found in zip(PROMPTS, answers(folder, *PROMPTS, **SCORED), strict=True):
        prompt = text.rstrip() + "\n"
        each = logprobs(WEIGHTS, tokens(prompt + found.text))[len(prompt) - 1 :]
        likeliest = "".join(VOCABULARY[token] for token in each.argmax(-1))
        assert likeliest.startswith(found.text + ("\n" if found.finish_reason == "stop" else ""))
        assert pytest.approx(each.max(-1)[: len(found.text)].sum(), abs=1e-4) == found.logprob
        assert ("stop" if len(found.text) < 12 else "length") == found.finish_reason
        assert (len(prompt), len(found.text)) == (found.tokens_in, found.tokens_out)


@pytest.mark.slow
def test_a_batch_answers_as_single_calls_do(folder: Path) -> None:
    """More than grow at a time, of all lengths, with answers that end early and late."""
    prompts = [f"{text}{n}" for n in range(90) for text in ("", "what about ", "x" * n)]
    settings = {**SCORED, "stop": ["a", "7"]}
    together = answers(folder, *prompts, **settings)
    apart = [answers(folder, prompt, **settings)[0] for prompt in prompts[::23]]
    assert len({one.tokens_out for one in together}) > 5
    assert [one.text for one in apart] == [one.text for one in together[::23]]
    assert [one.logprob for one in apart] == pytest.approx([one.logprob for one in together[::23]], abs=1e-4)


def test_messages_are_joined_by_line_breaks_in_lower_case_with_unknown_characters_replaced(folder: Path) -> None:
    model = opened(folder, **SCORED)
    mixed, plain = asked(model, [call("Über A&B", "Why?"), call("?ber a?b\nwhy?")])
    assert plain == mixed


def test_an_answer_ends_before_the_first_stop(folder: Path) -> None:
    whole = answers(folder, "sort dcba:", **SCORED)[0].text
    (cut,) = answers(folder, "sort dcba:", stop=[whole[5:7], whole[6]], **SCORED)
    expected = whole[: min(whole.find(whole[5:7]), whole.find(whole[6]))]
    assert (expected, "stop", len(expected)) == (cut.text, cut.finish_reason, cut.tokens_out)


def test_an_answer_ends_where_the_context_is_full_and_a_prompt_beyond_it_is_refused(folder: Path) -> None:
    full, beyond = answers(folder, "x" * 317, "x" * 319, max_tokens=50)
    assert full.finish_reason == "stop" or full.tokens_out == 2
    assert "context_overflow" == beyond.finish_reason


def test_the_same_seed_draws_the_same_answer_whoever_shares_the_batch(folder: Path) -> None:
    settings = {"temperature": 1.0, "seed": 7, **SCORED}
    (alone,) = answers(folder, "abc", **settings)
    beside = answers(folder, "sort dcba:", "abc", "x" * 100, **settings)[1]
    other = answers(folder, "abc", **{**settings, "seed": 8})[0]
    assert alone.text == beside.text
    assert pytest.approx(alone.logprob, abs=1e-4) == beside.logprob
    assert alone.text != other.text


@pytest.mark.slow
def test_characters_are_drawn_as_often_as_they_are_likely(folder: Path) -> None:
    found = Counter(answer.text for answer in answers(folder, *["sort"] * 2000, temperature=0.5, max_tokens=1))
    likely = 2 * logprobs(WEIGHTS, tokens("sort\n"))[-1]
    for token in likely.argsort()[-3:]:
        share = float(pow(2.718281828, likely[token]) / sum(pow(2.718281828, each) for each in likely))
        text = VOCABULARY[token].strip("\n")
        assert found[text] / 2000 == pytest.approx(share, abs=5 * (share * (1 - share) / 2000) ** 0.5)


def test_only_the_likeliest_that_hold_the_share_are_drawn(folder: Path) -> None:
    greedy = answers(folder, "sort", max_tokens=5)
    assert greedy * 20 == answers(folder, *["sort"] * 20, temperature=3.0, top_p=1e-6, max_tokens=5)


# --- how likely the right answer is


@pytest.mark.parametrize("target", ["dcba", "", "a longer one, 42"])
def test_the_right_answer_is_scored_with_its_end(folder: Path, target: str) -> None:
    prompts = ["sort abcd:", "x" * 100]
    found = asked(opened(folder, **SCORED), [call(text, target=target) for text in prompts])
    for text, response in zip(prompts, found, strict=True):
        whole = tokens(f"{text}\n{target}\n")
        each = logprobs(WEIGHTS, whole)
        expected = sum(each[at - 1, whole[at]] for at in range(len(text) + 1, len(whole)))
        assert pytest.approx(expected, abs=1e-4) == response.target_logprob
        assert len(target) + 1 == response.target_tokens


@pytest.mark.parametrize(
    "n_right",
    [0, pytest.param(1, marks=pytest.mark.slow), 4, pytest.param(100, marks=pytest.mark.slow)],
    ids=lambda n: f"first {n} right",
)
@pytest.mark.parametrize("settings", [{}, {"temperature": 1.0, "seed": 3}, {"stop": ["a", "7"]}], ids=str)
def test_the_answer_is_the_same_whether_the_right_one_is_scored_or_not(
    folder: Path, settings: dict[str, Any], n_right: int
) -> None:
    plain = answers(folder, *PROMPTS, **SCORED, **settings)
    targets = [one.text[:n_right] + "12"[: 100 - n_right] for one in plain]
    calls = [call(text, target=target) for text, target in zip(PROMPTS, targets, strict=True)]
    scored = asked(opened(folder, **SCORED, **settings), calls)
    assert [(one.text, one.finish_reason) for one in plain] == [(one.text, one.finish_reason) for one in scored]
    assert [one.logprob for one in plain] == pytest.approx([one.logprob for one in scored], abs=1e-4)


def test_an_answer_that_is_right_takes_no_steps_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = answers(folder, *PROMPTS, max_tokens=12)
    monkeypatch.setattr(NETWORK, "step", None)
    calls = [call(text, target=one.text) for text, one in zip(PROMPTS, plain, strict=True)]
    assert plain == [
        replace(one, target_logprob=None, target_tokens=None) for one in asked(opened(folder, max_tokens=12), calls)
    ]


def test_a_right_answer_that_leaves_the_context_is_not_scored(folder: Path) -> None:
    (found,) = asked(opened(folder), [call("x" * 310, target="y" * 10)])
    assert (None, None) == (found.target_logprob, found.target_tokens)


def test_a_run_has_the_loss_of_a_character_of_the_right_answers(folder: Path, tmp_path: Path) -> None:
    suite = make_suite(tmp_path, more="    target: '{sum}'")
    measured = carry_out(suite, opened(folder, max_tokens=2), tmp_path / "runs", scope=Scope(fixed=20))
    rows = rows_of(measured.folder)
    losses = [-row.target_logprob for row in rows if row.target_logprob is not None]
    assert [len(str(int(row.item[1:]) + 1)) + 1 for row in rows] == [row.target_tokens for row in rows]
    (condition,) = measured.results.tasks[0].conditions
    assert pytest.approx(sum(losses) / sum(row.target_tokens or 0 for row in rows)) == condition.mean_loss


# --- with others


def test_models_that_are_asked_at_once_take_a_thread_each_and_leave_the_arithmetic_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_threads: list[int] = []
    step = NETWORK.step

    def watched(*given: Any) -> Any:
        n_threads.extend(blas_threads())
        return step(*given)

    async def run(models: Sequence[Model]) -> None:
        await asyncio.gather(*(model.ask(model.request(call(text))) for model in models for text in PROMPTS))
        for model in models:
            await model.close()

    monkeypatch.setattr(NETWORK, "step", watched)
    with threadpool_limits(limits=2, user_api="blas"):
        before = blas_threads()
        asyncio.run(run([opened(folder, max_tokens=length) for length in (5, 15, 30)]))
        assert before == blas_threads()
    assert {1} == set(n_threads)


def blas_threads() -> list[int]:
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


# --- what is refused


@pytest.mark.parametrize(
    ("message", "settings"),
    [
        ("temperature", {"temperature": -1}),
        ("top_p", {"top_p": 0}),
        ("max_tokens", {"max_tokens": 0}),
        ("top_k.*known are temperature, top_p, max_tokens, stop, seed, logprobs", {"top_k": 5}),
    ],
)
def test_settings_that_mean_nothing_are_refused(folder: Path, message: str, settings: dict[str, Any]) -> None:
    with pytest.raises(AdapterError, match=f'adapter "tiny": setting "{message}'):
        answers(folder, "a", **settings)


def test_a_setting_that_is_refused_leaves_no_run_behind(folder: Path, tmp_path: Path) -> None:
    plan = make_plan(make_suite(tmp_path), Scope(fixed=3))
    with pytest.raises(AdapterError, match='setting "top_k": it is unknown'):
        check_model(plan, opened(folder, top_k=5))


def test_an_unknown_model_is_refused_before_any_call(folder: Path) -> None:
    for name, expected in {"2m": 'found no model "2m"', "none.safetensors": f"found no file {folder}/none"}.items():
        with pytest.raises(AdapterError, match=expected):
            opened(folder, name)


def test_an_answer_that_takes_too_long_is_void(folder: Path) -> None:
    with pytest.raises(TransportError, match="no whole answer in time"):
        asked(opened(folder, timeout_s=1e-9), [call("a")])


EMBED = {"dtype": "F16", "shape": [len(VOCABULARY), 12], "data_offsets": [0, 2 * 12 * len(VOCABULARY)]}
SIZE = 2 * 12 * len(VOCABULARY)
DAMAGED: dict[str, tuple[str, bytes]] = {
    "empty": ("found no header", b""),
    "a header longer than the file": ("found no header", (10**6).to_bytes(8, "little") + b"{}"),
    "no JSON": ("no JSON", (4).to_bytes(8, "little") + b"{{{{"),
    "a list": ("without names", (2).to_bytes(8, "little") + b"[]"),
    "cut short": ("is the file whole", written(WEIGHTS)[:-2]),
    "something behind": ("is the file whole", written(WEIGHTS) + b"\0\0"),
    "single precision": ("expected dtype F16", written(WEIGHTS, embed={**EMBED, "dtype": "F32"})),
    "a shape of another size": ("that fits its data_offsets", written(WEIGHTS, embed={**EMBED, "shape": [1, 12]})),
    "a negative shape": ("that fits its", written(WEIGHTS, embed={**EMBED, "shape": [-len(VOCABULARY), -12]})),
    "a tensor over another": ("begins at byte 0", written(WEIGHTS, more={**EMBED})),
    "a hole": ("begins at byte", written(WEIGHTS, embed={**EMBED, "data_offsets": [2, SIZE + 2]})),
    "not a number": ("not finite", written({**WEIGHTS, "embed": WEIGHTS["embed"] * float("nan")})),
    "another format": ("found the format 'x'", written(WEIGHTS, {**METADATA, "format": "x"})),
    "no heads": ("metadata heads: found None", written(WEIGHTS, {k: v for k, v in METADATA.items() if k != "heads"})),
    "heads that do not fit": ("multiple of twice the 5 heads", written(WEIGHTS, {**METADATA, "heads": "5"})),
    "heads beyond all numbers": ("metadata heads: found", written(WEIGHTS, {**METADATA, "heads": "9" * 5000})),
    "no context": ("metadata context: found '-1'", written(WEIGHTS, {**METADATA, "context": "-1"})),
    "no vocabulary": ("metadata vocabulary", written(WEIGHTS, {**METADATA, "vocabulary": "abc"})),
    "a letter twice": (
        "different characters",
        written(WEIGHTS, {**METADATA, "vocabulary": json.dumps(["\n", "?", "?"])}),
    ),
    "another vocabulary": ("expected (2, d)", written(WEIGHTS, {**METADATA, "vocabulary": json.dumps(list("\n?"))})),
    "a layer too few": ("differ from those", written({k: v for k, v in WEIGHTS.items() if k != "layers.1.up"})),
    "no layers": ("differ from those", written({"embed": WEIGHTS["embed"]})),
    "a layer of another width": ("differ", written({**WEIGHTS, "layers.0.out": WEIGHTS["layers.0.out"][:, :6]})),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_file_that_is_no_model_is_refused_and_said_why(tmp_path: Path, name: str) -> None:
    expected, content = DAMAGED[name]
    (tmp_path / "bad.safetensors").write_bytes(content)
    with pytest.raises((AdapterError, FatalTransportError)) as caught:
        asked(opened(tmp_path, "bad.safetensors"), [call("a")])
    assert expected in str(caught.value)
    assert str(tmp_path / "bad.safetensors") in str(caught.value)


def test_the_card_asks_for_what_the_models_offer() -> None:
    card = find_cards([shipped("adapters")])["tiny"].card
    assert (True, True, None) == (card.scores_target, card.free, card.key_env)
