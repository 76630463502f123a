// SPDX-License-Identifier: EUPL-1.2
//
// How functions of a browser are wrapped, and the requests that pages and workers both can make: part of the script
// of either (viewer/replaying/script.py).
//
//   const ways = makeWays(globalThis);              ways of changing what is there
//   patchRequests(globalThis, said, ways, makeAddresses(said, globalThis), preludeOf(said), told, blobs);
//     told.asking(kind, url, method)          is called for each request that a script makes
//     told.made(worker, kind, url, options)   for each Worker and SharedWorker, before a script has it (viewer/static/parts.js)
//     told.ended(worker)                      and when it is ended
//     said.home    http://20261123023000-www-ind-nl.localhost:8080   the replay origin of the page or worker
//
// Each function names all it uses, because the text of it is what a worker of a blob begins with.

// A Proxy keeps a native function's name, length and text. Names are in one string, with spaces between; what a
// browser does not have is passed over.
const makeWays = ({ Proxy, Reflect, Object }) => {
  const describe = Object.getOwnPropertyDescriptor;
  const define = Object.defineProperty;
  const each = (owner, names, change) => {
    for (const name of names.split(" ")) if (owner && name in owner) change(name, describe(owner, name));
  };
  const wrap = (owner, names, handler) => each(owner, names, (name, found) => {
    if (found && typeof found.value === "function") define(owner, name, { ...found, value: new Proxy(found.value, handler) });
  });
  const instead = (owner, names, apply) =>
    wrap(owner, names, { apply: (native, self, args) => apply((given) => Reflect.apply(native, self, given), args, self) });
  const withArguments = (owner, names, change) => instead(owner, names, (call, args, self) => call(change(args, self)));
  const withFirst = (owner, names, change) => withArguments(owner, names, ([value, ...rest]) => [change(value), ...rest]);
  const whenMade = (owner, names, change) =>
    wrap(owner, names, { construct: (native, args, as) => Reflect.construct(native, change(args), as) });
  const answer = (owner, names, get, set) => each(owner, names, (name) =>
    define(owner, name, { get, set, configurable: true, enumerable: true }));
  const whenRead = (owner, names, change) => each(owner, names, (name, found) => {
    if (found && found.get) define(owner, name, { ...found, get() { return change(found.get.call(this)); } });
  });
  return { describe, define, each, wrap, instead, withArguments, withFirst, whenMade, answer, whenRead };
};

