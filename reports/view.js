// The viewer: the list of runs, a run that goes on, and moving by keys. It builds upon report.js, and asks this server only.
"use strict";

// --- asking again and again

(() => {
  const LATER = 10_000; // milliseconds after a failure

  /** Ask now and then while the page is looked at; `ask` gives the milliseconds until the next time, or null to end. */
  function poll(ask) {
    let timer = null;
    let busy = false;
    async function turn() {
      timer = null;
      if (document.hidden || busy) return;
      busy = true;
      let wait = LATER;
      try {
        wait = await ask();
        silent(false);
      } catch {
        silent(true);
      }
      busy = false;
      if (wait !== null && !document.hidden) timer = setTimeout(turn, wait);
      if (wait === null) document.removeEventListener("visibilitychange", seen);
    }
    function seen() {
      clearTimeout(timer);
      if (!document.hidden) void turn();
    }
    document.addEventListener("visibilitychange", seen);
    void turn();
  }

  /** Say that the server does not answer (any more), or take that back. */
  function silent(is) {
    let told = document.getElementById("silent");
    if (is && !told) {
      told = evalkit.el("p", { id: "silent", class: "note", role: "alert" });
      told.textContent = "The viewer does not answer: it may have been ended. What stands here may be old.";
      document.querySelector("main").prepend(told);
    } else if (!is && told) {
      told.remove();
    }
  }

  /** What an address gives, as text; an error where it gives none. */
  async function text(address) {
    const reply = await fetch(address, { headers: { Accept: "*/*" } });
    if (!reply.ok) throw new Error(`${address}: ${reply.status}`);
    return reply.text();
  }

  evalkit.poll = poll;
  evalkit.textAt = text;
})();

// --- moving by keys

(() => {
  /** Whether a key is meant for what has the focus. */
  function typing(event) {
    return event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not([type=checkbox]), select, textarea");
  }

  /** The place that a key leads to among so many; null where it leads nowhere. */
  function place(event, now, count) {
    if (!count) return null;
    const steps = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };
    if (event.key in steps) return Math.max(0, Math.min(now + steps[event.key], count - 1));
    if (event.key === "Home") return 0;
    return event.key === "End" ? count - 1 : null;
  }

  evalkit.keys = { typing, place };
})();

// --- the list of runs

