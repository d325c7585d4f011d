// What happened behind each press: the request, the answer, the time against Slack's limit, the calls of the app.

import { h, refill } from "./dom.js";
import { icon } from "./icon.js";
import { changed, conversation, names, person, store } from "./store.js";
import { toast } from "./toast.js";

const WORDS = { ok: "answered", late: "too late", failed: "failed", unreachable: "not reached", waiting: "waiting", call: "call" };
const parts = new Map();

const pretty = (value) => {
  if (typeof value !== "string") return JSON.stringify(value, null, 2);
  try {
    return JSON.stringify(JSON.parse(value), null, 2);
  } catch {
    return value;
  }
};

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what} copied. Its signature is good for five minutes.`, "fine");
  } catch {
    toast("The browser did not allow copying. Select the text instead.");
  }
}

function meter(entry) {
  const share = Math.min(100, (entry.ms / store.state.ack_ms) * 100);
  const bar = h("span", { class: `meter-bar ${entry.verdict}` });
  bar.style.width = `${Math.max(share, 1.5)}%`;
  return h(
    "div",
    { "class": "meter", "role": "img", "aria-label": `${Math.round(entry.ms)} of ${store.state.ack_ms} milliseconds` },
    h("span", { class: "meter-track" }, bar),
    h("small", null, `${Math.round(entry.ms)} ms of ${store.state.ack_ms / 1000} s`),
  );
}

// For whom a call was: the person or the channel among its arguments.
function whom({ channel = "", user = "", user_id: home = "", users = "" }) {
  const id = String(user || home || users || channel);
  const direct = conversation(id)?.kind === "im" || (id.startsWith("D") && !conversation(id)) ? `U${id.slice(1)}` : id;
  return names.person(direct) || (names.channel(id) ? `#${names.channel(id)}` : "");
}

function call(one) {
  const name = whom(one.arguments);
  return h(
    "li",
    { class: one.ok ? "" : "bad" },
    h(
      "details",
      null,
      h("summary", null, icon(one.ok ? "check" : "close"), h("code", null, one.method), name && h("span", { class: "whom" }, name), one.error && h("em", null, one.error), one.at_ms !== null && h("small", null, `+${Math.round(one.at_ms)} ms`)),
      h("pre", { tabindex: "0" }, pretty(one.arguments)),
    ),
  );
}

function tabs(entry) {
  const now = parts.get(entry.id) || "payload";
  const texts = {
    payload: pretty(entry.payload),
    answer: entry.answer ? pretty(entry.answer) : "(empty: that is all Slack wants)",
    headers: Object.entries(entry.headers).map(([name, value]) => `${name}: ${value}`).join("\n"),
  };
  const tab = (name) =>
    h(
      "button",
      {
        "type": "button", "role": "tab", "aria-selected": String(name === now), "data": { key: `tab ${entry.id} ${name}` },
        "onclick": () => {
          parts.set(entry.id, name);
          changed();
        },
      },
      name[0].toUpperCase() + name.slice(1),
    );
  return [
    h(
      "div",
      { class: "tabs", role: "tablist" },
      Object.keys(texts).map(tab),
      h("button", { type: "button", class: "button small ghost", data: { key: `curl ${entry.id}` }, onclick: () => copy(entry.curl, "The curl command") }, icon("copy"), "Copy as curl"),
    ),
    h("pre", { tabindex: "0", "aria-label": now }, texts[now]),
  ];
}

function draw(entry) {
  const key = `entry ${entry.id}`;
  const isOpen = store.open.has(key);
  return h(
    "div",
    { class: `entry ${entry.verdict}` },
    h(
      "button",
      {
        "type": "button", "class": "entry-head", "aria-expanded": String(isOpen), "data": { key },
        "onclick": () => {
          if (!store.open.delete(key)) store.open.add(key);
          changed();
        },
      },
      h("span", { class: "entry-title" }, h("strong", null, entry.title), h("small", null, `${entry.kind}${person(entry.user) ? "" : " of somebody"}`)),
      h("span", { class: `chip ${entry.verdict}` }, entry.status ? `${entry.status} · ${WORDS[entry.verdict]}` : WORDS[entry.verdict]),
      icon(isOpen ? "down" : "right"),
    ),
    entry.verdict !== "waiting" && meter(entry),
    entry.note && h("p", { class: "failure" }, icon("warn"), entry.note),
    entry.ledger && h("p", { class: "ledger" }, icon("seal"), entry.ledger[1] > entry.ledger[0] ? `Ledger: entries ${entry.ledger[0]} → ${entry.ledger[1]}` : `Ledger: unchanged, ${entry.ledger[1]} entries`),
    entry.calls.length > 0 && h("ul", { class: "calls" }, entry.calls.map(call)),
    isOpen && h("div", { class: "entry-more" }, tabs(entry)),
  );
}

// Entries newest first; calls that belong to no press stand together.
function rows(entries) {
  const out = [];
  let calls = [];
  const flush = () => {
    if (calls.length) out.push(h("section", { class: "alone" }, h("h3", null, `${store.state.team.app}, by itself`), h("ul", { class: "calls" }, calls.map(call))));
    calls = [];
  };
  for (const entry of entries) {
    if (entry.kind === "call") {
      calls.push(...entry.calls);
    } else {
      flush();
      out.push(draw(entry));
    }
  }
  flush();
  return out;
}

export function drawInspector(node, shut) {
  const entries = [...store.state.journal].reverse();
  const scroll = node.querySelector(".side-body")?.scrollTop || 0;
  refill(
    node,
    h("header", { class: "side-head" }, h("div", null, h("h2", null, "Inspector"), h("small", null, "What was sent to the bot, and what it did")), shut),
    h(
      "div",
      { class: "side-body inspector" },
      entries.length ? rows(entries) : h("p", { class: "empty" }, "Press a button or type a command: what it sends stands here."),
    ),
  );
  node.querySelector(".side-body").scrollTop = scroll;
}
