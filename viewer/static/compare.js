// SPDX-License-Identifier: EUPL-1.2
//
// Lets two archived pages beside each other scroll together. Each stands in a pane, a page of the viewer, and tells
// from there (viewer/static/replay.js):
//
//   {daykeep: 1, scrolled: 0.42}                            how far it is scrolled, as a share of its length
//   {daykeep: 1, url: "https://www.ind.nl/a", title: "…"}   where it is
//
// and is told {daykeep: 1, scroll: 0.42}. Nothing else goes from one day to the other, and only from the page that
// the visitor points at or is in. Without this script each page scrolls by itself.
(() => {
  "use strict";
  const panes = [...document.querySelectorAll("#daykeep-panes iframe")];
  const together = document.getElementById("daykeep-together");
  const pageIn = (pane) => pane.contentWindow && pane.contentWindow.frames[0];
  const leads = (pane) => {
    const chosen = panes.find((one) => one.matches(":hover")) || panes.find((one) => one === document.activeElement);
    return !chosen || chosen === pane;
  };
  const follow = (pane, share) => {
    if (panes.length !== 2 || !together.checked || !(share >= 0 && share <= 1) || !leads(pane)) return;
    const other = pageIn(panes[1 - panes.indexOf(pane)]);
    if (other) other.postMessage({ daykeep: 1, scroll: share }, "*");
  };
  if (panes.length === 2) document.getElementById("daykeep-sync").hidden = false;
  window.addEventListener("message", (event) => {
    const said = event.data;
    if (typeof said !== "object" || said === null || said.daykeep !== 1) return;
    const pane = panes.find((one) => pageIn(one) === event.source);
    if (!pane) return;
    if (typeof said.scrolled === "number") follow(pane, said.scrolled);
    if (typeof said.url === "string") pane.parentElement.querySelector(".pane-left").hidden = said.url.split("#")[0] === pane.dataset.url;
  });
})();
