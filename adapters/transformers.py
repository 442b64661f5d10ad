"""Models on this machine, through Hugging Face's transformers: loaded once, asked in batches.

Calls that wait together are answered together. Each chooses its tokens with a random source of its own, so that a
call with a seed is answered alike whoever shares its batch, but for the last digits of what the arithmetic gives:
those may differ between batches of different shape.

Source: https://huggingface.co/docs/transformers/main_classes/text_generation.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from evalkit.adapter import ReplyError, Request
from evalkit.errors import AdapterError
from evalkit.transport.channel import Channel
from evalkit.transport.library import require_library
from evalkit.transport.local_model import Completion, LocalChannel, overflow, settings_of, stops_of
from evalkit.transport.together import Outcome

_DEFAULT_MAX_TOKENS = 4096
"""Where no `max_tokens` is set; a model that never ends would go on until its context is full."""


class _Settings(BaseModel):
    """What can be set for a call; what is not named is as the model's own generation config has it."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    temperature: float | None = Field(default=None, ge=0)
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=1)
    max_tokens: int = Field(default=_DEFAULT_MAX_TOKENS, ge=1)
    stop: str | list[str] = []
    seed: int | None = Field(default=None, ge=0, lt=2**63)
    logprobs: bool = False
    batch_size: int = Field(default=16, ge=1)

    @property
    def shared(self) -> tuple[Any, ...]:
        """What all calls of a batch must have in common."""
        return (self.temperature, self.top_p, self.top_k, self.batch_size)


def channel(model: str, *, timeout_s: float, directory: Path) -> Channel:
    """Get ready to load a model; that is done by the first call.

    Args:
        model: A folder, or a model's id on the Hugging Face hub.
        timeout_s: For one batch; waiting for others does not count.
        directory: Where a folder is looked for.

    Raises:
        AdapterError: If transformers or torch is not installed.
    """
    for library in ("torch", "transformers"):
        require_library(library, extra="transformers")
    folder = directory / model
    source = str(folder) if folder.is_dir() else model
    return LocalChannel(
        lambda: _TransformersModel(model, source), check=_settings, pick=_next_batch, timeout_s=timeout_s
    )


def _settings(request: Request) -> _Settings:
    return settings_of(request, _Settings, adapter="transformers")


def _next_batch(waiting: Sequence[Request]) -> tuple[list[int], bool]:
    """The call that has waited longest, and those like it that are nearest to it in length: padding costs time.

    And whether the batch is full.
    """
    settings = [_settings(request) for request in waiting]
    n_chars = [sum(len(message["content"]) for message in request.body["messages"]) for request in waiting]
    alike = [place for place, its in enumerate(settings) if its.shared == settings[0].shared]
    alike.sort(key=lambda place: (place != 0, abs(n_chars[place] - n_chars[0])))
    size = settings[0].batch_size
    return alike[:size], len(alike) >= size


@dataclass(eq=False, kw_only=True, slots=True)
class _Row:
    """An answer that grows token by token."""

    prompt: list[int]
    room: int
    """Most tokens that it may have."""
    stops: tuple[str, ...]
    rng: Any
    """A torch.Generator."""
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    text: str = ""
    """Known when it has ended."""
    ended: Literal["stop", "length"] | None = None

    def add(self, token: int, logprob: float, tokenizer: Any, ends: frozenset[int]) -> None:
        """Take one more token, and see whether the answer ends with it."""
        if token in ends:
            self._end("stop", tokenizer)
            return
        self.tokens.append(token)
        self.logprobs.append(logprob)
        if self.stops and self._stopped(tokenizer):
            return
        if len(self.tokens) >= self.room:
            self._end("length", tokenizer)

    def _stopped(self, tokenizer: Any) -> bool:
        """Cut the answer before the first stop, as servers do."""
        # A character has at most four tokens, one for each byte. The whole text is not decoded at every step.
        reach = 4 * (max(map(len, self.stops)) + 1)
        tail = _decoded(tokenizer, self.tokens[-reach:])
        if not any(stop in tail for stop in self.stops):
            return False
        text = _decoded(tokenizer, self.tokens)
        places = [text.find(stop) for stop in self.stops if stop in text]
        if not places:
            return False
        self._end("stop", tokenizer)
        self.text = text[: min(places)]
        while self.tokens and len(_decoded(tokenizer, self.tokens[:-1])) >= len(self.text):
            self.tokens.pop()
            self.logprobs.pop()
        return True

    def _end(self, how: Literal["stop", "length"], tokenizer: Any) -> None:
        self.ended = how
        self.text = _decoded(tokenizer, self.tokens)


