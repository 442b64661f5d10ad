// Where trials come from: the page itself, or a server that gives them in pieces. Both answer alike.
"use strict";

(() => {
  /** Trials that the page carries. */
  function embedded(trials) {
    const known = new Map((trials?.trials ?? []).map((trial) => [trial.id, trial]));

    function says(trials) {
      const everyOne = "To see every trial: evalkit view, with the folder of the run.";
      if (!trials) return `No trials of this model are in this file. ${everyOne}`;
      return trials.trials.length < trials.total ? `${trials.says} ${everyOne}` : trials.says;
    }

    function fits(trial, filter) {
      return (
        (!filter.task || trial.task === filter.task) &&
        (!filter.condition || trial.condition === filter.condition) &&
        (!filter.outcome || trial.outcome === filter.outcome) &&
        (!filter.constraint || trial.failed.includes(filter.constraint)) &&
        (!filter.reason || trial.reason === filter.reason) &&
        (!filter.item || trial.item === filter.item) &&
        (!filter.text || holds(trial, filter.text.toLowerCase()))
      );
    }

    function holds(trial, wanted) {
      const response = (trial.response ?? []).map((part) => part.text).join("");
      return [trial.item, response].some((text) => text.toLowerCase().includes(wanted));
    }

    return {
      says: says(trials),
      has: (id) => known.has(id),
      groups: async () => trials?.groups ?? [],
      flaky: async () => trials?.flaky ?? [],
      page: async (filter, offset, limit) => {
        const found = [...known.values()].filter((trial) => fits(trial, filter));
        return { total: found.length, offset, trials: found.slice(offset, offset + limit) };
      },
      detail: async (id) => known.get(id) ?? null,
    };
  }

  /** Trials that a server gives in pieces. */
  function fetched(api) {
    async function get(path, query) {
      const reply = await fetch(`${api}/${path}${query ? `?${query}` : ""}`, { credentials: "same-origin" });
      if (reply.status === 404) return null;
      if (!reply.ok) throw new Error(`the server said ${reply.status}`);
      return reply.json();
    }

    return {
      says: "",
      has: () => true,
      groups: async () => (await get("groups"))?.groups ?? [],
      flaky: async () => (await get("flaky"))?.flaky ?? [],
      page: (filter, offset, limit) => {
        const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value));
        query.set("offset", offset);
        query.set("limit", limit);
        return get("trials", query);
      },
      detail: (id) => get(`trial/${id.split("/").map(encodeURIComponent).join("/")}`),
    };
  }

  Object.assign(evalkit, { embedded, fetched });
})();
