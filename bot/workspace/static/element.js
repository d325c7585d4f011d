// Every element that the product may use, with its label, placeholder, first value and style; what is chosen is sent or kept.

import { arrows, fresh, h, put } from "./dom.js";
import { icon } from "./icon.js";
import { plain, textObject } from "./mrkdwn.js";
import { changed, names, send, store } from "./store.js";

const keyOf = (ctx, block, element) => `${ctx.id} ${block.block_id} ${element.action_id}`;
export const failureOf = (ctx, block) => store.failures.get(`${ctx.id} ${block.block_id}`);

export function optionsOf(element) {
  return element.options || (element.option_groups || []).flatMap((group) => group.options);
}

export function initial(element) {
  const one = element.initial_option?.value;
  const many = (element.initial_options || []).map((option) => option.value);
  const first = {
    static_select: one, radio_buttons: one, multi_static_select: many, checkboxes: many,
    users_select: element.initial_user, datepicker: element.initial_date, plain_text_input: element.initial_value,
  };
  return first[element.type] ?? "";
}

export function get(ctx, block, element) {
  return store.values.get(ctx.id)?.[block.block_id]?.[element.action_id] ?? initial(element);
}

function keep(ctx, block, element, value) {
  if (!store.values.has(ctx.id)) store.values.set(ctx.id, {});
  const all = store.values.get(ctx.id);
  all[block.block_id] = { ...all[block.block_id], [element.action_id]: value };
}

// Asks before what cannot be undone; on "no" nothing is sent.
export function confirmed(ask) {
  const dialog = document.getElementById("confirm");
  const style = ask.style === "danger" ? "danger" : "primary";
  return new Promise((resolve) => {
    const done = (answer) => () => {
      dialog.close();
      resolve(answer);
    };
    dialog.replaceChildren();
    put(
      dialog,
      h("h2", { id: "confirm-title" }, ask.title ? plain(ask.title.text, ask.title.emoji) : "Are you sure?"),
      h("div", { class: "confirm-text" }, textObject(ask.text, names)),
      h(
        "div",
        { class: "buttons-end" },
        h("button", { type: "button", class: "button", onclick: done(false) }, ask.deny?.text || "Cancel"),
        h("button", { type: "button", class: `button ${style}`, onclick: done(true) }, ask.confirm?.text || "Yes"),
      ),
    );
    dialog.oncancel = () => resolve(false);
    dialog.showModal();
    dialog.querySelector("button").focus();
  });
}

export async function use(ctx, block, element, value) {
  const key = keyOf(ctx, block, element);
  if (store.pending.has(key)) {
    // A second press of a button is one too many; a second choice is the one that counts.
    if (element.type !== "button") setTimeout(() => use(ctx, block, element, value), 100);
    return;
  }
  if (element.confirm && !(await confirmed(element.confirm))) {
    changed();
    return;
  }
  if (element.url) window.open(element.url, "_blank", "noopener,noreferrer");
  store.pending.add(key);
  store.failures.delete(`${ctx.id} ${block.block_id}`);
  changed();
  const done = await send("press", {
    ...ctx.where, block_id: block.block_id, action_id: element.action_id, value, values: store.values.get(ctx.id) || {},
  });
  store.pending.delete(key);
  if (!done.ok) store.failures.set(`${ctx.id} ${block.block_id}`, done.sentence);
  changed();
}

function chosen(ctx, block, element, value) {
  keep(ctx, block, element, value);
  if (block.type !== "input" || block.dispatch_action) use(ctx, block, element, value);
}

const busy = (ctx, block, element) => store.pending.has(keyOf(ctx, block, element));

function common(ctx, block, element, more) {
  return {
    "data": { key: keyOf(ctx, block, element) },
    "aria-label": block.type === "input" ? null : element.accessibility_label || element.placeholder?.text || "Choose",
    // Not `disabled`: that would take the focus away from whoever pressed it with the keyboard.
    "aria-disabled": busy(ctx, block, element) ? "true" : null,
    "aria-busy": busy(ctx, block, element) ? "true" : null,
    ...more,
  };
}

