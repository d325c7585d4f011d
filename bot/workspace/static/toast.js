// A sentence that stays for a while, for what has no place of its own on the page.

import { h } from "./dom.js";
import { icon } from "./icon.js";

const SHOWN_MS = 7000;

export function toast(text, kind = "warn") {
  const node = h("div", { class: `toast ${kind}` }, icon(kind === "warn" ? "warn" : "check"), h("span", null, text));
  const shut = h("button", { "type": "button", "class": "button ghost icon-only", "aria-label": "Dismiss", "onclick": () => node.remove() }, icon("close"));
  node.append(shut);
  document.getElementById("toasts").append(node);
  setTimeout(() => node.remove(), SHOWN_MS);
}
