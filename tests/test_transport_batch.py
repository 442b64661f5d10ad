"""Models that are asked in batches, against a real server that speaks both batch APIs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import evalkit
from evalkit.adapter import ReplyError, Request
from evalkit.cli import call as command_line
from evalkit.errors import AdapterError, FatalTransportError, RecordError, TransportError
from evalkit.transport import BatchModel, BatchNews, Model, opener, retry
from evalkit.transport import batch as batch_module
from evalkit.transport.batch import MAX_ROUNDS
from evalkit.transport.batch_provider import Patience
from evalkit.transport.retry import RULES
from evalkit.trial import Answer, Call, Message
from tests.batch_server import KEY, BatchServer, serving
from tests.runs import rows_of, suite_text, write_suite

NAMES = {"openai": "openai/m", "anthropic": "anthropic/m"}
providers = pytest.mark.parametrize("provider", NAMES)
one_provider = pytest.mark.parametrize("provider", ["openai", pytest.param("anthropic", marks=pytest.mark.slow)])
"""For what does not hang on the format."""
MAKES_UNCLEAR = ("lost", "500-after")

FAST = Patience(quiet_s=0.02, poll_s=0.01, longest_poll_s=0.02, settle_s=0.1)


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_module, "PATIENCE", FAST)
    monkeypatch.setattr(retry, "_FIRST_BACKOFF_S", 0.001)
    for provider in NAMES:
        monkeypatch.setenv(f"{provider.upper()}_API_KEY", KEY)


def options_for(provider: str, server: BatchServer) -> dict[str, Any]:
    return {"base_url": server.base_url + ("/v1" if provider == "openai" else "")}


def opened(provider: str, server: BatchServer) -> Model:
    return opener([], allow_code=False)(NAMES[provider], options_for(provider, server))


def call(prompt: str, repeat: int = 0) -> Call:
    return Call(
        task="add", item=prompt, condition="clean", repeat=repeat, messages=(Message(role="user", content=prompt),)
    )


def ask_all(
    provider: str,
    server: BatchServer,
    folder: Path,
    prompts: Sequence[str],
    tell: Callable[[BatchNews], None] = lambda news: None,
) -> list[Answer | BaseException]:
    """Ask all at once in one session."""

    async def session() -> list[Answer | BaseException]:
        model = BatchModel(opened(provider, server))
        folder.mkdir(exist_ok=True)
        model.begin(folder, tell)
        try:
            asks = (model.ask(model.request(call(prompt))) for prompt in prompts)
            return await asyncio.gather(*asks, return_exceptions=True)
        finally:
            await model.close()

    return asyncio.run(session())


def ask_one(provider: str, server: BatchServer, folder: Path, prompt: str = "2 + 3") -> Answer:
    (answer,) = ask_all(provider, server, folder, [prompt])
    if isinstance(answer, BaseException):
        raise answer
    return answer


def texts(answers: Sequence[Answer | BaseException]) -> list[str]:
    return [answer.response.text if isinstance(answer, Answer) else repr(answer) for answer in answers]


def noted(folder: Path) -> dict[str, Any]:
    """What the folder says of its only batch."""
    (path,) = (folder / "batches").glob("*.json")
    note: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return note


def forget_id(folder: Path) -> None:
    """As a process leaves it that is killed before it knows the provider's id."""
    (path,) = (folder / "batches").glob("*.json")
    path.write_text(json.dumps({**noted(folder), "id": None}), encoding="utf-8")


# --- rounds


@providers
def test_what_is_asked_at_once_is_one_batch(provider: str, tmp_path: Path) -> None:
    with serving() as server:
        answers = ask_all(provider, server, tmp_path, ["1 + 1", "2 + 2", "3 + 3"])
    assert ["2", "4", "6"] == texts(answers)
    assert [3] == server.sizes
    assert [(None, 1)] * 3 == [(answer.latency_s, answer.attempts) for answer in answers if isinstance(answer, Answer)]


def test_what_is_asked_later_is_another_batch(tmp_path: Path) -> None:
    async def session(server: BatchServer) -> None:
        model = BatchModel(opened("openai", server))
        model.begin(tmp_path, lambda news: None)
        first = asyncio.ensure_future(model.ask(model.request(call("1 + 1"))))
        while not server.sizes:
            await asyncio.sleep(0.01)
        await asyncio.gather(first, model.ask(model.request(call("2 + 2"))))
        await model.close()

    with serving(seconds=0.1) as server:
        asyncio.run(session(server))
    assert [1, 1] == server.sizes


