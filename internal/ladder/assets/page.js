"use strict";
// The page steps through the lines of the ladders. All it knows stands in #data; see the types in html.go.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const sections = [...document.querySelectorAll(".connection")];
  const sides = ["left", "right"];
  let which = 0; // the connection shown
  let step = -1; // the line selected; -1: none, everything shows
  let rows = []; // the group of each line
  let grounds = []; // what lies below it
  let shown = []; // the lines that the filter leaves

  document.documentElement.classList.add("js");
  if (data.connections.length === 0) return;

  const connection = () => data.connections[which];
  const line = () => connection().lines[step];

  function element(tag, text, attributes) {
    const e = document.createElement(tag);
    if (text !== undefined) e.textContent = text;
    for (const [k, v] of Object.entries(attributes || {})) e.setAttribute(k, v);
    return e;
  }

  // show chooses a connection.
  function show(i) {
    which = (i + data.connections.length) % data.connections.length;
    sections.forEach((s, k) => { s.hidden = k !== which; });
    rows = [];
    grounds = [];
    sections[which].querySelectorAll(".row").forEach((r) => { rows[+r.dataset.line] = r; });
    sections[which].querySelectorAll(".hit").forEach((r) => { grounds[+r.dataset.line] = r; });
    $("connection").value = which;
    step = -1;
    fillStates();
    filter();
  }

  // fillStates offers the states that the ends enter.
  function fillStates() {
    const seen = new Set();
    const select = $("state");
    select.replaceChildren(element("option", "a state", { value: "" }));
    connection().lines.forEach((l) => sides.forEach((side) => (l[side] || []).forEach((state) => {
      const value = side + " " + state;
      if (seen.has(value)) return;
      seen.add(value);
      select.append(element("option", connection()[side].name + ": " + state, { value }));
    })));
  }

  // filter works as ParseFilter does.
  function filter() {
    const any = $("filter").value.toLowerCase().split(",").map((a) => a.split(/\s+/).filter((w) => w && w !== "!")).filter((a) => a.length);
    const holds = (l, word) => {
      const not = word[0] === "!";
      if (not) word = word.slice(1);
      return (data.tags.includes(word) ? l.tags.includes(word) : l.says.includes(word)) !== not;
    };
    shown = [];
    connection().lines.forEach((l, i) => {
      if (!rows[i]) return;
      const match = any.length === 0 || any.some((all) => all.every((w) => holds(l, w)));
      rows[i].classList.toggle("out", !match);
      if (match) shown.push(i);
    });
    go(step);
  }

  // go selects a line, or none with -1.
  function go(i) {
    step = i;
    const ids = step >= 0 ? line().ids || [] : [];
    rows.forEach((r, k) => {
      const mate = k !== step && (connection().lines[k].ids || []).some((id) => ids.includes(id));
      r.classList.toggle("later", step >= 0 && k > step);
      for (const e of [r, grounds[k]]) {
        e.classList.toggle("now", k === step);
        e.classList.toggle("mate", mate);
      }
    });
    if (grounds[step]) grounds[step].scrollIntoView({ block: "nearest" });
    $("count").textContent = step < 0 ? shown.length + " steps" : "step " + (shown.indexOf(step) + 1 || "–") + " of " + shown.length;
    sections[which].querySelectorAll(".plot").forEach(moveCursor);
    const remarks = currentRemarks();
    sections[which].querySelectorAll(".remarks li").forEach((li, k) => li.classList.toggle("now", remarks.includes(k)));
    details();
  }

  // move goes by one line that the filter leaves.
  function move(by) {
    const next = by > 0 ? shown.find((i) => i > step) : shown.findLast((i) => i < step);
    if (next !== undefined) go(next);
    else if (by < 0) go(-1);
  }

  // runTo goes to the next line in which an end enters a state, from the start again when there is none.
  function runTo(value) {
    const [side, state] = value.split(" ");
    const enters = (l) => (l[side] || []).includes(state);
    const lines = connection().lines;
    let i = lines.findIndex((l, k) => k > step && enters(l) && rows[k]);
    if (i < 0) i = lines.findIndex((l, k) => enters(l) && rows[k]);
    if (i >= 0) go(i);
  }

  function moveCursor(plot) {
    const cursor = plot.querySelector(".cursor");
    const { from, to, low, high } = plot.dataset;
    cursor.classList.toggle("on", step >= 0);
    if (step < 0) return;
    const x = +from + (line().time - low) / (high - low) * (to - from);
    const at = Math.min(Math.max(x, +from), +to);
    cursor.setAttribute("x1", at);
    cursor.setAttribute("x2", at);
  }

  // currentRemarks returns the indices of the remarks about the selected line.
  function currentRemarks() {
    const all = connection().remarks || [];
    const last = all.findLast((r) => r.line <= step);
    return last && step >= 0 ? all.flatMap((r, i) => (r.line === last.line ? [i] : [])) : [];
  }

  // until returns the states and the variables of both ends after the selected line, and what has just changed.
  function until() {
    const now = sides.map((side) => ({ state: connection()[side].state || "", vars: new Map(), fresh: new Set() }));
    connection().lines.slice(0, step + 1).forEach((l, i) => sides.forEach((side, k) => {
      const last = i === step;
      if (l[side]) {
        now[k].state = l[side].join(", then ");
        if (last) now[k].fresh.add("state");
        else now[k].state = l[side].at(-1);
      }
      ((l.changes || [])[k] || []).forEach(([name, value]) => {
        if (value === "off") now[k].vars.delete(name);
        else now[k].vars.set(name, value);
        if (last) now[k].fresh.add(name);
      });
    }));
    return now;
  }

  function details() {
    const pane = $("details");
    pane.replaceChildren();
    if (step < 0) {
      pane.append(element("h2", "Step through it"),
        element("p", "Press the right arrow, or click a line, to see the reason, the rule and the variables of both ends. ? shows all keys."));
      table(pane);
      return;
    }
    const l = line();
    currentRemarks().forEach((i) => {
      const r = connection().remarks[i];
      const p = element("p", r.text, { class: "remark" });
      if (r.rule.text) p.append(" (", r.rule.url ? element("a", r.rule.text, { href: r.rule.url, target: "_blank", rel: "noopener" }) : r.rule.text, ")");
      pane.append(p);
    });
    pane.append(element("h2", l.title));
    const list = element("dl");
    const add = (name, value) => {
      if (!value) return;
      const dd = element("dd");
      if (typeof value === "string") dd.textContent = value;
      else dd.append(...value);
      list.append(element("dt", name), dd);
    };
    add("time", l.at);
    add("reason", l.reason);
    add("note", l.note);
    add("rule", l.rules && l.rules.map((r) => {
      const p = element("div");
      p.append(r.url ? element("a", r.text, { href: r.url, target: "_blank", rel: "noopener" }) : r.text);
      return p;
    }));
    add("way", l.way);
    add("segment", l.wire);
    pane.append(list);
    table(pane);
  }

  // table shows the variables of both ends side by side.
  function table(pane) {
    const now = until();
    const t = element("table");
    const head = element("tr");
    head.append(element("th", ""), ...sides.map((side) => element("th", connection()[side].name)));
    t.append(head);
    const names = data.variables.filter((n) => now.some((e) => e.vars.has(n) || e.fresh.has(n)));
    ["state", ...names].forEach((name) => {
      const tr = element("tr");
      tr.append(element("td", name), ...now.map((e) => element("td",
        name === "state" ? e.state : e.vars.get(name) || (e.fresh.has(name) ? "off" : ""),
        e.fresh.has(name) ? { class: "new" } : {})));
      t.append(tr);
    });
    pane.append(t);
  }

  function theme() {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  }

  const keys = {
    ArrowRight: () => move(1), n: () => move(1), " ": () => move(1),
    ArrowLeft: () => move(-1), p: () => move(-1),
    Home: () => shown.length && go(shown[0]), End: () => shown.length && go(shown.at(-1)),
    "/": () => $("filter").focus(), s: () => $("state").focus(),
    "[": () => show(which - 1), "]": () => show(which + 1),
    d: theme, "?": () => $("keys").showModal(), Escape: () => go(-1),
  };
  document.addEventListener("keydown", (e) => {
    const typing = ["INPUT", "SELECT", "BUTTON"].includes(e.target.tagName);
    if (e.key === "Escape" && typing) e.target.blur();
    const press = e.key === " " || e.key === "Enter";
    if (typing && (e.target.tagName !== "BUTTON" || press) || e.ctrlKey || e.metaKey || e.altKey || $("keys").open || !keys[e.key]) return;
    e.preventDefault();
    keys[e.key]();
  });
  $("next").onclick = () => move(1);
  $("back").onclick = () => move(-1);
  $("theme").onclick = theme;
  $("help").onclick = () => $("keys").showModal();
  $("filter").oninput = filter;
  $("connection").onchange = (e) => show(+e.target.value);
  $("state").onchange = (e) => { if (e.target.value) runTo(e.target.value); e.target.value = ""; e.target.blur(); };
  document.addEventListener("click", (e) => {
    const row = e.target.closest("[data-line]");
    if (row && !e.target.closest("a")) go(+row.dataset.line);
  });
  show(0);
  if (location.hash.startsWith("#step-")) go(shown[Math.min(+location.hash.slice(6), shown.length) - 1] ?? -1);
})();
