// Single trials: what went wrong, which ones, and each in full. Every view has an address of its own.
"use strict";

(async () => {
  const { el, say, embedded, fetched, row, OUTCOMES } = evalkit;
  const dialog = document.getElementById("trial");
  const form = document.getElementById("filters");
  const list = document.getElementById("list");
  if (!dialog || !form || !list) return;

  const PIECE = 50; // trials that are fetched and shown at once
  const KINDS = 15;
  const KEYS = ["model", "task", "condition", "outcome", "broken", "item", "text"];

  const runs = (await evalkit.carried).runs.map((run) => ({
    ...run,
    source: run.api ? fetched(run.api) : embedded(run.trials),
  }));
  if (runs.length === 0) return;

  // --- the address

  let asked = ""; // by the last address that said which trials

  /** What the address asks for; one without a `=` is a place on the page, and leaves the filters as they are. */
  function state() {
    const hash = location.hash.slice(1);
    if (hash === "" || hash.includes("=")) asked = hash;
    const read = new URLSearchParams(asked);
    const wanted = { trial: (hash === asked && read.get("trial")) || "" };
    for (const key of KEYS) wanted[key] = read.get(key) ?? "";
    return wanted;
  }

  function address(wanted) {
    const written = new URLSearchParams();
    for (const key of [...KEYS, "trial"]) if (wanted[key]) written.set(key, wanted[key]);
    const theme = document.documentElement.dataset.theme;
    if (theme) written.set("theme", theme);
    return `#${written.toString() || "trial="}`;
  }

  function runOf(wanted) {
    return runs.find((run) => run.label === wanted.model) ?? runs[0];
  }

  /** A filter as a source takes it. */
  function filterOf(wanted) {
    const at = wanted.broken.indexOf(":");
    const [kind, name] = at < 0 ? ["", ""] : [wanted.broken.slice(0, at), wanted.broken.slice(at + 1)];
    return {
      task: wanted.task,
      condition: wanted.condition,
      outcome: wanted.outcome || (kind === "void" ? "void" : kind ? "fail" : ""),
      constraint: kind === "constraint" ? name : "",
      reason: kind === "ending" || kind === "void" ? name : "",
      item: wanted.item,
      text: wanted.text,
    };
  }

  // --- filters

  function options(select, values, chosen, every) {
    const shown = every === null ? values : [["", every], ...values];
    if (chosen && !shown.some(([value]) => value === chosen)) shown.push([chosen, chosen]);
    select.replaceChildren(...shown.map(([value, text]) => el("option", { value }, text)));
    select.value = chosen || shown[0][0];
  }

  /** Whether a group is of the task and the condition that are looked at. */
  function within(group, wanted) {
    return (!wanted.task || group.task === wanted.task) && (!wanted.condition || group.condition === wanted.condition);
  }

  function fillFilters(wanted, run, groups) {
    const fields = form.elements;
    options(
      fields.run,
      runs.map((each) => [each.label, each.label]),
      run.label,
      null,
    );
    fields.run.parentElement.hidden = runs.length < 2;
    options(
      fields.task,
      run.tasks.map((task) => [task.name, task.name]),
      wanted.task,
      "all tasks",
    );
    const tasks = run.tasks.filter((task) => !wanted.task || task.name === wanted.task);
    const conditions = [...new Set(tasks.flatMap((task) => task.conditions))];
    options(
      fields.condition,
      conditions.map((name) => [name, name]),
      wanted.condition,
      "all conditions",
    );
    options(fields.outcome, Object.entries(OUTCOMES), wanted.outcome, "all outcomes");
    const broken = new Map();
    for (const group of groups) {
      if (group.kind === "other" || !within(group, wanted)) continue;
      const value = `${group.kind}:${group.name}`;
      broken.set(value, (broken.get(value) ?? 0) + group.trials);
    }
    const sorted = [...broken].sort((a, b) => b[1] - a[1]);
    const told = sorted.map(([value, count]) => [value, `${value.slice(value.indexOf(":") + 1)} (${count})`]);
    options(fields.broken, told, wanted.broken, "anything");
    if (document.activeElement !== fields.text) fields.text.value = wanted.text;
  }

  function chosen() {
    const fields = form.elements;
    return {
      model: runs.length > 1 ? fields.run.value : "",
      task: fields.task.value,
      condition: fields.condition.value,
      outcome: fields.outcome.value,
      broken: fields.broken.value,
      item: "",
      text: fields.text.value,
      trial: "",
    };
  }

  function go(wanted) {
    location.replace(address(wanted));
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", (event) => {
    const wanted = chosen();
    if (event.target.name === "run") Object.assign(wanted, { task: "", condition: "", broken: "" });
    if (event.target.name === "task") Object.assign(wanted, { condition: "", broken: "" });
    go(wanted);
  });
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    form.elements.text.value = "";
    go({ model: chosen().model });
  });
  let typing = 0;
  form.elements.text.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => go(chosen()), 200);
  });

  // --- what went wrong

  function share(group) {
    const bar = el("span", { class: "share", "aria-hidden": "true" });
    const filled = el("span", {});
    filled.style.width = `${Math.max(2, Math.round(100 * group.share))}%`;
    bar.append(filled);
    return bar;
  }

  function groupLink(group, run, name) {
    const wanted = {
      model: runs.length > 1 ? run.label : "",
      task: group.task,
      condition: group.condition,
      outcome: group.kind === "void" ? "void" : "fail",
      broken: group.kind === "other" ? "" : `${group.kind}:${group.name}`,
    };
    return el(
      "a",
      { class: "group", href: address(wanted), "data-goto": true },
      el("span", { class: "what" }, name),
      share(group),
      el("span", { class: "of" }, ofAll(group)),
    );
  }

  function ofAll(group) {
    return `${group.trials.toLocaleString("en")} of ${group.of.toLocaleString("en")}`;
  }

  /** Groups of a task that went wrong in the same way, under whichever condition; the most frequent anywhere first. */
  function kindsOf(groups) {
    const kinds = new Map();
    for (const group of groups) {
      const key = JSON.stringify([group.task, group.kind, group.name]);
      kinds.set(key, [...(kinds.get(key) ?? []), group]);
    }
    const sorted = [...kinds.values()];
    for (const kind of sorted) kind.sort((a, b) => b.share - a.share || b.trials - a.trials);
    return sorted.sort((a, b) => b[0].share - a[0].share || b[0].trials - a[0].trials);
  }

  /** One way to go wrong, with its conditions; `worst` stands for all of them. */
  function kindRow(kind, run, named, opened = false) {
    const worst = kind[0];
    const more = kind.length > 1 ? `, and at ${kind.length - 1} more` : "";
    const what = el(
      "span",
      { class: "what" },
      named.model ? `${run.label}: ` : "",
      el("b", {}, worst.says || worst.name),
      named.task ? `, ${worst.task}` : "",
      el("span", { class: "fine" }, `, worst at ${worst.condition}${more}`),
    );
    const rows = kind.map((group) => el("li", {}, groupLink(group, run, `at ${group.condition}`)));
    return el(
      "details",
      { class: "kind", open: opened },
      el("summary", {}, what, share(worst), el("span", { class: "of" }, ofAll(worst))),
      el("ul", { class: "groups" }, ...rows),
    );
  }

  function showGroups(wanted, run, groups) {
    const place = document.getElementById("groups");
    const kinds = kindsOf(groups.filter((group) => within(group, wanted)));
    if (kinds.length === 0) {
      place.replaceChildren(el("p", { class: "none" }, "Nothing went wrong here."));
      return;
    }
    const rows = (some) =>
      el(
        "ul",
        { class: "groups" },
        ...some.map((kind) => el("li", {}, kindRow(kind, run, { task: !wanted.task }, some.length === 1))),
      );
    const shown = [rows(kinds.slice(0, KINDS))];
    if (kinds.length > KINDS) {
      const more = el("button", { type: "button", class: "quiet" }, `Show all ${kinds.length}`);
      more.addEventListener("click", () => place.replaceChildren(rows(kinds)));
      shown.push(more);
    }
    place.replaceChildren(...shown);
  }

  async function showFailures() {
    for (const place of document.querySelectorAll("[data-failures]")) {
      const rows = [];
      for (const number of place.dataset.failures.split(" ").map(Number)) {
        const run = runs[number];
        const kinds = kindsOf((await run.source.groups()).filter((group) => group.task === place.dataset.task));
        for (const kind of kinds.slice(0, runs.length > 1 ? 2 : 6)) {
          rows.push(el("li", {}, kindRow(kind, run, { task: false, model: runs.length > 1 })));
        }
      }
      if (rows.length === 0) continue;
      place.replaceChildren(el("h3", {}, "What went wrong most often"), el("ul", { class: "groups" }, ...rows));
    }
  }

  function showFlaky(run, flaky) {
    const place = document.getElementById("flaky");
    place.replaceChildren();
    if (flaky.length === 0) return;
    const rows = flaky.slice(0, 100).map((item) =>
      el(
        "tr",
        {},
        el("td", {}, item.task),
        el("td", {}, item.condition),
        el(
          "td",
          {},
          el(
            "a",
            {
              href: address({
                model: runs.length > 1 ? run.label : "",
                task: item.task,
                condition: item.condition,
                item: item.item,
              }),
              "data-goto": true,
            },
            item.item,
          ),
        ),
        el("td", { class: "n", "data-v": item.passes / item.asks }, `${item.passes} of ${item.asks}`),
      ),
    );
    const head = ["Task", "Condition", "Item", "Passed"].map((name) => el("th", { scope: "col" }, name));
    const caption = "Items that pass sometimes: asked the very same again, they end differently";
    const table = el(
      "table",
      { class: "data" },
      el("caption", {}, caption),
      el("thead", {}, el("tr", {}, ...head)),
      el("tbody", {}, ...rows),
    );
    const box = el(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Items that pass sometimes" },
      table,
    );
    const holder = el("div", { class: "numbers" }, box);
    evalkit.dress(holder);
    place.append(el("h3", {}, "Items that pass sometimes"), holder);
  }

  // --- the list

  let listed = [];
  let total = 0;

  function showList(wanted, carriedOnly) {
    list.replaceChildren(...listed.map((trial) => el("li", {}, row(trial, address({ ...wanted, trial: trial.id })))));
    const found = document.getElementById("found");
    const n = total.toLocaleString("en");
    found.textContent =
      total === 0
        ? carriedOnly ? "No such trial is in this file." : "No trial fits."
        : `${n} ${total === 1 ? "trial" : "trials"}${wanted.item ? ` of item ${wanted.item}` : ""}${carriedOnly ? " in this file" : ""}.`;
    const more = document.getElementById("more");
    more.hidden = listed.length >= total;
    more.textContent = `Show ${Math.min(PIECE, total - listed.length)} more`;
  }

  let fetching = null; // of which filter the next piece is under way, and when it is there

  /** The next piece, fetched once however often it is asked for. */
  function more() {
    if (fetching?.of !== before) fetching = { of: before, done: fetchMore(before) };
    return fetching.done;
  }

  async function fetchMore(of) {
    const wanted = state();
    const run = runOf(wanted);
    const first = listed.length;
    let page;
    try {
      page = await run.source.page(filterOf(wanted), first, PIECE);
    } finally {
      if (fetching?.of === of) fetching = null;
    }
    if (of !== before) return; // another filter was chosen meanwhile
    listed = [...listed, ...page.trials];
    total = page.total;
    showList(state(), !run.api);
    if (!dialog.open) list.querySelectorAll("a.trial")[first]?.focus();
  }

  document.getElementById("more").addEventListener("click", () => guarded(more));

  // --- one trial

  let lastTrial = ""; // the one that the address named last: keys may be faster than what shows it

  async function showTrial(wanted, run) {
    const trial = await run.source.detail(wanted.trial);
    if (state().trial !== wanted.trial) return; // another was asked for meanwhile
    const title = document.getElementById("trial-title");
    const body = document.getElementById("trial-body");
    if (trial === null) {
      title.replaceChildren("This trial is not here");
      body.replaceChildren(
        el(
          "p",
          { class: "note" },
          run.api ? "The run has no such trial." : "The file does not carry it; the viewer shows every trial of a run.",
        ),
      );
    } else {
      title.replaceChildren(...evalkit.trialTitle(trial));
      const link = (other) => (run.source.has(other.id) ? address({ ...wanted, trial: other.id }) : null);
      body.replaceChildren(...evalkit.trialParts(trial, link));
    }
    const at = listed.findIndex((each) => each.id === wanted.trial);
    document.getElementById("previous").disabled = at <= 0;
    document.getElementById("next").disabled = at < 0 || at + 1 >= total;
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    title.focus();
  }

  let ahead = 0; // steps that were asked for and not gone yet
  let walking = false;

  /** Go on by so many trials; keys that come while a piece of the list is fetched are not lost. */
  async function step(by) {
    ahead += by;
    if (walking) return;
    walking = true;
    await guarded(async () => {
      const wanted = state();
      const at = listed.findIndex((each) => each.id === wanted.trial);
      for (let n = -1; at >= 0 && at + ahead >= listed.length && n < listed.length && listed.length < total; ) {
        n = listed.length;
        await more();
      }
      const next = at < 0 ? undefined : listed[Math.max(0, Math.min(at + ahead, listed.length - 1))];
      if (next && state().trial === wanted.trial) go({ ...wanted, trial: next.id });
    });
    ahead = 0;
    walking = false;
  }

  let opened = false; // whether the step back in the history leads to the page without a trial

  function close() {
    const wanted = state();
    lastTrial = wanted.trial || lastTrial;
    if (opened) history.back();
    else go({ ...wanted, trial: "" });
    opened = false;
  }

  document.getElementById("previous").addEventListener("click", () => step(-1));
  document.getElementById("next").addEventListener("click", () => step(1));
  document.getElementById("close").addEventListener("click", close);
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    close();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) close();
    const link = event.target.closest("a[href^='#']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault(); // from one trial to another is no step in the history
    location.replace(link.href);
  });

  // --- keys

  function move(by) {
    const rows = [...list.querySelectorAll("a.trial")];
    const at = rows.indexOf(document.activeElement);
    const next = at < 0 ? rows[0] : rows[at + by];
    if (!next) return false;
    next.focus();
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, select, textarea")) return;
    const forward = event.key === "j" || event.key === (dialog.open ? "ArrowRight" : "ArrowDown");
    const back = event.key === "k" || event.key === (dialog.open ? "ArrowLeft" : "ArrowUp");
    if (!forward && !back) return;
    if (dialog.open) {
      event.preventDefault();
      step(forward ? 1 : -1);
    } else if (event.key.length === 1 || list.contains(document.activeElement)) {
      if (move(forward ? 1 : -1)) event.preventDefault();
    }
  });

  // --- together

  /** Say when trials cannot be had, such as when the server has ended. */
  async function guarded(work) {
    try {
      await work();
    } catch (error) {
      document.getElementById("found").textContent = `Trials cannot be shown: ${error.message}.`;
      say(`Trials cannot be shown: ${error.message}.`);
    }
  }

  const groupsOf = new Map(); // by run, once they are known
  let before = null; // the filter that is shown

  async function show() {
    const fresh = before === null;
    const wanted = state();
    if (wanted.trial) lastTrial = wanted.trial;
    const run = runOf(wanted);
    const filtered = JSON.stringify({ ...wanted, trial: "" });
    if (filtered !== before) {
      before = filtered;
      document.getElementById("selection").textContent = run.source.says;
      fillFilters(wanted, run, groupsOf.get(run) ?? []);
      const page = await run.source.page(filterOf(wanted), 0, PIECE);
      if (filtered !== before) return; // overtaken
      listed = page.trials;
      total = page.total;
      showList(wanted, !run.api);
      void guarded(() => showAround(wanted, run, filtered));
    }
    if (wanted.trial) {
      if (!dialog.open) opened = !fresh;
      await showTrial(wanted, run);
    } else if (dialog.open) {
      dialog.close();
      [...list.querySelectorAll("a.trial")].find((each) => each.dataset.id === lastTrial)?.focus();
    }
  }

  /** What takes longer than the list of trials: of all trials, what went wrong. */
  async function showAround(wanted, run, filtered) {
    const [groups, flaky] = await Promise.all([run.source.groups(), run.source.flaky()]);
    groupsOf.set(run, groups);
    if (filtered !== before) return; // overtaken
    fillFilters(wanted, run, groups);
    showGroups(wanted, run, groups);
    showFlaky(run, flaky);
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-goto]");
    if (link) setTimeout(() => document.getElementById("list-title").scrollIntoView(), 50);
  });
  addEventListener("hashchange", () => guarded(show));
  guarded(show);
  guarded(showFailures);
})();