@providers
def test_a_round_is_split_by_the_providers_limits(
    provider: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = [f"{n} + 1" for n in range(5)]
    with serving() as server:
        batch = opened(provider, server).batch
        monkeypatch.setattr(batch, "MAX_REQUESTS", 2)
        assert ["1", "2", "3", "4", "5"] == texts(ask_all(provider, server, tmp_path / "a", prompts))
        assert [2, 2, 1] == sorted(server.sizes, reverse=True)
        monkeypatch.setattr(batch, "MAX_REQUESTS", 50)
        monkeypatch.setattr(batch, "MAX_BYTES", 10)
        ask_all(provider, server, tmp_path / "b", prompts)
    assert [1] * 5 == server.sizes[3:]


def test_a_call_that_is_made_twice_has_two_answers_and_both_are_found_again(tmp_path: Path) -> None:
    with serving() as server:
        ask_all("openai", server, tmp_path, ["1 + 1", "1 + 1"])
        ask_all("openai", server, tmp_path, ["1 + 1", "1 + 1"])
    assert [2] == server.sizes


# --- what comes back


@providers
def test_a_filter_and_an_overflow_are_observations(provider: str, tmp_path: Path) -> None:
    with serving(fates={"a": ["filter"], "b": ["overflow"]}) as server:
        answers = ask_all(provider, server, tmp_path, ["a", "b"])
    found = [answer.response.finish_reason for answer in answers if isinstance(answer, Answer)]
    assert ["content_filter", "context_overflow"] == found
    assert [2] == server.sizes


@providers
@pytest.mark.parametrize("fate", ["expired", "cancelled", "missing", "overloaded", "no-json"])
def test_a_request_without_an_answer_is_handed_in_again(provider: str, fate: str, tmp_path: Path) -> None:
    with serving(fates={"2 + 3": [fate]}) as server:
        answers = ask_all(provider, server, tmp_path, ["1 + 1", "2 + 3"])
    assert ["2", "5"] == texts(answers)
    assert [2, 1] == server.sizes
    assert [1, 2] == [answer.attempts for answer in answers if isinstance(answer, Answer)]


@providers
def test_a_request_that_is_never_answered_is_void(provider: str, tmp_path: Path) -> None:
    with serving(fates={"2 + 3": ["expired"] * 9}) as server, pytest.raises(TransportError) as caught:
        ask_one(provider, server, tmp_path)
    assert ("batch-expired", MAX_ROUNDS) == (caught.value.reason, caught.value.attempts)
    assert not isinstance(caught.value, FatalTransportError)
    assert [1] * MAX_ROUNDS == server.sizes


@providers
def test_a_request_that_is_refused_as_it_stands_is_void_at_once(provider: str, tmp_path: Path) -> None:
    with serving(fates={"2 + 3": ["invalid"]}) as server, pytest.raises(TransportError) as caught:
        ask_one(provider, server, tmp_path)
    assert ("http-400", 1) == (caught.value.reason, caught.value.attempts)


@providers
def test_a_refused_key_ends_the_run_wherever_it_is_refused(provider: str, tmp_path: Path) -> None:
    with serving(fates={"2 + 3": ["refusing-key"]}) as server:
        with pytest.raises(FatalTransportError, match="Set the right key"):
            ask_one(provider, server, tmp_path / "a")
        server.behaviour.key = "sk-other"
        with pytest.raises(FatalTransportError, match=f"{provider.upper()}_API_KEY") as caught:
            ask_one(provider, server, tmp_path / "b")
    assert KEY not in str(caught.value)


def test_what_cannot_be_handed_in_is_told_with_its_address(tmp_path: Path) -> None:
    with serving(faults={"upload": ["400"]}) as server:
        with pytest.raises(FatalTransportError, match=r"batch 1: http://.*: cannot hand it in: HTTP 400") as caught:
            ask_one("openai", server, tmp_path)
        assert server.base_url in str(caught.value)


def test_a_batch_that_is_refused_as_a_whole_ends_the_run_in_the_providers_words(tmp_path: Path) -> None:
    problem = ("invalid_json_line", "line 1 is no JSON")
    with serving(problems=[problem]) as server, pytest.raises(FatalTransportError, match="line 1 is no JSON"):
        ask_one("openai", server, tmp_path)


def test_a_batch_that_finds_no_room_is_handed_in_in_smaller_parts(tmp_path: Path) -> None:
    with serving(most_waiting=2, seconds=0.05) as server:
        answers = ask_all("openai", server, tmp_path, [f"{n} + 1" for n in range(5)])
    assert ["1", "2", "3", "4", "5"] == texts(answers)
    assert 5 == sum(server.paid.values())


@pytest.mark.parametrize("end", ["expired", "cancelled"])
def test_a_batch_that_ended_early_gives_what_it_has(end: str, tmp_path: Path) -> None:
    with serving(ends=[end], fates={"2 + 2": [end]}) as server:
        answers = ask_all("openai", server, tmp_path, ["1 + 1", "2 + 2"])
    assert ["2", "4"] == texts(answers)
    assert 2 == sum(server.paid.values())


# --- trouble on the way


@one_provider
@pytest.mark.parametrize("fault", ["429:0.01", "503", "reset"])
def test_faults_on_the_way_cost_nothing(provider: str, fault: str, tmp_path: Path) -> None:
    with serving(faults={kind: [fault] for kind in ("upload", "create", "poll", "results", "list")}) as server:
        assert "5" == ask_one(provider, server, tmp_path).response.text
    assert {"2 + 3": 1} == dict(server.paid)


@providers
@pytest.mark.parametrize("fault", MAKES_UNCLEAR)
def test_a_batch_whose_making_was_not_confirmed_is_found_among_others(
    provider: str, fault: str, tmp_path: Path
) -> None:
    with serving(faults={"create": [fault]}, others=3) as server:
        assert "5" == ask_one(provider, server, tmp_path).response.text
    assert [1] == server.sizes
    assert {"2 + 3": 1} == dict(server.paid)
    assert str(noted(tmp_path)["id"]).startswith("batch_ours")


@one_provider
def test_a_batch_that_turns_up_late_is_waited_for(provider: str, tmp_path: Path) -> None:
    # The first look at the list comes to nothing.
    with serving(faults={"create": ["lost"], "list": ["503:0.01"]}, delay=0.04) as server:
        assert "5" == ask_one(provider, server, tmp_path).response.text
    assert {"2 + 3": 1} == dict(server.paid)


@one_provider
def test_a_provider_that_takes_no_batch_ends_the_run(provider: str, tmp_path: Path) -> None:
    with serving(faults={"create": ["500"] * 9}) as server, pytest.raises(FatalTransportError, match="no batch could"):
        ask_one(provider, server, tmp_path)
    assert [] == server.sizes


@one_provider
@pytest.mark.parametrize("kind", ["poll", "results"])
def test_a_provider_that_is_away_for_long_is_waited_for(provider: str, kind: str, tmp_path: Path) -> None:
    away = ["500"] * (RULES["http-5xx"].retries + 2)
    states: list[str] = []
    with serving(faults={kind: away}) as server:
        (answer,) = ask_all(provider, server, tmp_path, ["2 + 3"], lambda news: states.append(news.state))
    assert ["5"] == texts([answer])
    assert [1] == server.sizes
    assert any(state.startswith("the provider does not answer") for state in states)


def test_a_provider_that_wants_to_be_asked_at_once_is_not_asked_without_pause(tmp_path: Path) -> None:
    with serving(seconds=0.2, poll_after="0") as server:
        ask_one("openai", server, tmp_path)
    assert server.requests["poll"] <= 1 + 0.2 / FAST.poll_s


def test_results_are_fetched_from_the_provider_whatever_a_reply_says(tmp_path: Path) -> None:
    with serving() as server:  # it gives another address, to which the key would go
        assert "5" == ask_one("anthropic", server, tmp_path).response.text


# --- going on


@one_provider
def test_another_session_takes_the_answers_that_were_paid_for(provider: str, tmp_path: Path) -> None:
    with serving() as server:
        ask_all(provider, server, tmp_path, ["1 + 1", "2 + 2"])
        assert ["2", "4", "6"] == texts(ask_all(provider, server, tmp_path, ["1 + 1", "2 + 2", "3 + 3"]))
    assert [2, 1] == server.sizes
    assert {1} == set(server.paid.values())


@one_provider
def test_another_session_finds_a_batch_whose_id_was_never_noted(provider: str, tmp_path: Path) -> None:
    with serving(others=3) as server:
        ask_one(provider, server, tmp_path)
        forget_id(tmp_path)
        assert "5" == ask_one(provider, server, tmp_path).response.text
    assert [1] == server.sizes
    assert str(noted(tmp_path)["id"]).startswith("batch_ours")


@one_provider
def test_another_session_hands_in_what_was_never_made(provider: str, tmp_path: Path) -> None:
    with serving(faults={"create": ["401"]}) as server:
        with pytest.raises(FatalTransportError):
            ask_one(provider, server, tmp_path)
        assert noted(tmp_path)["id"] is None
        assert "5" == ask_one(provider, server, tmp_path).response.text
    assert [1] == server.sizes
    assert noted(tmp_path)["id"] is not None


@one_provider
def test_another_session_asks_again_what_had_no_answer(provider: str, tmp_path: Path) -> None:
    with serving(fates={"2 + 3": ["invalid"]}) as server:
        with pytest.raises(TransportError):
            ask_one(provider, server, tmp_path)
        assert "5" == ask_one(provider, server, tmp_path).response.text
    assert [1, 1] == server.sizes


def test_two_runs_of_the_same_suite_do_not_take_each_others_batches(tmp_path: Path) -> None:
    with serving(seconds=0.05) as server:
        for name in ("a", "b"):
            ask_one("anthropic", server, tmp_path / name)
        for name in ("a", "b"):
            forget_id(tmp_path / name)
            ask_one("anthropic", server, tmp_path / name)
    assert [1, 1] == server.sizes
    assert noted(tmp_path / "a")["id"] != noted(tmp_path / "b")["id"]


@one_provider
def test_a_batch_that_the_provider_has_forgotten_is_not_paid_for_again_unasked(provider: str, tmp_path: Path) -> None:
    with serving() as server:
        ask_one(provider, server, tmp_path)
        server.batches.clear()
        with pytest.raises(FatalTransportError, match=r"delete .*1\.json"):
            ask_one(provider, server, tmp_path)
        (tmp_path / "batches" / "1.json").unlink()
        assert "5" == ask_one(provider, server, tmp_path).response.text


def test_a_note_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "batches").mkdir()
    (tmp_path / "batches" / "1.json").write_text("{}", encoding="utf-8")
    with serving() as server, pytest.raises(RecordError, match="paid for again"):
        ask_one("openai", server, tmp_path)


