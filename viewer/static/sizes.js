// SPDX-License-Identifier: EUPL-1.2
//
// How much room an archived page takes, so that all of it can be printed: part of replay.js.
//
//   makeSizes(window, paper, tell)   tell([960, 5120, 960, 900]): width and height of the page, and of its window then
//
// `paper` is true where the page stands in the view for printing (viewer/static/printing.js), whose frame grows until
// the page fits. A page there is looked at as it was in a window of a common height: what is as high as the window
// (100vh) keeps the height it had, else it would grow with the frame for ever; what scrolls by itself is given room.
// What a page says of its size is only ever a size: printing.js has the bounds.
const makeSizes = (window, paper, tell) => {
  "use strict";
  const { document, setTimeout, ResizeObserver, getComputedStyle, Map, Set, WeakMap } = window;
  const { abs, max } = window.Math;
  const MOST = 20000;  // elements that are looked at
  const OFTEN = 250;  // milliseconds

  const elements = () => [...document.querySelectorAll("body, body *")].slice(0, MOST).filter((one) => one.offsetHeight > 0);
  let due = 0;
  let said = "";

  // What is within an element that scrolls by itself, and not seen. One that does not grow with the window never will.
  const open = new Set();  // such elements and what they are in
  const heights = new WeakMap();
  const hidden = () => {
    let most = 0;
    for (const one of elements()) {
      const unseen = one.scrollHeight - one.clientHeight;
      if (unseen <= 1 || one.clientHeight < window.innerHeight / 2) continue;
      if (!/auto|scroll/.test(getComputedStyle(one).overflowY) || heights.get(one) === one.clientHeight) continue;
      heights.set(one, one.clientHeight);
      for (let up = one; up; up = up.parentElement) open.add(up);
      most = max(most, unseen);
    }
    return most;
  };

  // What grew just as much as the window did, or by the same share, goes by the window's height.
  let before = new Map();  // element → its height, in a window of the height `high`
  let high = window.innerHeight;
  const note = () => {
    high = window.innerHeight;
    before = new Map(elements().map((one) => [one, one.offsetHeight]));
  };
  const pin = () => {
    const grown = window.innerHeight - high;
    if (grown <= 0) return;
    const tall = [...before].filter(([one, was]) => {
      const more = one.offsetHeight - was;
      const alike = abs(more - grown) <= 2 || abs(one.offsetHeight / was - window.innerHeight / high) < 0.01;
      return more > 1 && alike && !open.has(one);
    });
    for (const [{ style }, was] of tall) {
      style.setProperty("box-sizing", "border-box", "important");
      style.setProperty("min-height", `${was}px`, "important");
      style.setProperty("max-height", `${was}px`, "important");
    }
  };

  const measure = () => {
    due = 0;
    const root = document.scrollingElement || document.documentElement;
    if (!root) return;
    const height = root.scrollHeight + (paper ? hidden() : 0);
    const size = [root.scrollWidth, height, window.innerWidth, window.innerHeight];
    if (paper) note();
    if (said === `${size}`) return;
    said = `${size}`;
    tell(size);
  };
  const soon = () => { due ||= setTimeout(measure, OFTEN); };
  const watch = () => {
    const boxes = new ResizeObserver(soon);
    for (const box of [document.documentElement, document.body]) if (box) boxes.observe(box);
    soon();
  };
  window.addEventListener("resize", () => {
    if (paper) pin();
    soon();
  });
  window.addEventListener("DOMContentLoaded", watch);
  window.addEventListener("load", soon);
  document.addEventListener("load", soon, true);  // of images, which make room for themselves
};