function button(ctx, block, element) {
  const waiting = busy(ctx, block, element);
  return h(
    "button",
    {
      ...common(ctx, block, element, {}),
      "type": "button",
      "class": `button ${element.style || ""} ${waiting ? "waiting" : ""}`,
      "aria-label": element.accessibility_label || null,
      "onclick": () => use(ctx, block, element),
    },
    h("span", null, plain(element.text.text, element.text.emoji)),
    element.url && icon("link"),
  );
}

function selectOptions(element) {
  const one = (option) => h("option", { value: option.value }, option.text.text);
  if (element.option_groups)
    return element.option_groups.map((group) =>
      h("optgroup", { label: group.label.text }, group.options.map(one)),
    );
  return element.options.map(one);
}

function select(ctx, block, element, options, extra) {
  const value = get(ctx, block, element);
  return h(
    "span",
    { class: "select" },
    h(
      "select",
      {
        ...common(ctx, block, element, extra),
        value,
        "class": value ? "" : "unset",
        "onchange": (event) => chosen(ctx, block, element, event.target.value),
      },
      h("option", { value: "" }, element.placeholder?.text || "Choose one"),
      options,
    ),
    icon("down"),
  );
}

const staticSelect = (ctx, block, element, extra) => select(ctx, block, element, selectOptions(element), extra);

function usersSelect(ctx, block, element, extra) {
  const people = store.state.people.filter((one) => !one.bot && !one.deleted);
  const options = people.map((one) => h("option", { value: one.id }, one.title ? `${one.name} · ${one.title}` : one.name));
  return select(ctx, block, element, options, extra);
}

// A list of several that opens in place; it closes with Escape or by moving on, and is sent then.
function multiSelect(ctx, block, element, extra) {
  const key = keyOf(ctx, block, element);
  const value = get(ctx, block, element) || [];
  const all = optionsOf(element);
  const labels = all.filter((option) => value.includes(option.value)).map((option) => option.text.text);
  const isOpen = store.open.has(key);
  const list = fresh("list");
  const shut = () => {
    if (!store.open.delete(key)) return;
    if (block.type !== "input" || block.dispatch_action) use(ctx, block, element, get(ctx, block, element) || []);
    changed();
  };
  const flip = (option) => (event) => {
    const now = new Set(get(ctx, block, element) || []);
    if (event.target.checked) now.add(option.value);
    else now.delete(option.value);
    const top = element.max_selected_items || 100;
    keep(ctx, block, element, all.map((one) => one.value).filter((one) => now.has(one)).slice(0, top));
    changed();
  };
  return h(
    "div",
    {
      class: "multi",
      onkeydown: (event) => {
        if (event.key !== "Escape" || !isOpen) return;
        event.preventDefault();
        event.stopPropagation();
        shut();
      },
      onfocusout: (event) => {
        if (isOpen && event.relatedTarget && !event.currentTarget.contains(event.relatedTarget)) shut();
      },
    },
    h(
      "button",
      {
        ...common(ctx, block, element, extra),
        "type": "button",
        "class": `multi-button ${labels.length ? "" : "unset"}`,
        "aria-expanded": String(isOpen),
        "aria-controls": list,
        "onclick": () => {
          if (isOpen) shut();
          else store.open.add(key);
          changed();
        },
      },
      h("span", null, labels.length ? labels.join(", ") : element.placeholder?.text || "Choose some"),
      icon("down"),
    ),
    isOpen &&
      arrows(
        h(
          "div",
          { class: "multi-list popover", id: list, role: "group" },
          all.map((option) =>
            h(
              "label",
              { class: "check" },
              h("input", {
                type: "checkbox", checked: value.includes(option.value), data: { key: `${key} ${option.value}` },
                onchange: flip(option),
              }),
              h("span", null, plain(option.text.text, option.text.emoji)),
            ),
          ),
          h("button", { type: "button", class: "button small primary", onclick: shut, data: { key: `${key} done` } }, "Done"),
        ),
        "input, button",
      ),
  );
}

