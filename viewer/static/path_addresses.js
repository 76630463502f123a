// SPDX-License-Identifier: EUPL-1.2
//
// Archived addresses and replay addresses where the archived one stands in the path (viewer/addresses/path_address.py).
//
//   const { map, original, told, absolute } = makePathAddresses(said, globalThis);   as addresses.js has it
//     said.pattern    http://replay.example.org/replay/   what every replay address begins with
//     said.timestamp  20261123023000                      the snapshot, and the letters of a view
//     said.origin     https://www.ind.nl                  the archived origin of the page or worker
//     said.base       http://replay.…/w.js                only in workers: where the script is
//
// A relative address leads where it should by itself, unless it begins at the root or climbs above it.
const makePathAddresses = ({ pattern, timestamp, origin: archivedOrigin, base }, { URL, Node, document }) => {
  const prefix = `${pattern}${timestamp}/`;
  const home = new URL(prefix).origin;
  // Taken before a page is told something else of it
  const baseURI = Node && Object.getOwnPropertyDescriptor(Node.prototype, "baseURI").get;
  const here = () => base || (document ? baseURI.call(document) : "about:blank");
  const parsed = (text, from) => { try { return new URL(text, from); } catch { return null; } };
  const isWeb = ({ protocol }) => protocol === "http:" || protocol === "https:";
  const rest = ({ pathname, search, hash }) => pathname + search + hash;
  const replayed = (url) => `${prefix}${url.protocol}//${url.host}${rest(url)}`;

  // A replay address → the archived one. What is elsewhere on the replay origin was put together from it: a
  // script took the origin for that of its page.
  const original = (value) => {
    const url = parsed(value);
    if (!url || url.origin !== home) return value;
    return url.href.startsWith(prefix) ? url.href.slice(prefix.length) : archivedOrigin + rest(url);
  };

  // An http(s) address → its replay address, if that is not where it leads by itself.
  const map = (value) => {
    const text = `${value}`;
    const absolute = parsed(text);
    if (absolute) {
      if (!isWeb(absolute) || absolute.href.startsWith(prefix)) return value;
      return absolute.origin === home ? prefix + archivedOrigin + rest(absolute) : replayed(absolute);
    }
    const from = here();
    const itself = base ? null : parsed(text, from);  // a worker is not where its script is
    const wanted = parsed(text, original(from));
    if (!wanted || !isWeb(wanted)) return value;
    return itself && itself.href === replayed(wanted) ? value : replayed(wanted);
  };

  const told = (value) => (/^https?:/.test(value) ? original(value) : value);
  const absolute = (value) => parsed(map(value), here());
  return { map, original, told, parsed, absolute, prefix, replayOrigin: () => home };
};

// What modules import by an address from the root, or by an absolute one: browsers have a map for that, by where
// the importing module is.
const importMapOf = ({ origin, origins = "" }, { prefix }) => {
  const stays = { [new URL(prefix).origin + "/replay/"]: new URL(prefix).origin + "/replay/" };
  const far = Object.fromEntries([origin, ...origins.split(" ").filter(Boolean)].map((one) => [`${one}/`, `${prefix}${one}/`]));
  const rooted = (one) => ({ "/": `${prefix}${one}/`, ...stays, ...far });
  return {
    imports: rooted(origin),
    scopes: Object.fromEntries(origins.split(" ").filter(Boolean).map((one) => [`${prefix}${one}/`, rooted(one)])),
  };
};
