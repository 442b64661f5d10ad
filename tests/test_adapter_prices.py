from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapter import Prices, Quote, Request, card_from
from evalkit.adapter.card import Price
from evalkit.adapter.endpoint import Endpoint
from evalkit.adapter.prices import STATED, Fixed, Source, Tariff, chosen_limit, is_near, price_file, prices_of
from evalkit.adapter.quote import Tokens
from evalkit.errors import AdapterError
from evalkit.trial import Call, Message, Response

DEAR, CHEAP = Price(input=10.0, output=100.0), Price(input=1.0, output=10.0)
NOW = datetime(2026, 10, 1, tzinfo=UTC)


def known(**prices: Price) -> Source:
    """A source that knows some models."""
    quotes = {name: Quote(model=name, source="test", price=price) for name, price in prices.items()}
    return lambda model: Fixed(quotes[model]) if model in quotes else None


def response(tokens_in: int | None = 1_000_000, tokens_out: int | None = 0, **more: Any) -> Response:
    return Response(text="", tokens_in=tokens_in, tokens_out=tokens_out, **more)


def request(text: str = "", /, **sampling: Any) -> Request:
    messages = (Message(role="user", content=text),)
    call = Call(task="t", item="i", condition="clean", repeat=0, messages=messages, sampling=sampling)
    return Request(method="POST", url="http://h", body={"messages": [text]}, call=call)


# --- the cost of an answer


def test_what_the_provider_says_goes_before_every_price() -> None:
    prices = Prices("x", [known(x=DEAR)])
    assert 0.125 == prices.usd(response(cost_usd=0.125))
    assert 0.0 == prices.usd(response(cost_usd=0.0))
    assert [STATED] == [quote.source for quote in prices.used]


def test_the_first_source_that_knows_the_model_counts() -> None:
    assert 1.0 == Prices("x", [known(y=DEAR), known(x=CHEAP), known(x=DEAR)]).usd(response())


def test_a_model_is_priced_by_the_asked_name_before_the_served_one() -> None:
    source = known(alias=CHEAP, dated=DEAR)
    assert 1.0 == Prices("alias", [source]).usd(response(served_model="dated"))
    assert 10.0 == Prices("deployment", [source]).usd(response(served_model="dated"))


def test_a_served_name_that_was_seen_prices_what_comes_next() -> None:
    prices = Prices("deployment", [known(dated=DEAR)])
    assert (None, None, None) == (prices.quote, prices.estimate(1, 1), prices.at_most(request()))
    prices.usd(response(served_model="dated"))
    assert pytest.approx(10.0) == prices.estimate(1_000_000, 0)
    assert prices.at_most(request()) is not None


def test_what_nobody_knows_is_not_nothing() -> None:
    assert Prices("x", ()).usd(response()) is None
    assert Prices("x", [known(x=CHEAP)]).usd(response(tokens_out=None)) is None
    assert () == Prices("x", [known(x=CHEAP)]).used


def test_every_price_that_was_used_is_known_once() -> None:
    prices = Prices("x", [known(x=CHEAP)])
    for cost in (None, 0.5, None, 0.5):
        prices.usd(response(cost_usd=cost))
    assert ["test", STATED] == [quote.source for quote in prices.used]


def test_a_source_is_asked_once_for_a_model() -> None:
    asked: list[str] = []

    def source(model: str) -> Tariff | None:
        asked.append(model)
        return None

    prices = Prices("x", [source])
    for _ in range(3):
        prices.usd(response())
        prices.usd(response(served_model="y"))
    assert ["x", "x", "y"] == asked


class Changing:
    """Dearer from the second day on; beyond a thousand tokens it takes a dollar."""

    def at(self, time: datetime) -> Quote:
        return Quote(model="x", source="test", price=CHEAP if time <= NOW else DEAR, above=1000)

    def beyond(self, time: datetime, tokens: Tokens) -> float:
        return 1.0 if time <= NOW else 2.0


def test_the_price_is_that_of_the_time_of_the_call() -> None:
    times = iter([NOW, NOW + timedelta(days=1), NOW, NOW + timedelta(days=1)])
    prices = Prices("x", [lambda model: Changing()], clock=lambda: next(times))
    assert pytest.approx([0.001, 0.01]) == [prices.usd(response(1000)) for _ in range(2)]
    assert [1.0, 2.0] == [prices.usd(response(1001)) for _ in range(2)]


