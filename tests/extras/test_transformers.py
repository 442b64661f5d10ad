"""A model in this process, through the real transformers and torch."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapter import find_cards
from evalkit.adapter.catalogue import beside_card
from evalkit.content import shipped
from evalkit.errors import AdapterError, TransportError
from evalkit.transport import Model
from evalkit.trial import Call, Message, Response
from tests import local_models
from tests.extras import tiny
from tests.local_models import asked

pytestmark = [
    pytest.mark.extras,
    pytest.mark.skipif(find_spec("transformers") is None, reason="needs transformers: make extras"),
    pytest.mark.filterwarnings("default"),
]

TEMPLATE = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}[assistant]"
PROMPTS = ["Hello", "What is 2 + 3?", "Name a colour, and say why you like it best of all.", "x" * 90]
GREEDY = {"temperature": 0, "max_tokens": 24, "logprobs": True}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    tiny.make_model(folder)
    return folder


def opened(folder: Path, **settings: Any) -> Model:
    return local_models.opened(f"transformers/{folder.name}", folder.parent, **settings)


def answers(model: Model, prompts: Sequence[str], *, target: str | None = None) -> list[Response]:
    return asked(model, [_call(prompt, target) for prompt in prompts])


def _call(prompt: str, target: str | None = None) -> Call:
    messages = (Message(role="user", content=prompt),)
    return Call(task="t", item="1", condition="clean", repeat=0, messages=messages, target=target)


def test_a_batch_answers_as_single_calls_do(folder: Path) -> None:
    together = answers(opened(folder, **GREEDY), PROMPTS)
    apart = [answers(opened(folder, **GREEDY, batch_size=1), [prompt])[0] for prompt in PROMPTS]
    assert [one.text for one in apart] == [one.text for one in together]
    assert [one.finish_reason for one in apart] == [one.finish_reason for one in together]
    assert [one.logprob for one in apart] == pytest.approx([one.logprob for one in together], abs=1e-4)


def test_the_answer_is_the_most_probable_one_and_its_logprob_is_what_torch_computes(folder: Path) -> None:
    model, tokenizer = tiny.loaded(folder)
    for prompt, response in zip(PROMPTS, answers(opened(folder, **GREEDY), PROMPTS), strict=True):
        ids = tokenizer(prompt, return_tensors="pt")
        whole = model.generate(**ids, do_sample=False, max_new_tokens=24)[0].tolist()
        prompt_ids = ids["input_ids"][0].tolist()
        answer = [token for token in whole[len(prompt_ids) :] if token != tokenizer.eos_token_id]
        assert tokenizer.decode(answer) == response.text
        assert (len(prompt_ids), len(answer)) == (response.tokens_in, response.tokens_out)
        assert tiny.logprob_of(folder, prompt_ids, answer) == pytest.approx(response.logprob, abs=1e-4)


def test_the_right_answer_is_scored_with_its_end_whatever_is_answered(folder: Path) -> None:
    _, tokenizer = tiny.loaded(folder)
    right = [*tokenizer("the sum")["input_ids"], tokenizer.eos_token_id]
    for prompt, response in zip(PROMPTS, answers(opened(folder, **GREEDY), PROMPTS, target="the sum"), strict=True):
        expected = tiny.logprob_of(folder, tokenizer(prompt)["input_ids"], right)
        assert expected == pytest.approx(response.target_logprob, abs=1e-4)
        assert len(right) == response.target_tokens
    (too_long,) = answers(opened(folder, **GREEDY), ["x" * 200], target="y" * 60)
    assert too_long.target_logprob is None


def test_an_answer_ends_by_itself_or_is_cut_off(folder: Path) -> None:
    responses = answers(opened(folder, temperature=1, seed=3, max_tokens=60), [f"Question {n}" for n in range(12)])
    assert {"stop", "length"} == {one.finish_reason for one in responses}
    for one in responses:
        assert (one.tokens_out == 60) == (one.finish_reason == "length")
        assert one.logprob is None


def test_a_stop_ends_the_answer_and_is_not_part_of_it(folder: Path) -> None:
    (whole,) = answers(opened(folder, **GREEDY), PROMPTS[:1])
    stop = whole.text[5:7]
    (cut,) = answers(opened(folder, **GREEDY, stop=["never in it", stop]), PROMPTS[:1])
    assert (whole.text[: whole.text.index(stop)], "stop") == (cut.text, cut.finish_reason)
    assert cut.tokens_out is not None
    assert whole.tokens_out is not None
    assert cut.tokens_out < whole.tokens_out


def test_a_prompt_that_does_not_fit_is_an_observation_beside_others_that_fit(folder: Path) -> None:
    fits, does_not, fills = answers(opened(folder, **GREEDY), ["short", "x" * tiny.CONTEXT, "x" * (tiny.CONTEXT - 1)])
    assert "context_overflow" == does_not.finish_reason
    assert "context_overflow" != fits.finish_reason
    assert (1, tiny.CONTEXT - 1) == (fills.tokens_out, fills.tokens_in)


def test_answers_of_one_batch_end_where_each_one_s_context_ends(folder: Path, tmp_path: Path) -> None:
    """A model with learned positions has none beyond its context."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    _, tokenizer = tiny.loaded(folder)
    config = GPT2Config(vocab_size=len(tokenizer), n_positions=32, n_embd=32, n_layer=1, n_head=2, eos_token_id=None)
    GPT2LMHeadModel(config).save_pretrained(tmp_path / "gpt2")
    tokenizer.save_pretrained(tmp_path / "gpt2")
    long, short = answers(opened(tmp_path / "gpt2", temperature=1, seed=1, max_tokens=24), ["x" * 30, "y" * 4])
    assert ("length", 2) == (long.finish_reason, long.tokens_out)
    assert short.tokens_out is not None
    assert short.tokens_out > 2