// A web socket is asked for where there is none, so that it fails as sockets do: by its events, one after the other.
const patchRequests = (w, said, ways, { map, told, absolute }, prelude, { asking, made, ended }, blobs = new Map()) => {
  const { Blob, URL, XMLHttpRequest, WebSocket, WeakMap, Reflect, encodeURIComponent } = w;
  const { open, send } = XMLHttpRequest.prototype;
  const { wrap, withArguments, whenMade, whenRead, instead, define, describe } = ways;
  const proto = (name) => w[name] && w[name].prototype;

  // In path mode a page's origin is nobody's, and our answers, which are for anybody, may not be asked for with more.
  const byPath = !said.pattern.includes("{label}");
  const anybody = ({ mode, credentials }) => ({
    ...(mode === "same-origin" ? { mode: "cors" } : {}), ...(credentials === "include" ? { credentials: "omit" } : {}),
  });
  const request = ([input, init]) => [
    typeof input === "object" && input instanceof w.Request ? input : map(input),
    init && (init.integrity || byPath) ? { ...init, ...(init.integrity ? { integrity: "" } : {}), ...(byPath ? anybody(init) : {}) } : init,
  ];
  const withCredentials = describe(XMLHttpRequest.prototype, "withCredentials");
  if (byPath) define(XMLHttpRequest.prototype, "withCredentials", { ...withCredentials, set() {} });
  // In a worker it is not the scope's own, but of what it inherits from.
  withArguments(w.WorkerGlobalScope ? proto("WorkerGlobalScope") : w, "fetch", (args) => {
    const [input, init] = request(args);
    const isRequest = typeof Object(input).method === "string" && typeof input.url === "string";  // of whichever realm
    asking("fetch", isRequest ? input.url : input, init?.method ?? (isRequest ? input.method : "GET"));
    return [input, init];
  });
  whenMade(w, "Request", request);
  const opened = new WeakMap();  // what an XMLHttpRequest will ask for once it is sent
  withArguments(proto("XMLHttpRequest"), "open", ([method, url, ...rest], self) => {
    const mapped = map(url);
    opened.set(self, [mapped, method]);
    return [method, mapped, ...rest];
  });
  withArguments(proto("XMLHttpRequest"), "send", (args, self) => {
    if (opened.has(self)) asking("fetch", ...opened.get(self));
    return args;
  });
  whenMade(w, "EventSource", ([url, ...rest]) => url === undefined ? [] : [map(url), ...rest]);
  whenRead(proto("Response"), "url", told);
  whenRead(proto("Request"), "url", told);
  whenRead(proto("EventSource"), "url", told);
  whenRead(proto("XMLHttpRequest"), "responseURL", told);

  const sockets = new WeakMap();
  const noSocket = `${said.home.replace("http", "ws")}/.daykeep/socket`;
  const socketAddress = WebSocket && describe(WebSocket.prototype, "url");
  wrap(w, "WebSocket", {
    construct: (native, [url, ...rest], as) => {
      const wanted = new URL(url, said.home);  // an address that is none is refused as by the browser
      if (!/^(?:ws|http)s?:$/.test(wanted.protocol) || wanted.hash) return Reflect.construct(native, [url, ...rest], as);
      const socket = Reflect.construct(native, [noSocket, ...rest], as);
      sockets.set(socket, wanted.href.replace(/^http/, "ws"));
      return socket;
    },
  });
  if (socketAddress) {
    define(WebSocket.prototype, "url", { ...socketAddress, get() { return sockets.get(this) || socketAddress.get.call(this); } });
  }

  // ---- Workers: one from a server has the prelude from there, others begin with it here

  const createObjectURL = URL.createObjectURL.bind(URL);
  const read = (url) => {
    const asked = new XMLHttpRequest();
    Reflect.apply(open, asked, ["GET", url, false]);
    Reflect.apply(send, asked, []);
    return asked.responseText;
  };
  const STRICT = /^(?:\s|\/\*[^]*?\*\/|\/\/.*)*["']use strict["']/;
  const begun = (text) => (STRICT.test(text) ? `"use strict";${prelude}` : prelude);
  const inline = (text) => `data:text/javascript;charset=utf-8,${encodeURIComponent(text)}`;
  // In path mode a page may run a worker of its own making, which then asks for the script by its address. Of a blob
  // that is one that is no module (Chromium 156).
  const inPaths = (url, module) => {
    const from = absolute(url);
    const isWeb = from && /^https?:$/.test(from.protocol);
    if (isWeb && new URL(told(from.href)).origin !== said.origin) return from.href;  // which is refused as on the live web
    const first = isWeb ? preludeOf({ ...said, base: from.href }) : prelude;
    if (module) return inline(`import ${JSON.stringify(inline(first))};${isWeb ? `import ${JSON.stringify(from.href)};` : read(url)}`);
    return isWeb && createObjectURL(new Blob([`${first}importScripts(${JSON.stringify(from.href)});`], { type: "text/javascript" }));
  };
  const mapWorker = (value, { type } = {}) => {
    const url = `${value}`;
    const begins = byPath && inPaths(url, type === "module");
    if (begins) return begins;
    const blob = blobs.get(url);
    if (blob) return createObjectURL(new Blob([begun(read(url)), blob], { type: blob.type }));
    if (!/^\s*data:/i.test(url)) return map(value);
    const text = read(url);
    return inline(begun(text) + text);
  };
  // What a worker is made of is no resource that a browser tells of.
  for (const kind of ["Worker", "SharedWorker"]) {
    wrap(w, kind, {
      construct: (native, [url, ...rest], as) => {
        const from = url === undefined ? url : mapWorker(url, Object(rest[0]));
        const worker = Reflect.construct(native, [from, ...rest], as);
        asking("script", url);
        made(worker, kind, from, rest[0]);
        return worker;
      },
    });
  }
  instead(proto("Worker"), "terminate", (call, args, self) => { ended(self); return call(args); });
  instead(w.URL, "createObjectURL", (call, [blob, ...rest]) => {
    const url = call([blob, ...rest]);
    if (blob instanceof Blob || blob instanceof w.Blob) blobs.set(url, blob);
    return url;
  });
  instead(w.URL, "revokeObjectURL", (call, [url]) => { blobs.delete(`${url}`); call([url]); });
};
