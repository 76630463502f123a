// SPDX-License-Identifier: EUPL-1.2
//
// Keeps the banner and the address bar in step with the archived page in the frame, as the visitor follows
// links in it. The page inside (viewer/static/replay.js) tells where it is:
//
//   {daykeep: 1, url: "https://www.ind.nl/a", title: "…"}   from a replay origin of this snapshot
//
// What it says is only ever shown as text, and only believed of the frame itself, about its own origin: each
// replay origin stands for one archived origin. The banner of the new page comes from the server. Without this
// script the banner shows the page it was opened with.
(() => {
  "use strict";
  const frame = document.getElementById("daykeep-page");
  if (!frame) return;
  const { pattern, name, moment, suffix } = document.body.dataset;
  const hashed = new Map(Object.entries(JSON.parse(document.body.dataset.hashed)));
  const byId = (name) => document.getElementById(`daykeep-${name}`);

  if (window.matchMedia("(max-width: 48rem)").matches) byId("more").open = false;

  const webAddress = (text) => {
    try {
      const url = new URL(text);
      return url.protocol === "http:" || url.protocol === "https:" ? url : null;
    } catch {
      return null;
    }
  };

  // The label as viewer/label.py writes it, where it can be read; a page lists those that are hashes.
  const readable = ({ protocol, port, hostname }) => pattern.replace("{label}", () => {
    const host = hostname.replaceAll("-", "--").replaceAll(".", "-");
    return `${name}${protocol === "http:" ? "h" : ""}${port ? `p${port}` : ""}-${host}`;
  });
  const standsFor = (origin, url) => (hashed.has(origin) ? hashed.get(origin) === url.origin : origin === readable(url));

  let wanted = byId("address").textContent;
  let shown = wanted;
  let asking = false;

  // Without a banner of its own (this day does not have the page) only what holds for any page stays.
  const strip = (url) => {
    document.querySelectorAll(".versions, .banner-more > .banner-note, .banner-warning, .banner-file").forEach((part) => part.remove());
    const all = new URL(byId("lifeline").href);
    all.searchParams.set("url", url);
    byId("lifeline").href = all.href;
    byId("lifeline").textContent = byId("lifeline").dataset.all;
    byId("url").value = url;
  };
  const replace = (banner) => {
    const open = byId("more").open;
    byId("banner").replaceChildren(...banner.childNodes);
    byId("more").open = open;
  };
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
      if (url !== wanted) continue;
      if (banner) replace(banner);
      else strip(url);
      byId("address").textContent = url;
      shown = url;
    }
    asking = false;
  };

  window.addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow) return;
    const said = event.data;
    if (typeof said !== "object" || said === null || said.daykeep !== 1 || typeof said.url !== "string") return;
    const url = webAddress(said.url);
    if (!url || !standsFor(event.origin, url)) return;
    const title = typeof said.title === "string" ? said.title.slice(0, 300) : "";
    const hash = url.hash;
    url.hash = "";
    url.username = url.password = "";
    wanted = url.href;
    byId("address").textContent = wanted;
    document.title = `${title || wanted} – ${suffix}`;
    frame.title = `${frame.dataset.title}: ${title || wanted}`;
    history.replaceState(null, "", `/web/${moment}/${wanted}${hash}`);
    follow();
  });
})();
