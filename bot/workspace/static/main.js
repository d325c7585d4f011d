// Puts the page together and redraws what changed.

import { h, put, refill } from "./dom.js";
import { renderBlocks } from "./block.js";
import { composer } from "./composer.js";
import { icon } from "./icon.js";
import { drawInspector } from "./inspector.js";
import { fill, walk } from "./message.js";
import { drawModal } from "./modal.js";
import { mrkdwn } from "./mrkdwn.js";
import { drawSidebar, shouldBeRefused } from "./sidebar.js";
import { app, changed, conversation, go, load, me, names, onChange, remember, remembered, send, store } from "./store.js";
import { toast } from "./toast.js";

const byId = (id) => document.getElementById(id);
const THEMES = { auto: ["half", "as the system has it"], light: ["sun", "light"], dark: ["moon", "dark"] };

function theme() {
  return document.documentElement.dataset.theme;
}

function nextTheme() {
  const order = Object.keys(THEMES);
  const next = order[(order.indexOf(theme()) + 1) % order.length];
  document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem("theme", next);
  } catch {
    // A browser without storage forgets the choice; nothing else is lost.
  }
  changed();
}

function setSide(name) {
  store.side = store.side === name ? "" : name;
  changed();
}

store.openHome = async () => {
  go(app().id, "home");
  const done = await send("home", {});
  if (!done.ok) toast(done.sentence);
};

function lastPress() {
  const last = store.state.journal.findLast((entry) => entry.kind !== "call");
  if (!last || last.verdict === "waiting") return null;
  return h("span", { class: `chip wide ${last.verdict}` }, `${last.status || "–"} · ${Math.round(last.ms)} ms`);
}

function drawStrip() {
  const drawer = () => document.body.classList.toggle("drawer");
  refill(
    byId("strip"),
    h("button", { "type": "button", "class": "button ghost icon-only only-narrow", "aria-label": "Conversations", "onclick": drawer, "data": { key: "menu" } }, icon("menu")),
    h("p", null, h("strong", null, "Local stand-in, not Slack."), h("span", { class: "wide" }, " Everything happens on this machine.")),
    !store.connected && h("span", { class: "chip failed" }, store.lost ? "Started anew: open the address it printed" : "reconnecting…"),
    h("span", { class: "grow" }),
    h("button", { "type": "button", "class": "button ghost", "onclick": () => setSide("inspector"), "aria-pressed": String(store.side === "inspector"), "data": { key: "inspector" } }, icon("pulse"), h("span", { class: "wide" }, "Inspector"), lastPress()),
    h("button", { "type": "button", "class": "button ghost icon-only", "aria-label": `Colours: ${THEMES[theme()][1]}. Change`, "title": `Colours: ${THEMES[theme()][1]}`, "onclick": nextTheme, "data": { key: "theme" } }, icon(THEMES[theme()][0])),
  );
}

function headline(where) {
  const direct = where.kind === "im";
  const tab = (name, label, act) =>
    h("button", { "type": "button", "class": "head-tab", "aria-current": store.tab === name ? "page" : null, "onclick": act, "data": { key: `head ${name}` } }, label);
  const kind = where.shared ? "globe" : where.private ? "lock" : "hash";
  return h(
    "header",
    { class: "pane-head" },
    h("h1", null, direct ? icon("seal") : icon(kind), direct ? store.state.team.app : where.name),
    direct && h("div", { class: "head-tabs" }, tab("home", "Home", store.openHome), tab("messages", "Messages", () => go(where.id))),
    !direct && h("p", { class: "topic" }, where.topic || `${where.members.length} members`),
    where.shared && h("span", { class: "chip" }, "shared with another workspace"),
    where.archived && h("span", { class: "chip" }, "archived"),
  );
}

function warning() {
  if (!shouldBeRefused(me())) return null;
  const why = me().deleted ? "whose account is deactivated" : me().stranger ? "of another workspace" : "a guest here";
  return h("p", { class: "acting" }, icon("eye"), `You act as ${me().name}, ${why}. Whatever decides should refuse this.`);
}

function drawHome(pane) {
  const view = store.state.home;
  const signature = JSON.stringify([view?.hash, me().id, [...store.pending], [...store.failures], [...store.open]]);
  if (pane.dataset.drawn === signature) return;
  pane.dataset.drawn = signature;
  const ctx = view && { id: view.id, where: { view: view.id } };
  const scroll = pane.querySelector(".home")?.parentNode.scrollTop || 0;
  refill(
    pane,
    headline(app()),
    warning(),
    h(
      "div",
      { class: "scroll" },
      view
        ? h("div", { class: "home" }, renderBlocks(ctx, view.blocks))
        : h("div", { class: "empty" }, icon("home"), h("p", null, "Nothing is published here yet."), h("button", { type: "button", class: "button", onclick: store.openHome }, "Open Home again")),
    ),
  );
  pane.querySelector(".scroll").scrollTop = scroll;
}

