// Who you are, where you can go, what is unread, and what to try first.

import { arrows, h, refill } from "./dom.js";
import { icon } from "./icon.js";
import { avatar } from "./message.js";
import { mrkdwn } from "./mrkdwn.js";
import { app, changed, go, load, me, names, remember, store } from "./store.js";

const SWITCH = "people";

function flags(one) {
  if (one.deleted) return "deactivated";
  if (one.stranger) return "outsider";
  return one.guest ? "guest" : "";
}

export const shouldBeRefused = (one) => one.deleted || one.stranger || one.guest;

async function become(id) {
  store.open.delete(SWITCH);
  document.body.classList.remove("drawer");
  const { place, tab } = store;
  store.thread = "";
  if (store.side === "thread") store.side = "";
  const direct = place === app()?.id;
  await load(id);
  go(direct ? app().id : place, tab);
  if (!store.state.conversations.some((one) => one.id === store.place)) go(app().id, "messages");
  remember();
}

function switcher() {
  const isOpen = store.open.has(SWITCH);
  const flip = () => {
    if (!store.open.delete(SWITCH)) store.open.add(SWITCH);
    changed();
    if (store.open.has(SWITCH)) requestAnimationFrame(() => document.querySelector(".person[aria-checked=true]")?.focus());
  };
  return h(
    "div",
    {
      class: "switcher",
      onkeydown: (event) => {
        if (event.key !== "Escape" || !isOpen) return;
        event.stopPropagation();
        flip();
        requestAnimationFrame(() => document.querySelector(".you")?.focus());
      },
    },
    h(
      "button",
      { "type": "button", "class": "you", "aria-expanded": String(isOpen), "aria-haspopup": "menu", "onclick": flip, "data": { key: "you" } },
      avatar(me().id),
      h("span", { class: "you-text" }, h("small", null, flags(me()) ? `You are (${flags(me())})` : "You are"), h("strong", null, me().name)),
      icon("down"),
    ),
    isOpen &&
      arrows(
        h(
          "div",
          { "class": "popover people", "role": "menu", "aria-label": "Act as somebody else" },
          store.state.people
            .filter((one) => !one.bot)
            .map((one) =>
              h(
                "button",
                {
                  "type": "button", "class": "person", "role": "menuitemradio", "data": { key: `person ${one.id}` },
                  "aria-checked": String(one.id === me().id), "onclick": () => become(one.id),
                },
                avatar(one.id),
                h("span", null, h("strong", null, one.name), h("small", null, one.title && one.note && !shouldBeRefused(one) ? `${one.title} · ${one.note}` : one.title || one.note)),
                flags(one) && h("span", { class: "flag" }, flags(one)),
              ),
            ),
        ),
        ".person",
      ),
  );
}

function place(conversation) {
  const direct = conversation.kind === "im";
  const kind = direct ? "chat" : conversation.shared ? "globe" : conversation.private ? "lock" : "hash";
  const here = store.place === conversation.id && store.tab === "messages";
  return h(
    "button",
    {
      "type": "button",
      "class": `place ${conversation.unread ? "unread" : ""}`,
      "aria-current": here ? "page" : null,
      "data": { key: `place ${conversation.id}` },
      "onclick": () => {
        document.body.classList.remove("drawer");
        go(conversation.id);
      },
    },
    icon(kind),
    h("span", null, direct ? "Messages" : conversation.name),
    conversation.unread > 0 &&
      h("span", { class: "count", "aria-label": `${conversation.unread} unread` }, Math.min(conversation.unread, 99)),
  );
}

function home() {
  return h(
    "button",
    {
      "type": "button",
      "class": "place",
      "aria-current": store.tab === "home" ? "page" : null,
      "data": { key: "place home" },
      "onclick": () => {
        document.body.classList.remove("drawer");
        store.openHome();
      },
    },
    icon("home"),
    h("span", null, "Home"),
  );
}

function tries() {
  if (!store.state.tries.length) return null;
  return h(
    "section",
    { class: "tries" },
    h("h2", null, store.state.tries.length === 3 ? "Three things to try" : "Try this"),
    h("ol", null, store.state.tries.map((text) => h("li", null, mrkdwn(text, names)))),
  );
}

export function drawSidebar(node) {
  const rooms = store.state.conversations.filter((one) => one.kind !== "im");
  const list = (title, ...items) =>
    items.flat().length ? h("section", { class: "places" }, h("h2", null, title), items) : null;
  refill(
    node,
    h("div", { class: "team" }, h("span", { class: "team-mark", "aria-hidden": "true" }, store.state.team.name[0]), h("span", null, h("strong", null, store.state.team.name), h("small", null, "local workspace"))),
    switcher(),
    arrows(
      h(
        "div",
        { class: "lists" },
        list(store.state.team.app, home(), store.state.conversations.filter((one) => one.kind === "im").map(place)),
        list("Channels", rooms.map(place)),
      ),
      ".place",
    ),
    tries(),
  );
}