@pytest.mark.parametrize(
    "settings", [{"temperature": 0.7}, {"temperature": 1, "top_p": 0.8}, {"temperature": 1, "top_k": 5}]
)
def test_a_seed_makes_the_same_answer_whoever_shares_the_batch(settings: dict[str, Any], folder: Path) -> None:
    together = answers(opened(folder, **settings, max_tokens=16, seed=7), PROMPTS)
    alone = answers(opened(folder, **settings, max_tokens=16, seed=7), PROMPTS[2:3])
    others = answers(opened(folder, **settings, max_tokens=16, seed=8), PROMPTS)
    assert together[2] == alone[0]
    assert [one.text for one in together] != [one.text for one in others]


def test_without_a_seed_repeats_differ(folder: Path) -> None:
    assert len({one.text for one in answers(opened(folder, temperature=1, max_tokens=16), ["Hello"] * 8)}) > 4


def test_answers_are_drawn_as_often_as_the_model_says(folder: Path) -> None:
    model, tokenizer = tiny.loaded(folder)
    shares = model(**tokenizer("Hello", return_tensors="pt")).logits[0, -1].div(0.8).softmax(-1).tolist()
    expected: Counter[str] = Counter()
    for token, share in enumerate(shares):
        expected[tokenizer.decode([token], skip_special_tokens=True)] += share
    drawn = answers(opened(folder, temperature=0.8, max_tokens=1, batch_size=500), ["Hello"] * 4000)
    found = Counter(one.text for one in drawn)
    for text, share in expected.most_common(3):
        # Four standard errors.
        assert share == pytest.approx(found[text] / 4000, abs=4 * (share * (1 - share) / 4000) ** 0.5)


def test_top_p_and_top_k_leave_the_likeliest_tokens_only(folder: Path) -> None:
    for narrow in ({"top_k": 1}, {"top_p": 1e-6}):
        (drawn,) = answers(opened(folder, temperature=5, max_tokens=16, **narrow), ["Hello"])
        (best,) = answers(opened(folder, temperature=0, max_tokens=16), ["Hello"])
        assert best.text == drawn.text


def test_a_chat_template_is_used(tmp_path: Path) -> None:
    tiny.make_model(tmp_path / "chat", chat_template=TEMPLATE)
    (templated,) = answers(opened(tmp_path / "chat", **GREEDY), ["Hi"])
    assert len("[user]Hi[assistant]") == templated.tokens_in


def test_messages_that_a_template_refuses_end_the_run(tmp_path: Path) -> None:
    tiny.make_model(tmp_path / "picky", chat_template="{{ raise_exception('no users here') }}")
    with pytest.raises(AdapterError, match="no users here"):
        answers(opened(tmp_path / "picky"), ["Hi"])


def test_what_the_model_asks_for_by_itself_holds_where_nothing_is_set(tmp_path: Path) -> None:
    tiny.make_model(tmp_path / "warm")
    model, _ = tiny.loaded(tmp_path / "warm")
    model.generation_config.do_sample, model.generation_config.temperature = True, 1.5
    model.generation_config.save_pretrained(tmp_path / "warm")
    warm = answers(opened(tmp_path / "warm", max_tokens=16, seed=1), ["Hello"])
    assert warm == answers(opened(tmp_path / "warm", max_tokens=16, seed=1, temperature=1.5), ["Hello"])
    assert warm != answers(opened(tmp_path / "warm", max_tokens=16, seed=1, temperature=0), ["Hello"])


def test_time_that_is_up_is_no_answer(folder: Path) -> None:
    model = opened(folder, timeout_s=1e-6, temperature=0)
    with pytest.raises(TransportError) as caught:
        asyncio.run(_impatient(model))
    assert "timeout" == caught.value.reason


async def _impatient(model: Model) -> None:
    await asyncio.gather(*(model.ask(model.request(_call(prompt))) for prompt in PROMPTS[:2]))


def test_closing_ends_what_is_being_generated(folder: Path) -> None:
    model = opened(folder, temperature=1, max_tokens=240)

    async def run() -> float:
        await model.ask(model.request(_call("Load the model first")))
        calls = [asyncio.create_task(model.ask(model.request(_call(f"Long {n}")))) for n in range(64)]
        await asyncio.sleep(0.1)
        closed = time.monotonic()
        await model.close()
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        return closed

    closed = asyncio.run(run())
    assert time.monotonic() - closed < 2


class Cramped:
    """A model for which more than two rows at a time are too much."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.sizes: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def generate(self, ids: Any, **settings: Any) -> None:
        import torch

        self.sizes.append(len(ids))
        if len(ids) > 2:
            raise torch.OutOfMemoryError("too much")
        self.model.generate(ids, **settings)


def test_where_memory_is_short_fewer_are_answered_at_a_time(folder: Path) -> None:
    program = beside_card(find_cards([shipped("adapters")])["transformers"], "transformers", [])
    local = program._TransformersModel("tiny", str(folder))
    requests = [opened(folder, temperature=0, max_tokens=24).request(_call(prompt)) for prompt in PROMPTS]
    expected = local.answer(requests, lambda: False)
    local._model = Cramped(local._model)
    assert expected == local.answer(requests, lambda: False)
    assert [4, 2, 2] == local._model.sizes


def test_a_model_that_is_not_there_and_a_setting_that_is_unknown_end_the_run(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(AdapterError, match=r"transformers/empty.*cannot be loaded"):
        answers(opened(tmp_path / "empty"), ["Hi"])
    with pytest.raises(AdapterError, match=r'setting "frequency_penalty".*known are temperature'):
        answers(opened(folder, frequency_penalty=1), ["Hi"])
