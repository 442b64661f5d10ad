// Charts, tables and themes of a page. Texts are only ever put in as text, never as mark-up.
"use strict";

const evalkit = (() => {
  /** An element with attributes and children; texts become text nodes. */
  function el(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      made.setAttribute(key, value === true ? "" : String(value));
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  /** What the page carries: `themes`, `figures` and `runs`. */
  async function unpack() {
    const block = document.getElementById("packed");
    if (!block) return { themes: {}, figures: {}, runs: [] };
    const bytes = Uint8Array.from(atob(block.textContent), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).json();
  }

  const said = document.getElementById("said");

  /** Tell people who hear the page. */
  function say(text) {
    if (said) said.textContent = text;
  }

  return { el, say, carried: unpack() };
})();

// --- light and dark

(() => {
  const { say } = evalkit;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const button = document.getElementById("theme");
  const listeners = [];

  function dark() {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : system.matches;
  }

  function tell() {
    if (button) button.textContent = dark() ? "Light" : "Dark";
    for (const listener of listeners) listener();
  }

  /** Choose a theme; null: the system's. Nothing of it is stored. */
  function choose(name) {
    const known = document.documentElement.dataset.theme ?? null;
    if (name === known) return;
    if (name === "dark" || name === "light") document.documentElement.dataset.theme = name;
    else delete document.documentElement.dataset.theme;
    tell();
  }

  if (button) {
    button.hidden = false;
    button.setAttribute("aria-label", "Change between light and dark");
    button.addEventListener("click", () => {
      choose(dark() ? "light" : "dark");
      say(dark() ? "Dark" : "Light");
    });
    button.textContent = dark() ? "Light" : "Dark";
  }
  system.addEventListener("change", tell);
  choose(new URLSearchParams(location.hash.slice(1)).get("theme"));
  evalkit.theme = { dark, choose, changed: (listener) => listeners.push(listener) };
})();

// --- charts

(async () => {
  const { el } = evalkit;
  const { figures, themes } = await evalkit.carried;
  const hover = document.getElementById("hover");
  const LEAST = 300; // pixels; below that a chart is scrolled within its box
  const MOST = 900;
  const BESIDE = 84; // pixels for the axis of a panel, and for a name that stands out on the right
  const PLOT = 140; // pixels that words at both sides have to leave between the ends of an axis; else it scrolls
  let printing = false;

  /** Nothing is ever loaded, and no address leads anywhere. */
  const refuse = () => Promise.reject(new Error("nothing is loaded"));
  const loader = { load: refuse, sanitize: refuse, http: refuse, file: refuse, options: {} };

  /** The exact numbers beside the pointer, as text. */
  function showHover(_, event, item, value) {
    if (value === null || value === undefined || value === "") {
      hover.hidden = true;
      return;
    }
    if (typeof value === "object" && !Array.isArray(value)) {
      hover.replaceChildren(
        el(
          "dl",
          {},
          ...Object.entries(value).flatMap(([key, held]) => [el("dt", {}, key), el("dd", {}, String(held))]),
        ),
      );
    } else {
      hover.replaceChildren(
        ...String(value)
          .split("\n")
          .map((line) => el("p", {}, line)),
      );
    }
    hover.hidden = false;
    const { clientWidth, clientHeight } = document.documentElement;
    const box = hover.getBoundingClientRect();
    hover.style.left = `${Math.max(4, Math.min(event.clientX + 14, clientWidth - box.width - 8))}px`;
    hover.style.top = `${Math.max(4, event.clientY + 18 + box.height > clientHeight ? event.clientY - box.height - 10 : event.clientY + 18)}px`;
  }

  /** A chart of one view, or of panels below each other, as wide as its box; other ones keep their widths. */
  function fitted(spec, room) {
    if ("vconcat" in spec) {
      const width = Math.max(LEAST, Math.min(room, MOST)) - BESIDE;
      return { ...spec, vconcat: spec.vconcat.map((panel) => ({ ...panel, width })) };
    }
    const single = !["hconcat", "vconcat", "concat", "facet", "repeat", "spec"].some((key) => key in spec);
    if (!single || typeof spec.width !== "number") return spec;
    return { ...spec, width: Math.max(LEAST, Math.min(room, MOST)), autosize: { type: "fit-x", contains: "padding" } };
  }

  async function draw(box) {
    const dark = evalkit.theme.dark() && !printing;
    const spec = figures[box.dataset.figure]?.spec;
    if (!spec) return;
    const room = box.clientWidth;
    const state = `${dark} ${room}`;
    if (box.dataset.drawn === state || room === 0) return;
    box.dataset.drawn = state;
    const fit = fitted(spec, room);
    await show(box, fit, dark);
    if (box.dataset.drawn !== state) return; // drawn anew in the meantime
    if (fit.autosize && box.view.width() < PLOT) await show(box, { ...spec, width: PLOT }, dark);
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0; // arrow keys scroll it
    else box.removeAttribute("tabindex");
  }

  /** Resolves when the chart stands in its box with its final sizes. */
  async function show(box, spec, dark) {
    if (box.view) box.view.finalize();
    const config = { ...themes[dark ? "dark" : "light"], aria: false };
    const compiled = vegaLite.compile(spec, { config, logger: quiet() });
    const runtime = vega.parse(compiled.spec, {}, { ast: true });
    const holder = el("div", { "aria-hidden": "true" });
    box.replaceChildren(holder);
    box.view = new vega.View(runtime, {
      expr: vegaInterpreter.expressionInterpreter,
      renderer: "svg",
      hover: true,
      loader,
      logger: quiet(),
      tooltip: showHover,
    }).initialize(holder);
    await box.view.runAsync();
    // A name near the right end moves as the chart is fitted into its box, so the first fit leaves it cut off.
    if (spec.autosize) await box.view.resize().runAsync();
  }

  /** Remarks of the library go to the page's own record, so that tests see them, and not to the console. */
  function quiet() {
    const told = (evalkit.remarks ??= []);
    const logger = {
      level: () => logger,
      error: (...what) => (console.error(...what), logger),
      warn: (...what) => (told.push(what.join(" ")), logger),
      info: () => logger,
      debug: () => logger,
    };
    return logger;
  }

  const boxes = [...document.querySelectorAll("[data-figure]")];
  const near = new Set();
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (entry.isIntersecting) {
          near.add(entry.target);
          draw(entry.target);
        } else {
          near.delete(entry.target);
        }
      }
    },
    { rootMargin: "400px" },
  );
  for (const box of boxes) watcher.observe(box);

  function redrawNear() {
    for (const box of near) draw(box);
  }

  evalkit.theme.changed(redrawNear);
  let waiting = 0;
  addEventListener("resize", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(redrawNear);
  });
  document.addEventListener("scroll", () => (hover.hidden = true), { passive: true });

  for (const holder of document.querySelectorAll("[data-numbers]")) {
    holder.addEventListener("toggle", () => evalkit.numbers(holder, figures));
    if (holder.open) evalkit.numbers(holder, figures); // opened before this ran
  }
  // Paper is white, shows every chart that is not folded away, and the numbers that were opened.
  addEventListener("beforeprint", () => {
    printing = true;
    for (const box of boxes) if (box.checkVisibility()) draw(box);
  });
  addEventListener("afterprint", () => {
    printing = false;
    redrawNear();
  });
})();