def _decoded(tokenizer: Any, tokens: Sequence[int]) -> str:
    text: str = tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return text


class _TransformersModel:
    """Weights and tokenizer; used by one thread.

    Args:
        name: As the user gave it.
        source: As `from_pretrained` takes it.

    Raises:
        AdapterError: If it cannot be loaded.
    """

    def __init__(self, name: str, source: str) -> None:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # it warns of processes that are started later
        import torch
        import transformers

        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
        self._torch = torch
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        # A CPU is slow with the half precision that most models are stored in.
        dtype: Any = "auto" if self._device == "cuda" else torch.float32
        try:
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(source)
            model = transformers.AutoModelForCausalLM.from_pretrained(source, dtype=dtype)
            self._model = model.to(self._device).eval()
        except Exception as error:  # files that are missing, wrong, too large or of a kind it does not know
            found = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            raise AdapterError(
                f'model "transformers/{name}": cannot be loaded ({found}), expected a folder with a model and its '
                "tokenizer, or a model's id on the Hugging Face hub"
            ) from error
        config = self._model.config.get_text_config()
        self._context: int | None = getattr(config, "max_position_embeddings", None)
        self._defaults = self._model.generation_config
        ends = self._defaults.eos_token_id
        ends = [*ends] if isinstance(ends, list | tuple) else [ends]
        self._ends = frozenset(end for end in (*ends, self._tokenizer.eos_token_id) if end is not None)
        self._pad = next((one for one in (self._tokenizer.pad_token_id, *sorted(self._ends)) if one is not None), 0)
        self._name = name
        self._fingerprint = f"transformers {transformers.__version__}, {self._device}, {model.dtype}"

    def answer(self, requests: Sequence[Request], is_over: Callable[[], bool]) -> list[Outcome]:
        """Answer calls with the same settings, in their order; fewer at a time where memory is short."""
        try:
            return self._answer(requests, is_over)
        except self._torch.OutOfMemoryError as error:
            if len(requests) == 1:
                return [ReplyError("program-error", f"transformers/{self._name}: {error}")]
        half = len(requests) // 2
        return [outcome for part in (requests[:half], requests[half:]) for outcome in self.answer(part, is_over)]

    def _answer(self, requests: Sequence[Request], is_over: Callable[[], bool]) -> list[Outcome]:
        prompts = [self._prompt(request.body["messages"]) for request in requests]
        settings = [_settings(request) for request in requests]
        outcomes: list[Outcome] = [overflow(self._context, len(prompt)) for prompt in prompts]
        rows = {
            place: self._row(prompt, settings[place])
            for place, prompt in enumerate(prompts)
            if self._context is None or len(prompt) < self._context
        }
        # Together go on as long as the longest: one that has less room would leave the context.
        for room in sorted({row.room for row in rows.values()}):
            self._generate([row for row in rows.values() if row.room == room], settings[0], is_over)
        for place, row in rows.items():
            scored = self._scored(row.prompt, requests[place].body.get("target"))
            outcomes[place] = self._reply(row, scored, logprobs=settings[place].logprobs)
        return outcomes

    def _scored(self, prompt: list[int], target: str | None) -> tuple[float, int] | None:
        """How likely the right answer is after the prompt, with the token that ends it; None if it cannot be told."""
        end = self._tokenizer.eos_token_id
        if target is None or end is None:
            return None
        torch = self._torch
        answer = [*self._tokenizer(target, add_special_tokens=False)["input_ids"], end]
        if self._context is not None and len(prompt) + len(answer) > self._context:
            return None
        with torch.inference_mode():
            ids = torch.tensor([prompt + answer[:-1]], device=self._device)
            logprobs = self._model(ids).logits[0, len(prompt) - 1 :].float().log_softmax(-1)
            known = logprobs.gather(1, torch.tensor(answer, device=self._device)[:, None])
        return known.sum().item(), len(answer)

    def _prompt(self, messages: Sequence[Mapping[str, str]]) -> list[int]:
        if not self._tokenizer.chat_template:
            text = "\n\n".join(message["content"] for message in messages)
            return list(self._tokenizer(text)["input_ids"])
        try:
            text = self._tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=True)
        except Exception as error:  # templates refuse what they do not know, each in its own way
            raise AdapterError(
                f'model "transformers/{self._name}": its chat template refuses the messages ({error}); many know no '
                "system message"
            ) from error
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _row(self, prompt: list[int], settings: _Settings) -> _Row:
        left = settings.max_tokens if self._context is None else self._context - len(prompt)
        rng = self._torch.Generator(self._device)
        if settings.seed is None:
            rng.seed()
        else:
            rng.manual_seed(settings.seed)
        return _Row(prompt=prompt, room=min(settings.max_tokens, left), stops=stops_of(settings.stop), rng=rng)

    def _generate(self, rows: Sequence[_Row], settings: _Settings, is_over: Callable[[], bool]) -> None:
        """Let the answers grow until all have ended, or time is up."""
        torch = self._torch
        length = max(len(row.prompt) for row in rows)
        ids = [[self._pad] * (length - len(row.prompt)) + row.prompt for row in rows]
        mask = [[0] * (length - len(row.prompt)) + [1] * len(row.prompt) for row in rows]

        def choose(_: Any, scores: Any) -> Any:
            chosen = self._chosen(scores, rows, settings)
            known = scores.log_softmax(-1).gather(1, chosen[:, None])[:, 0]
            for row, token, logprob in zip(rows, chosen.tolist(), known.tolist(), strict=True):
                if row.ended is None:
                    row.add(token, logprob, self._tokenizer, self._ends)
            # `generate` takes the best: leave it no other.
            return torch.full_like(scores, -math.inf).scatter_(1, chosen[:, None], 0.0)

        def have_ended(sequences: Any, _: Any) -> Any:
            over = is_over()
            return torch.tensor([over or row.ended is not None for row in rows], device=sequences.device)

        with torch.inference_mode():
            self._model.generate(
                torch.tensor(ids, device=self._device),
                attention_mask=torch.tensor(mask, device=self._device),
                max_new_tokens=rows[0].room,
                do_sample=False,
                num_beams=1,
                pad_token_id=self._pad,
                logits_processor=[choose],
                stopping_criteria=[have_ended],
            )

    def _chosen(self, scores: Any, rows: Sequence[_Row], settings: _Settings) -> Any:
        """A token for each row: the best one, or one drawn."""
        defaults = self._defaults
        temperature, top_p, top_k = settings.temperature, settings.top_p, settings.top_k
        if temperature is None:
            temperature = (1.0 if defaults.temperature is None else defaults.temperature) if defaults.do_sample else 0.0
        if temperature == 0:
            return scores.argmax(-1)
        top_p = top_p or defaults.top_p or 1.0
        top_k = min(top_k or defaults.top_k or scores.shape[-1], scores.shape[-1])
        # Only the k best, best first; of these, as few as hold the share p (Holtzman et al. 2020).
        best, places = (scores / temperature).topk(top_k)
        shares = best.softmax(-1)
        shares = shares * (shares.cumsum(-1) - shares < top_p)
        drawn = [self._torch.multinomial(share, 1, generator=row.rng) for share, row in zip(shares, rows, strict=True)]
        return places.gather(1, self._torch.stack(drawn))[:, 0]

    def _reply(self, row: _Row, target: tuple[float, int] | None, *, logprobs: bool) -> Outcome:
        if row.ended is None:
            return ReplyError("timeout", f"transformers/{self._name}: no whole answer in time")
        tokens = [_decoded(self._tokenizer, [token]) for token in row.tokens]
        return Completion(
            model=self._name,
            fingerprint=self._fingerprint,
            text=row.text,
            ended=row.ended,
            tokens_in=len(row.prompt),
            tokens_out=len(row.tokens),
            logprobs=list(zip(tokens, row.logprobs, strict=True)) if logprobs else None,
            target=target,
        ).reply()
