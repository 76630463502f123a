// SPDX-License-Identifier: EUPL-1.2
//
// Runs first in every replayed page: maps the addresses that scripts use, as they are used.
//
// The server maps addresses in markup and style sheets (viewer/rewriting/html.py); scripts are served as
// they were archived, so what they build is mapped here. This is for fidelity, with one exception: the
// page's CSP stops every request to the live web whether this file knows the way or not, but no CSP that
// Chromium 156 knows stops WebRTC, so that is taken away here, in every realm a page can reach. For a frame
// whose address the CSP refuses, Chromium 156 still opens a connection, on which nothing is sent over http.
//
// Its own element says what it needs:
//   data-pattern    http://{label}.localhost:8080   replay origins; the label as in viewer/addresses/label.py
//                   http://localhost:8081/replay/   in path mode, where all pages have this one (path_addresses.js)
//   data-timestamp  20261123023000                  the snapshot, and the letters of a view (viewer/addresses/view.py)
//   data-origin     https://www.ind.nl              the archived origin of this page
//   data-viewer     http://localhost:8080           the only page that is told where we are
//   data-modules    https://cdn.example …           archived origins that modules are imported from
//   data-cookies    taal=nl; path=/                 what the server set with the page, one a line
//   data-origins    https://cdn.ind.nl …            in path mode, other archived origins
//   data-outside    http://20261123023000-outside-…  where links lead of which nothing is captured (viewer/addresses/outside.py)
//   data-known      http://… http://…               the replay origins of this snapshot; empty, or a pattern: not told
//   data-gone       yes                             of a page of ours, which says that there is nothing
//
// What it tells the viewer's frame, at load and at every navigation within the page:
//   {daykeep: 1, url: "https://www.ind.nl/a", title: "…", gone: false}
// and which parts the page asked for, frames within it too; `page` is a number of its own for each document:
//   {daykeep: 1, page: 0.123, parts: [["image", "https://www.ind.nl/a.png"], …], more: false}
//     ["other", "https://www.ind.nl/api", "POST"]   by another method than GET, where a script of the page asked for it
// The viewer asks {daykeep: "where"} after it has not heard everything. What its workers asked for is among them
// (viewer/static/parts.js).
//
// What the visitor selects, so that it can be asked from when to when the page said that:
//   {daykeep: 1, selected: "…"}
//
// How large it is, so that all of it can be printed (viewer/static/sizes.js):
//   {daykeep: 1, size: [960, 5120, 960, 900]}
//
// Beside another day (viewer/static/compare.js) it stands in a pane, and tells the page around that how far it is
// scrolled; it is told how far to scroll:
//   {daykeep: 1, scrolled: 0.42}   {daykeep: 1, scroll: 0.42}
// What a window of the other day says to this page is kept from it.
//
// The frame is another site than the viewer. Browsers give it storage and shared workers apart from those
// of other sites, or deny them (Chromium 156 with ThirdPartyStoragePartitioning switched off). Denied storage
// is made up for below, per page. A denied SharedWorker is not: the browser itself fires `error` at
// it, as for any script that cannot be loaded, and nothing here can give one worker to several pages.
(() => {
  "use strict";
  const script = document.currentScript;
  const { pattern, timestamp, origin: archivedOrigin, viewer, outside = "", known = "", gone,
    modules, origins, cookies: given } = script.dataset;
  const byPath = !pattern.includes("{label}");
  const again = script.cloneNode();  // no sink of Trusted Types: a document of ours may begin with them
  const FIRST = again.outerHTML;
  const policy = script.previousElementSibling;  // holds without its element, which is none of the page's
  if (policy && policy.httpEquiv === "Content-Security-Policy") policy.remove();
  script.remove();

  // Taken before a page can replace them.
  const { URL, Proxy, Reflect, Map, WeakMap, DOMException, Promise, setTimeout, MutationObserver,
    Blob, DOMParser, XMLSerializer, XMLHttpRequest, BroadcastChannel } = window;
  const { open: openRequest, send: sendRequest } = XMLHttpRequest.prototype;
  const { appendChild } = Node.prototype;
  const createObjectURL = URL.createObjectURL.bind(URL);
  const ways = makeWays(window);
  const { describe, define, each, instead, withArguments, withFirst, whenMade, answer } = ways;
  const realParent = window.parent;
  const realTop = window.top;
  const paned = window.name === "daykeep-pane" && realParent !== realTop && realParent.parent === realTop;
  const framed = realParent !== window && (realParent === realTop || paned);
  const tellParent = paned ? realTop.postMessage.bind(realTop) : realParent.postMessage.bind(realParent);
  const tellTop = realTop.postMessage.bind(realTop);
  const pageLocation = window.location;
  const viewOf = describe(Document.prototype, "defaultView").get;
  const INSTALLED = Symbol.for("daykeep.replay");

  const said = { pattern, timestamp, origin: archivedOrigin, origins, outside };
  const addresses = makeAddresses(said, window);
  const { map, original, parsed, isReplay } = addresses;
  const blobs = new Map();  // address → blob of a page, as long as the address holds
  said.home = addresses.replayOrigin(new URL(archivedOrigin));
  const prelude = preludeOf(said);
  const marks = makeMarks(describe);
  const realBase = describe(Node.prototype, "baseURI").get;

  // A visit past the frame is led into it by the server, which knows it by what browsers tell (Fetch Metadata). By plain
  // http, under another name than that of this machine, they tell nothing.
  if (window.top === window) {
    const moment = `${timestamp.slice(0, 14)}${timestamp.endsWith("f") ? "fg_" : ""}`;
    pageLocation.replace(`${viewer}/web/${moment}/${original(pageLocation.href)}`);
  }

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

  // A frame of data would not have the page's policy: its text becomes that of a frame with an origin of its own.
  const DATA = /^[\0-\x20]*data:([^,;]*)[^,]*,/i;
  const ALLOWED = ["allow-scripts", "allow-forms", "allow-modals"];
  const read = (url) => {
    const asked = new XMLHttpRequest();
    Reflect.apply(openRequest, asked, ["GET", url, false]);
    Reflect.apply(sendRequest, asked, []);
    return asked.responseText;
  };
  const asDocument = (url) => {
    const type = DATA.exec(url)[1].trim().toLowerCase();
    if (/^image\/(?!svg)/.test(type)) return `<img src="${escape(url)}">`;
    return /html|xml/.test(type) ? read(url) : `<pre>${escape(read(url))}</pre>`;
  };
  const sandboxed = new WeakMap();  // frame of data → its sandbox before
  const frameSource = (frame, value) => {
    const url = `${value}`;
    const before = sandboxed.has(frame) ? sandboxed.get(frame) : frame.getAttribute("sandbox");
    if (DATA.test(url)) {
      sandboxed.set(frame, before);
      frame.setAttribute("sandbox", ALLOWED.filter((word) => before === null || before.toLowerCase().split(/\s+/).includes(word)).join(" "));
      frame.srcdoc = asDocument(url);
      return value;
    }
    if (sandboxed.delete(frame)) {
      frame.removeAttribute("srcdoc");
      if (before === null) frame.removeAttribute("sandbox");
      else frame.setAttribute("sandbox", before);
    }
    return map(value);
  };
  const asFrameOfText = (tag) => tag.replace(ATTRIBUTE, (whole, before, name, equals, written) => {
    const value = unescape(/^["']/.test(written) ? written.slice(1, -1) : written);
    if (name.toLowerCase() === "sandbox") return `${before}${name}="${escape(value.replace(/allow-same-origin/gi, ""))}"`;
    if (name.toLowerCase() !== "src" || !DATA.test(value)) return whole;
    const sandbox = /\ssandbox\b/i.test(tag) ? "" : ` sandbox="${ALLOWED.join(" ")}"`;
    return `${before}srcdoc="${escape(withScript(mapHtml(asDocument(value))))}"${sandbox}`;
  });

  // An import map is read as it is inserted. What it maps stays a name: only where that leads to is mapped.
  const mapImports = (node) => {
    if (!node || node.localName !== "script" || !/^\s*importmap\s*$/i.test(node.type)) return node;
    const leading = (_, value) => (typeof value === "string" ? map(value) : value);
    try { node.textContent = JSON.stringify(JSON.parse(node.textContent, leading)); } catch { /* the browser's to refuse */ }
    return node;
  };

  // Markup may come in pieces (document.write), so its tags are changed one by one and nothing is parsed.
  const mapHtml = (value) => {
    const text = `${value}`;
    if (!SLASHED.test(text) && !/data|srcdoc|\\|&#/i.test(text)) return value;
    return text.replace(/<[a-z][^\s\/>]*(?:[^>"']|"[^"]*"|'[^']*')*/gi, (tag) => (/^<iframe\b[^]*data:/i.test(tag) ? asFrameOfText(tag) : tag)
      .replace(ATTRIBUTE, (whole, before, name, equals, written) => {
        const change = ATTRIBUTES[name.toLowerCase()];
        if (!change) return whole;
        const old = unescape(/^["']/.test(written) ? written.slice(1, -1) : written);
        if (name.toLowerCase() === "data" && !/^<object\b/i.test(tag)) return whole;
        const changed = change(old);
        return changed === old ? whole : `${before}${name}${equals}"${escape(changed)}"`;
      }));
  };

  // ---- Ways of changing what is there, and after which a window may be there that was not

  const thenSwept = (owner, names, change = (args) => args) =>
    instead(owner, names, (call, args) => swept(call(change(args))));
  const whenSet = (owner, names, change) => each(owner, names, (name, found) => {
    if (found && found.set) define(owner, name, { ...found, set(value) { found.set.call(this, change(value)); swept(); } });
  });

  // Interface → properties that take what the attribute of their name takes
  const PROPERTIES = {
    HTMLAnchorElement: "href ping", HTMLAreaElement: "href ping", HTMLBaseElement: "href",
    HTMLBodyElement: "background", HTMLButtonElement: "formAction", HTMLEmbedElement: "src", HTMLFormElement: "action",
    HTMLFrameElement: "src", HTMLIFrameElement: "srcdoc", HTMLImageElement: "src srcset lowsrc",
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
    define(w, INSTALLED, { value: { door: null } });
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
    each(proto("HTMLIFrameElement"), "src", (name, found) => define(proto("HTMLIFrameElement"), name, {
      ...found, set(value) { found.set.call(this, frameSource(this, value)); swept(); },
    }));
    whenSet(proto("SVGAnimatedString"), "baseVal", map);
    whenSet(proto("CSSStyleDeclaration"), "cssText", mapCss);
    whenSet(proto("Element"), "innerHTML outerHTML", mapHtml);
    whenSet(proto("ShadowRoot"), "innerHTML", mapHtml);
    whenSet(proto("Attr"), "value", map);
    const byName = (name, value, self) => {
      if (self.localName === "iframe" && /^src$/i.test(name)) return frameSource(self, value);
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
    for (const [owner, names] of Object.entries(INSERTIONS)) thenSwept(proto(owner), names, (args) => args.map(mapImports));
    instead(proto("Element"), "attachShadow", (call, args) => watch(call(args)));

    // Requests
    patchRequests(w, said, ways, addresses, prelude, { asking: toldOf, made: workerMade, ended: parts.settle }, blobs);
    whenMade(w, "Audio", ([url, ...rest]) => url === undefined ? [] : [map(url), ...rest]);
    withFirst(proto("Worklet"), "addModule", (url) => { toldOf("script", url); return map(url); });
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

  const XML = /^(?:image\/svg\+xml|(?:text|application)\/(?:xhtml\+)?xml)|\+xml/i;
  const guardBlobs = (w) => {
    instead(w.URL, "createObjectURL", (call, [blob, ...rest]) => {
      const type = blob instanceof Blob || blob instanceof w.Blob ? blob.type : null;
      return call([/html/i.test(type) && !XML.test(type) ? new Blob(["<!doctype html>", FIRST, blob], { type })
        : XML.test(type) ? withScriptInXml(blob, type) : blob, ...rest]);
    });
  };
  // Read at once, because the address is wanted at once.
  const withScriptInXml = (blob, type) => {
    const doc = new DOMParser().parseFromString(read(createObjectURL(blob)), "application/xml");
    doc.documentElement.prepend(doc.importNode(again, true));
    return new Blob([new XMLSerializer().serializeToString(doc)], { type });
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
    if (byPath) answerInPaths(w, proto);
    const eventOrigin = describe(proto("MessageEvent"), "origin").get;
    answer(proto("MessageEvent"), "origin", function () {
      const from = eventOrigin.call(this);
      if (byPath && from === "null") return originOf(sourceOfMessage.call(this));
      // Of one's own it is what `location.origin` is, which is what scripts compare it with.
      return /^https?:/.test(from) && from !== pageLocation.origin ? original(from).replace(/\/$/, "") : from;
    });
    speakAsSender(w);
    if (w !== window) return;
    const replaceable = (value) => define(w, "parent", { value, writable: true, configurable: true, enumerable: true });
    answer(w, "parent", framed ? () => w : () => entered(realParent), replaceable);
    if (framed) answer(w, "frameElement", () => null);
  };

  // In path mode: links to another archived host are told from those that stay, which have the same parts as
  // `location`; and what a browser denies an origin that is nobody's by throwing.
  // A message from a frame of this page is from where that was sent to, one from the page around it from where that
  // said it is; any other is taken for one of the page's own.
  const windowOf = describe(HTMLIFrameElement.prototype, "contentWindow").get;
  const addressOf = describe(HTMLIFrameElement.prototype, "src").get;
  const sourceOfMessage = describe(MessageEvent.prototype, "source").get;
  const dataOfMessage = describe(MessageEvent.prototype, "data").get;
  const realOriginOf = describe(MessageEvent.prototype, "origin").get;
  const trusted = (event) => event.isTrusted;
  // The window below the one at the top in which a window is: a pane, or the page in the only frame.
  const branchOf = (w) => {
    for (let depth = 0; depth < 50; depth++) {
      const up = w === window ? realParent : w.parent;
      if (up === realTop || up === w) return w;
      w = up;
    }
    return w;
  };
  const isOfThisDay = (event) => {
    const source = sourceOfMessage.call(event);
    if (!trusted(event) || source === realTop) return true;
    if (source) return branchOf(source) === branchOf(window);
    return byPath ? false : `${realOriginOf.call(event)}`.startsWith(pattern.split("{label}")[0] + timestamp);
  };
  if (realParent !== window) {
    window.addEventListener("message", (event) => {
      if (!isOfThisDay(event)) event.stopImmediatePropagation();
    }, true);
  }
  let parentOrigin = archivedOrigin;
  const originOf = (source) => {
    if (source === realParent && source !== window) return parentOrigin;
    const frame = [...document.querySelectorAll("iframe")].find((one) => windowOf.call(one) === source);
    const url = frame && parsed(original(addressOf.call(frame)));
    return url && /^https?:$/.test(url.protocol) ? url.origin : archivedOrigin;
  };
  // A frame asks first of all, so that it knows before anything else is said to it.
  if (byPath) {
    window.addEventListener("message", (event) => {
      const { daykeep, origin } = Object(dataOfMessage.call(event));
      const source = sourceOfMessage.call(event);
      if (daykeep !== "who" && daykeep !== "it is") return;
      event.stopImmediatePropagation();
      if (daykeep === "who") source.postMessage({ daykeep: "it is", origin: archivedOrigin }, "*");
      else if (source === realParent) parentOrigin = `${origin}`;
    }, true);
    if (realParent !== window && !framed) realParent.postMessage({ daykeep: "who" }, "*");
  }
  const answerInPaths = (w, proto) => {
    for (const owner of ["HTMLAnchorElement", "HTMLAreaElement"].map(proto)) {
      const href = describe(owner, "href").get;
      for (const name of ["href", "origin", "protocol", "host", "hostname", "port", "pathname"]) {
        const found = describe(owner, name);
        define(owner, name, { ...found, get() {
          const url = parsed(original(href.call(this)));
          return url && /^https?:$/.test(url.protocol) && url.origin !== archivedOrigin ? url[name] : found.get.call(this);
        } });
      }
    }
    const none = { controller: null, ready: new Promise(() => {}), addEventListener() {}, removeEventListener() {},
      getRegistration: () => Promise.resolve(), getRegistrations: () => Promise.resolve([]), startMessages() {},
      register: () => Promise.reject(new DOMException("An archived page has no service worker.", "SecurityError")) };
    answer(proto("Navigator"), "serviceWorker", () => none);
  };

  // ---- Messages. The browser takes for their sender the window whose function calls it, so that function has to
  // be of the window that sends, or none of ours.

  // An origin that is nobody's cannot be named: in path mode whoever listens is of this snapshot, or the viewer.
  const mapTarget = ([to, ...rest]) => [
    typeof to === "string" ? (byPath ? "*" : map(to)) : byPath && to ? { ...to, targetOrigin: "*" } : to && typeof to.targetOrigin === "string" ? { ...to, targetOrigin: map(to.targetOrigin) } : to,
    ...rest,
  ];
  const sender = (native) => new Proxy(native, {
    apply: (_, self, [message, ...rest]) => Reflect.apply(native, self, rest.length ? [message, ...mapTarget(rest)] : [message]),
  });
  const isOpen = (w) => { try { return Boolean(w.document); } catch { return false; } };
  // Whether no other window can call what is in this one.
  const isAlone = (w) => {
    for (let i = 0; i < w.length; i++) if (isOpen(w[i])) return false;
    return w !== window || framed || realParent === window || !isOpen(realParent);
  };
  const speakAsSender = (w) => {
    const hooks = w[INSTALLED];
    const native = w.postMessage;
    const own = sender(native);
    define(w, "postMessage", {
      configurable: true,
      enumerable: true,
      get: () => {
        const came = hooks.door;
        hooks.door = null;
        return came ? came(native) : isAlone(w) ? own : native;
      },
      set: (value) => define(w, "postMessage", { value, writable: true, configurable: true, enumerable: true }),
    });
  };

  // A window of another origin: nothing of it can be changed, so scripts get something that speaks to it.
  const foreign = new WeakMap();
  const asForeign = (w) => {
    if (!foreign.has(w)) {
      const locate = { replace: (url) => w.location.replace(map(url)), set href(url) { w.location.href = map(url); } };
      foreign.set(w, new Proxy({}, {
        get: (_, name) => {
          if (name === "postMessage") return (message, ...rest) => w.postMessage(message, ...mapTarget(rest));
          if (name === "location") return locate;
          const value = w[name];  // throws what the browser throws
          if (typeof value === "function") return value.bind(w);
          return typeof value === "object" ? entered(value) : value;
        },
        set: (_, name, value) => { w[name] = name === "location" ? map(value) : value; return true; },
        has: (_, name) => name in w,
        getPrototypeOf: () => null,
        ownKeys: () => Reflect.ownKeys(w),
        getOwnPropertyDescriptor: (_, name) => { const found = describe(w, name); return found && { ...found, configurable: true }; },
      }));
    }
    return foreign.get(w);
  };

  // A jar of our own, because in a frame of another site browsers drop cookies that scripts set: for as long as
  // the tab is there where it has storage, else as long as the page. Nothing of it is ever sent.
  const JAR = "daykeep.cookies";
  const kept = (() => { try { return window.sessionStorage; } catch { return null; } })();
  let jar = [];  // [name, path, pair, until]
  const opened = () => {
    try { jar = JSON.parse(kept.getItem(JAR)) || []; } catch { /* this page's own */ }
    jar = jar.filter(([, , , until]) => until === null || until > Date.now());
    return jar;
  };
  const put = (text, now, until) => {
    const [pair, ...rest] = `${text}`.split(";").map((part) => part.trim());
    const told = Object.fromEntries(rest.map((part) => {
      const [name, ...value] = part.split("=");
      return [name.trim().toLowerCase(), value.join("=").trim()];
    }));
    if (!pair || "httponly" in told) return;
    const name = pair.includes("=") ? pair.slice(0, pair.indexOf("=")).trim() : "";
    const path = /^\//.test(told.path) ? told.path : pageLocation.pathname.replace(/\/[^\/]*$/, "") || "/";
    // Max-Age goes before Expires (RFC 6265 section 5.3)
    const age = /^-?\d+$/.test(told["max-age"]) ? now + told["max-age"] * 1000 : Date.parse(told.expires);
    const others = opened().filter((one) => one[0] !== name || one[1] !== path);
    jar = age <= now ? others : [...others, [name, path, pair, until(age)]];
    try { kept.setItem(JAR, JSON.stringify(jar)); } catch { /* this page's own */ }
  };
  const isBelow = (path) => pageLocation.pathname === path || pageLocation.pathname.startsWith(path.replace(/\/?$/, "/"));
  const cookies = {
    get: () => opened().filter(([, path]) => isBelow(path)).map(([, , pair]) => pair).join("; "),
    set: (text) => put(text, Date.now(), (age) => (Number.isNaN(age) ? null : age)),
  };
  // What came with the page lasts from the time of the capture on: here, as long as the jar.
  const then = Date.parse(timestamp.replace(/^(....)(..)(..)(..)(..)(..).*/, "$1-$2-$3T$4:$5:$6Z"));
  for (const one of (given || "").split("\n")) put(one, then, () => null);

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
    try {
      const w = found && (found.nodeType === 9 ? viewOf.call(found) : found);
      if (!w || w === window || !w.document) return found;
      patch(w);
      w[INSTALLED].door = sender;
      Promise.resolve().then(() => { w[INSTALLED].door = null; });
    } catch {
      return asForeign(found);
    }
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
  // ---- Beside another day

  const { scrollTo, requestAnimationFrame } = window;
  const lengthOf = () => {
    const root = document.scrollingElement || document.documentElement;
    return root ? root.scrollHeight - root.clientHeight : 0;
  };
  const scrollBeside = () => {
    let [due, set] = [false, null];
    const tellScroll = () => {
      due = false;
      const length = lengthOf();
      if (length <= 0 || Math.round(window.scrollY) === set) return;
      tellTop({ daykeep: 1, scrolled: Math.min(Math.max(window.scrollY / length, 0), 1) }, viewer);
    };
    window.addEventListener("scroll", () => {
      if (due) return;
      due = true;
      requestAnimationFrame.call(window, tellScroll);
    }, { passive: true });
    window.addEventListener("message", (event) => {
      const { daykeep, scroll } = Object(dataOfMessage.call(event));
      if (sourceOfMessage.call(event) !== realTop || daykeep !== 1 || typeof scroll !== "number") return;
      event.stopImmediatePropagation();
      if (realOriginOf.call(event) !== viewer || !(scroll >= 0 && scroll <= 1)) return;
      set = Math.round(scroll * lengthOf());
      scrollTo.call(window, { top: set, behavior: "instant" });
    }, true);
  };

  // ---- What the visitor selects

  const { getSelection } = document;
  const MAX_SELECTED = 1000;
  const tellSelection = () => {
    let due = 0;
    document.addEventListener("selectionchange", (event) => {
      if (!event.isTrusted || due) return;
      due = setTimeout(() => {
        due = 0;
        const text = `${getSelection.call(document)}`.slice(0, MAX_SELECTED);
        if (text.trim()) tellParent({ daykeep: 1, selected: text }, viewer);
      }, 300);
    });
  };

  const tell = () => {
    if (framed) tellParent({ daykeep: 1, url: original(pageLocation.href), title: document.title, gone: gone === "yes" }, viewer);
  };

  // ---- What the page asked for, and what of it the day has not

  const page = Math.random();
  let telling = 0;
  const tellParts = () => {
    telling = 0;
    tellTop({ daykeep: 1, page: framed ? page : null, ...parts.fresh() }, viewer);
  };
  const isShown = realParent !== window;
  const parts = makeParts(window, ways, addresses, () => { if (isShown) telling ||= setTimeout(tellParts, 300); });
  const { asked } = parts;
  const toldOf = (kind, url, method) => {
    const found = isShown && url !== undefined && parsed(map(url), realBase.call(document));
    if (found) asked(kind, found.href, method);
  };
  // A shared worker tells all pages of its origin; those that made it listen.
  const shared = new Map();  // its address and name → one of them
  let channel = null;
  const hearShared = (event) => {
    const told = Object(parts.dataOf.call(event));
    if (told.daykeep === "asked" && shared.has(told.of)) parts.heard(shared.get(told.of), told);
  };
  const workerMade = (worker, kind, url, options) => {
    if (kind === "Worker") {
      parts.made(worker, kind, url, options);
      return;
    }
    const from = parsed(url, realBase.call(document));
    const name = typeof options === "string" ? options : Object(options).name ?? "";
    const of = `${from ? from.href : url} ${name}`;
    if (!channel) {
      channel = new BroadcastChannel("daykeep.parts");
      parts.listen(channel, "message", hearShared);
    }
    shared.set(of, worker);
    parts.expect(worker);
    parts.listen(worker, "error", () => parts.failed(worker, options));
    channel.postMessage({ daykeep: "who", of });
  };
  const watchParts = () => {
    marks.watch();
    window.addEventListener("securitypolicyviolation", (event) => {
      if (event.disposition !== "enforce" || !/^https?:/.test(event.blockedURI)) return;
      asked(event.effectiveDirective, event.blockedURI);
      marks.lacking(event.blockedURI);
    }, true);
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        asked(entry.initiatorType, entry.name);
        const said = entry.serverTiming.map(({ name }) => name);
        if (said.includes("daykeep-gap")) marks.lacking(entry.name);
        if (said.includes("daykeep-filled")) marks.ofAnotherDay(entry.name);
      }
    }).observe({ type: "resource", buffered: true });
    if (!framed) asked("iframe", pageLocation.href);  // also where a link within that frame led
    window.addEventListener("message", (event) => {
      if (Object(dataOfMessage.call(event)).daykeep !== "where" || sourceOfMessage.call(event) !== realTop) return;
      event.stopImmediatePropagation();
      parts.again();
      tell();
      tellParts();
    }, true);
    tellParts();
  };

  const list = (imports, insert) => {
    if (!document.head) return;
    const listed = document.createElement("script");
    listed.type = "importmap";
    listed.textContent = JSON.stringify(imports);  // by the policy that guardScripts made, where one is needed
    Reflect.apply(insert, document.head, [listed]);
    listed.remove();
  };

  patch(window);
  watch(document);
  if (byPath) list(importMapOf(said, addresses), appendChild);  // of replay addresses, which nothing has to map
  if (byPath) tell();  // before a script of the page can say something else
  if (realParent !== window) watchParts();
  if (paned) scrollBeside();
  else if (framed) {
    tellSelection();
    makeSizes(window, window.name === "daykeep-paper", (size) => tellParent({ daykeep: 1, size }, viewer));
  }
  // Where a script leads to what nothing is captured of: to the page that says so.
  const ownOrigins = new Set(known.includes("*") ? [] : known.split(" ").filter(Boolean));
  const leading = (wanted) => {
    const mapped = map(wanted);
    const url = parsed(mapped);
    const inside = !url || !outside || !ownOrigins.size || !isReplay(url) || url.origin === outside || ownOrigins.has(url.origin);
    return inside ? mapped : `${outside}/${original(mapped)}`;
  };
  // Absolute addresses in `import` of any script: where a page has no import map that the server adds them to.
  if (modules && !byPath) list({ imports: Object.fromEntries(modules.split(" ").map((one) => [`${one}/`, map(`${one}/`)])) }, document.head && document.head.append);
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