// --- tables

(() => {
  const { el, say } = evalkit;

  /** What a cell is sorted by: its number, or its text. */
  function key(cell) {
    if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
    return cell.textContent.trim();
  }

  /** Numbers before texts; what was not measured last, whichever way. */
  function compare(a, b, ascending) {
    const [missingA, missingB] = [a === "–" || a === "", b === "–" || b === ""];
    if (missingA || missingB) return Number(missingA) - Number(missingB);
    const order =
      typeof a === "number" && typeof b === "number"
        ? a - b
        : natural(String(a), String(b));
    return ascending ? order : -order;
  }

  /** Numbers within texts by their value: noise@0.02 before noise@0.1, 2 before 10. */
  function natural(a, b) {
    const [some, others] = [a, b].map((text) => text.split(/(\d+(?:\.\d+)?)/));
    for (let place = 0; place < Math.min(some.length, others.length); place++) {
      const order =
        place % 2 ? Number(some[place]) - Number(others[place]) : some[place].localeCompare(others[place]);
      if (order) return order;
    }
    return some.length - others.length;
  }

  function sort(table, column, ascending) {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const keys = new Map(rows.map((row) => [row, key(row.cells[column])]));
    rows.sort((a, b) => compare(keys.get(a), keys.get(b), ascending));
    body.append(...rows);
    for (const [index, head] of [...table.tHead.rows[0].cells].entries()) {
      if (index === column) head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    }
  }

  /** A cell for a spreadsheet: one line, and no formula. */
  function copied(cell) {
    if (cell.dataset.v !== undefined) return cell.dataset.v;
    const text = cell.textContent.trim().replace(/\s+/g, " ");
    return /^[=+\-@]/.test(text) ? `'${text}` : text;
  }

  function asText(table) {
    const rows = [table.tHead.rows[0], ...[...table.tBodies[0].rows].filter((row) => !row.hidden)];
    return rows.map((row) => [...row.cells].map(copied).join("\t")).join("\n") + "\n";
  }

  async function copy(table) {
    const text = asText(table);
    try {
      await navigator.clipboard.writeText(text);
      say("Copied");
      return true;
    } catch {
      return fallback(text);
    }
  }

  /** Where the clipboard's own way is closed, as for a file on disk. */
  function fallback(text) {
    const area = el("textarea", { class: "sr", "aria-hidden": "true", tabindex: "-1" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    say(done ? "Copied" : "It could not be copied");
    return done;
  }

  function dress(holder) {
    const table = holder.querySelector("table");
    const caption = table.caption.textContent;
    for (const [column, head] of [...table.tHead.rows[0].cells].entries()) {
      const name = head.textContent;
      const button = el("button", { type: "button", class: "sort" }, name);
      button.addEventListener("click", () => sort(table, column, head.getAttribute("aria-sort") !== "ascending"));
      head.replaceChildren(button);
    }
    const filter = el("input", { type: "search", placeholder: "Filter rows", "aria-label": `Filter: ${caption}` });
    const count = el("span", { class: "count", "aria-live": "polite" });
    filter.addEventListener("input", () => {
      const wanted = filter.value.trim().toLowerCase();
      let shown = 0;
      for (const row of table.tBodies[0].rows) {
        row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
        shown += row.hidden ? 0 : 1;
      }
      count.textContent = wanted === "" ? "" : `${shown} of ${table.tBodies[0].rows.length} rows`;
    });
    const button = el("button", { type: "button", class: "quiet", "aria-label": `Copy: ${caption}` }, "Copy");
    button.addEventListener("click", async () => {
      button.textContent = (await copy(table)) ? "Copied" : "Not copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
    holder.prepend(el("div", { class: "tools" }, filter, count, button));
  }

  /** The numbers of a figure as a table, made when somebody wants to see them. */
  function numbers(holder, figures) {
    const figure = figures[holder.dataset.numbers];
    if (!figure || holder.querySelector("table")) return;
    const head = figure.columns.map(([name, isNumber]) =>
      el("th", { scope: "col", class: isNumber ? "n" : null }, name),
    );
    const rows = figure.rows.map((row) =>
      el(
        "tr",
        {},
        ...row.map((cell, column) => {
          const [text, value] = Array.isArray(cell) ? cell : [cell, null];
          return el("td", { class: figure.columns[column][1] ? "n" : null, "data-v": value }, text);
        }),
      ),
    );
    const table = el(
      "table",
      { class: "data" },
      el("caption", {}, figure.caption),
      el("thead", {}, el("tr", {}, ...head)),
      el("tbody", {}, ...rows),
    );
    const box = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": figure.caption }, table);
    const made = el("div", { class: "numbers" }, box);
    dress(made);
    holder.append(made);
  }

  for (const holder of document.querySelectorAll("[data-table]")) dress(holder);
  evalkit.numbers = numbers;
  evalkit.dress = dress;
  evalkit.asText = asText;
})();