(() => {
  const { el, say, keys, poll, textAt } = evalkit;
  const table = document.getElementById("runs");
  const form = document.getElementById("run-filters");
  if (!form) {
    // No run yet: the page is asked for again until there is one.
    if (document.getElementById("runs-title")) {
      poll(async () => {
        const { runs, broken } = JSON.parse(await textAt("/api/runs"));
        if (runs.length + broken.length) location.reload();
        return 2000;
      });
    }
    return;
  }
  const chosen = new Set();
  const numbers = new Set(["usable", "calls", "cost"]);
  const ranks = {
    verdict: ["usable", "edge", "unusable", ""],
    state: ["running", "stopped", "finished"],
  };
  let order = "-started";
  let current = null; // the name of the run that the keys are at

  const rows = () => [...table.tBodies[0].rows];
  const shown = () => rows().filter((row) => !row.hidden);

  function read() {
    const query = new URLSearchParams(location.search);
    for (const field of form.elements) if (field.name) field.value = query.get(field.name) ?? "";
    order = query.get("sort") || "-started";
  }

  function write() {
    const query = new URLSearchParams();
    for (const field of form.elements) if (field.name && field.value) query.set(field.name, field.value);
    if (order !== "-started") query.set("sort", order);
    const wanted = query.size ? `?${query}` : location.pathname;
    history.replaceState(null, "", wanted);
  }

  function worth(row, name) {
    const value = row.dataset[name];
    if (name in ranks) return ranks[name].indexOf(value);
    return numbers.has(name) && value !== "" ? Number(value) : value;
  }

  /** What is not known stands last, whichever way. */
  function compare(a, b, name, down) {
    const [x, y] = [worth(a, name), worth(b, name)];
    if (x === "" || y === "") return Number(x === "") - Number(y === "");
    const ordered = typeof x === "number" ? x - y : x.localeCompare(y, undefined, { numeric: true });
    return down ? -ordered : ordered;
  }

  function sort() {
    const down = order.startsWith("-");
    const name = down ? order.slice(1) : order;
    const heads = [...table.tHead.rows[0].cells].filter((head) => head.dataset.sort);
    if (!heads.some((head) => head.dataset.sort === name)) return;
    table.tBodies[0].append(...rows().sort((a, b) => compare(a, b, name, down)));
    for (const head of heads) {
      if (head.dataset.sort === name) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
  }

  function filter() {
    const [text, verdict, state] = ["q", "verdict", "state"].map((name) => form.elements[name].value);
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows()) {
      const { name, suite, model } = row.dataset;
      const within = `${name} ${suite} ${model}`.toLowerCase();
      row.hidden =
        !words.every((word) => within.includes(word)) ||
        (verdict !== "" && row.dataset.verdict !== verdict) ||
        (state !== "" && row.dataset.state !== state);
    }
    const [some, all] = [shown().length, rows().length];
    const found = document.getElementById("runs-found");
    const told = some === all ? `${all} ${all === 1 ? "run" : "runs"}` : `${some} of ${all} runs`;
    if (found.textContent !== told) found.textContent = told;
  }

  /** Make the rows as the address and the choices say; called again when there are new ones. */
  function dress() {
    const names = new Set(rows().map((row) => row.dataset.name));
    for (const name of chosen) if (!names.has(name)) chosen.delete(name);
    for (const row of rows()) {
      const box = row.querySelector("input");
      box.checked = chosen.has(row.dataset.name);
      box.tabIndex = -1;
      box.addEventListener("change", () => choose(row, box.checked));
      row.tabIndex = row.dataset.name === current ? 0 : -1;
    }
    sort();
    filter();
    if (!shown().some((row) => row.tabIndex === 0) && shown().length) shown()[0].tabIndex = 0;
    tell();
  }

  function choose(row, is) {
    if (is) chosen.add(row.dataset.name);
    else chosen.delete(row.dataset.name);
    row.querySelector("input").checked = is;
    tell();
  }

  function tell() {
    const count = chosen.size;
    document.getElementById("chosen").hidden = count === 0;
    document.getElementById("chosen-count").textContent = `${count} chosen`;
    document.getElementById("compare").disabled = count !== 2;
    document.getElementById("together").disabled = count < 2;
    for (const row of rows()) row.classList.toggle("is-chosen", chosen.has(row.dataset.name));
  }

  /** A is the one that was measured first. */
  function pair() {
    const started = new Map(rows().map((row) => [row.dataset.name, row.dataset.started]));
    const when = (name) => `${started.get(name)} ${name}`; // of two that began in the same second the first by name
    return [...chosen].sort((a, b) => (when(a) < when(b) ? -1 : 1));
  }

  function compareChosen() {
    if (chosen.size !== 2) {
      say("Choose two runs to compare");
      return;
    }
    const [a, b] = pair();
    location.assign(`/compare?${new URLSearchParams({ a, b })}`);
  }

  function move(row) {
    for (const each of rows()) each.tabIndex = -1;
    current = row.dataset.name;
    row.tabIndex = 0;
    row.focus();
    row.scrollIntoView({ block: "nearest" });
  }

  function onKey(event) {
    if (event.key === "Escape" && event.target.closest("#run-filters")) {
      (shown().find((row) => row.tabIndex === 0) ?? shown()[0])?.focus();
      return;
    }
    if (keys.typing(event)) return;
    if (event.key === "/") {
      event.preventDefault();
      form.elements.q.focus();
      return;
    }
    if (event.key === "c") {
      compareChosen();
      return;
    }
    const row = event.target.closest("#runs tbody tr");
    const visible = shown();
    const next = keys.place(event, row ? visible.indexOf(row) : -1, visible.length);
    if (next !== null) {
      event.preventDefault();
      move(visible[next]);
    } else if (row && event.target === row && event.key === "Enter") {
      row.querySelector("a").click();
    } else if (row && event.key === "x") {
      choose(row, !chosen.has(row.dataset.name));
      say(`${chosen.size} chosen`);
    }
  }

  /** Take the rows of a newer page over; that page is this server's own, and was escaped there. */
  async function renew() {
    const page = new DOMParser().parseFromString(await textAt(location.href), "text/html");
    const fresh = page.querySelector("#runs tbody");
    if (!fresh) return;
    const focused = document.activeElement?.closest("#runs tbody tr")?.dataset.name ?? null;
    table.tBodies[0].replaceWith(document.importNode(fresh, true));
    dress();
    if (focused !== null) rows().find((row) => row.dataset.name === focused)?.focus({ preventScroll: true });
  }

  for (const head of table.tHead.rows[0].cells) {
    const name = head.dataset.sort;
    if (!name) continue;
    const button = el("button", { type: "button", class: "sort" }, head.textContent);
    button.addEventListener("click", () => {
      // Names go up at first; numbers and moments go down.
      const first = numbers.has(name) || name === "started" ? `-${name}` : name;
      const other = first.startsWith("-") ? name : `-${name}`;
      order = order === first ? other : first;
      sort();
      write();
    });
    head.replaceChildren(button);
  }
  form.hidden = false;
  form.addEventListener("input", () => {
    filter();
    write();
  });
  form.addEventListener("reset", () => setTimeout(() => {
    filter();
    write();
  }));
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("popstate", () => {
    read();
    sort();
    filter();
  });
  document.getElementById("compare").addEventListener("click", compareChosen);
  document.getElementById("together").addEventListener("click", () => {
    location.assign(`/runs?${new URLSearchParams(pair().map((name) => ["run", name]))}`);
  });
  document.getElementById("choose-none").addEventListener("click", () => {
    chosen.clear();
    dress();
  });
  document.addEventListener("keydown", onKey);
  read();
  dress();

  let known = null;
  poll(async () => {
    const text = await textAt("/api/runs");
    if (known !== null && known !== text) await renew();
    known = text;
    return JSON.parse(text).runs.some((run) => run.state === "running") ? 2000 : 8000;
  });
})();