def test_a_discount_holds_for_prices_but_not_for_what_the_provider_says() -> None:
    prices = Prices("x", [lambda model: Changing()], clock=lambda: NOW).discounted(0.5)
    assert pytest.approx(0.0005) == prices.usd(response(1000))
    assert 0.5 == prices.usd(response(1001))
    assert 0.125 == prices.usd(response(cost_usd=0.125))
    assert [0.5, 0.0] == [quote.discount for quote in prices.used]
    assert prices.quote is not None
    assert 0.5 == prices.quote.discount


def test_reckoning_an_answer_takes_microseconds() -> None:
    """The best of some tries: a machine that does other things must not fail it."""
    endpoint = _endpoint()
    prices, answer = prices_of(endpoint, {}), response(1000, 100)
    assert prices.usd(answer) is not None
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(200):
            prices.usd(answer)
        best = min(best, (time.perf_counter() - started) / 200)
    assert best < 20e-6


# --- what a call may cost at most


def dollars(prices: Prices, asked: Request) -> float:
    most = prices.at_most(asked)
    assert most is not None
    return most


OUT = Prices("x", [known(x=Price(input=0.0, output=1e6))])
"""A dollar a token of output."""
IN = [known(x=Price(input=1e6, output=0.0))]


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens", "max_output_tokens"])
def test_an_answer_is_as_long_as_it_may_be(name: str) -> None:
    assert 50 == dollars(OUT, request("", **{name: 50}))
    assert 50_000 == dollars(OUT, request("", **{name: 50_000}))


@pytest.mark.parametrize("limit", [None, 0, -1, "50", True, 2.5])
def test_what_is_no_limit_limits_nothing(limit: Any) -> None:
    assert chosen_limit({"max_tokens": limit}) is None


def test_without_a_limit_it_is_half_as_long_again_as_the_longest_so_far_and_1024_at_least() -> None:
    prices = Prices("x", [known(x=Price(input=0.0, output=1e6))])
    assert 1024 == dollars(prices, request())
    for tokens_out, most in ((100, 1024), (2000, 3000), (10, 3000)):
        prices.usd(response(tokens_out=tokens_out))
        assert most == dollars(prices, request())


def test_the_longest_answer_counts_even_if_the_provider_prices_it() -> None:
    prices = Prices("x", [known(x=Price(input=0.0, output=1e6))])
    prices.usd(response(tokens_out=2000, cost_usd=0.1))
    assert 3000 == dollars(prices, request())


@pytest.mark.parametrize(("text", "tokens"), [("word " * 300, 500), ("字" * 300, 300)])
def test_input_is_a_token_every_three_bytes_of_the_request(text: str, tokens: int) -> None:
    assert tokens <= dollars(Prices("x", IN), request(text)) <= tokens + 10


def test_input_that_costs_more_to_write_to_the_cache_is_taken_to_be_written() -> None:
    text = request("word " * 300)
    plain = dollars(Prices("x", IN), text)
    for write, factor in ((1.25e6, 1.25), (0.5e6, 1.0)):
        prices = Prices("x", [known(x=Price(input=1e6, output=0.0, cache_write=write))])
        assert pytest.approx(factor * plain) == dollars(prices, text)


def test_a_text_that_no_file_can_hold_is_counted_all_the_same() -> None:
    assert dollars(Prices("x", IN), request("\ud800" * 30)) >= 10


def test_a_model_whose_provider_only_states_costs_has_no_most() -> None:
    stated = Prices("x", [lambda model: Fixed(Quote(model=model, source="test", price=None))])
    assert stated.at_most(request()) is None


# --- where prices come from


def _endpoint(name: str = "openai", model: str = "gpt-5-mini", address: str = "", **card: Any) -> Endpoint:
    base_url = "https://api.openai.com/v1"
    data = {"about": "A.", "dialect": "openai-chat", "base_url": base_url, "verified": False}
    return Endpoint(
        card=card_from({"name": name, **data, **card}, source="c"),
        source="c",
        model=model,
        address=address or base_url,
    )


def _source(endpoint: Endpoint, given: Mapping[str, Price] | None = None) -> str | None:
    quote = prices_of(endpoint, given or {}).quote
    return None if quote is None else quote.source


def test_the_projects_prices_go_before_the_cards_and_those_before_the_list() -> None:
    figures = {"input": 2, "output": 3}
    with_card = _endpoint(prices={"gpt-5-mini": figures})
    assert "prices.toml" == _source(with_card, {"openai/gpt-5-mini": CHEAP})
    assert "the card of openai" == _source(with_card, {"openai/other": CHEAP})
    assert "genai-prices" == _source(_endpoint(prices={"other": figures}))


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000/v1", "http://gpu-box/v1", "http://10.1.2.3/v1"])
def test_a_server_of_ones_own_has_no_price_unless_somebody_gives_one(address: str) -> None:
    near = _endpoint(address=address)
    assert _source(near) is None
    assert "prices.toml" == _source(near, {"openai/gpt-5-mini": CHEAP})


