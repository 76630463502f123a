// SPDX-License-Identifier: EUPL-1.2
//
// What a page asked for, and its workers, so that the viewer can say what of it the day has: part of the script of either
// (viewer/replaying/script.py).
//
//   const parts = makeParts(globalThis, makeWays(globalThis), makeAddresses(said, globalThis), soon)
//   parts.asked(kind, url, method)    something was asked for; `kind` as browsers name what asked (PerformanceResourceTiming)
//   parts.fresh()                     {parts: [["image", "https://www.ind.nl/a.png"], …], more: false}, since the last time
//   parts.again()                     all of it is told again
//   parts.made(worker, …)             a worker was made that tells
//   parts.expect(worker)              whether it tells; until it is heard, nobody knows
//   parts.failed(worker, options)     it could not begin
//   parts.settle(worker)              it has ended
//   parts.heard(worker, said)         what a worker told, as `fresh` has it
//   soon()                            is called when there is something to be told
//
// A worker tells the page, or the worker, that made it, by a message that is kept from all scripts of theirs:
//   {daykeep: "asked", parts: […], more: false}         at once, because who made it may end it at any moment
// A shared worker has no such page. It tells all of its origin, by a channel; those listen that made one of its address
// and name (`of`), and ask it for what it told before they did:
//   {daykeep: "asked", of: "http://…/w.js name", parts: […], more: false}   {daykeep: "who", of: "http://…/w.js name"}
//
// Of a worker that nothing was heard of, it is told that there may be more parts. The function names all it uses, because
// the text of it is what a worker of a blob begins with.
const makeParts = (w, { describe }, { original, parsed }, soon) => {
  const { Map, Set, WeakMap, Object, Reflect, Array, setTimeout, clearTimeout } = w;
  const MAX_PARTS = 500;
  const MAX_ADDRESS = 4096;
  const PATIENCE = 10000;  // milliseconds until a worker begins
  const KINDS = {
    img: "image", image: "image", input: "image", icon: "image", link: "style", css: "background", script: "script",
    iframe: "frame", frame: "frame", audio: "media", video: "media", embed: "other", object: "other", use: "image",
    "img-src": "image", "style-src": "style", "style-src-elem": "style", "script-src": "script",
    "script-src-elem": "script", "frame-src": "frame", "font-src": "font", "media-src": "media",
  };
  const FONT = /\.(?:woff2?|ttf|otf|eot)(?:[?#]|$)/i;
  const SHEET = /\.css(?:[?#]|$)/i;
  const METHOD = /^[a-z]{3,7}$/i;
  // What a browser tells of later has no method: of what a script was seen to ask for, by whichever, it is told already.
  const LATER = /^(?:fetch|xmlhttprequest|connect-src)$/;
  const parts = new Map();
  const seen = new Set();
  let told = 0;
  let more = false;  // than are told
  const lacking = () => {
    if (more) return;
    more = true;
    soon();
  };
  const put = (kind, archived, method) => {
    const name = `${method} ${archived}`;
    if (parts.has(name)) return;
    if (parts.size >= MAX_PARTS || archived.length > MAX_ADDRESS) {
      lacking();
      return;
    }
    parts.set(name, [kind, archived, ...(method === "GET" ? [] : [method])]);
    soon();
  };
  const kindOf = (kind, url) => FONT.test(url) ? "font" : kind === "css" && SHEET.test(url) ? "style" : KINDS[kind] || "other";
  const methodOf = (text) => (typeof text === "string" && METHOD.test(text) ? text.toUpperCase() : "GET");
  const asked = (kind, text, method) => {
    const url = parsed(text);
    if (!url || !/^https?:$/.test(url.protocol) || url.pathname.startsWith("/.daykeep/")) return;
    url.hash = "";
    const archived = original(url.href);
    if (method === undefined && LATER.test(kind) && seen.has(archived)) return;
    if (method !== undefined && seen.size < MAX_PARTS) seen.add(archived);
    put(kindOf(kind, archived), archived, methodOf(method));
  };
  const fresh = () => {
    const found = { parts: [...parts.values()].slice(told), more };
    told = parts.size;
    return found;
  };

  // ---- Workers

  const silent = new WeakMap();  // worker → what is waited for
  const settle = (worker) => {
    clearTimeout(silent.get(worker));
    silent.delete(worker);
  };
  const expect = (worker) => { silent.set(worker, setTimeout(lacking, PATIENCE)); };
  const heard = (worker, said) => {
    settle(worker);
    if (said.more === true) lacking();
    for (const part of Array.isArray(said.parts) ? said.parts.slice(0, MAX_PARTS) : []) {
      const [kind, url, method] = Array.isArray(part) ? part : [];
      if (typeof kind === "string" && typeof url === "string" && /^https?:/.test(url)) put(kind.slice(0, 20), url, methodOf(method));
    }
  };
  const dataOf = describe(w.MessageEvent.prototype, "data").get;
  const { addEventListener } = w.EventTarget.prototype;
  const listen = (target, type, listener) => Reflect.apply(addEventListener, target, [type, listener]);
  // Before a script can listen to it. One that was ended before it began asked for nothing. One that cannot begin tells so;
  // of a module it may be something it imports that is not there, and which nobody tells.
  const failed = (worker, options) => {
    if (silent.has(worker) && Object(options).type === "module") lacking();
    settle(worker);
  };
  const made = (worker, kind, url, options) => {
    expect(worker);
    listen(worker, "error", () => failed(worker, options));
    listen(worker, "message", (event) => {
      const said = Object(dataOf.call(event));
      if (said.daykeep !== "asked") return;
      event.stopImmediatePropagation();
      heard(worker, said);
    });
  };
  return { asked, fresh, again: () => { told = 0; }, expect, failed, settle, heard, made, listen, dataOf };
};
