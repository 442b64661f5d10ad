"""What evalkit takes beside the calls: processor time, time on the clock and memory of whole runs against a server.

    python benchmarks/overhead.py [cpu] [latency] [memory] [cache]

The server runs in a process of its own, on a core of its own, and is not counted. Runs are real `evalkit run`
processes on one core. Beside them stands a bare loop over the same HTTP channel, without everything else. What a trial
takes is the slope between a short and a long run, so that starting up does not count.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CLIENT_CORE, SERVER_CORE = "0", "1"
SHORT, LONG = 2_000, 10_000
CONCURRENCY = 100
SUITE = """\
suite: bench
threshold: 0.9
tasks:
  echo:
    prompt: "Repeat the number {a}, then say whether {b} is larger. Answer in one line."
    items: {generate: addition, digits: [6]}
    constraints: [one_line, words: {max: 40}, mentions: ["number"]]
"""
NEVER_DONE = SUITE.replace("threshold:", "precision: 0.0001\nthreshold:")
"""A test that may stop after any trial, kept going by a precision that it never reaches."""
NOISE = SUITE + "    perturbations: {noise: {on: prompt, levels: [0.1]}}\n"
CONTEXT = """\
suite: bench
threshold: 0.9
tasks:
  echo:
    prompt: "Repeat the number {a}, then say whether {b} is larger. Answer in one line.\\n\\n{a} {b}"
    items: {generate: addition, digits: [6]}
    constraints: [one_line, words: {max: 4000}, mentions: ["number"]]
    perturbations: {context: {levels: [4000], material: filler.jsonl}}
