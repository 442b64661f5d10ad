"""A server that is not ours, with a model of its own, through a whole run: llama.cpp behind OpenAI's chat format."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from evalkit.record import TrialReader, TrialRow
from tests.extras import tiny

pytestmark = [
    pytest.mark.extras,
    pytest.mark.skipif(find_spec("llama_cpp") is None, reason="needs llama-cpp-python: make extras"),
    pytest.mark.filterwarnings("default"),
]

TEMPLATE = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}[assistant]"
MAX_TOKENS = 12
SUITE = """
suite: letters
threshold: 0.8
sampling: {temperature: 0, max_tokens: 12}
tasks:
  echo:
    prompt: "Say {word}."
    claim: set
    items:
      - {id: one, word: one}
      - {id: two, word: two}
      - {id: three, word: "three, and then some more"}
      - {id: accents, word: "été"}
      - {id: long, word: LONG}
    constraints: [words: {max: 500}]
""".replace("LONG", "x" * 2 * tiny.CONTEXT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With `hf`, the model for transformers, and `tiny.gguf`, the same for llama.cpp."""
    folder = tmp_path_factory.mktemp("llama")
    tiny.make_model(folder / "hf", chat_template=TEMPLATE)
    tiny.write_gguf(folder / "hf", folder / "tiny.gguf", chat_template=TEMPLATE)
    return folder


@contextlib.contextmanager
def served(gguf: Path) -> Iterator[str]:
    """llama-cpp-python's server in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["--model", str(gguf), "--n_ctx", str(tiny.CONTEXT), "--logits_all", "true", "--port", str(port)]
    with gguf.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "llama_cpp.server", *words], stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}/v1"
        _wait_for(f"{url}/models", process)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.1)
    raise TimeoutError(url)


def measured(folder: Path, url: str) -> list[TrialRow]:
    """The trials of a whole run, by the command."""
    (folder / "letters.yaml").write_text(SUITE, encoding="utf-8")
    # Unless it is told otherwise, this server gives log-probabilities only with the likeliest tokens, and penalises
    # what is repeated.
    settings = [f"base_url={url}", "logprobs=true", "top_logprobs=1", "repeat_penalty=1.0"]
    words = ["run", "letters.yaml", "--model", "localhost/tiny", "--fixed", "10", "--out", "runs", "--keep-requests"]
    run = subprocess.run(
        [sys.executable, "-m", "evalkit", *words, *(word for one in settings for word in ("-M", one))],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert 0 == run.returncode, run.stderr
    (made,) = (folder / "runs").iterdir()
    with TrialReader(made) as reader:
        return list(reader.rows())


def by_hand(folder: Path, content: str, n_tokens: int) -> tuple[list[int], list[int], float]:
    """A prompt's tokens, the likeliest ones after them, and their log-probability, by llama.cpp in this process."""
    import llama_cpp
    import numpy as np

    llama = llama_cpp.Llama(str(folder / "tiny.gguf"), n_ctx=tiny.CONTEXT, logits_all=True, verbose=False)
    prompt = llama.tokenize(f"[user]{content}[assistant]".encode(), add_bos=False, special=True)
    answer: list[int] = []
    logprob = 0.0
    llama.eval(prompt)
    for _ in range(n_tokens):
        scores = np.asarray(llama.scores[llama.n_tokens - 1], dtype=np.float64)
        answer.append(int(scores.argmax()))
        logprob += float(scores.max() - np.logaddexp.reduce(scores))
        llama.eval(answer[-1:])
    llama.close()
    return prompt, answer, logprob


def test_a_whole_run_records_what_the_server_computed(folder: Path) -> None:
    with served(folder / "tiny.gguf") as url:
        rows = measured(folder, url)
    assert {"one", "two", "three", "accents", "long"} == {row.item for row in rows}
    for row in rows:
        assert (None, 1) == (row.void_reason, row.attempts)
        if row.item == "long":
            assert ("context_overflow", False, None) == (row.finish_reason, row.passed, row.logprob)
            continue
        assert row.request is not None
        assert row.tokens_out is not None
        content = json.loads(row.request)["body"]["messages"][-1]["content"]
        prompt, answer, logprob = by_hand(folder, content, row.tokens_out)
        assert "length" == row.finish_reason
        assert len(prompt) == row.tokens_in
        assert logprob == pytest.approx(row.logprob, abs=1e-3)
        # llama.cpp keeps what it has read in half precision.
        assert tiny.logprob_of(folder / "hf", prompt, answer) == pytest.approx(row.logprob, abs=0.05)
