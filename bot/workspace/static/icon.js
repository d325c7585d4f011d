// Line icons, drawn here so that they look the same everywhere, also where no emoji font is installed.

import { h, s } from "./dom.js";

const PATHS = {
  home: ["M4 11.2 12 4l8 7.2", "M6 10v9.5h4.4v-5.2h3.2v5.2H18V10"],
  hash: ["M9.5 4 7.6 20", "M16.4 4l-1.9 16", "M4.6 9.2h15.2", "M4.2 14.8h15.2"],
  lock: ["M6 11h12v8.5H6z", "M8.6 11V8a3.4 3.4 0 0 1 6.8 0v3"],
  globe: ["M12 3.8a8.2 8.2 0 1 0 0 16.4 8.2 8.2 0 0 0 0-16.4", "M4 12h16", "M12 4c5 5.2 5 10.800 0 16", "M12 4c-5 5.2-5 10.800 0 16"],
  chat: ["M4.5 5.5h15v10.500h-8L7 19.500V16H4.500z"],
  seal: ["M12 3.400 18.800 6v5.400c0 4.300-2.700 7.500-6.800 9.200-4.100-1.700-6.800-4.900-6.800-9.200V6z", "m8.800 11.900 2.300 2.300 4.200-4.400"],
  people: ["M9 11.400a3.200 3.200 0 1 0 0-6.400 3.200 3.200 0 0 0 0 6.400", "M3.500 19c.4-3.300 2.500-5 5.500-5s5.100 1.700 5.500 5", "M15.600 5.400a3 3 0 0 1 0 5.700", "M17 14.300c2 .6 3.200 2.200 3.500 4.700"],
  down: ["m7 10 5 5 5-5"],
  right: ["m10 7 5 5-5 5"],
  left: ["m14 7-5 5 5 5"],
  close: ["M6.500 6.500l11 11", "M17.500 6.500l-11 11"],
  arrow: ["M4.5 12h14.500", "m13 6 6 6-6 6"],
  back: ["M19.5 12H5", "m11 6-6 6 6 6"],
  check: ["m5.500 12.600 4.200 4.200 8.800-9.300"],
  dots: ["M6 12h.01", "M12 12h.01", "M18 12h.01"],
  send: ["M4.500 12 19.500 5l-4.300 14.500-3.600-5.900z", "m11.600 13.600 7.900-8.600"],
  bolt: ["M12.800 3.500 6 13.200h5l-.8 7.300L17.500 10.500h-5.200z"],
  menu: ["M4.500 7h15", "M4.500 12h15", "M4.500 17h15"],
  pulse: ["M3.500 12.500h4l2.300-6.500 4.200 12 2.400-5.500h4.100"],
  sun: ["M12 8.200a3.800 3.800 0 1 0 0 7.600 3.800 3.800 0 0 0 0-7.600", "M12 3v1.800", "M12 19.200V21", "M3 12h1.800", "M19.200 12H21", "m5.700 5.700 1.200 1.200", "m17.100 17.100 1.200 1.200", "m18.300 5.700-1.200 1.200", "m6.900 17.100-1.200 1.200"],
  moon: ["M19.500 14.200A8 8 0 0 1 9.800 4.500a7.900 7.900 0 1 0 9.700 9.700z"],
  half: ["M12 4a8 8 0 1 0 0 16z", "M12 4a8 8 0 0 1 0 16"],
  copy: ["M9 9h10.500v10.500H9z", "M15 9V4.500H4.500V15H9"],
  eye: ["M3 12c2.200-4 5.300-6 9-6s6.800 2 9 6c-2.200 4-5.300 6-9 6s-6.800-2-9-6z", "M12 9.600a2.400 2.400 0 1 0 0 4.800 2.400 2.400 0 0 0 0-4.800"],
  thread: ["M5 6h14", "M5 11h9", "M5 16h6"],
  warn: ["M12 4.200 21 19.500H3z", "M12 10v4.200", "M12 16.900h.01"],
  clock: ["M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16", "M12 7.600V12l3 2"],
  stop: ["M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16", "m6.600 6.600 10.800 10.800"],
  cross: ["M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16", "m9.200 9.200 5.600 5.600", "m14.800 9.200-5.600 5.600"],
  tick: ["M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16", "m8.400 12.200 2.500 2.500 4.800-5"],
  dot: ["M12 7.500a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9"],
  bell: ["M6 16.500V11a6 6 0 0 1 12 0v5.500l1.500 1.500h-15z", "M10.500 20.500h3"],
  key: ["M8.500 11.500a4 4 0 1 0 0 8 4 4 0 0 0 0-8", "m11.500 12.500 8-8", "m16 8 2.500 2.500"],
  glass: ["M10.500 4.500a6 6 0 1 0 0 12 6 6 0 0 0 0-12", "m15 15 5 5"],
  page: ["M6.500 3.500h7l4 4v13h-11z", "M13.500 3.500v4h4", "M9 12h6", "M9 15.500h6"],
  link: ["M10 14 14 10", "M9 11l-2.500 2.500a3.200 3.200 0 0 0 4.500 4.500L13.500 15.500", "M15 13l2.500-2.500A3.200 3.200 0 0 0 13 6L10.500 8.500"],
  day: ["M5 6h14v13.500H5z", "M5 10.500h14", "M9 3.800V7", "M15 3.800V7"],
  star: ["m12 4 2.400 5.100 5.600.7-4.100 3.900 1.100 5.500-5-2.700-5 2.700 1.100-5.500L4 9.800l5.600-.7z"],
  siren: ["M7 18v-5a5 5 0 0 1 10 0v5", "M5 18h14v2H5z", "M12 3.500v2", "m5.200 6.200 1.400 1.400", "m18.800 6.200-1.400 1.400"],
};