// --- two runs beside each other

(() => {
  const { keys } = evalkit;
  if (!document.querySelector(".compared")) return;
  document.addEventListener("keydown", (event) => {
    if (keys.typing(event)) return;
    if (event.key === "Escape") location.assign("/");
    if (event.key !== "j" && event.key !== "k") return;
    const flips = [...document.querySelectorAll("details[open] > ol > .flip")];
    const now = flips.indexOf(document.activeElement?.closest(".flip") ?? null);
    const next = keys.place(event, now, flips.length);
    if (next === null) return;
    flips[next].focus();
    flips[next].scrollIntoView({ block: "nearest" });
  });
})();

// --- a run that goes on

(() => {
  const { el, say, poll, textAt } = evalkit;
  if (!document.getElementById("packed")) return;
  const OFTEN = 1500; // milliseconds
  const SOON = 300;
  const SPAN = 15; // seconds over which speed is reckoned
  const signs = { usable: "✓", edge: "?", unusable: "✗" };
  const words = { usable: "usable", edge: "could be either", unusable: "not usable" };

  const list = document.querySelector(".bar nav ul");
  list?.prepend(el("li", {}, el("a", { href: "/" }, "All runs")));
  const brand = document.querySelector(".brand");
  brand?.replaceChildren(el("a", { href: "/" }, ...brand.childNodes));

  /** How many answers a second came lately; null before anybody can say. */
  function speed(seen, answered) {
    const now = performance.now() / 1000;
    seen.push([now, answered]);
    while (seen.length > 2 && now - seen[1][0] > SPAN) seen.shift();
    const [then, before] = seen[0];
    return now - then < 1 ? null : (answered - before) / (now - then);
  }

  function count(number) {
    return number.toLocaleString("en");
  }

  /** A condition in a word: decided, under way, or not begun. */
  function condition(each) {
    const decided = each.verdict !== "edge";
    const sign = decided ? signs[each.verdict] : each.trials ? "…" : "○";
    const state = decided ? words[each.verdict] : each.trials ? "not decided yet" : "not begun";
    const name = each.counts ? each.condition : `(${each.condition})`;
    const trials = each.trials ? ` ${count(each.trials)}` : "";
    return el(
      "li",
      { class: decided ? each.verdict : "open", title: `${each.condition}: ${state}, ${count(each.trials)} items` },
      el("b", { "aria-hidden": "true" }, sign),
      ` ${name}${trials}`,
      el("span", { class: "sr" }, `: ${state}`),
    );
  }

  function task(each) {
    const decided = each.verdict !== "edge";
    const verdict = decided
      ? el("span", { class: `badge ${each.verdict}` }, `${signs[each.verdict]} ${words[each.verdict]}`)
      : el("span", { class: "aside" }, "not decided yet");
    return el("li", {}, el("p", {}, el("b", {}, each.task), verdict), el("ul", { class: "conditions" }, ...each.conditions.map(condition)));
  }

  /** Where a run that goes on is shown, above its report. */
  function panel(run, number) {
    const bar = el("progress", { "aria-label": `Trials of ${run.label}` });
    const line = el("p", { class: "live-line" });
    const tasks = el("ul", { class: "live-tasks" });
    const box = el(
      "section",
      { class: "live", "aria-labelledby": `live-${number}` },
      el("h2", { id: `live-${number}` }, el("span", { class: "pulse", "aria-hidden": "true" }), `${run.label} goes on`),
      line,
      bar,
      tasks,
      el("p", { class: "aside" }, "✓ ✗ decided, … under way, ○ not begun; in brackets: does not count. Numbers are items."),
      el("p", { class: "aside" }, `What stands below is as it was at ${new Date().toLocaleTimeString()}. `, renewal("Show what is known now")),
    );
    document.querySelector("main").prepend(box);
    return { box, bar, line, tasks };
  }

  function draw(parts, found, seen) {
    const rate = speed(seen, found.answered);
    parts.bar.max = found.planned;
    parts.bar.value = found.answered;
    const void_ = found.results.totals.void;
    const pieces = [
      `${count(found.answered)} trials answered of ${count(found.planned)} at most`,
      rate === null || rate <= 0 ? null : `${rate >= 10 ? rate.toFixed(0) : rate.toFixed(1)} a second`,
      void_ ? `${count(void_)} without an answer` : null,
      `cost so far: ${found.cost}`,
    ];
    parts.line.textContent = pieces.filter(Boolean).join(" · ");
    parts.tasks.replaceChildren(...found.results.tasks.map(task));
  }

  /** What has been decided, by task and condition, for those who hear the page. */
  function decided(found) {
    const all = found.results.tasks.flatMap((each) =>
      each.conditions.filter((one) => one.verdict !== "edge").map((one) => `${each.task} at ${one.condition}: ${words[one.verdict]}`),
    );
    return new Set(all);
  }

  /** A button that loads the page anew. Nothing below the panel changes by itself: who reads or sorts it is not disturbed. */
  function renewal(text) {
    const button = el("button", { type: "button", class: "quiet" }, text);
    button.addEventListener("click", () => location.reload());
    return button;
  }

  /** Say that a run has ended, and show what it found; not while somebody reads a trial. */
  function end(parts, run) {
    say(`${run.label} has ended`);
    if (!document.querySelector("dialog[open]")) {
      location.reload();
      return;
    }
    parts.box.replaceChildren(el("p", {}, `${run.label} has ended. `, renewal("Show the results")));
  }

  function follow(run, number) {
    const seen = [];
    let parts = null;
    let before = null;
    poll(async () => {
      const found = JSON.parse(await textAt(run.api));
      if (found.state !== "running") {
        if (parts) end(parts, run);
        return null;
      }
      parts ??= panel(run, number);
      draw(parts, found, seen);
      const now = decided(found);
      const fresh = before === null ? [] : [...now].filter((each) => !before.has(each));
      if (fresh.length) say(fresh.join(". "));
      before = now;
      return OFTEN;
    });
  }

  /** Load the page anew as soon as all is counted; not while somebody reads a trial. */
  function wait(runs) {
    poll(async () => {
      const found = await Promise.all(runs.map(async (run) => JSON.parse(await textAt(run.api))));
      if (found.some((each) => each.results === null) || document.querySelector("dialog[open]")) return SOON;
      location.reload();
      return null;
    });
  }

  void evalkit.carried.then(({ runs }) => (document.getElementById("counting") ? wait(runs) : runs.forEach(follow)));
})();
