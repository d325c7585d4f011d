// Forms: a stack of at most three, shown as such. Typed text survives errors and updates; Escape closes the one on top.

import { h, refill } from "./dom.js";
import { renderBlocks } from "./block.js";
import { icon } from "./icon.js";
import { plain } from "./mrkdwn.js";
import { changed, send, store } from "./store.js";

const dialog = () => document.getElementById("modal");
let waiting = false;
let shown = "";
let opener = "";

async function submit(view) {
  if (waiting) return;
  waiting = true;
  Object.assign(store, { errors: {}, modalError: "" });
  changed();
  const done = await send("submit", { view: view.id, values: store.values.get(view.id) || {} });
  waiting = false;
  store.errors = done.errors || {};
  store.modalError = Object.keys(store.errors).length ? "" : done.sentence || "";
  changed();
  if (Object.keys(store.errors).length)
    requestAnimationFrame(() => dialog().querySelector(".wrong input, .wrong select, .wrong textarea, .wrong button")?.focus());
}

export async function close() {
  if (waiting) return;
  Object.assign(store, { errors: {}, modalError: "" });
  await send("close", {});
}

function trail(stack) {
  if (stack.length < 2) return null;
  return h(
    "ol",
    { class: "trail", "aria-label": "Open forms" },
    stack.map((view, n) =>
      h("li", { "aria-current": n === stack.length - 1 ? "step" : null }, n > 0 && icon("right"), view.title.text),
    ),
  );
}

function content(stack) {
  const view = stack.at(-1);
  const ctx = { id: view.id, where: { view: view.id }, errors: store.errors };
  const asks = view.blocks.some((block) => block.type === "input");
  return h(
    "form",
    {
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        submit(view);
      },
    },
    h(
      "header",
      null,
      h("div", null, trail(stack), h("h2", { id: "modal-title" }, plain(view.title.text, view.title.emoji))),
      h(
        "button",
        { "type": "button", "class": "button ghost icon-only", "aria-label": "Close", "onclick": close, "data": { key: "x" } },
        icon("close"),
      ),
    ),
    h("div", { class: "modal-body" }, renderBlocks(ctx, view.blocks)),
    store.modalError && h("p", { class: "failure", role: "alert" }, icon("warn"), store.modalError),
    h(
      "footer",
      null,
      h("span", { class: "from" }, icon("seal"), store.state.team.app),
      h(
        "button",
        { type: "button", class: "button", onclick: close, data: { key: "close" } },
        view.close?.text || (view.submit ? "Cancel" : "Close"),
      ),
      (view.submit || asks) &&
        h(
          "button",
          {
            "type": "submit", "class": `button primary ${waiting ? "waiting" : ""}`, "disabled": waiting,
            "aria-busy": waiting ? "true" : null, "data": { key: "submit" },
          },
          h("span", null, view.submit ? plain(view.submit.text, view.submit.emoji) : "Submit"),
        ),
    ),
  );
}

export function drawModal() {
  const node = dialog();
  const stack = store.state?.stack || [];
  if (!stack.length) {
    waiting = false;
    shown = "";
    if (!node.open) return;
    node.close();
    // The button that opened the form may have been drawn anew meanwhile: its successor has the same key.
    [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === opener)?.focus({ preventScroll: true });
    return;
  }
  const view = stack.at(-1);
  const mine = (name) => name.startsWith(`${view.id} `);
  const now = JSON.stringify([
    stack.map((one) => one.hash), store.errors, store.modalError, waiting, [...store.pending].filter(mine),
    [...store.failures].filter(([name]) => mine(name)), [...store.open].filter(mine),
    [...store.open].some(mine) ? store.values.get(view.id) : null,
  ]);
  if (now === shown && node.open) return;
  const scroll = node.querySelector(".modal-body")?.scrollTop || 0;
  const first = !node.open || node.dataset.view !== view.id;
  shown = now;
  refill(node, content(stack));
  node.dataset.view = view.id;
  node.oncancel = (event) => {
    event.preventDefault();
    close();
  };
  if (!node.open) {
    opener = document.activeElement?.dataset?.key || "";
    node.showModal();
  }
  node.querySelector(".modal-body").scrollTop = first ? 0 : scroll;
  const wanted = view.blocks.find((block) => (block.element || block.accessory)?.focus_on_load);
  const key = wanted && `${view.id} ${wanted.block_id} ${(wanted.element || wanted.accessory).action_id}`;
  const asked = wanted && [...node.querySelectorAll("[data-key]")].find((one) => one.dataset.key.startsWith(key));
  if (first && asked) asked.focus();
  else if (first) (node.querySelector(".input input, .input textarea, .input select, .input button") || node.querySelector("footer button"))?.focus();
}
