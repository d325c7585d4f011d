// Where one writes: messages, and slash commands with completion and usage hints.

import { arrows, h } from "./dom.js";
import { icon } from "./icon.js";
import { changed, send, store } from "./store.js";
import { toast } from "./toast.js";

function matches(text) {
  if (!text.startsWith("/")) return [];
  const word = text.split(/\s/)[0];
  if (text.includes(" ")) return store.state.commands.filter((one) => one.command === word);
  return store.state.commands.filter((one) => one.command.startsWith(word));
}

export function composer(conversation, thread = "") {
  const place = thread || conversation.id;
  const list = h("div", { class: "popover completion", role: "listbox", id: `completion-${place}`, hidden: true });
  const label = thread ? "Reply in the thread" : `Message ${conversation.kind === "im" ? conversation.name : `#${conversation.name}`}`;
  let at = 0;

  const box = h("textarea", {
    "rows": "1", "placeholder": thread ? "Reply…" : `${label}  ·  / for commands`, "aria-label": label, "maxlength": "4000",
    "aria-controls": list.id, "aria-autocomplete": "list", "data": { key: `box ${place}` }, "spellcheck": "true",
  });
  const button = h("button", { "type": "submit", "class": "button primary icon-only", "aria-label": "Send" }, icon("send"));
  const note = h("p", { class: "failure", role: "alert", hidden: true });

  function grow() {
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight, 160)}px`;
    button.disabled = !box.value.trim();
  }

  function complete(command) {
    box.value = `${command.command} `;
    box.focus();
    show();
  }

  function show() {
    const found = thread ? [] : matches(box.value);
    at = Math.min(at, Math.max(0, found.length - 1));
    list.replaceChildren(
      ...found.map((command, n) =>
        h(
          "button",
          {
            "type": "button", "role": "option", "tabindex": "-1", "id": `${list.id}-${n}`, "aria-selected": String(n === at),
            "onmousedown": (event) => {
              event.preventDefault();
              complete(command);
            },
          },
          h("span", null, h("strong", null, command.command), " ", h("code", null, command.usage_hint)),
          h("small", null, command.description),
        ),
      ),
    );
    list.hidden = !found.length;
    if (found.length) box.setAttribute("aria-activedescendant", `${list.id}-${at}`);
    else box.removeAttribute("aria-activedescendant");
    grow();
    return found;
  }

  async function submit() {
    const text = box.value.trim();
    if (!text || button.disabled) return;
    button.disabled = true;
    note.hidden = true;
    list.hidden = true;
    const act = text.startsWith("/") ? "command" : "say";
    const done = await send(act, { channel: conversation.id, text, thread_ts: thread });
    if (done.ok) box.value = "";
    note.replaceChildren(icon("warn"), done.ok ? "" : done.sentence);
    note.hidden = done.ok;
    grow();
    box.focus();
  }

  box.addEventListener("input", () => {
    note.hidden = true;
    at = 0;
    show();
  });
  box.addEventListener("blur", () => (list.hidden = true));
  box.addEventListener("focus", show);
  box.addEventListener("keydown", (event) => {
    const found = list.hidden ? [] : matches(box.value);
    const choosing = found.length > 0 && !box.value.includes(" ");
    if (choosing && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      at = (at + (event.key === "ArrowDown" ? 1 : -1) + found.length) % found.length;
      show();
    } else if (choosing && event.key === "Tab" && !event.shiftKey) {
      event.preventDefault();
      complete(found[at]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      list.hidden = true;
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      if (choosing && box.value !== found[at].command) complete(found[at]);
      else submit();
    }
  });
  button.disabled = true;

  return h(
    "form",
    {
      class: "composer",
      onsubmit: (event) => {
        event.preventDefault();
        submit();
      },
    },
    note,
    list,
    h("div", { class: "composer-box" }, !thread && menu(complete), box, button),
  );
}

// Commands and shortcuts in a menu, for whoever does not know them by name.
function menu(complete) {
  const { commands, shortcuts } = store.state;
  if (!commands.length && !shortcuts.length) return null;
  const list = h("div", { class: "popover menu up", role: "menu", hidden: true });
  const flip = (on) => {
    list.hidden = !on;
    open.setAttribute("aria-expanded", String(on));
    if (on) list.querySelector("button")?.focus();
  };
  const open = h(
    "button",
    {
      "type": "button", "class": "button ghost icon-only", "aria-label": "Commands and shortcuts", "aria-haspopup": "menu",
      "aria-expanded": "false", "onclick": () => flip(list.hidden),
    },
    icon("bolt"),
  );
  const item = (title, text, pick) =>
    h("button", { type: "button", role: "menuitem", onclick: () => (flip(false), pick()) }, h("span", null, title), h("small", null, text));
  const run = async (shortcut) => {
    const done = await send("shortcut", { callback_id: shortcut.callback_id });
    if (!done.ok) toast(done.sentence);
    changed();
  };
  list.append(
    ...shortcuts.map((one) => item(one.name, one.description || "Shortcut", () => run(one))),
    ...commands.map((one) => item(one.command, one.description, () => complete(one))),
  );
  return h(
    "div",
    {
      class: "overflow",
      onkeydown: (event) => {
        if (event.key !== "Escape" || list.hidden) return;
        event.stopPropagation();
        flip(false);
        open.focus();
      },
      onfocusout: (event) => {
        if (event.relatedTarget && !event.currentTarget.contains(event.relatedTarget)) flip(false);
      },
    },
    open,
    arrows(list, "button"),
  );
}