def test_what_is_free_has_no_price_unless_somebody_gives_one() -> None:
    """Wherever it listens: a name that is also on the list is not that provider's model."""
    far = _endpoint(free=True)
    assert _source(far) is None
    assert "prices.toml" == _source(far, {"openai/gpt-5-mini": CHEAP})


def test_addresses_of_this_machine_and_network_are_told_from_others() -> None:
    near = ["localhost:8000", "127.0.0.1", "[::1]:80", "10.0.0.1", "192.168.1.5", "mac.local", "a.localhost", "ollama"]
    far = ["api.openai.com", "8.8.8.8", "local.example.com", "gateway.internal"]
    assert [True] * len(near) == [is_near(f"http://{host}/v1") for host in near]
    assert [False] * len(far) == [is_near(f"https://{host}/v1") for host in far]


def test_a_program_has_the_projects_price_or_none() -> None:
    card = {"transport": "process", "base_url": None, "dialect": "program"}
    endpoint = _endpoint("command", "./answer.sh", address="command:./answer.sh", **card)
    assert _source(endpoint) is None
    assert "prices.toml" == _source(endpoint, {"command:./answer.sh": CHEAP})


def test_the_list_is_not_read_before_it_is_needed() -> None:
    """It takes 0.2 s."""
    program = (
        "import sys; from tests.test_adapter_prices import _endpoint; from evalkit.adapter.prices import prices_of\n"
        "prices_of(_endpoint(address='http://127.0.0.1'), {}).quote; far = prices_of(_endpoint(), {})\n"
        "assert 'genai_prices' not in sys.modules; far.quote; assert 'genai_prices' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[1], check=True)


# --- prices.toml


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        (tmp_path / "prices.toml").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_a_project_gives_prices_by_full_model_name(write: Callable[[str], Path]) -> None:
    folder = write('\ufeff["openai/gpt-5-mini"]\ninput = 0.25\noutput = 2\n["command:./a.sh"]\ninput = 0\noutput = 0\n')
    expected = {"openai/gpt-5-mini": Price(input=0.25, output=2.0), "command:./a.sh": Price(input=0.0, output=0.0)}
    assert expected == price_file(folder)


def test_a_project_need_not_give_any(tmp_path: Path) -> None:
    assert {} == price_file(tmp_path)


def test_all_problems_of_a_price_file_are_told_at_once(write: Callable[[str], Path]) -> None:
    folder = write(
        '["openai/a"]\ninput = -1\ninptu = 2\n'
        '["gpt-5"]\ninput = 1\noutput = inf\n'
        '[x]\ninput = "1"\n'
        '["b/c"]\noutput = nan\n'
    )
    with pytest.raises(AdapterError) as caught:
        price_file(folder)
    where = f"{folder / 'prices.toml'}: "
    lines = str(caught.value).splitlines()
    assert all(line.startswith(where) for line in lines)
    figure = "expected US dollars per million tokens, 0 or more"
    assert [
        f'"openai/a".input: found -1, {figure}',
        '"openai/a".output: missing, expected US dollars per million tokens',
        '"openai/a".inptu: no such key. Did you mean "input"? Known: cache_write, cached, input, output.',
        f'"gpt-5".output: found inf, {figure}',
        '"gpt-5": expected a model as in --model, such as ["openai/gpt-5-mini"]',
        f"\"x\".input: found '1', {figure}",
        '"x".output: missing, expected US dollars per million tokens',
        '"x": expected a model as in --model, such as ["openai/gpt-5-mini"]',
        '"b/c".input: missing, expected US dollars per million tokens',
        f'"b/c".output: found nan, {figure}',
    ] == [line.removeprefix(where) for line in lines]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[openai/x]", "found no readable prices"),
        ('"openai/x" = 3', '"openai/x": found 3, expected a table with input and output'),
    ],
)
def test_what_is_no_table_of_prices_is_refused(write: Callable[[str], Path], text: str, found: str) -> None:
    with pytest.raises(AdapterError, match=r"prices\.toml") as caught:
        price_file(write(text))
    assert found in str(caught.value)


def test_a_prompt_that_did_not_fit_cost_nothing() -> None:
    """It was refused before a token was read; one such reply must not make the cost of a run unknown."""
    prices = Prices("m", ())
    assert 0.0 == prices.usd(Response(text="", finish_reason="context_overflow"))
    assert prices.usd(Response(text="", finish_reason="content_filter")) is None
