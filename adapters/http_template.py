"""An application with a format of its own, as the section `[template]` of its card describes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from evalkit.adapter import Card, Reply, ReplyError, Request, count_of, refused
from evalkit.adapter.template import GIVEN, Template, lone_field
from evalkit.errors import AdapterError, did_you_mean
from evalkit.json_path import follow
from evalkit.template import TemplateError, fields_of, fill, substitute
from evalkit.trial import Call, FinishReason, Response

_FINISH: Mapping[str, FinishReason] = {
    "length": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
    "refusal": "refusal",
    "context_overflow": "context_overflow",
}


def for_card(card: Card) -> TemplateDialect:
    """The dialect that a card describes."""
    assert card.template is not None
    return TemplateDialect(card.template, where=f'adapter "{card.name}": [template]')


class TemplateDialect:
    """Fills a template, and reads what comes back.

    Args:
        template: How to ask, and where the answer stands.
        where: For messages.
    """

    def __init__(self, template: Template, *, where: str) -> None:
        self._template = template
        self._named = template.fields
        self._where = where

    def build(self, call: Call, model: str, address: str) -> Request:
        """Fill the template; values are put into values, never into serialised text.

        Raises:
            AdapterError: If a message or a setting of the call has no place in it.
        """
        template = self._template
        self._check_settings(call)
        values = {**call.sampling, **self._messages(call), "model": model}
        try:
            in_path = {name: values[name] for name in fields_of(template.path) & values.keys()}
            path = fill(template.path, {name: _quoted(_text(value)) for name, value in in_path.items()})
            query, headers, body = (
                substitute(_without(part, self._named - values.keys()), values)
                for part in (template.query, template.headers, template.body)
            )
        except TemplateError as error:
            raise AdapterError(
                f"{self._where}: {{{error.field}}} is needed, but the call has no such setting; set it in the suite's "
                f"sampling or with -M {error.field}=…"
            ) from error
        url = f"{address}{path}"
        if query:
            url += "?" + urlencode({name: _text(value) for name, value in query.items()}, quote_via=quote)
        return Request(method=template.method, url=url, headers=self._header_texts(headers), body=body)

    def parse(self, reply: Reply) -> Response:
        """Read the places that the template names."""
        template = self._template
        if not 200 <= reply.status < 300:
            return refused(reply)
        if not template.response:
            return Response(text=_whole_text(reply))
        data = _json(reply)
        served, reason = _found(data, template.served_model), _found(data, template.finish_reason)
        refusal = bool(_found(data, template.refused))
        answer = _found(data, template.response)
        if answer is None and not refusal:
            message = f"found nothing at {template.response!r} (response of [template]): {reply.excerpt()}"
            raise ReplyError("unexpected-reply", message)
        finish = _FINISH.get(str(reason).lower(), "stop")
        return Response(
            text="" if answer is None else _text(answer),
            finish_reason="refusal" if refusal else finish,
            served_model=served if isinstance(served, str) else None,
            tokens_in=_count(data, template.tokens_in),
            tokens_out=_count(data, template.tokens_out),
        )

    def _check_settings(self, call: Call) -> None:
        problems = [f'"{name}": evalkit fills it itself; leave it out' for name in sorted(GIVEN & call.sampling.keys())]
        settings = self._named - GIVEN
        for name in sorted(call.sampling.keys() - self._named - GIVEN - set(self._template.ignores)):
            hint = f"{did_you_mean(name, settings)} " if settings else ""
            problems.append(
                f'"{name}" has no place here. {hint}Write "{{{name}}}" where your application reads it, or '
                f'ignores = ["{name}"] if it decides that itself'
            )
        if problems:
            raise AdapterError("\n".join(f"{self._where}: setting {problem}" for problem in problems))

    def _messages(self, call: Call) -> dict[str, Any]:
        system = [message.content for message in call.messages if message.role == "system"]
        turns = [message for message in call.messages if message.role != "system"]
        asked = [message.content for message in turns if message.role == "user"]
        if "messages" not in self._named:
            if system and "system" not in self._named:
                raise AdapterError(
                    f"{self._where}: the task has a system message, which has no place here; name {{system}} or "
                    "{messages}"
                )
            if len(turns) != 1:
                raise AdapterError(
                    f"{self._where}: found {len(turns)} turns in the task's prompt, but {{prompt}} is only the last "
                    "message of the user; name {messages}"
                )
        if "prompt" in self._named and not asked:
            raise AdapterError(f"{self._where}: the task's prompt has no message of the user, which {{prompt}} needs")
        apart = "system" in self._named
        sent = [message.as_json() for message in (turns if apart else call.messages)]
        return {"prompt": asked[-1] if asked else "", "system": "\n\n".join(system), "messages": sent}

    def _header_texts(self, headers: Mapping[str, Any]) -> dict[str, str]:
        texts = {name: _text(value) for name, value in headers.items()}
        for name, text in texts.items():
            if not (text.isascii() and text.isprintable()):
                raise AdapterError(f"{self._where}: headers.{name}: found {text!r}, which no header can carry")
        return texts


def _without(value: Any, absent: set[str]) -> Any:
    """A template without the entries that are nothing but a setting that the call does not have."""
    if isinstance(value, Mapping):
        return {name: _without(part, absent) for name, part in value.items() if lone_field(part) not in absent}
    if isinstance(value, list):
        return [_without(part, absent) for part in value if lone_field(part) not in absent]
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _quoted(text: str) -> str:
    # As they are, `.` and `..` would lead to another place.
    return quote(text, safe="") if text.strip(".") else text.replace(".", "%2E")


def _whole_text(reply: Reply) -> str:
    label = reply.headers.get("content-type", "").lower()
    # Small web frameworks label every text as HTML; only a whole page is what a proxy sends for an error.
    if not label.startswith("text/plain") and reply.body.lstrip()[:14].lower().startswith(
        (b"<!doctype html", b"<html")
    ):
        raise ReplyError("html", f"found a web page, expected a text: {reply.excerpt()}")
    charset = label.partition("charset=")[2].partition(";")[0].strip(' "') or "utf-8"
    try:
        return reply.body.decode(charset, "replace")
    except LookupError:
        return reply.body.decode("utf-8", "replace")


def _json(reply: Reply) -> Any:
    """The JSON of a reply, whatever its label: small applications do not set it."""
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError) as error:
        kind = "html" if reply.body[:64].lstrip().startswith(b"<") else "not-json"
        raise ReplyError(kind, f"found no JSON ({error}), expected an answer in it: {reply.excerpt()}") from error


def _found(data: Any, path: str | None) -> Any:
    """What stands at a path; None where the reply has no such place."""
    try:
        return None if path is None else follow(data, path)
    except LookupError:
        return None


def _count(data: Any, path: str | None) -> int | None:
    return count_of({"count": _found(data, path)}, "count")