function emptyText(where) {
  if (where.kind !== "im") return h("p", null, `This is the start of #${where.name}.`);
  const tries = store.state.tries.map((text) => h("li", null, mrkdwn(text, names)));
  return [h("p", null, `Nothing is here yet. ${store.state.team.app} writes when something waits for you.`), tries.length > 0 && h("ol", null, tries)];
}

function drawMessages(pane, where) {
  const name = `${me().id} ${where.id} ${where.archived} ${where.topic}`;
  if (pane.dataset.drawn !== name) {
    pane.dataset.drawn = name;
    refill(
      pane,
      headline(where),
      warning(),
      h("div", { class: "scroll" }, h("div", { "class": "messages", "role": "log", "aria-label": "Messages", "aria-live": "polite" }), h("div", { class: "empty", hidden: true }, icon("seal"), emptyText(where))),
      where.archived ? h("p", { class: "acting" }, "This channel is archived: nobody can write here.") : composer(where),
    );
    pane.dataset.count = "0";
  }
  const list = pane.querySelector(".messages");
  const scroll = pane.querySelector(".scroll");
  const top = where.messages.filter((message) => !message.thread_ts || message.thread_ts === message.ts);
  const near = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 120;
  const more = top.length > Number(pane.dataset.count);
  const last = top.reduce((newest, one) => (newest && Number(newest.ts) > Number(one.ts) ? newest : one), null);
  const mine = last && (last.local.ephemeral || last.user === me().id);
  fill(list, where, top);
  pane.querySelector(".empty").hidden = top.length > 0;
  // What answers me is shown to me; what others say does not take my place away.
  if (more && (near || mine || pane.dataset.count === "0")) scroll.scrollTop = scroll.scrollHeight;
  pane.dataset.count = String(top.length);
}

function drawThread(node, shut) {
  const where = conversation(store.place);
  const name = `${where.id} ${store.thread} ${me().id}`;
  if (node.dataset.thread !== name) {
    node.dataset.thread = name;
    refill(node, h("header", { class: "side-head" }, h("h2", null, "Thread"), shut), h("div", { class: "side-body" }, h("div", { "class": "messages", "role": "log", "aria-label": "Thread" })), composer(where, store.thread));
  }
  fill(node.querySelector(".messages"), where, where.messages.filter((message) => [message.ts, message.thread_ts].includes(store.thread)));
}

function drawSide() {
  const node = byId("side");
  node.hidden = !store.side;
  document.body.classList.toggle("with-side", Boolean(store.side));
  if (store.side !== "thread") delete node.dataset.thread;
  const shut = h("button", { "type": "button", "class": "button ghost icon-only", "aria-label": "Close the panel", "data": { key: "shut" }, "onclick": () => setSide(store.side) }, icon("close"));
  node.setAttribute("aria-label", store.side === "thread" ? "Thread" : "Inspector");
  if (store.side === "inspector") drawInspector(node, shut);
  else if (store.side === "thread") drawThread(node, shut);
  else node.replaceChildren();
}

function draw() {
  if (!store.state) return;
  drawStrip();
  drawSidebar(byId("sidebar"));
  const where = conversation(store.place) || app();
  if (store.tab === "home") drawHome(byId("pane"));
  else drawMessages(byId("pane"), where);
  drawSide();
  drawModal();
  const unread = store.state.conversations.reduce((sum, one) => sum + one.unread, 0);
  document.title = `${unread ? `(${unread}) ` : ""}${me().name} · local workspace`;
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, dialog");
  if (event.key === "Escape" && !typing) {
    document.body.classList.remove("drawer");
    if (store.open.size) {
      [...store.open].filter((key) => !key.startsWith("entry ")).forEach((key) => store.open.delete(key));
      changed();
    }
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const list = byId("pane").querySelector(".messages");
  if (event.key === "j" && list) walk(list, 1);
  if (event.key === "k" && list) walk(list, -1);
  if (event.key === "/") {
    event.preventDefault();
    byId("pane").querySelector(".composer textarea")?.focus();
  }
});

document.addEventListener("click", (event) => {
  const inside = event.target.closest(".switcher, .overflow, .multi, .entry, .tabs");
  if (event.target.isConnected && !inside && document.body.classList.contains("drawer") && !event.target.closest(".sidebar, .strip"))
    document.body.classList.remove("drawer");
  if (inside || !event.target.isConnected) return;
  const menus = [...store.open].filter((key) => !key.startsWith("entry "));
  menus.forEach((key) => store.open.delete(key));
  if (menus.length) changed();
});

async function start() {
  try {
    document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto";
  } catch {
    // No storage: the system's colours.
  }
  onChange(draw);
  const { user, place, tab } = remembered();
  store.place = place;
  await load(user, true);
  if (!store.state) {
    put(byId("pane"), h("p", { class: "empty" }, "The local workspace does not answer. Start it and reload this page."));
    return;
  }
  go(store.place, tab);
  if (tab === "home") await store.openHome();
  remember();
}

start();