# --- whole runs


@providers
def test_a_run_in_batches_goes_in_rounds_until_its_verdict(provider: str, tmp_path: Path) -> None:
    suite = write_suite(tmp_path, n_items=600, perturbations="{noise: {on: prompt, levels: [0.1]}}")
    with serving() as server:
        measured = evalkit.run(
            suite,
            NAMES[provider],
            options=options_for(provider, server),
            batch=True,
            out=tmp_path / "runs",
            conditions=["clean"],
        )
        again = evalkit.resume(measured.folder)
    assert measured.run.batch
    assert "usable" == measured.results.tasks[0].conditions[0].verdict
    assert measured.run.totals.calls == sum(server.paid.values())
    assert {1} == set(server.paid.values())
    assert measured.results.tasks == again.results.tasks
    written = b"".join(path.read_bytes() for path in measured.folder.rglob("*") if path.is_file())
    assert KEY.encode() not in written


@one_provider
def test_a_run_that_was_left_while_a_batch_went_on_is_resumed_with_its_answers(provider: str, tmp_path: Path) -> None:
    suite, out = write_suite(tmp_path, n_items=20), tmp_path / "runs"

    async def left(server: BatchServer) -> None:
        options = options_for(provider, server)
        running = asyncio.ensure_future(
            evalkit.arun(suite, NAMES[provider], options=options, batch=True, out=out, fixed=20)
        )
        while not server.requests["poll"]:
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    with serving(seconds=0.3) as server:
        asyncio.run(left(server))
        (folder,) = out.iterdir()
        assert [] == rows_of(folder)
        measured = evalkit.resume(folder)
    assert [20] == server.sizes
    assert 20 == len(rows_of(folder))
    assert measured.run.batch


