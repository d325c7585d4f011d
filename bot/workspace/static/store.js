// What this page knows: the person's state as the server tells it, and what is typed or pressed but not yet answered.

export const store = {
  state: null,
  place: "",
  tab: "messages",
  side: "",
  thread: "",
  connected: false,
  lost: false,
  values: new Map(),
  pending: new Set(),
  failures: new Map(),
  open: new Set(),
  errors: {},
  modalError: "",
};

const drawers = [];
let asked = false;

export const onChange = (draw) => drawers.push(draw);

export function changed() {
  if (asked) return;
  asked = true;
  queueMicrotask(() => {
    asked = false;
    for (const draw of drawers) draw();
  });
}

export const base = location.pathname.replace(/[^/]*$/, "");

async function json(path, init) {
  try {
    const got = await fetch(base + path, init);
    return await got.json();
  } catch {
    return { ok: false, sentence: "The local workspace does not answer. Is it still running?", errors: {} };
  }
}

export const send = (act, data) =>
  json(`do/${act}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user: store.state.me, ...data }),
  });

export async function load(user, fresh) {
  const state = await json(`state?user=${encodeURIComponent(user)}${fresh ? "&fresh=1" : ""}`);
  if (state.ok === false && user) return load("", fresh);
  if (state.ok === false) return;
  const other = store.state?.me !== state.me;
  store.state = state;
  if (other) follow();
  // What changed while the answer was on its way is newer than the answer.
  for (const change of recent) if (change.revision > state.revision) CHANGES[change.kind]?.(change);
  if (!conversation(store.place)) store.place = app().id;
  changed();
}

export const person = (id) => store.state.people.find((one) => one.id === id);
export const me = () => person(store.state.me);
export const conversation = (id) => store.state.conversations.find((one) => one.id === id);
export const app = () => store.state.conversations.find((one) => one.kind === "im");
export const names = {
  person: (id) => person(id)?.name,
  channel: (id) => conversation(id)?.name,
};

function upsert(change) {
  const where = conversation(change.channel);
  if (!where) return load(store.state.me);
  const at = where.messages.findIndex((one) => one.ts === change.message.ts);
  if (at >= 0) where.messages[at] = change.message;
  else where.messages.push(change.message);
  for (const name of store.failures.keys()) if (name.startsWith(`${change.message.ts} `)) store.failures.delete(name);
  const seen = where.id === store.place && store.tab === "messages" && !document.hidden;
  where.unread = seen ? 0 : change.unread;
  if (seen && change.unread) send("read", { channel: where.id });
  return null;
}

const CHANGES = {
  message: upsert,
  gone: (change) => {
    const where = conversation(change.channel);
    if (where) where.messages = where.messages.filter((one) => one.ts !== change.ts);
  },
  conversation: () => load(store.state.me),
  people: () => load(store.state.me),
  home: (change) => (store.state.home = change.view),
  stack: (change) => {
    const top = change.views.at(-1);
    if (top?.hash !== store.state.stack.at(-1)?.hash) Object.assign(store, { errors: {}, modalError: "" });
    store.state.stack = change.views;
  },
  entry: (change) => {
    const at = store.state.journal.findIndex((one) => one.id === change.entry.id);
    if (at >= 0) store.state.journal[at] = change.entry;
    else store.state.journal.push(change.entry);
    if (store.state.journal.length > 200) store.state.journal.shift();
  },
};

let source = null;
let recent = [];

// Server-sent events for this person. At each start everything is loaded again: what changed before it was missed.
function follow() {
  source?.close();
  recent = [];
  const mine = new EventSource(`${base}events?user=${encodeURIComponent(store.state.me)}`);
  mine.addEventListener("ready", () => {
    store.connected = true;
    load(store.state.me);
    changed();
  });
  mine.addEventListener("error", () => {
    store.connected = false;
    store.lost = mine.readyState === EventSource.CLOSED;
    changed();
  });
  mine.addEventListener("message", (event) => {
    const change = JSON.parse(event.data);
    recent = [...recent.slice(-100), change];
    CHANGES[change.kind]?.(change);
    changed();
  });
  source = mine;
}

export function go(place, tab = "messages") {
  store.place = place;
  store.tab = tab;
  store.thread = "";
  if (store.side === "thread") store.side = "";
  const where = conversation(place);
  if (tab === "messages" && where?.unread) {
    where.unread = 0;
    send("read", { channel: place });
  }
  remember();
  changed();
}

export function remember() {
  history.replaceState(null, "", `#${store.state.me}/${store.place}/${store.tab}`);
}

export function remembered() {
  const [user, place, tab] = decodeURIComponent(location.hash.slice(1)).split("/");
  return { user: user || "", place: place || "", tab: tab === "home" ? "home" : "messages" };
}
