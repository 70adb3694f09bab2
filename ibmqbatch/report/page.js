"use strict";
(async () => {
  const byId = (id) => document.getElementById(id);
  const element = (tag, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };
  const number = (value) => value.toLocaleString("en");
  const figure = (value) =>
    value === null || value === undefined ? "–" : String(Number(Number(value).toPrecision(5)));
  const percent = (share) => `${(100 * share).toFixed(1)} %`;

  // Data and library stand in the page as base64 of zlib.
  const unpacked = async (id) => {
    const bytes = Uint8Array.from(atob(byId(id).textContent), (char) => char.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).text();
  };
  if (!("DecompressionStream" in window)) {
    byId("grid").append(
      element("p", { className: "note", textContent: "This browser is too old to draw this page." }),
    );
    return;
  }
  const data = JSON.parse(await unpacked("data"));

  // Circuits: a list of cards, of which those are drawn that can be seen.

  const MOST = 40000; // cards; a page cannot be any longer
  const GAP = 16;
  const AHEAD = 600; // pixels beyond the window that are drawn

  class Cards {
    constructor(host) {
      this.host = host;
      this.drawn = new Map();
      addEventListener("scroll", () => this.ask(), { passive: true });
      new ResizeObserver(() => this.ask()).observe(document.body);
    }
    show(items, draw, height) {
      Object.assign(this, { items: items.slice(0, MOST), draw, height });
      this.clear();
      this.update();
    }
    clear() {
      this.drawn.forEach((card) => card.remove());
      this.drawn.clear();
    }
    ask() {
      this.asked ??= requestAnimationFrame(() => {
        this.asked = undefined;
        this.update();
      });
    }
    update() {
      if (!this.items || this.host.classList.contains("loose")) return;
      const room = this.host.clientWidth;
      const columns = Math.max(1, Math.floor((room + GAP) / (336 + GAP)));
      const width = (room - GAP * (columns - 1)) / columns;
      const step = this.height + GAP;
      const total = this.items.length;
      this.host.style.height = `${Math.max(0, Math.ceil(total / columns) * step - GAP)}px`;
      const top = -this.host.getBoundingClientRect().top;
      const first = Math.max(0, Math.floor((top - AHEAD) / step)) * columns;
      const last = Math.min(total, Math.ceil((top + innerHeight + AHEAD) / step) * columns);
      for (const [place, card] of this.drawn) {
        if (place < first || place >= last) {
          card.remove();
          this.drawn.delete(place);
        }
      }
      for (let place = first; place < last; place++) {
        let card = this.drawn.get(place);
        if (!card) {
          card = this.draw(this.items[place]);
          card.setAttribute("aria-setsize", total);
          card.setAttribute("aria-posinset", place + 1);
          this.drawn.set(place, card);
          this.host.append(card);
        }
        const left = (place % columns) * (width + GAP);
        card.style.width = `${width}px`;
        card.style.height = `${this.height}px`;
        card.style.transform = `translate(${left}px, ${Math.floor(place / columns) * step}px)`;
      }
    }
    // Paper does not scroll.
    loosen(most) {
      this.clear();
      this.host.classList.add("loose");
      this.host.style.height = "auto";
      this.items.slice(0, most).forEach((item, place) => {
        const card = this.draw(item);
        card.style.width = "calc(50% - 8px)";
        this.drawn.set(place, card);
        this.host.append(card);
      });
    }
    tighten() {
      this.clear();
      this.host.classList.remove("loose");
      this.update();
    }
  }

  const LONGEST = 22; // characters of an outcome
  // Outcomes that are too long leave out what they have in common.
  const shortened = (outcomes) => {
    if (outcomes.every((outcome) => outcome.length <= LONGEST)) return outcomes;
    let start = 0;
    while (outcomes.every((o) => start < o.length && o[start] === outcomes[0][start])) start++;
    if (outcomes.length < 2 || start < 4) start = 0;
    return outcomes.map((outcome) => {
      const rest = outcome.slice(start);
      const end = rest.length > LONGEST ? `${rest.slice(0, LONGEST / 2)}…${rest.slice(-LONGEST / 2)}` : rest;
      return start ? `…${end}` : end;
    });
  };
  const described = (metadata) =>
    Object.entries(metadata)
      .map(([key, value]) =>
        `${key} = ${typeof value === "number" ? figure(value) : typeof value === "string" ? value : JSON.stringify(value)}`)
      .join("  ·  ");
  const heading = (item, right) => {
    const name = element("span", { textContent: item.name, title: item.name });
    const title = element("h3", {}, element("small", { textContent: item.index }), name);
    if (right) title.append(element("small", { className: "shots", textContent: right }));
    const meta = described(item.metadata);
    return [title, element("p", { className: "meta", textContent: meta, title: meta })];
  };
  const card = (...children) => {
    const made = element("article", { className: "card" }, ...children);
    made.setAttribute("role", "listitem");
    return made;
  };
  const row = (name, title, share, count, kind = "") => {
    const bar = element("i");
    bar.style.width = `${100 * share.bar}%`;
    const head = element("th", { scope: "row", textContent: name, title });
    return element("tr", { className: kind }, head,
      element("td", { className: "bar" }, bar),
      element("td", { className: "count", textContent: number(count) }),
      element("td", { className: "share", textContent: percent(share.of) }));
  };

  const c = data.circuits;
  const circuits = c.index.map((index, at) => ({
    at, index, name: c.name[at], metadata: c.metadata[at], shots: c.shots[at],
    outcomes: c.outcomes[at], counts: c.counts[at], distinct: c.distinct[at], rest: c.rest[at],
    top: c.shots[at] ? (c.counts[at][0] ?? 0) / c.shots[at] : -1,
  }));
  const drawCounts = (item) => {
    if (!item.counts.length) {
      const why = item.shots ? "What was measured was not classified into bits." : "No results are here.";
      return card(...heading(item), element("p", { className: "none", textContent: why }));
    }
    const largest = Math.max(...item.counts, item.rest);
    const names = shortened(item.outcomes);
    const body = element("tbody");
    item.counts.forEach((count, at) =>
      body.append(row(names[at], item.outcomes[at], { bar: count / largest, of: count / item.shots }, count)));
    const more = item.distinct - item.counts.length;
    if (more) {
      const share = { bar: item.rest / largest, of: item.rest / item.shots };
      body.append(row(`${number(more)} more`, `${number(more)} more outcomes`, share, item.rest, "rest"));
    }
    return card(...heading(item, `${number(item.shots)} shots`), element("table", {}, body));
  };
  const groups = new Map();
  for (const value of data.values) {
    const key = `${value.set} ${value.index}`;
    const found = groups.get(key) ?? { index: value.index, name: value.name, metadata: value.metadata, values: [] };
    found.values.push(value);
    groups.set(key, found);
  }
  const observed = [...groups.values()].map((item, at) => ({ ...item, at, shots: item.values[0].shots }));
  const withError = (value, error) => {
    if (value === null) return "missing";
    if (!error) return figure(value);
    const digits = Math.min(12, Math.max(0, 1 - Math.floor(Math.log10(error))));
    return `${value.toFixed(digits)} ± ${error.toFixed(digits)}`;
  };
  const MOST_VALUES = 9;
  const drawValues = (item) => {
    const reach = 1.05 * Math.max(1, ...item.values.map((each) => Math.abs(each.value ?? 0) + (each.error ?? 0)));
    const place = (value) => `${Math.min(100, Math.max(0, 50 + (50 * value) / reach))}%`;
    const body = element("tbody");
    for (const each of item.values.slice(0, MOST_VALUES)) {
      const axis = element("td", { className: "axis" });
      if (each.value !== null) {
        const line = element("i");
        line.style.left = place(each.value - (each.error ?? 0));
        line.style.width = `${(100 * (each.error ?? 0)) / reach}%`;
        const point = element("b");
        point.style.left = place(each.value);
        axis.append(line, point);
      }
      const name = each.observable.length > 18 ? `${each.observable.slice(0, 17)}…` : each.observable;
      body.append(element("tr", {}, element("th", { scope: "row", textContent: name, title: each.observable }),
        axis, element("td", { className: "share", textContent: withError(each.value, each.error) })));
    }
    const more = item.values.length - MOST_VALUES;
    const rest = more > 0 ? [element("p", { className: "none", textContent: `and ${more} more` })] : [];
    return card(...heading(item), element("table", {}, body), ...rest);
  };

  const HEAD = 84; // pixels of a card besides its rows
  const ROW = 24;
  const heightOf = (rows) => HEAD + ROW * Math.max(1, rows);
  const rowsOf = (list, rows) => list.reduce((most, item) => Math.max(most, rows(item)), 1);
  const kinds = {
    counts: {
      items: circuits, draw: drawCounts, noun: "circuit",
      height: heightOf(rowsOf(circuits, (item) => item.counts.length + (item.distinct > item.counts.length))),
      text: (item) => item.outcomes.join(" "),
      orders: { "most frequent outcome": (item) => item.top, "number of outcomes": (item) => item.distinct, shots: (item) => item.shots },
    },
    values: {
      items: observed, draw: drawValues, noun: "circuit",
      height: heightOf(rowsOf(observed, (item) => Math.min(MOST_VALUES + 1, item.values.length))),
      text: (item) => item.values.map((each) => each.observable).join(" "),
      orders: Object.fromEntries([...new Set(data.values.map((each) => each.observable))].slice(0, 30).map((name) => [
        `value of ${name}`, (item) => item.values.find((each) => each.observable === name)?.value ?? -Infinity])),
    },
  };
  const cards = new Cards(byId("grid"));
  let kind = kinds[observed.length ? "values" : "counts"];
  const keysOf = (items) => {
    const keys = new Set();
    for (const item of items) for (const key in item.metadata) keys.add(key);
    return [...keys].slice(0, 50);
  };
  const collator = new Intl.Collator("en", { numeric: true });
  const compared = (one, other) =>
    typeof one === "number" && typeof other === "number" ? one - other : collator.compare(one ?? "", other ?? "");
  const orders = () => ({
    index: (item) => item.at, name: (item) => item.name, ...kind.orders,
    ...Object.fromEntries(keysOf(kind.items).map((key) => [key, (item) => item.metadata[key]])),
  });
  const fillOrders = () => byId("sort").replaceChildren(...Object.keys(orders()).map((name) => element("option", { value: name, textContent: name })));
  const textOf = (item) => (item.text ??= [item.index, item.name,
    ...Object.entries(item.metadata).map(([key, value]) => `${key}=${typeof value === "object" ? JSON.stringify(value) : value}`),
    kind.text(item)].join("\n").toLowerCase());
  const arrange = () => {
    const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = words.length ? kind.items.filter((item) => words.every((word) => textOf(item).includes(word))) : [...kind.items];
    const key = orders()[byId("sort").value];
    const sign = byId("descending").checked ? -1 : 1;
    if (key) found.sort((a, b) => sign * compared(key(a), key(b)) || a.at - b.at);
    const all = number(kind.items.length);
    const plural = kind.items.length === 1 ? "" : "s";
    byId("found").textContent = (words.length ? `${number(found.length)} of ${all}` : all) + ` ${kind.noun}${plural}` +
      (found.length > MOST ? `, of which the first ${number(MOST)} are shown` : "");
    cards.show(found, kind.draw, kind.height);
  };
  let pending;
  byId("search").addEventListener("input", () => {
    clearTimeout(pending);
    pending = setTimeout(arrange, 80);
  });
  for (const id of ["sort", "descending"]) byId(id).addEventListener("change", arrange);
  if (observed.length) {
    byId("kinds").hidden = false;
    byId("kinds").addEventListener("click", (event) => {
      const chosen = event.target.closest("button");
      if (!chosen) return;
      for (const button of byId("kinds").children) button.setAttribute("aria-pressed", button === chosen);
      kind = kinds[chosen.dataset.kind];
      fillOrders();
      arrange();
    });
  }
  fillOrders();
  arrange();
  const MOST_PRINTED = 200;
  addEventListener("beforeprint", () => cards.loosen(MOST_PRINTED));
  addEventListener("afterprint", () => cards.tighten());

  // Charts: Vega-Lite, in colours that follow the page's.

  let library;
  const vegaEmbed = () => (library ??= unpacked("library").then((text) => {
    document.head.append(element("script", { textContent: text }));
    return window.vegaEmbed;
  }));
  const FONT = 'system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif';
  const config = {
    background: "transparent", font: FONT, view: { stroke: null },
    axis: {
      labelColor: "var(--soft)", titleColor: "var(--soft)", gridColor: "var(--grid)",
      domainColor: "var(--line)", tickColor: "var(--line)", labelFontSize: 12, titleFontSize: 12,
      titleFontWeight: "normal", titlePadding: 10, labelPadding: 6, tickSize: 4,
    },
    legend: { labelColor: "var(--soft)", titleColor: "var(--soft)", titleFontWeight: "normal", labelFontSize: 12, titleFontSize: 12 },
  };
  const tip = byId("tip");
  const tooltip = (handler, event, item, value) => {
    if (value === null || value === undefined || value === "") {
      tip.hidden = true;
      return;
    }
    tip.textContent = value;
    tip.hidden = false;
    const x = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    const y = event.clientY + 18 + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 10 : event.clientY + 18;
    tip.style.left = `${Math.max(8, x)}px`;
    tip.style.top = `${y}px`;
  };
  const draw = async (host, spec) => {
    const embed = await vegaEmbed();
    const whole = { $schema: "https://vega.github.io/schema/vega-lite/v6.json", width: "container", autosize: { type: "fit-x", contains: "padding" }, config, ...spec };
    host.finalize?.();
    const made = await embed(host, whole, { renderer: "svg", actions: false, ast: true, defaultStyle: false, tooltip });
    host.finalize = made.finalize;
    const svg = host.querySelector("svg");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", spec.description);
  };
  // What is drawn is told by the chart's description, and by the table beside it.
  const silent = (mark) => ({ ...mark, aria: false });

  const duration = (milliseconds) => {
    const seconds = milliseconds / 1000;
    return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  };
  const timeLine = (host, j) => {
    const now = Math.max(...j.finished, ...j.running, ...j.created);
    const bars = [];
    j.index.forEach((index, at) => {
      const created = j.created[at];
      if (created === null) return;
      const end = j.finished[at] ?? now;
      const running = j.running[at];
      const failed = { ERROR: "failed", CANCELLED: "cancelled" }[j.status[at]];
      const about = `Job ${index}, circuits ${j.circuits[at]}\n${j.status[at].toLowerCase()}`;
      const add = (part, from, to) => to >= from && bars.push({ y: index - 0.38, y2: index + 0.38, from, to, part, about: `${about}\n${part} ${duration(to - from)}` });
      if (running === null) add(failed ?? "queued", created, end);
      else {
        add("queued", created, running);
        add(failed ?? "ran", running, end);
      }
    });
    const count = j.index.length;
    const begun = Math.min(...bars.map((bar) => bar.from));
    const brief = now - begun < 120e3;
    if (brief) {
      for (const bar of bars) {
        bar.from = (bar.from - begun) / 1000;
        bar.to = (bar.to - begun) / 1000;
      }
    }
    const ticks = Math.max(2, Math.floor(host.clientWidth / 130));
    const height = Math.min(460, Math.max(70, count * 20));
    return draw(host, {
      description: `Time line of ${count} jobs: when each was queued and when it ran.`,
      height,
      data: { values: bars },
      mark: silent({ type: "rect", cornerRadius: count < 60 ? 3 : 0, minWidth: 1.5 }),
      encoding: {
        x: brief
          ? { field: "from", type: "quantitative", scale: { nice: false }, title: "seconds since the first submission", axis: { tickCount: ticks } }
          : { field: "from", type: "temporal", scale: { type: "utc", nice: false }, title: "UTC", axis: { tickCount: ticks, labelOverlap: "greedy" } },
        x2: { field: "to" },
        y: { field: "y", type: "quantitative", scale: { domain: [-0.6, count - 0.4], nice: false, reverse: true }, title: "Job", axis: { grid: false, tickMinStep: 1, tickCount: Math.min(10, count), format: "d" } },
        y2: { field: "y2" },
        color: { field: "part", type: "nominal", legend: null, scale: { domain: ["queued", "ran", "failed", "cancelled"], range: ["var(--queued)", "var(--running)", "var(--error)", "var(--cancelled)"] } },
        tooltip: { field: "about" },
      },
    });
  };

  const deviceMap = (host, { qubits, links }) => {
    const width = Math.max(...qubits.map((q) => q.x));
    const height = Math.max(...qubits.map((q) => q.y));
    const step = Math.min(72, host.clientWidth / (width + 1.6));
    const size = Math.min(26, step * 0.74);
    const unknown = "var(--rest)";
    const micro = (value) => (value === null ? "–" : `${figure(value.toFixed(1))} µs`);
    const spots = qubits.map((q, index) => ({
      x: q.x, y: q.y, index, used: q.circuits > 0 ? 1 : 0, error: q.readout_error, works: q.operational,
      about: `Qubit ${index}${q.operational ? "" : ", faulty"}\nreadout error ${q.readout_error === null ? "–" : percent(q.readout_error)}\nT1 ${micro(q.t1)}, T2 ${micro(q.t2)}\n${q.circuits ? `${number(q.circuits)} circuits` : "not used"}`,
    }));
    const lines = links.map((link) => {
      const [a, b] = link.qubits.map((q) => qubits[q]);
      return { x: a.x, y: a.y, x2: b.x, y2: b.y, error: link.error !== null && link.error < 1 ? link.error : null,
        about: `Qubits ${link.qubits.join(" and ")}\n${link.gate || "gate"} error ${link.error === null ? "–" : link.error >= 1 ? "faulty" : percent(link.error)}` };
    });
    const axes = (field, most, reverse) => ({ field, type: "quantitative", axis: null, scale: { domain: [-0.8, most + 0.8], nice: false, zero: false, reverse } });
    const place = { x: axes("x", width, false), y: axes("y", height, true) };
    const known = spots.map((q) => q.error).filter((e) => e !== null).sort((a, b) => a - b);
    const gates = lines.map((l) => l.error).filter((e) => e !== null).sort((a, b) => a - b);
    const scale = (values, scheme) => ({ type: "log", scheme, clamp: true, nice: false,
      domain: [Math.max(1e-6, values[0] || 1e-4), Math.max(2e-6, values[Math.floor(values.length * 0.97)] ?? 1)] });
    const error = (title, values, scheme) => values.length
      ? { condition: { test: "isValid(datum.error) && datum.error > 0", field: "error", type: "quantitative", title, scale: scale(values, scheme), legend: { orient: "bottom", titleLimit: 300, format: ".2~%", gradientLength: Math.min(220, (host.clientWidth - 70) / 2), tickCount: 4 } }, value: unknown }
      : { value: unknown };
    return draw(host, {
      description: `Map of ${qubits.length} qubits with their readout errors and the errors of the gates between them; ${spots.filter((q) => q.used).length} are used.`,
      width: (width + 1.6) * step, height: (height + 1.6) * step, autosize: { type: "pad" },
      resolve: { scale: { color: "independent" } },
      layer: [
        { data: { values: lines }, mark: silent({ type: "rule", invalid: "show", strokeWidth: Math.max(2, step / 8), strokeCap: "round" }),
          encoding: { ...place, x2: { field: "x2" }, y2: { field: "y2" }, color: error("Error of gates on two qubits", gates, "viridis"), tooltip: { field: "about" } } },
        { data: { values: spots }, mark: silent({ type: "point", shape: "circle", invalid: "show", filled: true, size: size * size, opacity: 1 }),
          encoding: { ...place, color: error("Readout error", known, "viridis"), tooltip: { field: "about" } } },
        { data: { values: spots.filter((q) => q.used) }, mark: silent({ type: "point", shape: "circle", filled: false, size: size * size * 1.75, strokeWidth: 2.2, stroke: "var(--ink)", opacity: 1 }), encoding: { ...place, tooltip: { field: "about" } } },
        ...(size >= 15 ? [{ data: { values: spots.map((q) => ({ ...q, light: known.length && q.error > known[Math.floor(known.length * 0.72)] })) },
          mark: silent({ type: "text", fontSize: Math.min(11, size * 0.48), tooltip: false }),
          encoding: { ...place, text: { field: "index" }, color: { condition: { test: "datum.light", value: "#111111" }, value: "#ffffff" }, tooltip: { field: "about" } } }] : []),
      ],
    });
  };

  const MOST_POINTS = 1000;
  const distinct = (values) => [...new Set(values)].sort((a, b) => a - b);
  const sweepChart = (sweep, id) => {
    const names = Object.keys(sweep.parameters);
    const at = { x: names[0], y: names[1] ?? "", picture: names.length > 1 ? "map" : "curves", slices: {}, quantity: sweep.chosen };
    const host = byId(`${id}-chart`);
    const choices = byId(`${id}-choices`);
    const select = (label, options, value, change) => {
      const made = element("select", {}, ...options.map(({ value: own, text }) => element("option", { value: own, textContent: text })));
      made.value = value;
      made.addEventListener("change", () => change(made.value));
      return element("label", { textContent: `${label} ` }, made);
    };
    const rows = () => {
      const { values, errors } = sweep.quantities[at.quantity];
      return sweep.circuits.map((circuit, n) => ({
        circuit, value: values[n], error: errors[n] ?? 0,
        ...Object.fromEntries(names.map((name, k) => [`p${k}`, sweep.parameters[name][n]])),
      })).filter((row) => row.value !== null && names.every((name, k) =>
        name === at.x || name === at.y || !(name in at.slices) || row[`p${k}`] === at.slices[name]));
    };
    const title = () => sweep.quantities[at.quantity].title;
    const fields = () => ({ x: `p${names.indexOf(at.x)}`, y: `p${names.indexOf(at.y)}` });
    const update = () => {
      const others = names.filter((name) => name !== at.x && name !== at.y);
      at.slices = Object.fromEntries(others.map((name) => {
        const there = distinct(sweep.parameters[name]);
        return [name, there.includes(at.slices[name]) ? at.slices[name] : there[0]];
      }));
      const quantities = sweep.quantities.map((q, n) => ({ value: n, text: q.kind === "expectation" ? q.label : q.kind === "outcome" ? `outcome ${shortened([q.label])[0]}` : `bit ${q.label} = 1` }));
      const parameters = names.map((name) => ({ value: name, text: name }));
      const shown = [select("Quantity", quantities, at.quantity, (v) => { at.quantity = Number(v); update(); })];
      if (names.length > 1) {
        shown.push(select("Picture", [{ value: "map", text: "heat map" }, { value: "curves", text: "curves" }], at.picture, (v) => { at.picture = v; update(); }));
        shown.push(select("Against", parameters, at.x, (v) => { if (v === at.y) at.y = at.x; at.x = v; update(); }));
        shown.push(select("and", parameters.filter((p) => p.value !== at.x), at.y, (v) => { at.y = v; update(); }));
        for (const name of others) {
          shown.push(select(name, distinct(sweep.parameters[name]).map((v) => ({ value: v, text: figure(v) })), at.slices[name], (v) => { at.slices[name] = Number(v); update(); }));
        }
      }
      choices.replaceChildren(...shown);
      if (byId(`${id}-table`).open) table();
      return drawSweep();
    };
    const table = () => {
      const head = [...names, title(), "standard error", "circuit"];
      const body = rows().slice(0, 2000).map((row) => element("tr", {}, ...[...names.map((_, k) => row[`p${k}`]), row.value, row.error, row.circuit]
        .map((value) => element("td", { className: "number", textContent: figure(value) }))));
      byId(`${id}-table`).querySelector(".scroll").replaceChildren(element("table", {},
        element("thead", {}, element("tr", {}, ...head.map((text) => element("th", { scope: "col", className: "number", textContent: text })))),
        element("tbody", {}, ...body)));
    };
    byId(`${id}-table`).addEventListener("toggle", () => byId(`${id}-table`).open && table());
    const drawSweep = () => {
      const expectation = sweep.quantities[at.quantity].kind === "expectation";
      const { x, y } = fields();
      const values = rows().map((row) => ({ ...row, low: row.value - row.error, high: row.value + row.error,
        about: `${names.map((name, k) => `${name} = ${figure(row[`p${k}`])}`).join("\n")}\n${title()}: ${withError(row.value, row.error)}\ncircuit ${row.circuit}` }));
      const reach = Math.max(...values.map((row) => Math.abs(row.value)), 1e-9);
      if (at.picture === "map" && at.y) {
        const scale = expectation ? { scheme: "purpleorange", domain: [-reach, reach] } : { scheme: "viridis", domain: [0, Math.max(...values.map((r) => r.value))] };
        const axis = (name) => ({ title: name, labelExpr: "format(datum.value, '.3~g')", labelOverlap: "greedy", labelSeparation: 10, labelAngle: 0, grid: false });
        return draw(host, {
          description: `Heat map of ${title()} against ${at.x} and ${at.y}, ${values.length} circuits.`,
          height: Math.max(140, Math.min(520, 24 * distinct(values.map((r) => r[y])).length)),
          data: { values },
          mark: silent({ type: "rect" }),
          encoding: {
            x: { field: x, type: "ordinal", axis: axis(at.x) },
            y: { field: y, type: "ordinal", sort: "descending", axis: axis(at.y) },
            color: { field: "value", type: "quantitative", title: title(), scale, legend: { orient: "bottom", gradientLength: Math.min(260, host.clientWidth - 60), format: ".3~g" } },
            tooltip: { field: "about" },
          },
        });
      }
      const series = at.y ? { field: y, type: "quantitative", title: at.y, scale: { scheme: "viridis" }, legend: { format: ".3~g" } } : { value: "var(--bar)" };
      const xAxis = { field: x, type: "quantitative", title: at.x, scale: { zero: false, nice: false, padding: 12 }, axis: { tickCount: Math.max(3, Math.floor(host.clientWidth / 90)) } };
      const yAxis = { type: "quantitative", title: title(), scale: expectation ? { zero: false } : { domainMin: 0, nice: true } };
      return draw(host, {
        description: `Curve of ${title()} against ${at.x}, ${values.length} circuits.`,
        height: 320,
        data: { values },
        encoding: { x: xAxis, color: series, ...(at.y ? { detail: { field: y } } : {}) },
        // So many points cannot be told apart, and would take seconds to draw.
        layer: values.length > MOST_POINTS
          ? [
              { mark: silent({ type: "area", opacity: 0.25 }), encoding: { y: { ...yAxis, field: "low" }, y2: { field: "high" } } },
              { mark: silent({ type: "line", strokeWidth: 1 }), encoding: { y: { ...yAxis, field: "value" } } },
            ]
          : [
              { mark: silent({ type: "line", strokeWidth: 1.5, opacity: 0.55 }), encoding: { y: { ...yAxis, field: "value" } } },
              { mark: silent({ type: "rule", strokeWidth: 1.5 }), encoding: { y: { ...yAxis, field: "low" }, y2: { field: "high" } } },
              { mark: silent({ type: "point", filled: true, size: 46, opacity: 1 }), encoding: { y: { ...yAxis, field: "value" }, tooltip: { field: "about" } } },
            ],
      });
    };
    return update();
  };

  // After the first look at the page is possible, one after the other.
  const idle = () => new Promise((done) => ("requestIdleCallback" in window ? requestIdleCallback(done, { timeout: 500 }) : setTimeout(done, 50)));
  for (const [at, set] of data.sets.entries()) {
    for (const [n, sweep] of set.sweeps.entries()) {
      await idle();
      await sweepChart(sweep, `sweep-${at}-${n}`);
    }
    const timeHost = byId(`time-${at}-chart`);
    if (timeHost) {
      await idle();
      await timeLine(timeHost, set.jobs);
    }
    if (set.device) {
      await idle();
      await deviceMap(byId(`device-${at}-chart`), set.device);
    }
  }
  document.documentElement.dataset.drawn = "true";
})();