@pytest.mark.slow
def test_a_round_is_as_large_as_the_run_wants(tmp_path: Path) -> None:
    suite = write_suite(tmp_path, n_items=1200)
    with serving() as server:
        measured = evalkit.run(
            suite,
            "openai/m",
            options=options_for("openai", server),
            batch=True,
            out=tmp_path / "runs",
            fixed=1200,
        )
    assert [1200] == server.sizes
    assert 1200 == len(rows_of(measured.folder))


def test_the_same_prompt_under_two_conditions_is_asked_once(tmp_path: Path) -> None:
    # A level of 0 changes nothing.
    suite = write_suite(tmp_path, n_items=20, perturbations="{noise: {on: prompt, levels: [0.0001]}}")
    with serving() as server:
        measured = evalkit.run(
            suite, "openai/m", options=options_for("openai", server), batch=True, out=tmp_path / "runs", fixed=20
        )
    assert 40 == len(rows_of(measured.folder))
    assert [20] == server.sizes


def test_the_command_tells_how_a_batch_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite = write_suite(tmp_path, n_items=20)
    with serving(seconds=0.1) as server:
        code = command_line(
            [
                "run",
                str(suite),
                "--model",
                "openai/m",
                "--batch",
                "--fixed",
                "20",
                "--out",
                str(tmp_path / "runs"),
                "-M",
                f"base_url={server.base_url}/v1",
            ]
        )
    said = capsys.readouterr().err
    assert 0 == code, said
    assert "batch 1: 20 requests, in progress at the provider\n" in said
    assert 1 == said.count("in progress")


