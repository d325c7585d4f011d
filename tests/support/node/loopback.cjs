// Loaded before the program: every server that it opens listens on 127.0.0.1 only.
const net = require("node:net");

const listen = net.Server.prototype.listen;

net.Server.prototype.listen = function (...given) {
  const [first, second] = given;
  if (first !== null && typeof first === "object" && !Array.isArray(first)) {
    given[0] = first.path === undefined ? { ...first, host: "127.0.0.1" } : first;
  } else if (typeof first === "number" || /^[0-9]+$/.test(String(first))) {
    if (typeof second === "string") {
      given[1] = "127.0.0.1";
    } else {
      given.splice(1, 0, "127.0.0.1");
    }
  }
  return listen.apply(this, given);
};
