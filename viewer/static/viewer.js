// SPDX-License-Identifier: EUPL-1.2
//
// Keeps the banner and the address bar in step with the archived page in the frame, as the visitor follows
// links in it. The page inside (viewer/static/replay.js) tells where it is:
//
//   {daykeep: 1, url: "https://www.ind.nl/a", title: "…"}        from a replay origin of this snapshot
//   {daykeep: 1, selected: "…"}                                  what the visitor has selected in it
//   {daykeep: 1, url: "https://elsewhere.example/", gone: true}  from a page of ours: there is nothing
//   {daykeep: 1, page: 0.1, parts: [["image", "https://…"], …], more: false}
//                                                                from the frame, or a frame within it (page: null);
//                                                                ["other", "https://…", "POST"] by another method than GET
//   {daykeep: "where"}                                           our question, where so much was said that not all was heard
//
// Which of these parts the day has is asked of the server; the page can only tell what it asked for.
// What it says is only ever shown as text, and only believed of the frame itself, about its own origin: each
// replay origin stands for one archived origin. The banner of the new page comes from the server. Without this
// script the banner shows the page it was opened with. What a page says is heard a few times a second, so much at a time,
// however much it says.
(() => {
  "use strict";
  const frame = document.getElementById("daykeep-page");
  if (!frame) return;
  const { pattern, name, moment, outside, suffix } = document.body.dataset;
  const hashed = new Map(Object.entries(JSON.parse(document.body.dataset.hashed)));
  const withoutScripts = `${moment.slice(0, 14)}${name.includes("f") ? "fn_" : "ns_"}`;
  const byId = (name) => document.getElementById(`daykeep-${name}`);

  if (window.matchMedia("(max-width: 48rem)").matches) byId("more").open = false;
  document.body.dataset.scripted = "";

  const webAddress = (text) => {
    try {
      const url = new URL(text);
      return url.protocol === "http:" || url.protocol === "https:" ? url : null;
    } catch {
      return null;
    }
  };

  // As viewer/apart.py writes it: a title of an archived page turns round nothing that stands beside it.
  const TURNS = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufeff]|[\ud802\ud803\ud83a\ud83b][\udc00-\udfff]/;
  const apart = (text) => {
    let open = 0;
    const matched = text.replace(/[\t-\r\x1c-\x1f\x85\u2028\u2029]/g, " ").replace(/[\x00-\x1f\x7f-\x9f]/g, "\ufffd")
      .replace(/[\u2066-\u2069]/g, (one) => {
        if (one === "\u2069" && !open) return "";
        open += one === "\u2069" ? -1 : 1;
        return one;
      });
    return TURNS.test(text) ? `\u2068${matched}${"\u2069".repeat(open)}\u2069` : matched;
  };

  // The label as viewer/addresses/label.py writes it, where it can be read; a page lists those that are hashes.
  const readable = ({ protocol, port, hostname }) => pattern.replace("{label}", () => {
    const host = hostname.replaceAll("-", "--").replaceAll(".", "-");
    return `${name}${protocol === "http:" ? "h" : ""}${port ? `p${port}` : ""}-${host}`;
  });
  const byPath = !pattern.includes("{label}");
  const standsFor = (origin, url) => (hashed.has(origin) ? hashed.get(origin) === url.origin : origin === readable(url));

  // In path mode every page has an origin that is nobody's. What it says counts for the archived origin that the
  // banner speaks of; of another one a page is opened anew, so that the banner is that of what is shown.
  const isElsewhere = (url) => byPath && url.origin !== new URL(wanted).origin;
  const isTrue = (event, url) => (byPath ? event.origin === "null" : standsFor(event.origin, url));

  let wanted = byId("address").textContent;
  let shown = wanted;
  let asking = false;
  let leaving = false;
  let lost = null;
  const BETWEEN = 400;  // milliseconds between two questions for a banner

  // Without a banner of its own (this day does not have the page) only what holds for any page stays.
  const strip = (url) => {
    document.querySelectorAll(".versions, .banner-more > .banner-note, .banner-warning, .banner-file, .banner-parts, .on-paper").forEach((part) => part.remove());
    const all = new URL(byId("lifeline").href);
    all.searchParams.set("url", url);
    byId("lifeline").href = all.href;
    byId("lifeline").textContent = byId("lifeline").dataset.all;
    byId("url").value = url;
    byId("passage-url").value = url;
    for (const name of ["cite", "changed", "print"]) byId(name)?.parentElement.remove();
  };
  const counts = () => (byId("parts")?.querySelector(".banner-counts")?.textContent ?? "").replace(/\s+/g, " ").trim();
  const renewed = renewing.telling(byId("said"), counts);
  const pause = (milliseconds) => new Promise((done) => { setTimeout(done, milliseconds); });
  const bannerOf = async (url) => {
    try {
      const answer = await fetch(`/web/${moment}/${url}`);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      return page.getElementById("daykeep-banner");
    } catch {
      return null;
    }
  };
  // One question at a time, whatever an archived script says how often; the last one counts.
  const follow = async () => {
    if (asking) return;
    asking = true;
    while (shown !== wanted) {
      const url = wanted;
      const banner = await bannerOf(url);
      if (url === wanted) {
        if (banner) renewing.into(byId("banner"), banner);
        else strip(url);
        byId("address").textContent = url;
        shown = url;
        renewed();
      }
      await pause(BETWEEN);
    }
    asking = false;
    if (parts.size) askSoon();
  };

  // A page tells where it is several times while it loads; the way to a page of ours is gone once, not begun anew each
  // time. It takes the place of what the frame shows by now, so that the way back leads to the page before.
  let going = null;
  const go = (address) => {
    if (going === address) return;
    going = address;
    location.replace(address);
  };
  window.addEventListener("pageshow", ({ persisted }) => { if (persisted) going = null; });  // shown again, on the way back

  // What is not there has a page of its own, with the nearest days and the way to the live web. The server says
  // whether it is there; until then nothing is changed, so that the way back leads to the page before.
  const leave = async (to) => {
    lost = to;
    if (leaving) return;
    leaving = true;
    while (lost) {
      const url = lost;
      lost = null;
      if (!(await bannerOf(url))) go(`/web/${moment}/${url}`);
      await pause(BETWEEN);
    }
    leaving = false;
  };

  const MAX_PARTS = 500;
  const MAX_LENGTH = 50000;  // of all their addresses: the server takes 64 kB
  const MAX_ADDRESS = 8192;
  const MAX_QUESTIONS = 40;  // for each load of the frame: a page may go on asking for parts for ever
  let page = null;
  let parts = new Map();
  let length = 0;
  let questions = 0;
  let due = 0;
  let more = false;  // whether the page asked for more than is told
  frame.addEventListener("load", () => { questions = 0; });
  const ask = async () => {
    const [of, url, known] = [page, wanted, parts.size];
    const last = questions >= MAX_QUESTIONS;
    const question = { moment, page: url, parts: [...parts.values()], more: more || last };
    try {
      const answer = await fetch("/web/parts", {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(question),
      });
      if (!answer.ok || of !== page || url !== shown) return;
      const told = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("daykeep-parts");
      const old = byId("parts");
      if (!told || !old || of !== page || url !== shown) return;
      renewing.into(old, told);
      renewed();
    } catch {
      // the banner keeps what it says of the page by itself
    } finally {
      due = 0;
      if (parts.size !== known || of !== page || url !== wanted) askSoon();
    }
  };
  const askSoon = () => {
    if (due || questions >= MAX_QUESTIONS) return;
    questions += 1;
    due = setTimeout(ask, 300);
  };
  // Where a label is a hash only this page knows what it stands for.
  const archived = (text) => {
    const url = webAddress(text);
    return url && hashed.has(url.origin) ? hashed.get(url.origin) + url.pathname + url.search : text;
  };
  // A frame in the frame is one of the page's, however deep.
  const isWithin = (source) => {
    for (let w = source, depth = 0; w && depth < 10; w = w.parent, depth++) {
      if (w === frame.contentWindow) return true;
      if (w === w.parent) return false;
    }
    return false;
  };
  const hear = (source, said) => {
    const own = source === frame.contentWindow && typeof said.page === "number";
    if (own && said.page !== page) {
      [page, parts, length, more] = [said.page, new Map(), 0, false];
    }
    if (!own && !isWithin(source)) return;
    const known = more;
    more ||= said.more === true || said.parts.length > MAX_PARTS;
    for (const part of said.parts.slice(0, MAX_PARTS)) {
      if (!Array.isArray(part)) continue;
      const [kind, url, by] = part;
      if (typeof kind !== "string" || typeof url !== "string") continue;
      const fits = url.length <= MAX_ADDRESS && url.length + length <= MAX_LENGTH;
      const method = typeof by === "string" && /^[A-Z]{3,7}$/.test(by) && by !== "GET" ? [by] : [];
      const address = fits ? archived(url) : url;
      const name = `${method} ${address}`;
      if (parts.has(name)) continue;
      if (!fits || parts.size >= MAX_PARTS) {
        more = true;
        continue;
      }
      length += name.length + 20;
      parts.set(name, [kind.slice(0, 20), address, ...method]);
    }
    if (said.parts.length || more !== known) askSoon();
  };

  // A script wanted to go where the policy lets nothing go, and the frame shows an error of the browser.
  // It comes back once; if it leaves again it is shown without scripts.
  let left = null;
  document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => {
    if (!byPath || effectiveDirective !== "frame-src") return;
    if (left === wanted) {
      go(`/web/${withoutScripts}/${wanted}`);
      return;
    }
    left = wanted;
    byId("elsewhere").hidden = false;
    frame.src = `${pattern}${name}/${wanted}`;
  });

  // Where a message says that the page is; null where it says nothing of that, or what is not to be believed.
  const placeOf = (event, said) => {
    if (event.source !== frame.contentWindow || typeof said.url !== "string" || said.url.length > MAX_ADDRESS) return null;
    const url = webAddress(said.url);
    const gone = said.gone === true;
    if (!url || !(isTrue(event, url) || (gone && outside && event.origin === outside))) return null;
    const title = typeof said.title === "string" ? said.title.slice(0, 300) : "";
    const hash = url.hash;
    url.hash = "";
    url.username = url.password = "";
    return { url, gone, title, hash };
  };
  const arrive = ({ url, gone, title, hash }) => {
    if (gone) {
      leave(url.href);
      return;
    }
    wanted = url.href;
    byId("address").textContent = wanted;
    document.title = `${apart(title) || wanted} – ${suffix}`;
    frame.title = `${frame.dataset.title}: ${apart(title) || wanted}`;
    const path = `/web/${moment}/${wanted}${hash}`;
    if (location.pathname + location.search + location.hash !== path) history.replaceState(null, "", path);
    follow();
  };

  // What the visitor selects in the page stands in the question from when to when it said that, to be sent or not.
  const MAX_PASSAGE = 1000;
  const choose = (event, said) => {
    const field = byId("passage");
    if (event.source !== frame.contentWindow || !field || field === document.activeElement) return;
    field.value = said.selected.slice(0, MAX_PASSAGE).trim();
  };

  // Messages wait for their turn, so many of them; what is in one is not looked at before (reading it costs most). Of
  // several places the last one counts; but one on another archived host, in path mode, opens that at once.
  const MAX_WAITING = 100;
  const BETWEEN_TURNS = 200;  // milliseconds, after some turns that come at once
  const AT_FIRST = 10;  // turns
  const AT_ONCE = 20;  // milliseconds that a turn takes, on a slow machine for these few messages longer
  const AT_LEAST = 5;
  const PATIENCE = 50;  // turns in a row in which not all was heard
  let waiting = [];
  let unheard = 0;
  let crowded = 0;
  let turn = 0;
  let free = AT_FIRST;  // turns that come at once
  let last = 0;
  let spent = 0;
  const delay = () => {
    const now = performance.now();
    free = Math.min(AT_FIRST, free + (now - last) / BETWEEN_TURNS);
    last = now;
    if (free < 1) return Math.max(BETWEEN_TURNS, 5 * spent);
    free -= 1;
    return 5 * spent;
  };
  const listen = () => {
    const start = performance.now();
    const taken = waiting;
    let place = null;
    waiting = [];
    for (const [number, event] of taken.entries()) {
      if (number >= AT_LEAST && performance.now() - start > AT_ONCE) {
        unheard += 1;
        continue;
      }
      const said = event.data;
      if (typeof said !== "object" || said === null || said.daykeep !== 1) continue;
      if (Array.isArray(said.parts)) hear(event.source, said);
      if (typeof said.selected === "string") choose(event, said);
      const told = placeOf(event, said);
      if (told && !told.gone && isElsewhere(told.url)) {
        go(`/web/${moment}/${told.url.href}${told.hash}`);
        return;
      }
      place = told ?? place;
    }
    if (place) arrive(place);
    spent = performance.now() - start;
    turn = 0;
    settle();
  };
  // Where not all was heard, the page is asked again where it is, once it is calm. In path mode only that tells of which
  // archived host it is: a page that is never calm is shown without scripts.
  const settle = () => {
    if (unheard) {
      [unheard, more] = [0, true];
      crowded += 1;
      turn = setTimeout(listen, BETWEEN_TURNS);
      if (byPath && crowded >= PATIENCE) go(`/web/${withoutScripts}/${wanted}`);
    } else if (crowded) {
      crowded = 0;
      frame.contentWindow.postMessage({ daykeep: "where" }, "*");
    }
  };
  const ours = byPath ? "null" : pattern.split("{label}")[0] + name;
  window.addEventListener("message", (event) => {
    if (event.origin !== "null" && !event.origin.startsWith(ours)) return;
    if (waiting.length >= MAX_WAITING || !isWithin(event.source)) {
      unheard += waiting.length >= MAX_WAITING;
      return;
    }
    waiting.push(event);
    turn ||= setTimeout(listen, delay());
  });
})();
