// Builds nodes out of values. Text is always a text node: nothing that comes from outside is ever read as HTML.

const SVG = "http://www.w3.org/2000/svg";

function give(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
  else if (name === "data") for (const [key, part] of Object.entries(value)) node.dataset[key] = part;
  else if (name === "value" || name === "checked" || name === "selected" || name === "disabled" || name === "hidden")
    node[name] = value;
  else node.setAttribute(name, value === true ? "" : value);
}

export function h(tag, attributes, ...children) {
  const node = document.createElement(tag);
  // A select's value means something only once its options are there.
  const { value, ...others } = attributes || {};
  for (const [name, part] of Object.entries(others)) give(node, name, part);
  put(node, ...children);
  if (value !== undefined) give(node, "value", value);
  return node;
}

export function put(node, ...children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

export function s(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// Replaces what a node holds and gives the focus back to the control with the same data-key, with its selection.
export function refill(node, ...children) {
  const active = node.contains(document.activeElement) ? document.activeElement : null;
  const key = active?.dataset?.key;
  let range = null;
  if (active && (active.tagName === "TEXTAREA" || (active.tagName === "INPUT" && active.type === "text")))
    range = [active.selectionStart, active.selectionEnd];
  node.replaceChildren();
  put(node, ...children);
  if (key) {
    const again = [...node.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key);
    if (again) {
      again.focus({ preventScroll: true });
      if (range && again.setSelectionRange) again.setSelectionRange(...range);
    }
  }
  return node;
}

// Up and down move through the controls of a list, Home and End go to its ends.
export function arrows(list, selector) {
  list.addEventListener("keydown", (event) => {
    const items = [...list.querySelectorAll(selector)].filter((one) => !one.disabled && one.offsetParent !== null);
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to === undefined || at < 0 || !items.length) return;
    event.preventDefault();
    items[(to + items.length) % items.length].focus();
  });
  return list;
}

let last = 0;
export const fresh = (name) => `${name}-${(last += 1)}`;
