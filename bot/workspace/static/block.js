// Every block that the product may use.

import { fresh, h } from "./dom.js";
import { failureOf, renderElement } from "./element.js";
import { icon } from "./icon.js";
import { plain, textObject } from "./mrkdwn.js";
import { names } from "./store.js";

function section(ctx, block) {
  return h(
    "div",
    { class: "block section" },
    h(
      "div",
      { class: "section-text" },
      block.text && textObject(block.text, names),
      block.fields && h("div", { class: "fields" }, block.fields.map((field) => h("div", null, textObject(field, names)))),
    ),
    block.accessory && h("div", { class: "accessory" }, renderElement(ctx, block, block.accessory)),
  );
}

function input(ctx, block) {
  const error = ctx.errors?.[block.block_id];
  const id = fresh("field");
  const note = [error && `${id}-error`, block.hint && `${id}-hint`].filter(Boolean).join(" ");
  const choice = block.element.type === "radio_buttons" || block.element.type === "checkboxes";
  const optional = block.optional && h("span", { class: "optional" }, "optional");
  const label = [plain(block.label.text, block.label.emoji), optional];
  const field = renderElement(ctx, block, block.element, {
    "id": id,
    "aria-describedby": note || null,
    "aria-invalid": error ? "true" : null,
    "aria-required": block.optional ? null : "true",
  });
  return h(
    "div",
    { class: `block input ${error ? "wrong" : ""}`, data: { block: block.block_id } },
    choice ? h("div", { class: "label" }, label) : h("label", { class: "label", for: id }, label),
    field,
    error && h("p", { class: "error", id: `${id}-error`, role: "alert" }, icon("warn"), error),
    block.hint && h("p", { class: "hint", id: `${id}-hint` }, plain(block.hint.text, block.hint.emoji)),
  );
}

function cellText(cell) {
  if (cell.type === "raw_text" || cell.type === "raw_number") return cell.text;
  if (cell.type !== "rich_text") return "";
  const parts = [];
  const walk = (node) => {
    if (typeof node.text === "string") parts.push(node.text);
    else if (node.url) parts.push(node.url);
    (node.elements || []).forEach(walk);
  };
  walk(cell);
  return parts.join("");
}

function table(_ctx, block) {
  const [head, ...rows] = block.rows;
  return h(
    "div",
    { class: "block table", tabindex: "0", role: "region", "aria-label": "Table" },
    h(
      "table",
      null,
      h("thead", null, h("tr", null, head.map((cell) => h("th", { scope: "col" }, cellText(cell))))),
      h("tbody", null, rows.map((row) => h("tr", null, row.map((cell) => h("td", null, cellText(cell)))))),
    ),
  );
}

const BLOCKS = {
  header: (_ctx, block) => h("h3", { class: "block header" }, plain(block.text.text, block.text.emoji)),
  section,
  divider: () => h("hr", { class: "block divider" }),
  context: (_ctx, block) => h("div", { class: "block context" }, block.elements.map((one) => textObject(one, names))),
  actions: (ctx, block) =>
    h("div", { class: "block actions" }, block.elements.map((element) => renderElement(ctx, block, element))),
  input,
  table,
};

function renderBlock(ctx, block) {
  const draw = BLOCKS[block.type];
  const failure = failureOf(ctx, block);
  return [
    draw ? draw(ctx, block) : h("p", { class: "unknown" }, `This page cannot draw “${block.type}”.`),
    failure && h("p", { class: "failure", role: "alert" }, icon("warn"), failure),
  ];
}

export const renderBlocks = (ctx, blocks) => blocks.map((block) => renderBlock(ctx, block));
