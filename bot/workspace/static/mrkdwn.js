// Slack's text markup, read into nodes. Links go out only to http, https and mailto; everything else stays text.

import { h } from "./dom.js";
import { drawnSigns, emoji } from "./icon.js";

const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };
export const unescape = (text) => text.replace(/&(amp|lt|gt);/g, (found) => ENTITIES[found]);
const SAFE = /^(https?:\/\/|mailto:)/i;

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const two = (number) => String(number).padStart(2, "0");

export function dateText(stamp, form, fallback) {
  const at = new Date(Number(stamp) * 1000);
  if (Number.isNaN(at.getTime())) return fallback;
  const day = `${MONTHS[at.getMonth()]} ${at.getDate()}, ${at.getFullYear()}`;
  const short = `${MONTHS[at.getMonth()].slice(0, 3)} ${at.getDate()}, ${at.getFullYear()}`;
  const parts = {
    "{date}": day, "{date_long}": `${at.toLocaleDateString("en", { weekday: "long" })}, ${day}`, "{date_short}": short,
    "{date_num}": `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`,
    "{date_pretty}": day, "{date_short_pretty}": short, "{date_long_pretty}": day,
    "{time}": `${two(at.getHours())}:${two(at.getMinutes())}`,
    "{time_secs}": `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`,
  };
  return form.replace(/\{[a-z_]+\}/g, (found) => parts[found] ?? found);
}

function angle(inside, names) {
  const bar = inside.indexOf("|");
  const target = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? "" : unescape(inside.slice(bar + 1));
  if (target.startsWith("@"))
    return h("span", { class: "mention" }, `@${names.person(target.slice(1)) || label || target.slice(1)}`);
  if (target.startsWith("#"))
    return h("span", { class: "mention" }, `#${names.channel(target.slice(1)) || label || target.slice(1)}`);
  if (target.startsWith("!date^")) {
    const [, stamp, form] = target.split("^");
    return h("time", { title: label }, dateText(stamp, form || "{date}", label));
  }
  if (target.startsWith("!")) {
    const word = target.slice(1).split("^")[0];
    return h("span", { class: "mention mention-all" }, label || `@${word}`);
  }
  const address = unescape(target);
  if (!SAFE.test(address)) return `<${unescape(inside)}>`;
  const attributes = { href: address, target: "_blank", rel: "noopener noreferrer", title: address };
  return h("a", attributes, label || address.replace(/^mailto:/, ""));
}

const WRAPS = [
  ["*", "strong"],
  ["_", "em"],
  ["~", "s"],
];

// A mark opens after a gap and closes before one: `snake_case_name` is no italics.
function wrapped(text, at, mark) {
  const before = at === 0 ? " " : text[at - 1];
  if (text[at] !== mark || !/[\s([{"'>*_~–—,.:;!?/-]/.test(before)) return -1;
  if (!text[at + 1] || /\s/.test(text[at + 1])) return -1;
  for (let end = at + 2; end < text.length && text[end] !== "\n"; end += 1) {
    const after = text[end + 1] ?? " ";
    if (text[end] === mark && !/\s/.test(text[end - 1]) && /[\s)\]}"'<*_~–—,.:;!?/-]/.test(after)) return end;
  }
  return -1;
}

export function inline(text, names) {
  const out = [];
  let plain = "";
  const flush = () => {
    if (plain) out.push(...drawnSigns(unescape(plain)));
    plain = "";
  };
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === "`") {
      const end = text.indexOf("`", at + 1);
      if (end > at + 1 && !text.slice(at, end).includes("\n")) {
        flush();
        out.push(h("code", null, unescape(text.slice(at + 1, end))));
        at = end;
        continue;
      }
    }
    if (char === "<") {
      const end = text.indexOf(">", at + 1);
      if (end > at + 1) {
        flush();
        out.push(angle(text.slice(at + 1, end), names));
        at = end;
        continue;
      }
    }
    if (char === ":") {
      const found = /^:([a-z0-9_+'-]{1,60}):/.exec(text.slice(at, at + 64));
      const drawn = found && emoji(found[1]);
      if (drawn) {
        flush();
        out.push(drawn);
        at += found[0].length - 1;
        continue;
      }
    }
    const mark = WRAPS.find(([sign]) => sign === char);
    const end = mark ? wrapped(text, at, char) : -1;
    if (end > 0) {
      flush();
      out.push(h(mark[1], null, ...inline(text.slice(at + 1, end), names)));
      at = end;
      continue;
    }
    if (char === "\n") {
      flush();
      out.push(h("br"));
      continue;
    }
    plain += char;
  }
  flush();
  return out;
}

const BULLET = /^\s*[•◦*-]\s+/;
const NUMBER = /^\s*\d{1,3}[.)]\s+/;
const QUOTE = /^(>|&gt;)\s?/;

const KINDS = [
  ["quote", QUOTE],
  ["list", BULLET],
  ["numbers", NUMBER],
];

function lines(text, names) {
  const out = [];
  let group = null;
  const close = () => {
    if (!group) return;
    if (group.kind === "text") out.push(h("p", null, ...inline(group.lines.join("\n"), names)));
    if (group.kind === "quote") out.push(h("blockquote", null, ...inline(group.lines.join("\n"), names)));
    if (group.kind === "list") out.push(h("ul", null, group.lines.map((line) => h("li", null, ...inline(line, names)))));
    if (group.kind === "numbers")
      out.push(h("ol", { start: group.start }, group.lines.map((line) => h("li", null, ...inline(line, names)))));
    group = null;
  };
  for (const line of text.split("\n")) {
    const [kind, pattern] = KINDS.find(([, form]) => form.test(line)) || ["text", null];
    if (!group || group.kind !== kind) {
      close();
      group = { kind, lines: [], start: Number.parseInt(line, 10) || 1 };
    }
    group.lines.push(pattern ? line.replace(pattern, "") : line);
  }
  close();
  return out;
}

// A whole text: code fences first, then quotes and lists line by line, then what is inside a line.
export function mrkdwn(text, names) {
  const out = [];
  text.split("```").forEach((part, n, all) => {
    if (n % 2 === 1 && n < all.length - 1) out.push(h("pre", null, unescape(part.replace(/^\n|\n$/g, ""))));
    else if (part.trim()) out.push(...lines(n % 2 === 1 ? `\`\`\`${part}` : part.replace(/^\n|\n$/g, ""), names));
  });
  return h("div", { class: "mrkdwn" }, out);
}

export function plain(text, withEmoji) {
  const parts = withEmoji === false ? [text] : text.split(/(:[a-z0-9_+'-]{1,60}:)/);
  return parts.map((part) => (/^:.*:$/.test(part) && emoji(part.slice(1, -1))) || drawnSigns(part));
}

export function textObject(object, names) {
  if (!object) return null;
  if (object.type === "mrkdwn") return mrkdwn(object.text, names);
  return h("span", { class: "plain" }, plain(object.text, object.emoji));
}