@pytest.mark.parametrize("model", ["echo/x", "command:cat", "groq/x"])
def test_a_model_without_batches_is_wrong_usage(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROQ_API_KEY", KEY)
    suite = write_suite(tmp_path, n_items=20)
    code = command_line(["run", str(suite), "--model", model, "--batch", "--out", str(tmp_path / "runs")])
    assert 2 == code
    assert "knows no batches; leave --batch out" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_a_pace_of_calls_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite = write_suite(tmp_path, n_items=20)
    assert 2 == command_line(["run", str(suite), "--model", "openai/m", "--batch", "--rate", "5/s"])
    assert "leave them out with --batch" in capsys.readouterr().err


def test_a_refused_key_is_exit_code_4(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite = write_suite(tmp_path, n_items=20)
    with serving(key="sk-other") as server:
        code = command_line(
            [
                "run",
                str(suite),
                "--model",
                "openai/m",
                "--batch",
                "--out",
                str(tmp_path / "runs"),
                "-M",
                f"base_url={server.base_url}/v1",
            ]
        )
    assert 4 == code
    assert "--resume" in capsys.readouterr().err


def test_answers_cost_less_by_the_cards_discount(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text(
        """
name = "acme"
about = "Acme."
dialect = "openai-chat"
base_url = "http://127.0.0.1:1/v1"
batch = "openai-batch"
batch_discount = 0.5
verified = false
prices = { m = { input = 1000.0, output = 5000.0 } }
""",
        encoding="utf-8",
    )
    with serving(key="") as server:
        measured = evalkit.run(
            _suite(tmp_path),
            "acme/m",
            options={"base_url": f"{server.base_url}/v1"},
            adapters=[tmp_path],
            batch=True,
            out=tmp_path / "runs",
            fixed=2,
        )
    # 10 tokens in and 2 out are 2 cents; a batch saves half.
    assert [0.01, 0.01] == [row.cost_usd for row in rows_of(measured.folder)]


def _suite(folder: Path) -> Path:
    path = folder / "sums.yaml"
    path.write_text(suite_text(n_items=20), encoding="utf-8")
    return path


def test_an_address_without_batches_is_wrong_usage(tmp_path: Path) -> None:
    with serving() as server:
        model = opened("openai", server)
        assert model.batch is not None
        with pytest.raises(AdapterError, match="has no batches"):
            model.batch.listing(None, "https://x.example/v1/other")


@pytest.mark.parametrize("endpoint", ["/chat/completions", "/responses"])
def test_an_endpoint_is_called_what_openai_calls_it_wherever_a_proxy_has_it(endpoint: str) -> None:
    dialect = opener([], allow_code=False)("openai/m", {}).batch
    assert dialect is not None
    url = f"https://proxy.example/openai{endpoint}?team=a"
    line = json.loads(dialect.entry("1", Request(method="POST", url=url, body={"model": "m"})))
    made = dialect.create([], "file-1", "t", url)
    assert f"/v1{endpoint}" == line["url"] == made.body["endpoint"]
    assert "https://proxy.example/openai/batches" == made.url


def test_words_for_what_ended_without_an_answer_are_short(tmp_path: Path) -> None:
    with serving() as server:
        dialect = opened("openai", server).batch
    assert dialect is not None
    reasons = [
        dialect.result({"custom_id": "1", "response": response, "error": error}).reason
        for response, error in (
            (None, {"code": "batch_expired"}),
            (None, {"code": "batch_cancelled"}),
            (None, {"code": "request_timeout"}),
            ({"status_code": 0}, None),
        )
    ]
    assert ["batch-expired", "batch-cancelled", "timeout", "batch-error"] == reasons


def test_a_reply_that_is_no_batch_is_no_observation(tmp_path: Path) -> None:
    with serving(faults={}) as server:
        model = opened("openai", server)
        assert model.batch is not None

        async def ask() -> None:
            assert model.batch is not None
            try:
                await model.exchange(model.batch.poll("nowhere", f"{server.base_url}/v1/chat/completions"))
            finally:
                await model.close()

        with pytest.raises(ReplyError) as caught:
            asyncio.run(ask())
    assert "http-404" == caught.value.reason
