// SPDX-License-Identifier: EUPL-1.2
//
// Renews a piece of the viewer's own page in its place, for viewer.js: what is the same stays the same element, so
// that the keyboard's focus, what is open, what is typed and how far it is scrolled stay as they are.
//
//   renewing.into(element, fresh)       makes an element what another one is
//   renewing.telling(region, read)      → a function to be called after each renewal: the region, which is read
//                                         aloud, says what `read` returns once it has changed and stands still
//
// Knows nothing of archived pages.
const renewing = (() => {
  "use strict";
  const CALM = 1500;  // milliseconds for which something stands still before it is said
  const LONGEST = 10000;  // after which it is said even if it does not

  const keyOf = (node) => (node.nodeType === 1 ? node.id || node.dataset.key || "" : "");

  // What a visitor does to an element is no attribute of the fresh one.
  const takeAttributes = (old, fresh) => {
    for (const { name } of [...old.attributes]) if (name !== "open" && !fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) {
      if (name !== "open" && old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    if (old.localName === "input" && old !== document.activeElement) old.value = fresh.getAttribute("value") ?? "";
  };
  const takeNode = (old, fresh) => {
    if (old.nodeType === 1) {
      takeAttributes(old, fresh);
      takeChildren(old, fresh);
    } else if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
  };
  // Children with a key are found by it, wherever they stand; others by their order.
  const takeChildren = (old, fresh) => {
    const keyed = new Map([...old.children].map((child) => [keyOf(child), child]));
    const kept = new Set([...fresh.children].map(keyOf));
    let place = old.firstChild;
    const pass = () => { const passed = place; place = place.nextSibling; return passed; };
    for (const node of fresh.childNodes) {
      while (place && keyOf(place) && !kept.has(keyOf(place))) old.removeChild(pass());
      const key = keyOf(node);
      const found = key ? keyed.get(key) : place && !keyOf(place) ? place : null;
      if (!found || found.nodeName !== node.nodeName) {
        old.insertBefore(document.importNode(node, true), place);
        continue;
      }
      if (found === place) pass();
      else old.insertBefore(found, place);
      takeNode(found, node);
    }
    while (place) old.removeChild(pass());
  };

  // Where the element with the focus is gone, what opened the list it was in has it.
  const into = (old, fresh) => {
    const active = document.activeElement;
    const near = old.contains(active) ? active.closest("details")?.querySelector("summary") : null;
    const inside = old.contains(active);
    takeNode(old, fresh);
    if (!inside || document.activeElement === active) return;
    const home = near?.isConnected ? near : old.querySelector("summary, a[href], button");
    home?.focus({ preventScroll: true });
  };

  const telling = (region, read) => {
    let said = read();
    let since = 0;
    let timer = 0;
    const tell = () => {
      since = 0;
      if (read() === said) return;
      said = read();
      region.textContent = said;
    };
    return () => {
      clearTimeout(timer);
      if (read() === said) { since = 0; return; }
      since ||= Date.now();
      timer = setTimeout(tell, Math.max(0, Math.min(CALM, since + LONGEST - Date.now())));
    };
  };
  return { into, telling };
})();