"""
BOTH = CONTEXT.replace("{context:", "{noise: {on: prompt, levels: [0.1]}, context:")


# --- the server


class PrefixCache:
    """What a provider remembers of the prompts that it was sent last: their starts, in steps of some characters.

    Args:
        size: Starts that are kept, those used last.
    """

    STEP = 512

    def __init__(self, size: int) -> None:
        self._size = size
        self._known: OrderedDict[int, None] = OrderedDict()

    def cached(self, prompt: str) -> int:
        """How many characters of a prompt are remembered from others; it is remembered from now on."""
        found, start = 0, 0
        for end in range(self.STEP, len(prompt) + 1, self.STEP):
            start = hash((start, prompt[end - self.STEP : end]))
            if start in self._known:
                found = end
            self._known[start] = None
            self._known.move_to_end(start)
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        return found


class Replies(asyncio.Protocol):
    """Answers chat completions with the last prompt's first line, after a delay; little more than the protocol."""

    delay_s = 0.0
    cache: PrefixCache | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._read = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer once a request is whole."""
        self._read += data
        head, found, rest = self._read.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(rest) < length:
            return
        self._read = rest[length:]
        reply = self._reply(rest[:length])
        if self.delay_s:
            asyncio.get_running_loop().call_later(self.delay_s, self._transport.write, reply)
        else:
            self._transport.write(reply)

    def _reply(self, body: bytes) -> bytes:
        prompt = json.loads(body)["messages"][-1]["content"]
        cached = self.cache.cached(prompt) if self.cache else 0
        usage = {"prompt_tokens": len(prompt) // 4, "completion_tokens": 12}
        answer = {
            "model": "m-1",
            "choices": [{"message": {"role": "assistant", "content": "The number."}, "finish_reason": "stop"}],
            "usage": {**usage, "prompt_tokens_details": {"cached_tokens": cached // 4}},
        }
        written = json.dumps(answer).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
            len(written),
            written,
        )


async def serve(delay_s: float, cache: int) -> None:
    """Serve until ended; the first line of standard output is the port."""
    Replies.delay_s, Replies.cache = delay_s, PrefixCache(cache) if cache else None
    server = await asyncio.get_running_loop().create_server(Replies, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextlib.contextmanager
def serving(delay_s: float = 0.0, cache: int = 0) -> Iterator[str]:
    """A server in a process of its own; gives its address."""
    command = ["taskset", "-c", SERVER_CORE, sys.executable, __file__, "serve", str(delay_s), str(cache)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.terminate()


# --- what is measured


@dataclass(frozen=True, kw_only=True, slots=True)
class Took:
    """What a process took."""

    cpu_s: float
    wall_s: float
    rss_mb: float
    output: str


def took(command: list[str], folder: Path) -> Took:
    """Carry out a command on the client's core.

    Raises:
        SystemExit: If it fails.
    """
    started = time.perf_counter()
    with (folder / "out").open("w+b") as out:
        process = subprocess.Popen(["taskset", "-c", CLIENT_CORE, *command], cwd=folder, stdout=out, stderr=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - started
        out.seek(0)
        output = out.read().decode()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{output}")
    return Took(cpu_s=usage.ru_utime + usage.ru_stime, wall_s=wall, rss_mb=usage.ru_maxrss / 1024, output=output)


def evalkit(folder: Path, suite: str, trials: int, model: list[str], *more: str, by: str = "evalkit") -> Took:
    """A whole `evalkit run` of so many trials a condition: fixed beforehand, unless the suite is never done."""
    (folder / "bench.yaml").write_text(suite, encoding="utf-8")
    options = ["--max-calls", str(trials), "--concurrency", str(CONCURRENCY), *more]
    if suite != NEVER_DONE:
        options += ["--fixed", str(trials)]
    program = ["-m", by] if by == "evalkit" else [by]
    return took([sys.executable, *program, "run", "bench.yaml", "--model", *model, *options], folder)


async def bare(address: str, calls: int) -> None:
    """The loop that somebody would write over the same channel without evalkit."""
    from evalkit.adapter import Request
    from evalkit.transport.http import HttpChannel

    channel = HttpChannel(auth_header="Authorization", auth_prefix="Bearer ", key=None, timeout_s=60)
    numbers = iter(range(calls))

    async def worker() -> None:
        for number in numbers:
            prompt = f"Repeat the number {number}, then say whether {number} is larger. Answer in one line."
            body = {"model": "m", "messages": [{"role": "user", "content": prompt}]}
            reply = await channel.send(Request(method="POST", url=f"{address}/chat/completions", body=body))
            assert json.loads(reply.body)["choices"][0]["message"]["content"]

    await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
    await channel.close()


def slope(short: Took, long: Took, trials: int) -> tuple[float, float]:
    """CPU milliseconds a trial, and trials a second on the clock, at the margin."""
    return 1000 * (long.cpu_s - short.cpu_s) / trials, trials / (long.wall_s - short.wall_s)


def cpu(folder: Path) -> None:
    """Processor time of a trial."""
    print(f"{'':<34} {'CPU ms a trial':>14} {'trials/s':>9} {'ratio':>6}")
    with serving() as address:
        model = ["localhost/m", "-M", f"base_url={address}"]
        loops = [took([sys.executable, __file__, "bare", address, str(n)], folder) for n in (SHORT, LONG)]
        reference, speed = slope(loops[0], loops[1], LONG - SHORT)
        print(f"{'bare loop over the HTTP channel':<34} {reference:14.3f} {speed:9,.0f} {1:6.2f}", flush=True)
        lines = (
            ("clean", SUITE, "clean", 1),
            ("clean, sequential", NEVER_DONE, "clean", 1),
            ("noise", NOISE, "noise", 1),
            ("context@4000", CONTEXT, "context", 4),
            ("noise and context@4000", BOTH, "noise,context", 4),
        )
        for name, suite, conditions, part in lines:
            sizes = (SHORT // part, LONG // part)
            runs = [evalkit(folder, suite, n, model, "--conditions", conditions) for n in sizes]
            ms, speed = slope(runs[0], runs[1], (sizes[1] - sizes[0]) * len(conditions.split(",")))
            print(f"{'evalkit run, ' + name:<34} {ms:14.3f} {speed:9,.0f} {ms / reference:6.2f}", flush=True)


def latency(folder: Path) -> None:
    """Time on the clock where calls take their time."""
    delay_s = 0.2
    ideal = LONG * delay_s / CONCURRENCY
    with serving(delay_s) as address:
        loop = took([sys.executable, __file__, "bare", address, str(LONG)], folder)
        run = evalkit(folder, SUITE, LONG, ["localhost/m", "-M", f"base_url={address}"], "--json")
    seconds = json.loads(run.output[run.output.index("\n{") :])["totals"]["seconds"]
    print(f"{LONG:,} calls of {delay_s:g} s, {CONCURRENCY} at a time: ideal {ideal:.1f} s")
    for name, found in (("bare loop, whole process", loop.wall_s), ("evalkit, the run", seconds),
                        ("evalkit, whole process", run.wall_s)):  # fmt: skip
        print(f"  {name:<26} {found:6.1f} s {found / ideal:6.3f}", flush=True)


def memory(folder: Path) -> None:
    """Most memory of a process, with a model in it that answers at once."""
    tasks = "".join(
        SUITE[SUITE.index("  echo:") :].replace("  echo:", f"  echo{n}:").replace("[6]", f"[{n + 3}]") for n in range(3)
    )
    several = SUITE[: SUITE.index("  echo:")] + tasks
    for name, suite, trials in (("10,000 trials", SUITE, 10_000), ("300,000 trials", several, 100_000)):
        run = evalkit(folder, suite, trials, ["echo/x"], "--conditions", "clean")
        print(f"{name:<16} {run.rss_mb:6.0f} MB {run.wall_s:7.1f} s", flush=True)


def cache(folder: Path) -> None:
    """How many prompt tokens a provider's prefix cache saves, for caches that hold few prompts or many."""
    print(f"{'prompt tokens read from a cache':<34} {'sorted':>7} {'plan order':>11}")
    for size in (40, 100, 200, 1000):
        shares = []
        for order in ("evalkit", __file__):
            with serving(0.05, cache=size) as address:
                run = evalkit(folder, CONTEXT, 300, ["localhost/m", "-M", f"base_url={address}"], "--json", by=order)
            tokens = json.loads(run.output[run.output.index("\n{") :])["tasks"][0]["tokens"]
            shares.append(tokens["cached"] / tokens["in"])
        name = f"of {size * PrefixCache.STEP / 16_000:.1f} prompts"
        print(f"{name:<34} {shares[0]:7.1%} {shares[1]:11.1%}", flush=True)


def in_plan_order(arguments: list[str]) -> None:
    """An `evalkit run` whose calls go out as the plan has them."""
    from evalkit.cli import main as command
    from evalkit.engine import asking

    asking.beginning = lambda asking: ()
    sys.argv = ["evalkit", "run", *arguments]
    command()


def main() -> None:
    first, *rest = sys.argv[1:] or ["cpu", "latency", "memory", "cache"]
    if first == "serve":
        asyncio.run(serve(float(rest[0]), int(rest[1])))
    elif first == "bare":
        asyncio.run(bare(rest[0], int(rest[1])))
    elif first == "run":
        in_plan_order(rest)
    else:
        parts = {"cpu": cpu, "latency": latency, "memory": memory, "cache": cache}
        for part in (first, *rest):
            with tempfile.TemporaryDirectory() as folder:
                write_filler(Path(folder))
                parts[part](Path(folder))


def write_filler(folder: Path) -> None:
    """Enough text for `context`, in parts."""
    lines = [
        {"kind": "note", "text": f"Note {n}: " + "the warehouse counted its boxes again and found them in order. " * 8}
        for n in range(400)
    ]
    (folder / "filler.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
