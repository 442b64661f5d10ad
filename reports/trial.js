// One trial: in a line, and in full.
"use strict";

(() => {
  const { el } = evalkit;
  const SIGNS = { pass: "✓", fail: "✗", void: "–", unscored: "…" };
  const OUTCOMES = { pass: "passed", fail: "failed", void: "no answer", unscored: "not judged yet" };

  const ELSEWHERE = 5; // neighbours that are named though they cannot be shown

  function place(trial) {
    return `${trial.task} at ${trial.condition}${trial.repeat ? `, ask ${trial.repeat + 1}` : ""}`;
  }

  /** A trial in a line; without an address it leads nowhere. */
  function row(trial, href) {
    const why = trial.failed.length ? trial.failed.join(", ") : (trial.reason ?? "");
    return el(
      href ? "a" : "div",
      { class: `trial ${trial.outcome}`, href, "data-id": trial.id },
      el("span", { class: "sign", "aria-hidden": "true" }, SIGNS[trial.outcome]),
      el("span", { class: "sr" }, `${OUTCOMES[trial.outcome]}: `),
      el("span", { class: "item" }, trial.item),
      el("span", { class: "where" }, place(trial)),
      why ? el("span", { class: "why" }, why) : null,
      el("span", { class: "excerpt" }, trial.excerpt ?? "no answer"),
      href ? null : el("span", { class: "excerpt" }, "(not in this file)"),
    );
  }

  function marked(part) {
    if (part.kind === "added") return el("ins", {}, part.text);
    if (part.kind === "removed") return el("del", {}, part.text);
    if (part.kind === "changed") {
      return el(
        "mark",
        { title: part.was ? `clean: ${part.was}` : null },
        part.was ? el("del", {}, part.was) : null,
        part.text,
      );
    }
    if (part.kind === "left-out") return el("i", { class: "left-out" }, part.text);
    return document.createTextNode(part.text);
  }

  function requestOf(request) {
    const section = el("section", {}, el("h3", {}, "What was asked"));
    if (request.note) section.append(el("p", { class: "note" }, request.note));
    const changed = request.messages.some((message) => message.parts.some((part) => part.kind !== "same"));
    if (changed) {
      const box = el("input", { type: "checkbox" });
      box.checked = true;
      box.addEventListener("change", () => section.classList.toggle("as-sent", !box.checked));
      section.append(
        el(
          "p",
          { class: "marks" },
          el("label", {}, box, " show what differs from the clean text: "),
          el("ins", {}, "added"),
          " ",
          el("mark", {}, "changed"),
          " ",
          el("del", {}, "not sent"),
        ),
      );
    }
    for (const message of request.messages) {
      section.append(
        el(
          "div",
          { class: "message" },
          el("p", { class: "role" }, message.role),
          el("div", { class: "text" }, ...message.parts.map(marked)),
        ),
      );
    }
    const options = Object.entries(request.options);
    if (options.length)
      section.append(
        el(
          "p",
          { class: "fine" },
          `Sent with it: ${options.map(([key, value]) => `${key} = ${JSON.stringify(value)}`).join(", ")}`,
        ),
      );
    if (request.exact)
      section.append(
        el("details", {}, el("summary", {}, "The request as it was sent"), el("pre", { tabindex: "0" }, request.exact)),
      );
    return section;
  }

  function responseOf(trial) {
    const section = el("section", {}, el("h3", {}, "What came back"));
    if (trial.response === null) {
      section.append(
        el(
          "p",
          { class: "note" },
          `No answer: ${[trial.reason, trial.void_message].filter(Boolean).join(": ") || "the reason is not known"}`,
        ),
      );
    } else if (trial.response.length === 0) {
      section.append(el("p", { class: "note" }, "The answer is empty."));
    } else {
      const parts = trial.response.map((part) => {
        if (part.kind === "offending")
          return el("mark", { class: "offending", title: `breaks: ${part.constraints.join(", ")}` }, part.text);
        return part.kind === "left-out"
          ? el("i", { class: "left-out" }, part.text)
          : document.createTextNode(part.text);
      });
      section.append(el("div", { class: "text answer-text" }, ...parts));
    }
    for (const each of trial.extracted) {
      section.append(
        el("p", { class: "fine" }, `Read for ${each.constraints.join(", ")}: ${each.text ?? "not found in it"}`),
      );
    }
    for (const call of trial.tool_calls) section.append(el("pre", { tabindex: "0" }, call));
    return section;
  }

  function constraintsOf(trial) {
    if (trial.constraints.length === 0) return null;
    const sorted = [...trial.constraints].sort((a, b) => Number(a.holds) - Number(b.holds));
    const rows = sorted.map((each) => {
      const told = [el("b", {}, each.name), el("span", { class: "sr" }, each.holds ? " holds" : " does not hold")];
      if (each.says) told.push(`: ${each.says}`);
      if (!each.holds && each.about) told.push(el("div", { class: "fine" }, each.about));
      if (!each.holds && each.wanted) told.push(el("div", { class: "fine" }, `as the suite says it: ${each.wanted}`));
      const sign = el("span", { class: "sign", "aria-hidden": "true" }, each.holds ? "✓" : "✗");
      return el("li", { class: each.holds ? "pass" : "fail" }, sign, el("div", {}, ...told));
    });
    return el("section", {}, el("h3", {}, "What was demanded"), el("ul", { class: "demands" }, ...rows));
  }

  function neighboursOf(trial, link) {
    if (trial.neighbours.length === 0) return null;
    const near = trial.neighbours.filter((each) => link(each));
    const shown = [...near, ...trial.neighbours.filter((each) => !link(each)).slice(0, ELSEWHERE)];
    const rows = shown.map((each) => el("li", {}, row(each, link(each))));
    const left = trial.neighbours.length - shown.length + trial.more_neighbours;
    const rest = left ? el("p", { class: "fine" }, `and ${left} more`) : null;
    return el("section", {}, el("h3", {}, "The same item elsewhere"), el("ul", { class: "list" }, ...rows), rest);
  }

  function short(number) {
    return Number(number.toPrecision(3)).toLocaleString("en", { maximumFractionDigits: 10 });
  }

  function factsOf(trial) {
    const tokens = trial.tokens ?? {};
    const facts = [
      trial.score === null ? null : `score ${short(trial.score)}`,
      trial.latency_s === null ? null : `${short(trial.latency_s)} s`,
      trial.cost_usd === null ? null : `${short(trial.cost_usd)} USD`,
      tokens.in == null ? null : `${tokens.in} tokens in`,
      tokens.out == null ? null : `${tokens.out} out`,
      trial.finish_reason ? `ended: ${trial.finish_reason}` : null,
      trial.served_model ? `served by ${trial.served_model}` : null,
      trial.attempts > 1 ? `${trial.attempts} attempts` : trial.attempts === 0 ? "answer already known" : null,
      trial.variant,
    ];
    return el(
      "section",
      {},
      el("h3", {}, "What it took"),
      el("p", { class: "fine" }, facts.filter(Boolean).join(" · ")),
    );
  }

  /** What stands above a trial. */
  function trialTitle(trial) {
    const badge = el(
      "span",
      { class: `badge ${trial.outcome}` },
      el("b", { "aria-hidden": "true" }, SIGNS[trial.outcome]),
      ` ${OUTCOMES[trial.outcome]}`,
    );
    return [badge, ` ${trial.item} `, el("span", { class: "where" }, place(trial))];
  }

  /**
   * A trial in full, what matters most first.
   * @param trial A TrialDetail.
   * @param link Gives the address of another trial, or null where it cannot be shown.
   */
  function trialParts(trial, link) {
    const parts = [
      responseOf(trial),
      constraintsOf(trial),
      requestOf(trial.request),
      factsOf(trial),
      neighboursOf(trial, link),
    ];
    return parts.filter(Boolean);
  }

  Object.assign(evalkit, { row, trialTitle, trialParts, OUTCOMES });
})();
