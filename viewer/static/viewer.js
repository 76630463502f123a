// SPDX-License-Identifier: EUPL-1.2
//
// Keeps the banner and the address bar in step with the archived page in the frame, as the visitor follows
// links in it. The page inside (viewer/static/replay.js) tells where it is:
//
//   {daykeep: 1, url: "https://www.ind.nl/a", title: "…"}   from a replay origin of this snapshot
//
// What it says is only ever shown as text, and only believed of the frame itself. Without this script the
// banner shows the page it was opened with.
(() => {
  "use strict";
  const frame = document.getElementById("daykeep-page");
  if (!frame) return;
  const { pattern, timestamp, suffix } = document.body.dataset;
  const [before, after] = pattern.split("{label}");
  const start = `${before}${timestamp}`;
  const address = document.getElementById("daykeep-address");
  const field = document.getElementById("daykeep-url");
  const lifeline = document.getElementById("daykeep-lifeline");
  const more = document.getElementById("daykeep-more");

  if (window.matchMedia("(max-width: 48rem)").matches) more.open = false;

  // The label has a letter, a digit or a hyphen after its timestamp, and no dot.
  const isOurs = (origin) =>
    origin.startsWith(start) && origin.endsWith(after) &&
    /^[a-z0-9]*-[a-z0-9-]+$/.test(origin.slice(start.length, -after.length));

  const webAddress = (text) => {
    try {
      const url = new URL(text);
      return url.protocol === "http:" || url.protocol === "https:" ? url : null;
    } catch {
      return null;
    }
  };

  window.addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || !isOurs(event.origin)) return;
    const said = event.data;
    if (typeof said !== "object" || said === null || said.daykeep !== 1 || typeof said.url !== "string") return;
    const url = webAddress(said.url);
    if (!url) return;
    const title = typeof said.title === "string" ? said.title.slice(0, 300) : "";
    const hash = url.hash;
    url.hash = "";
    const shown = url.href;
    if (address.textContent !== shown) {
      // Other versions are of the page this banner was made for; the lifeline leads to those of the new one.
      document.querySelectorAll(".versions, .banner-more > .banner-note, .banner-warning").forEach((part) => part.remove());
      const all = new URL(lifeline.href);
      all.searchParams.set("url", shown);
      lifeline.href = all.href;
    }
    address.textContent = shown;
    field.value = shown;
    document.title = `${title || shown} – ${suffix}`;
    history.replaceState(null, "", `/web/${timestamp}/${shown}${hash}`);
  });
})();