function overflow(ctx, block, element, extra) {
  const key = keyOf(ctx, block, element);
  const isOpen = store.open.has(key);
  const shut = () => {
    store.open.delete(key);
    changed();
  };
  const pick = (option) => () => {
    store.open.delete(key);
    if (option.url) window.open(option.url, "_blank", "noopener,noreferrer");
    use(ctx, block, element, option.value);
  };
  return h(
    "div",
    {
      class: "overflow",
      onkeydown: (event) => {
        if (event.key !== "Escape" || !isOpen) return;
        event.preventDefault();
        event.stopPropagation();
        shut();
      },
      onfocusout: (event) => {
        if (isOpen && event.relatedTarget && !event.currentTarget.contains(event.relatedTarget)) shut();
      },
    },
    h(
      "button",
      {
        ...common(ctx, block, element, extra),
        "type": "button",
        "class": "button icon-only",
        "aria-label": "More actions",
        "aria-haspopup": "menu",
        "aria-expanded": String(isOpen),
        "onclick": () => {
          if (isOpen) store.open.delete(key);
          else store.open.add(key);
          changed();
        },
      },
      icon("dots"),
    ),
    isOpen &&
      arrows(
        h(
          "div",
          { class: "popover menu", role: "menu" },
          element.options.map((option, n) =>
            h(
              "button",
              { type: "button", role: "menuitem", onclick: pick(option), data: { key: `${key} ${n}` } },
              h("span", null, plain(option.text.text, option.text.emoji)),
              option.description && h("small", null, option.description.text),
            ),
          ),
        ),
        "button",
      ),
  );
}

function boxes(ctx, block, element, kind) {
  const value = get(ctx, block, element);
  const group = fresh("group");
  const isOn = (option) => (kind === "radio" ? value === option.value : (value || []).includes(option.value));
  const flip = (option) => (event) => {
    if (kind === "radio") return chosen(ctx, block, element, option.value);
    const now = new Set(get(ctx, block, element) || []);
    if (event.target.checked) now.add(option.value);
    else now.delete(option.value);
    return chosen(ctx, block, element, element.options.map((one) => one.value).filter((one) => now.has(one)));
  };
  return h(
    "div",
    { "class": "boxes", "role": kind === "radio" ? "radiogroup" : "group", "aria-label": block.label?.text || "Options" },
    element.options.map((option, n) =>
      h(
        "label",
        { class: kind === "radio" ? "check radio" : "check" },
        h("input", {
          type: kind === "radio" ? "radio" : "checkbox", name: group, checked: isOn(option),
          data: { key: `${keyOf(ctx, block, element)} ${n}` }, onchange: flip(option),
        }),
        h(
          "span",
          null,
          textObject(option.text, names),
          option.description && h("small", null, textObject(option.description, names)),
        ),
      ),
    ),
  );
}

function datepicker(ctx, block, element, extra) {
  return h("input", {
    ...common(ctx, block, element, extra),
    type: "date",
    value: get(ctx, block, element) || "",
    title: element.placeholder?.text || "Choose a date",
    onchange: (event) => chosen(ctx, block, element, event.target.value),
  });
}

function textInput(ctx, block, element, extra) {
  const told = block.dispatch_action ? element.dispatch_action_config?.trigger_actions_on || ["on_enter_pressed"] : [];
  const attributes = {
    ...common(ctx, block, element, extra),
    value: get(ctx, block, element) || "",
    onkeydown: (event) => {
      if (event.key !== "Enter" || element.multiline || !told.includes("on_enter_pressed")) return;
      event.preventDefault();
      use(ctx, block, element, event.target.value);
    },
    placeholder: element.placeholder?.text || "",
    maxlength: element.max_length || 3000,
    autocomplete: "off",
    oninput: (event) => {
      keep(ctx, block, element, event.target.value);
      if (told.includes("on_character_entered")) use(ctx, block, element, event.target.value);
    },
  };
  return element.multiline ? h("textarea", { ...attributes, rows: "4" }) : h("input", { ...attributes, type: "text" });
}

const ELEMENTS = {
  button, overflow, static_select: staticSelect, multi_static_select: multiSelect, users_select: usersSelect,
  radio_buttons: (ctx, block, element) => boxes(ctx, block, element, "radio"),
  checkboxes: (ctx, block, element) => boxes(ctx, block, element, "checkbox"),
  datepicker, plain_text_input: textInput,
};

export function renderElement(ctx, block, element, extra = {}) {
  const draw = ELEMENTS[element.type];
  if (!draw) return h("span", { class: "unknown" }, `This page cannot draw “${element.type}”.`);
  return draw(ctx, block, element, extra);
}
