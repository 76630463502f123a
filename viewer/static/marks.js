// SPDX-License-Identifier: EUPL-1.2
//
// Marks what has a place of its own in an archived page and is a gap, or of another day: part of replay.js.
//
//   const marks = makeMarks(describe)
//   marks.watch()                    from now on
//   marks.lacking(url)               the day has nothing at this address
//   marks.ofAnotherDay(url)          what is shown of this address is of another day
//
// What is missing fails as on the live web, so that scripts do what they then do. Where it is still there, a mark is drawn
// over its place by an animation, which changes neither the document nor the layout. Taken before a page can replace them:
// the functions used here. Fonts and backgrounds have no place: the viewer's banner lists them.
const makeMarks = (describe) => {
  "use strict";
  const { URL, Set, WeakMap, setTimeout } = window;
  const MOST = 500;
  const SELECTOR = "img,input[type=image],video,audio,object,embed,iframe,frame,image,use";
  const GAP = { outline: "2px dashed #b45309", outlineOffset: "-2px",
    backgroundImage: "repeating-linear-gradient(45deg, #b4530922 0 6px, #fff7ed22 6px 12px)" };
  const SPOT = { outline: "6px double #b45309", outlineOffset: "0px" };
  const OTHER = { outline: "3px dotted #6d28d9", outlineOffset: "-3px" };
  const NO_SOURCE = 3;  // HTMLMediaElement.NETWORK_NO_SOURCE
  const { animate } = Element.prototype;
  const getter = (owner, name) => (window[owner] ? describe(window[owner].prototype, name).get : () => "");
  const baseOf = getter("Node", "baseURI");
  const widthOf = getter("HTMLImageElement", "naturalWidth");
  const OF_IMAGE = [getter("HTMLImageElement", "currentSrc")];
  const OF_MEDIA = [getter("HTMLMediaElement", "currentSrc"), getter("HTMLMediaElement", "src")];
  const posterOf = getter("HTMLVideoElement", "poster");
  const sourceOf = getter("HTMLSourceElement", "src");
  const errorOf = getter("HTMLMediaElement", "error");
  const stateOf = getter("HTMLMediaElement", "networkState");
  const linkOf = (element) => (element.href ? element.href.baseVal : "");
  const self = (get) => function () { return get(this); };
  // Element → how its addresses are told
  const ADDRESSES = {
    img: OF_IMAGE, video: [...OF_MEDIA, posterOf], audio: OF_MEDIA, input: [getter("HTMLInputElement", "src")],
    object: [getter("HTMLObjectElement", "data")], embed: [getter("HTMLEmbedElement", "src")],
    iframe: [getter("HTMLIFrameElement", "src")], frame: [getter("HTMLFrameElement", "src")],
    image: [self(linkOf)], use: [self(linkOf)],
  };
  const gaps = new Set();
  const others = new Set();
  const marked = new WeakMap();  // element → its mark and the animation that draws it

  const bare = (text, base) => {
    try {
      const url = new URL(text, base);
      url.hash = "";
      return url.href;
    } catch {
      return "";
    }
  };
  const isMedia = (element) => /^(?:video|audio)$/.test(element.localName);
  const addressesOf = (element) => {
    const told = (ADDRESSES[element.localName] || []).map((get) => get.call(element));
    if (isMedia(element)) told.push(...[...element.children].filter((one) => one.localName === "source").map((one) => sourceOf.call(one)));
    return told.filter(Boolean).map((text) => bare(text, baseOf.call(element)));
  };
  // What shows nothing of what it asked for
  const isBroken = (element) => {
    if (element.localName === "img") return !widthOf.call(element);
    if (!isMedia(element)) return true;
    const poster = element.localName === "video" && posterOf.call(element);
    return errorOf.call(element) !== null || stateOf.call(element) === NO_SOURCE || (poster && gaps.has(bare(poster)));
  };
  const isPixel = (element) => element.width <= 2 && element.height <= 2
    && element.hasAttribute("width") && element.hasAttribute("height");
  const isSmall = (element) => element.offsetWidth < 12 || element.offsetHeight < 12;
  const styleOf = (element) => {
    if (isPixel(element)) return null;
    const addresses = addressesOf(element);
    if (addresses.some((one) => gaps.has(one)) && isBroken(element)) return isSmall(element) ? SPOT : GAP;
    return addresses.some((one) => others.has(one)) ? OTHER : null;
  };
  const mark = (element) => {
    const style = styleOf(element);
    const before = marked.get(element);
    if ((before ? before.style : null) === style) return;
    if (before) before.drawn.cancel();
    marked.delete(element);
    if (style) marked.set(element, { style, drawn: animate.call(element, [style, style], { duration: 1, fill: "forwards" }) });
  };
  // After the page's own handlers; once for many.
  let due = 0;
  const markAll = () => { due = 0; document.querySelectorAll(SELECTOR).forEach(mark); };
  const soon = () => { due ||= setTimeout(markAll, 0); };
  const note = (known, text) => {
    const url = bare(text);
    if (!url || known.size >= MOST || known.has(url)) return;
    known.add(url);
    soon();
  };
  const changed = ({ target }) => {
    const element = target.localName === "source" ? target.parentNode : target;
    if (element && ADDRESSES[element.localName]) setTimeout(() => mark(element), 0);
  };
  return {
    lacking: (text) => note(gaps, text),
    ofAnotherDay: (text) => note(others, text),
    watch: () => {
      for (const kind of ["error", "load", "loadeddata"]) document.addEventListener(kind, changed, true);
    },
  };
};