export function icon(name, label = "") {
  const attributes = { viewBox: "0 0 24 24", class: `icon icon-${name}` };
  if (label) Object.assign(attributes, { role: "img", "aria-label": label });
  else attributes["aria-hidden"] = "true";
  return s("svg", attributes, ...(PATHS[name] || PATHS.dot).map((d) => s("path", { d })));
}

const EMOJI = {
  white_check_mark: "tick", heavy_check_mark: "tick", ballot_box_with_check: "tick", x: "cross", no_entry: "stop",
  no_entry_sign: "stop", warning: "warn", rotating_light: "siren", hourglass: "clock", hourglass_flowing_sand: "clock",
  alarm_clock: "clock", clock3: "clock", lock: "lock", closed_lock_with_key: "lock", key: "key", mag: "glass",
  bell: "bell", memo: "page", page_facing_up: "page", clipboard: "page", link: "link", calendar: "day", date: "day",
  spiral_calendar_pad: "day", star: "star", tada: "star", eyes: "eye", shield: "seal", red_circle: "dot",
  large_green_circle: "dot", large_yellow_circle: "dot", large_blue_circle: "dot", white_circle: "dot", fire: "siren",
  busts_in_silhouette: "people", speech_balloon: "chat", zap: "bolt",
};

const GLYPHS = {
  "✓": "check", "✔": "check", "✅": "tick", "✗": "close", "✘": "close", "❌": "cross", "→": "arrow", "←": "back", "⚠": "warn",
  "⏰": "clock", "⏳": "clock", "🔒": "lock", "🔔": "bell", "🚨": "siren", "📄": "page", "🔍": "glass", "🔗": "link", "📅": "day",
};
const GLYPH = new RegExp(`(${Object.keys(GLYPHS).join("|")})\\uFE0F?`, "u");

// Signs that a font may lack, drawn; the sign itself stays for whoever copies the text or listens to it.
export function drawnSigns(text) {
  return text.split(GLYPH).map((part) =>
    Object.hasOwn(GLYPHS, part)
      ? h("span", { class: `glyph glyph-${GLYPHS[part]}` }, icon(GLYPHS[part]), h("span", { class: "heard" }, part))
      : part,
  );
}

// An emoji by its name as an icon; null for a name that has none here (it then stays as it is written).
export function emoji(name) {
  if (!Object.hasOwn(EMOJI, name)) return null;
  const made = icon(EMOJI[name], name.replaceAll("_", " "));
  made.classList.add("emoji", `emoji-${name}`);
  return made;
}
