// SPDX-License-Identifier: EUPL-1.2
//
// Runs first in every replayed page: maps the addresses that scripts use, as they are used.
//
// The server maps addresses in markup and style sheets (viewer/rewrite_html.py); scripts are served as
// they were archived, so what they build is mapped here. This is for fidelity, with one exception: the
// page's CSP stops every request to the live web whether this file knows the way or not, but no CSP that
// Chromium 156 knows stops WebRTC, so that is taken away here, in every realm a page can reach. For a frame
// whose address the CSP refuses, Chromium 156 still opens a connection, on which nothing is sent over http.
//
// Its own element says what it needs:
//   data-pattern    http://{label}.localhost:8080   replay origins; the label as in viewer/label.py
//                   http://localhost:8081/replay/   in path mode, where all pages have this one (path_addresses.js)
//   data-timestamp  20261123023000                  the snapshot, and the letters of a view (viewer/view.py)
//   data-origin     https://www.ind.nl              the archived origin of this page
//   data-viewer     http://localhost:8080           the only page that is told where we are
//   data-origins    https://cdn.ind.nl …            in path mode, other archived origins
//   data-outside    http://20261123023000-outside-…  where links lead of which nothing is captured (viewer/outside.py)
//   data-known      http://… http://…               the replay origins of this snapshot; empty, or a pattern: not told
//   data-gone       yes                             of a page of ours, which says that there is nothing
//
// What it tells the viewer's frame, at load and at every navigation within the page:
//   {daykeep: 1, url: "https://www.ind.nl/a", title: "…", gone: false}
// and which parts the page asked for, frames within it too; `page` is a number of its own for each document:
//   {daykeep: 1, page: 0.123, parts: [["image", "https://www.ind.nl/a.png"], …]}
//
// The frame is another site than the viewer. Browsers give it storage and shared workers apart from those
// of other sites, or deny them (Chromium 156 with ThirdPartyStoragePartitioning switched off). Denied storage
// is made up for below, per page. A denied SharedWorker is not: the browser itself fires `error` at
// it, as for any script that cannot be loaded, and nothing here can give one worker to several pages.
(() => {
  "use strict";
  const script = document.currentScript;
  const { pattern, timestamp, origin: archivedOrigin, viewer, outside = "", known = "", gone } = script.dataset;
  const said = { ...script.dataset };
  const byPath = !pattern.includes("{label}");
  const again = script.cloneNode();  // no sink of Trusted Types: a document of ours may begin with them
  const FIRST = again.outerHTML;
  if (byPath && !document.querySelector("script[type=importmap]")) {
    const imports = document.createElement("script");
    imports.type = "importmap";
    imports.textContent = JSON.stringify(importMapOf(said, makePathAddresses(said, window)));
    script.after(imports);
    imports.remove();
  }
  script.remove();

  // Taken before a page can replace them.
  const { URL, Proxy, Reflect, Map, DOMException, Promise, setTimeout, MutationObserver,
    Blob, DOMParser, XMLSerializer, XMLHttpRequest } = window;
  const { open: openRequest, send: sendRequest } = XMLHttpRequest.prototype;
  const createObjectURL = URL.createObjectURL.bind(URL);
  const describe = Object.getOwnPropertyDescriptor;
  const define = Object.defineProperty;
  const realParent = window.parent;
  const framed = realParent !== window && realParent === window.top;
  const tellParent = realParent.postMessage.bind(realParent);
  const tellTop = window.top.postMessage.bind(window.top);
  const pageLocation = window.location;
  const viewOf = describe(Document.prototype, "defaultView").get;
  const INSTALLED = Symbol.for("daykeep.replay");

  // ---- Addresses: the same label as viewer/label.py makes (tests/test_replay_script.py compares them)

  const MAX_LABEL = 63;
  const PLAIN_HOST = /^[a-z0-9]+(?:-+[a-z0-9]+)*(?:\.[a-z0-9]+(?:-+[a-z0-9]+)*)*$/;
  const LABEL = /^\d{14}f?n?(h?)(?:p(\d+))?-([a-z0-9][a-z0-9-]*)$/;
  const ABSOLUTE = /^[\0-\x20]*(?:https?:)?[\/\\]{2}/i;
  const [beforeLabel, afterLabel] = pattern.split("{label}");
  const archivedOf = new Map();  // replay origin → archived origin, for those that a hash hides

  // SHA-256 (FIPS 180-4), in base32. `crypto.subtle` answers later, and a setter needs its answer now.
  const hashed = (text) => {
    const primes = [];
    for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p)) primes.push(n);
    const k = primes.map((p) => Math.floor((p ** (1 / 3) % 1) * 2 ** 32));
    const hash = primes.slice(0, 8).map((p) => Math.floor((p ** 0.5 % 1) * 2 ** 32));
    const bytes = new DataView(new ArrayBuffer(((text.length + 72) >> 6) << 6));
    [...text, "\x80"].forEach((c, i) => bytes.setUint8(i, c.charCodeAt(0)));  // origins are ASCII
    bytes.setUint32(bytes.byteLength - 4, text.length * 8);
    const turn = (x, n) => (x >>> n) | (x << (32 - n));
    for (let block = 0; block < bytes.byteLength; block += 64) {
      const w = Array.from({ length: 16 }, (_, i) => bytes.getUint32(block + i * 4));
      let [a, b, c, d, e, f, g, h] = hash;
      for (let i = 0; i < 64; i++) {
        const [x, y] = [w[i - 15], w[i - 2]];
        w[i] ??= (w[i - 16] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3))
          + w[i - 7] + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10))) | 0;
        const t1 = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + k[i] + w[i]) | 0;
        const t2 = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
      }
      [a, b, c, d, e, f, g, h].forEach((value, i) => { hash[i] = (hash[i] + value) | 0; });
    }
    const bits = hash.map((word) => (word >>> 0).toString(2).padStart(32, "0")).join("");
    return bits.match(/.{5}/g).map((five) => "abcdefghijklmnopqrstuvwxyz234567"[parseInt(five, 2)]).join("");
  };

  const replayOrigins = new Map();
  const replayOrigin = (url) => {
    const host = url.hostname.replace(/\.$/, "");
    const origin = `${url.protocol}//${host}${url.port && ":" + url.port}`;
    if (!replayOrigins.has(origin)) {
      const prefix = `${timestamp}${url.protocol === "http:" ? "h" : ""}${url.port && "p" + url.port}-`;
      let label = prefix + host.replace(/-/g, "--").replace(/\./g, "-");
      if (!PLAIN_HOST.test(host) || label.length > MAX_LABEL) {
        label = `${prefix}-${hashed(origin).slice(0, 26)}`;
      }
      replayOrigins.set(origin, beforeLabel + label + afterLabel);
      archivedOf.set(beforeLabel + label + afterLabel, origin);
    }
    return replayOrigins.get(origin);
  };

  const isReplay = ({ origin }) => origin.startsWith(beforeLabel) && origin.endsWith(afterLabel)
    && origin.length > (beforeLabel + afterLabel).length;

  const parsed = (text, base) => { try { return new URL(text, base); } catch { return null; } };

  // An absolute or protocol-relative http(s) address → its replay address; anything else as it is.
  const inPaths = byPath ? makePathAddresses(said, window) : null;
  const map = inPaths ? inPaths.map : (value) => {
    const text = `${value}`;
    if (!ABSOLUTE.test(text.replace(/[\t\n\r]/g, ""))) return value;  // URL parsers leave these out too
    const url = parsed(text, archivedOrigin);
    return !url || isReplay(url) ? value : replayOrigin(url) + url.pathname + url.search + url.hash;
  };

  // A replay address → the archived one, for what a page or the viewer is told.
  const original = inPaths ? inPaths.original : (value) => {
    const url = parsed(value);
    if (!url) return value;
    if (url.origin === outside) return url.pathname.slice(1) + url.search + url.hash;
    if (url.origin === pageLocation.origin) return archivedOrigin + url.pathname + url.search + url.hash;
    if (!isReplay(url)) return value;
    const known = archivedOf.get(url.origin);
    const found = LABEL.exec(url.origin.slice(beforeLabel.length, -afterLabel.length));
    if (!known && !found) return value;
    const host = found && found[3].replace(/-+/g, (run) => run.length === 1 ? "." : "-".repeat(run.length / 2));
    const origin = known || `http${found[1] ? "" : "s"}://${host}${found[2] ? ":" + found[2] : ""}`;
    return origin + url.pathname + url.search + url.hash;
  };

  // ---- Texts that hold addresses

  const SLASHED = byPath ? /[\/\\]/ : /[\/\\]{2}/;
  const SLASHES = byPath ? "(?:https?:\\/|\\.\\.)?\\/" : "(?:https?:)?\\/\\/";
  const CSS_ADDRESS = new RegExp(`(\\burl\\(\\s*["']?|@import\\s*["']|\\bimage-set\\(\\s*["'])(${SLASHES}[^"')\\s]*)`, "gi");
  const CANDIDATE = new RegExp(`(^|,\\s*|\\s)(${SLASHES}[^\\s]*[^\\s,])`, "gi");
  const mapCss = (value) => {
    const text = `${value}`;
    if (!SLASHED.test(text) && !text.includes("\\")) return value;
    return text.replace(CSS_ADDRESS, (_, before, url) => before + map(url));
  };
  const mapSrcset = (value) => `${value}`.replace(CANDIDATE, (_, before, url) => before + map(url));
  // Nothing of these shows in a plug-in's frame, and no event tells when their window is made.
  const mapPlugin = (value) => (/^[\0-\x20]*(?:about|blob|javascript):/i.test(`${value}`) ? "" : map(value));
  // A page that a page writes gets this script as well, after the doctype that decides its mode.
  const withScript = (text) => `${text}`.replace(/^\s*(?:<!doctype[^>]*>)?/i, (start) => start + FIRST);
  const removeTarget = (value) => (/^_(?:blank|new|parent|top)$/i.test(value) ? "" : value);
  const mapType = (value) => (/^\s*speculationrules\s*$/i.test(value) ? "text/x-speculationrules" : value);
  const empty = () => "";

  const ATTRIBUTES = {
    action: map, background: map, data: mapPlugin, formaction: map, href: map, lowsrc: map, poster: map, src: map,
    "xlink:href": map, srcset: mapSrcset, imagesrcset: mapSrcset, style: mapCss, integrity: empty, ping: empty,
    target: removeTarget, formtarget: removeTarget, type: mapType, srcdoc: (value) => withScript(mapHtml(value)),
  };
  const decoder = document.implementation.createHTMLDocument("").createElement("textarea");
  const unescape = (text) => { decoder.innerHTML = text; return decoder.value; };
  const escape = (text) => text.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;");
  const ATTRIBUTE = /([\s"'\/])([a-z:]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)/gi;

  // Markup may come in pieces (document.write), so its tags are changed one by one and nothing is parsed.
  const mapHtml = (value) => {
    const text = `${value}`;
    if (!SLASHED.test(text) && !/data|srcdoc|\\|&#/i.test(text)) return value;
    return text.replace(/<[a-z][^\s\/>]*(?:[^>"']|"[^"]*"|'[^']*')*/gi, (tag) =>
      tag.replace(ATTRIBUTE, (whole, before, name, equals, written) => {
        const change = ATTRIBUTES[name.toLowerCase()];
        if (!change) return whole;
        const old = unescape(/^["']/.test(written) ? written.slice(1, -1) : written);
        if (name.toLowerCase() === "data" && !/^<object\b/i.test(tag)) return whole;
        const changed = change(old);
        return changed === old ? whole : `${before}${name}${equals}"${escape(changed)}"`;
      }));
  };

  // ---- Ways of changing what is there. A Proxy keeps a native function's name, length and text.

  // Names are in one string, with spaces between; what a browser does not have is passed over.
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
  const thenSwept = (owner, names, change = (args) => args) =>
    instead(owner, names, (call, args) => swept(call(change(args))));
  const whenMade = (owner, names, change) =>
    wrap(owner, names, { construct: (native, args, as) => Reflect.construct(native, change(args), as) });
  const whenSet = (owner, names, change) => each(owner, names, (name, found) => {
    if (found && found.set) define(owner, name, { ...found, set(value) { found.set.call(this, change(value)); swept(); } });
  });
  const answer = (owner, names, get, set) => each(owner, names, (name) =>
    define(owner, name, { get, set, configurable: true, enumerable: true }));

  // Interface → properties that take what the attribute of their name takes
  const PROPERTIES = {
    HTMLAnchorElement: "href ping", HTMLAreaElement: "href ping", HTMLBaseElement: "href",
    HTMLBodyElement: "background", HTMLButtonElement: "formAction", HTMLEmbedElement: "src", HTMLFormElement: "action",
    HTMLFrameElement: "src", HTMLIFrameElement: "src srcdoc", HTMLImageElement: "src srcset lowsrc",
    HTMLInputElement: "src formAction", HTMLLinkElement: "href imageSrcset integrity", HTMLMediaElement: "src",
    HTMLObjectElement: "data", HTMLScriptElement: "src integrity type", HTMLSourceElement: "src srcset",
    HTMLTrackElement: "src", HTMLVideoElement: "poster",
  };
  // Interface → methods, and properties, after which a window may be there that was not
  const CHILD = "before after replaceWith";
  const PARENT = "append prepend replaceChildren moveBefore";
  const HTML = "setHTML setHTMLUnsafe appendHTML appendHTMLUnsafe prependHTML prependHTMLUnsafe beforeHTML beforeHTMLUnsafe "
    + "afterHTML afterHTMLUnsafe replaceWithHTML replaceWithHTMLUnsafe";
  const INSERTIONS = {
    Node: "appendChild insertBefore replaceChild", CharacterData: CHILD, DocumentType: CHILD,
    Element: `${CHILD} ${PARENT} insertAdjacentElement`, Document: `${PARENT} execCommand`,
    DocumentFragment: PARENT, Range: "insertNode surroundContents", HTMLSelectElement: "add",
    HTMLOptionsCollection: "add",
  };
  const SETTERS = { Document: "body designMode", HTMLTableElement: "caption tHead tFoot", HTMLIFrameElement: "sandbox" };
  // Interface → properties that give a window or its document
  const DOORS = {
    HTMLIFrameElement: "contentWindow contentDocument", HTMLFrameElement: "contentWindow contentDocument",
    HTMLObjectElement: "contentWindow contentDocument", HTMLFencedFrameElement: "contentWindow",
    Document: "defaultView", MessageEvent: "source", UIEvent: "view",
  };
  const WEBRTC = "RTCPeerConnection webkitRTCPeerConnection RTCDataChannel WebTransport RTCIceTransport RTCDtlsTransport";

  // ---- One realm: this window, and every window without an address of its own that it makes

  const patch = (w) => {
    if (w[INSTALLED]) return;
    define(w, INSTALLED, { value: true });
    const proto = (name) => w[name] && w[name].prototype;

    instead(proto("RTCPeerConnection"), "createOffer createAnswer setLocalDescription setRemoteDescription "
      + "addIceCandidate createDataChannel", () => { throw new DOMException("There is no WebRTC here.", "NotAllowedError"); });
    each(w, `${WEBRTC} cookieStore fetchLater`, (name) => delete w[name]);
    for (const [owner, names] of Object.entries(DOORS)) {
      each(proto(owner), names, (name, found) => define(proto(owner), name, {
        ...found, get: new Proxy(found.get, { apply: (native, self, args) => entered(Reflect.apply(native, self, args)) }),
      }));
    }
    instead(proto("HTMLIFrameElement"), "getSVGDocument", (call, args) => entered(call(args)));
    instead(proto("HTMLObjectElement"), "getSVGDocument", (call, args) => entered(call(args)));
    instead(proto("HTMLEmbedElement"), "getSVGDocument", (call, args) => entered(call(args)));
    for (const [owner, names] of Object.entries(SETTERS)) whenSet(proto(owner), names, (value) => value);
    guardScripts(w);
    guardBlobs(w);

    for (const [owner, names] of Object.entries(PROPERTIES)) {
      for (const name of names.split(" ")) whenSet(proto(owner), name, ATTRIBUTES[name.toLowerCase()]);
    }
    whenSet(proto("SVGAnimatedString"), "baseVal", map);
    whenSet(proto("CSSStyleDeclaration"), "cssText", mapCss);
    whenSet(proto("Element"), "innerHTML outerHTML", mapHtml);
    whenSet(proto("ShadowRoot"), "innerHTML", mapHtml);
    whenSet(proto("Attr"), "value", map);
    const byName = (name, value, self) => {
      const change = ATTRIBUTES[`${name}`.toLowerCase()];
      return change && !(name === "data" && self.localName !== "object") ? change(value) : value;
    };
    withArguments(proto("Element"), "setAttribute", ([name, value], self) => [name, byName(name, value, self)]);
    withArguments(proto("Element"), "setAttributeNS", ([space, name, value], self) =>
      [space, name, byName(`${name}`.split(":").pop(), value, self)]);
    thenSwept(proto("Element"), "insertAdjacentHTML", ([where, html]) => [where, mapHtml(html)]);
    for (const owner of ["Element", "ShadowRoot"]) {
      thenSwept(proto(owner), HTML, ([html, ...rest]) => [mapHtml(html), ...rest]);
    }
    withFirst(proto("Range"), "createContextualFragment", mapHtml);
    withArguments(proto("CSSStyleDeclaration"), "setProperty", ([name, value, ...rest]) => [name, mapCss(value), ...rest]);
    withFirst(proto("CSSStyleSheet"), "insertRule replace replaceSync", mapCss);
    // Opening a document takes its listeners away, and the first write to a finished document opens it.
    instead(proto("Document"), "open", (call, args, self) => { const opened = call(args); listen(self); return swept(opened); });
    instead(proto("Document"), "write writeln", (call, args, self) => {
      call([""]);
      listen(self);
      return swept(call(args.map(mapHtml)));
    });
    listen(w.document);
    for (const [owner, names] of Object.entries(INSERTIONS)) thenSwept(proto(owner), names);
    instead(proto("Element"), "attachShadow", (call, args) => watch(call(args)));

    // Requests
    const request = ([input, init]) => [
      typeof input === "object" && input instanceof w.Request ? input : map(input),
      init ? { ...init, ...(init.integrity ? { integrity: "" } : {}), ...(byPath ? openTo(init) : {}) } : init,
    ];
    if (byPath) whenSet(proto("XMLHttpRequest"), "withCredentials", () => false);
    withArguments(w, "fetch", request);
    whenMade(w, "Request", request);
    withArguments(proto("XMLHttpRequest"), "open", ([method, url, ...rest]) => [method, map(url), ...rest]);
    whenMade(w, "Worker SharedWorker", ([url, ...rest]) => [url === undefined ? url : mapWorker(url, rest[0] && rest[0].type === "module"), ...rest]);
    whenMade(w, "EventSource Audio", ([url, ...rest]) => url === undefined ? [] : [map(url), ...rest]);
    whenMade(w, "FontFace", ([family, source, ...rest]) => [family, mapCss(source), ...rest]);
    instead(proto("Navigator"), "sendBeacon", () => true);
    instead(proto("ServiceWorkerContainer"), "register", () =>
      Promise.reject(new DOMException("An archived page has no service worker.", "SecurityError")));

    // Navigation. The frame's sandbox allows no new window: scripts know that answer from pop-up blockers.
    instead(w, "open", () => null);
    instead(proto("History"), "pushState replaceState", (call, [state, title, url]) => {
      call([state, title, url === undefined || url === null ? url : map(url)]);
      tell();
    });
    instead(proto("HTMLFormElement"), "submit", (call, args, self) => { keepInside(self); call(args); });
    answerAsArchived(w, proto);
    storageOf(w);
  };

  // ---- Documents that a page makes of a text and runs: `javascript:` addresses and blobs

  // Trusted Types show every script that begins as a string, `location = "javascript:…"` among them, which
  // nothing else does. What such a script results in is shown as a page, with this script first in it.
  const asNavigation = (code) => `(r=>typeof r=="string"?${JSON.stringify(FIRST)}+r:void 0)((0,eval)(${JSON.stringify(code)}))`;
  const guardScripts = (w) => {
    const types = w.trustedTypes;
    if (!types || types.defaultPolicy) return;
    types.createPolicy("default", {
      createHTML: (html) => html,
      createScriptURL: (url) => url,
      createScript: (code, _, sink) => (/location/i.test(sink) ? asNavigation(code) : code),
    });
    withFirst(w.TrustedTypePolicyFactory.prototype, "createPolicy", (name) => (name === "default" ? "page-default" : name));
    if (w !== window || !document.head) return;  // a window without an address has its maker's policy
    const meta = document.createElement("meta");
    meta.httpEquiv = "Content-Security-Policy";
    meta.content = "require-trusted-types-for 'script'";
    document.head.append(meta);
    meta.remove();
  };

  const blobs = new Map();  // address → blob, as long as the address holds
  const XML = /^(?:image\/svg\+xml|(?:text|application)\/(?:xhtml\+)?xml)|\+xml/i;
  const guardBlobs = (w) => {
    instead(w.URL, "createObjectURL", (call, [blob, ...rest]) => {
      const type = blob instanceof Blob || blob instanceof w.Blob ? blob.type : null;
      const url = call([/html/i.test(type) && !XML.test(type) ? new Blob(["<!doctype html>", FIRST, blob], { type })
        : XML.test(type) ? withScriptInXml(blob, type) : blob, ...rest]);
      if (type !== null) blobs.set(url, blob);
      return url;
    });
    instead(w.URL, "revokeObjectURL", (call, [url]) => { blobs.delete(`${url}`); call([url]); });
  };
  // Read at once, because the address is wanted at once.
  const withScriptInXml = (blob, type) => {
    const url = createObjectURL(blob);
    const request = new XMLHttpRequest();
    Reflect.apply(openRequest, request, ["GET", url, false]);
    Reflect.apply(sendRequest, request, []);
    const doc = new DOMParser().parseFromString(request.responseText, "application/xml");
    doc.documentElement.prepend(doc.importNode(again, true));
    return new Blob([new XMLSerializer().serializeToString(doc)], { type });
  };
  // A worker made of a blob has the policy of its maker, Trusted Types too.
  const TYPES = "self.trustedTypes&&trustedTypes.createPolicy('default',"
    + "{createHTML:x=>x,createScript:x=>x,createScriptURL:x=>x});";
  const mapWorker = (url, module) => {
    const blob = blobs.get(`${url}`);
    if (blob) return createObjectURL(new Blob([TYPES, blob], { type: blob.type }));
    return byPath ? byImport(parsed(map(url), pageLocation.href), module) : map(url);
  };
  // An origin that is nobody's may run a worker of its own making, which then asks for the script by its address;
  // of a blob only one that is no module (Chromium 156).
  const byImport = (url, module) => {
    if (!url || !/^https?:$/.test(url.protocol)) return url;
    const prelude = TYPES + workerInPaths({ ...said, base: url.href });
    const inline = (text) => `data:text/javascript;charset=utf-8,${encodeURIComponent(text)}`;
    return module ? inline(`import ${JSON.stringify(inline(prelude))};import ${JSON.stringify(url.href)};`)
      : createObjectURL(new Blob([`${prelude}importScripts(${JSON.stringify(url.href)});`], { type: "text/javascript" }));
  };

  // ---- What a page may be told: where it was archived from. `location` and `top` cannot be answered.

  const answerAsArchived = (w, proto) => {
    const referrer = describe(proto("Document"), "referrer").get;
    const baseURI = describe(proto("Node"), "baseURI").get;
    const url = describe(proto("Document"), "URL").get;
    answer(proto("Document"), "URL documentURI", function () { return original(url.call(this)); });
    answer(proto("Node"), "baseURI", function () { return original(baseURI.call(this)); });
    answer(proto("Document"), "referrer", function () {
      const from = referrer.call(this);
      return from.startsWith(`${viewer}/`) ? "" : original(from);
    });
    answer(proto("Document"), "domain", () => new URL(archivedOrigin).hostname, () => {});
    answer(proto("Document"), "cookie", cookies.get, cookies.set);
    answer(w, "origin", () => archivedOrigin);
    const eventOrigin = describe(proto("MessageEvent"), "origin").get;
    answer(proto("MessageEvent"), "origin", function () {
      const from = eventOrigin.call(this);
      if (byPath && from === "null") return archivedOrigin;
      return /^https?:/.test(from) ? original(from).replace(/\/$/, "") : from;
    });
    // An origin that is nobody's cannot be named: in path mode whoever listens is of this snapshot, or the viewer.
    withArguments(w, "postMessage", ([message, to, ...rest]) =>
      [message, typeof to !== "string" ? to : byPath ? "*" : map(to), ...rest]);
    if (w === window && framed) {
      answer(w, "parent", () => w);
      answer(w, "frameElement", () => null);
    }
  };

  // A jar of the page's own: in a frame of another site browsers drop cookies that scripts set.
  const jar = new Map();
  const cookies = {
    get() {
      for (const [name, { until }] of jar) if (until <= Date.now()) jar.delete(name);
      return [...jar.values()].map(({ pair }) => pair).join("; ");
    },
    set(text) {
      const [pair, ...rest] = `${text}`.split(";").map((part) => part.trim());
      const said = Object.fromEntries(rest.map((part) => {
        const [name, ...value] = part.split("=");
        return [name.trim().toLowerCase(), value.join("=").trim()];
      }));
      if (!pair || "httponly" in said) return;
      const name = pair.includes("=") ? pair.slice(0, pair.indexOf("=")).trim() : "";
      // Max-Age goes before Expires (RFC 6265 section 5.3)
      const age = /^-?\d+$/.test(said["max-age"]) ? Date.now() + said["max-age"] * 1000 : Date.parse(said.expires);
      if (age <= Date.now()) jar.delete(name);
      else jar.set(name, { pair, until: Number.isNaN(age) ? Infinity : age });
    },
  };

  // Where a browser denies storage to frames of another site, it throws on the mere name. What stands in its
  // place lives as long as the page: neither another page nor another day sees it.
  const makeStorage = () => {
    const kept = new Map();
    const methods = {
      getItem: (name) => (kept.has(`${name}`) ? kept.get(`${name}`) : null),
      setItem: (name, value) => { kept.set(`${name}`, `${value}`); },
      removeItem: (name) => { kept.delete(`${name}`); },
      clear: () => kept.clear(),
      key: (index) => [...kept.keys()][index] ?? null,
    };
    return new Proxy(Object.create(Storage.prototype), {
      get: (_, name) => name === "length" ? kept.size : methods[name] ?? kept.get(name) ?? Object.prototype[name],
      set: (_, name, value) => { kept.set(`${name}`, `${value}`); return true; },
      has: (_, name) => kept.has(name) || name in methods || name === "length",
      deleteProperty: (_, name) => { kept.delete(name); return true; },
      ownKeys: () => [...kept.keys()],
      getOwnPropertyDescriptor: (_, name) => kept.has(name)
        ? { value: kept.get(name), writable: true, enumerable: true, configurable: true } : undefined,
    });
  };
  const storages = { localStorage: makeStorage(), sessionStorage: makeStorage() };
  const storageOf = (w) => {
    for (const [name, storage] of Object.entries(storages)) {
      try { w[name].length; } catch { answer(w, name, () => storage); }
    }
  };

  // ---- Windows without an address (about:blank) get the same treatment before the page can use them.

  const sweep = (w) => {
    for (let i = 0; i < w.length; i++) {
      // A window of another origin has its own copy of this script, and throws here.
      try { patch(w[i]); sweep(w[i]); } catch { continue; }
    }
  };
  const swept = (result) => { sweep(window); return result; };
  // What a door gave: a window, a document, or nothing.
  const entered = (found) => {
    const w = found && (found.nodeType === 9 ? viewOf.call(found) : found);
    try { if (w && w !== window && w.document) patch(w); } catch { /* another origin, with its own copy */ }
    return found;
  };
  // An empty frame's load is told while it is inserted, before the scripts inserted with it run.
  const listen = (doc) => doc.addEventListener("load", onLoad, true);
  const onLoad = ({ target }) => { if (/^(?:i?frame|object|embed)$/.test(target.localName)) swept(); };

  // ---- What came in by another way than the ones above: parsed elsewhere, adopted, set by style.

  const ATTRIBUTE_NAMES = ["action", "background", "data", "formaction", "href", "poster", "src", "srcset", "style"];
  const mend = (element) => {
    if (element.localName === "style" && SLASHED.test(element.textContent)) {
      const mapped = mapCss(element.textContent);
      if (mapped !== element.textContent) element.textContent = mapped;
    }
    for (const name of ATTRIBUTE_NAMES) {
      const value = element.getAttribute(name);
      if (!value || !SLASHED.test(value) || (name === "data" && element.localName !== "object")) continue;
      const mapped = ATTRIBUTES[name](value);
      if (mapped !== value) element.setAttribute(name, mapped);
    }
  };
  const watch = (root) => {
    new MutationObserver((records) => {
      swept();
      for (const { target, addedNodes } of records) {
        if (target.nodeType === 1) mend(target);
        for (const node of [...addedNodes].filter((added) => added.nodeType === 1)) {
          mend(node);
          for (const inner of node.querySelectorAll("[src],[href],[srcset],[style],[action],[poster],style")) mend(inner);
        }
      }
    }).observe(root, { subtree: true, childList: true, attributes: true, attributeFilter: ATTRIBUTE_NAMES });
    return root;
  };

  // ---- Navigation: the Navigation API shows where location, links, forms and refresh want to go.

  const keepInside = (element) => {
    const target = element.getAttribute("target") || "";
    if (target && target !== "_self" && !window.frames[target]) element.removeAttribute("target");
  };
  const tell = () => {
    if (framed) tellParent({ daykeep: 1, url: original(pageLocation.href), title: document.title, gone: gone === "yes" }, viewer);
  };

  // ---- What the page asked for, and what of it the day has not

  const MAX_PARTS = 500;
  const KINDS = {
    img: "image", image: "image", input: "image", icon: "image", link: "style", css: "image", script: "script",
    iframe: "frame", frame: "frame", audio: "media", video: "media", embed: "other", object: "other",
    "img-src": "image", "style-src": "style", "style-src-elem": "style", "script-src": "script",
    "script-src-elem": "script", "frame-src": "frame", "font-src": "font", "media-src": "media",
  };
  const FONT = /\.(?:woff2?|ttf|otf|eot)(?:[?#]|$)/i;
  const SHEET = /\.css(?:[?#]|$)/i;
  const page = Math.random();
  const parts = new Map();
  const gaps = new Set();
  let told = 0;
  let telling = 0;
  const tellParts = () => {
    telling = 0;
    const fresh = [...parts].slice(told).map(([url, kind]) => [kind, url]);
    told = parts.size;
    tellTop({ daykeep: 1, page: framed ? page : null, parts: fresh }, viewer);
  };
  const kindOf = (kind, url) => FONT.test(url) ? "font" : kind === "css" && SHEET.test(url) ? "style" : KINDS[kind] || "other";
  const asked = (kind, text) => {
    const url = parsed(text);
    if (!url || !/^https?:$/.test(url.protocol) || url.pathname.startsWith("/.daykeep/")) return;
    url.hash = "";
    const archived = original(url.href);
    if (parts.has(archived) || parts.size >= MAX_PARTS || archived.length > 4096) return;
    parts.set(archived, kindOf(kind, archived));
    telling ||= setTimeout(tellParts, 300);
  };

  // An image fails as on the live web, so that scripts do what they then do. Where it is still there and broken, a
  // mark is drawn over its place by an animation, which changes neither the document nor the layout.
  const { animate } = Element.prototype;
  const widthOf = describe(HTMLImageElement.prototype, "naturalWidth").get;
  const sourceOf = describe(HTMLImageElement.prototype, "currentSrc").get;
  const marks = new WeakMap();
  const MARK = { outline: "2px dashed #b45309", outlineOffset: "-2px",
    backgroundImage: "repeating-linear-gradient(45deg, #b4530922 0 6px, #fff7ed22 6px 12px)" };
  const SPOT = { outline: "6px double #b45309", outlineOffset: "0px" };
  const isPixel = (element) => element.width <= 2 && element.height <= 2
    && element.hasAttribute("width") && element.hasAttribute("height");
  const mark = (image) => {
    if (marks.has(image) || isPixel(image) || widthOf.call(image) || !gaps.has(sourceOf.call(image))) return;
    const keyframe = image.offsetWidth < 12 || image.offsetHeight < 12 ? SPOT : MARK;
    marks.set(image, animate.call(image, [keyframe, keyframe], { duration: 1, fill: "forwards" }));
  };
  const lacking = (text) => {
    const url = parsed(text);
    if (!url || gaps.size >= MAX_PARTS) return;
    url.hash = "";
    gaps.add(url.href);
    // after the page's own handlers
    setTimeout(() => document.querySelectorAll("img").forEach(mark), 0);
  };
  const watchParts = () => {
    document.addEventListener("error", ({ target }) => {
      if (target instanceof HTMLImageElement) setTimeout(() => mark(target), 0);
    }, true);
    document.addEventListener("load", ({ target }) => {
      if (!marks.has(target)) return;
      marks.get(target).cancel();
      marks.delete(target);
    }, true);
    window.addEventListener("securitypolicyviolation", (event) => {
      if (event.disposition !== "enforce" || !/^https?:/.test(event.blockedURI)) return;
      asked(event.effectiveDirective, event.blockedURI);
      lacking(event.blockedURI);
    }, true);
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        asked(entry.initiatorType, entry.name);
        if (entry.serverTiming.some(({ name }) => name === "daykeep-gap")) lacking(entry.name);
      }
    }).observe({ type: "resource", buffered: true });
    tellParts();
  };

  // What may be asked of an answer that anybody may have, by an origin that is nobody's.
  const openTo = ({ mode, credentials }) => ({
    ...(mode === "same-origin" ? { mode: "cors" } : {}), ...(credentials === "include" ? { credentials: "omit" } : {}),
  });

  patch(window);
  watch(document);
  if (byPath) tell();  // before a script of the page can say something else
  if (realParent !== window) watchParts();
  // Where a script leads to what nothing is captured of: to the page that says so.
  const ownOrigins = new Set(known.includes("*") ? [] : known.split(" ").filter(Boolean));
  const leading = (wanted) => {
    const mapped = map(wanted);
    const url = parsed(mapped);
    const inside = !url || !outside || !ownOrigins.size || !isReplay(url) || url.origin === outside || ownOrigins.has(url.origin);
    return inside ? mapped : `${outside}/${original(mapped)}`;
  };
  if (window.navigation) {
    window.navigation.addEventListener("navigate", (event) => {
      const wanted = event.destination.url;
      const mapped = framed ? leading(wanted) : map(wanted);
      if (mapped === wanted || !event.cancelable) return;
      event.preventDefault();
      // Not at once: a navigation that begins inside the event of another is refused.
      setTimeout(() => pageLocation[event.navigationType === "replace" ? "replace" : "assign"](mapped), 0);
    });
  }
  for (const kind of ["click", "submit"]) {
    window.addEventListener(kind, (event) => event.composedPath()
      .filter((node) => /^(?:a|area|form)$/.test(node.localName)).forEach(keepInside), true);
  }
  for (const kind of ["DOMContentLoaded", "load", "popstate", "hashchange", "pageshow"]) window.addEventListener(kind, tell);
})();
