// SPDX-License-Identifier: EUPL-1.2
//
// Gives the archived page in a frame all the room it takes, so that paper has the whole page and not what a window
// shows of it. The page tells how large it is (viewer/static/sizes.js):
//
//   {daykeep: 1, size: [960, 5120, 960, 900]}   width and height of the page, and of the frame when it was measured
//   {daykeep: 1, url: "https://www.ind.nl/a"}   where it is
//
// A page may say what it likes: a size counts within bounds, of the frame alone, and only ever makes it larger.
// Without this script the view for printing is as high as the visitor chooses.
(() => {
  "use strict";
  const PAPER = 690;  // CSS pixels between the margins of A4 and of Letter (print.css)
  const SHEET = 1010;
  const MAX_WIDTH = 4000;
  const MAX_SHEETS = 200;

  const longest = (width) => Math.floor((MAX_SHEETS * SHEET * Math.max(width, PAPER)) / PAPER);
  // Gives a page so much room, and says whether all of it fits in that.
  const room = document.getElementById("daykeep-room");
  const give = (width, height) => {
    const given = Math.min(height, longest(width));
    const scale = Math.min(1, PAPER / width);
    const sizes = { "page-width": `${width}px`, "page-height": `${given}px`, "paper-scale": scale,
      "paper-width": `${Math.ceil(width * scale)}px`, "paper-height": `${Math.ceil(given * scale)}px` };
    for (const [name, size] of Object.entries(sizes)) room.style.setProperty(`--${name}`, size);
    return height <= given;
  };
  const sizeIn = (event, frame) => {
    const said = event.data;
    if (event.source !== frame.contentWindow || typeof said !== "object" || said === null || said.daykeep !== 1) return null;
    if (!Array.isArray(said.size)) return null;
    const size = said.size.slice(0, 4).map(Math.ceil);
    return size.length === 4 && size.every((one) => one > 0 && one < 1e7) ? size : null;
  };

  const byId = (name) => document.getElementById(`daykeep-${name}`);
  const shown = byId("page");
  const frame = byId("printed");

  // The frame page, printed as it is: what the page told last counts, as wide as its window is.
  if (shown) {
    let told = null;
    window.addEventListener("message", (event) => { told = sizeIn(event, shown) ?? told; });
    window.addEventListener("beforeprint", () => {
      if (told) give(Math.min(Math.max(shown.clientWidth, told[0]), MAX_WIDTH), told[1]);
    });
    window.addEventListener("afterprint", () => room.removeAttribute("style"));
  }
  if (!frame) return;

  // The view for printing: as wide as a page is on a desk, and at first as high as a window.
  const button = byId("print");
  let [width, height] = [960, 900];
  let widened = 0;
  give(width, height);
  const grow = ([wide, tall, inWidth, inHeight]) => {
    if (Math.abs(inWidth - width) > 1 || Math.abs(inHeight - Math.min(height, longest(width))) > 1) return;
    byId("sheets").hidden = byId("perhaps").hidden = true;
    if (wide > width + 1 && widened < 2) {
      widened += 1;
      width = Math.min(wide, MAX_WIDTH);
    } else {
      height = Math.max(height, tall);
    }
    byId("long").hidden = give(width, height);
  };
  const { url } = frame.dataset;
  window.addEventListener("message", (event) => {
    const size = sizeIn(event, frame);
    if (size) grow(size);
    const said = event.source === frame.contentWindow ? Object(event.data) : {};
    if (said.daykeep === 1 && typeof said.url === "string" && said.url.length <= 8192) {
      const where = said.url.split("#")[0];
      byId("where").textContent = where;
      byId("left").hidden = where === url;
    }
  });
  button.hidden = false;
  button.addEventListener("click", () => window.print());
})();
