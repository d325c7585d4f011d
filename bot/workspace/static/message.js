// The message pane: who said what and when, in order; what changes is redrawn alone, so that nobody loses their place.

import { fresh, h, refill } from "./dom.js";
import { renderBlocks } from "./block.js";
import { icon } from "./icon.js";
import { mrkdwn } from "./mrkdwn.js";
import { changed, names, person, store } from "./store.js";

const at = (ts) => new Date(Number(ts) * 1000);
const clock = (ts) => at(ts).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
const day = (ts) => at(ts).toLocaleDateString([], { weekday: "long", day: "numeric", month: "long", year: "numeric" });

export function avatar(id, size = "") {
  const one = person(id);
  if (!one || one.bot) return h("span", { class: `avatar app-avatar ${size}`, "aria-hidden": "true" }, icon("seal"));
  const letters = one.name.split(/\s+/).map((part) => part[0]).slice(0, 2).join("").toUpperCase();
  const hue = [...id].reduce((sum, char) => (sum * 31 + char.codePointAt(0)) % 8, 7);
  return h("span", { class: `avatar hue-${hue} ${size}`, "aria-hidden": "true" }, letters);
}

function reactions(message) {
  if (!message.reactions?.length) return null;
  return h("div", { class: "reactions" }, message.reactions.map((one) => h("span", null, mrkdwn(`:${one.name}:`, names), one.count)));
}

function replies(message) {
  if (!message.reply_count) return null;
  const open = () => {
    store.side = "thread";
    store.thread = message.ts;
    changed();
  };
  const word = message.reply_count === 1 ? "reply" : "replies";
  return h("button", { type: "button", class: "replies", onclick: open }, icon("thread"), `${message.reply_count} ${word}`);
}

function body(conversation, message) {
  const ctx = { id: message.ts, where: { channel: conversation.id, ts: message.ts } };
  const card = message.blocks?.length
    ? h("div", { class: "card" }, renderBlocks(ctx, message.blocks))
    : h("div", { class: "words" }, mrkdwn(message.text, names));
  return [
    message.local.ephemeral && h("p", { class: "only-you" }, icon("eye"), "Only visible to you"),
    card,
    message.local.lint.map((text) => h("p", { class: "lint", role: "note" }, icon("warn"), text)),
    reactions(message),
    replies(message),
  ];
}

function draw(conversation, message, follows) {
  const author = person(message.user);
  const label = fresh("who");
  return h(
    "article",
    {
      "class": `message ${message.local.ephemeral ? "ephemeral" : ""} ${follows ? "follows" : ""}`,
      "data": { ts: message.ts },
      "tabindex": "-1",
      "aria-labelledby": label,
    },
    avatar(message.user),
    h(
      "div",
      { class: "message-main" },
      h(
        "div",
        { class: "message-head", id: label },
        h("span", { class: "name" }, author?.name || "Somebody"),
        author?.bot && h("span", { class: "badge" }, "App"),
        h("time", { datetime: at(message.ts).toISOString(), title: at(message.ts).toLocaleString() }, clock(message.ts)),
        message.edited && h("span", { class: "edited" }, "edited"),
      ),
      body(conversation, message),
    ),
  );
}

// What a message looks like beyond its own data: presses that wait, errors, opened menus.
function signature(message, follows) {
  const mine = (name) => name.startsWith(`${message.ts} `);
  const local = [
    [...store.pending].filter(mine),
    [...store.failures].filter(([name]) => mine(name)),
    [...store.open].filter(mine),
    [...store.open].some(mine) ? store.values.get(message.ts) : null,
  ];
  return JSON.stringify([message, local, follows, store.state.people.length]);
}

const drawn = new WeakMap();

export function fill(list, conversation, messages) {
  const old = new Map([...list.querySelectorAll("article")].map((node) => [node.dataset.ts, node]));
  const wanted = [];
  let before = null;
  for (const message of [...messages].sort((a, b) => Number(a.ts) - Number(b.ts))) {
    if (!before || day(before.ts) !== day(message.ts))
      wanted.push(h("div", { class: "day", role: "separator" }, h("span", null, day(message.ts))));
    const close = before && before.user === message.user && message.ts - before.ts < 300 && !message.blocks && !before.blocks;
    const follows = Boolean(close && day(before.ts) === day(message.ts) && !message.local.ephemeral);
    const now = signature(message, follows);
    let node = old.get(message.ts);
    if (!node) {
      node = draw(conversation, message, follows);
    } else if (drawn.get(node) !== now) {
      const made = draw(conversation, message, follows);
      node.className = made.className;
      node.setAttribute("aria-labelledby", made.getAttribute("aria-labelledby"));
      refill(node, ...made.childNodes);
    }
    drawn.set(node, now);
    wanted.push(node);
    before = message;
  }
  const active = document.activeElement;
  list.querySelectorAll(".day").forEach((node) => node.remove());
  old.forEach((node) => wanted.includes(node) || node.remove());
  wanted.forEach((node, n) => {
    if (list.children[n] !== node) list.insertBefore(node, list.children[n] || null);
  });
  if (active?.isConnected && document.activeElement !== active) active.focus({ preventScroll: true });
}

// j and k walk through the messages, as in many readers.
export function walk(list, step) {
  const all = [...list.querySelectorAll("article")];
  const here = all.findIndex((node) => node.contains(document.activeElement));
  const next = here < 0 ? all.at(-1) : all[Math.min(all.length - 1, Math.max(0, here + step))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}
