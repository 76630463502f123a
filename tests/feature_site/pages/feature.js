// SPDX-License-Identifier: EUPL-1.2
//
// Runs the features of a page and writes down what each of them says of itself:
//
//   feature(101, "a root-relative address", () => width("#rooted", 40));
//   <li data-feature="101" data-verdict="pass">101 a root-relative address</li>
//
// A check gives true, or what is wrong, at once or by promise. `features.end()` waits for all of them, and then says
// so: <html data-features="done">. Nothing here asks the network.
(() => {
  "use strict";
  const LIMIT = 20000; // milliseconds until a feature has failed by silence
  const running = [];
  const put = (item) => (document.getElementById("features") || document.body).append(item);

  window.feature = (number, title, check) => {
    const item = document.createElement("li");
    item.dataset.feature = number;
    item.dataset.verdict = "waiting";
    item.textContent = `${number} ${title}`;
    put(item);
    const late = new Promise((resolve) => { setTimeout(resolve, LIMIT, "said nothing"); });
    const checked = new Promise((resolve) => { resolve(check()); }).catch((error) => `threw ${error}`);
    running.push(Promise.race([checked, late]).then((said) => {
      item.dataset.verdict = said === true ? "pass" : "fail";
      if (said !== true) item.dataset.said = String(said).slice(0, 300);
    }));
  };
  window.features = {
    end: () => Promise.all(running).then(() => { document.documentElement.dataset.features = "done"; }),
  };

  // ---- what checks are made of

  window.same = (found, expected) => {
    const [one, other] = [found, expected].map((value) => JSON.stringify(value));
    return one === other || `${one} instead of ${other}`;
  };
  window.until = (check) => new Promise((resolve) => {
    const look = () => { const found = check(); if (found) resolve(found); else setTimeout(look, 10); };
    look();
  });
  window.made = (tag, properties, place = document.body) => {
    const element = Object.assign(document.createElement(tag), properties);
    place.append(element);
    return element;
  };
  window.loaded = (element) => new Promise((resolve, reject) => {
    element.addEventListener("load", () => resolve(element));
    element.addEventListener("error", () => reject(new Error(`${element.localName} did not load`)));
  });
  // How wide a picture is that is there, or is still coming.
  window.width = async (picture, expected) => {
    const element = typeof picture === "string" ? document.querySelector(picture) : picture;
    await until(() => element.complete);
    return same(element.naturalWidth, expected);
  };
  window.pictured = (source, expected) => {
    const image = new Image();
    const seen = loaded(image).then(() => same(image.naturalWidth, expected));
    image.src = source;
    return seen;
  };
  // Whether something whose address ends so was asked for, and came.
  window.fetched = (end) => until(() => performance.getEntriesByType("resource")
    .some(({ name, responseStatus, decodedBodySize }) => name.endsWith(end)
      && (responseStatus ? responseStatus === 200 : decodedBodySize > 0)));
  window.styled = (selector, property, expected, pseudo) =>
    same(getComputedStyle(document.querySelector(selector), pseudo).getPropertyValue(property), expected);
  // The first message of a frame that `wanted` is true of: it says the frame's name, or is known by its window.
  let count = 0;
  window.heard = (frame, wanted = (data) => data && data.arrived) => new Promise((resolve) => {
    const listen = (event) => {
      if (event.source !== frame.contentWindow && !(frame.name && event.data && event.data.name === frame.name)) return;
      if (!wanted(event.data)) return;
      removeEventListener("message", listen);
      resolve({ data: event.data, origin: event.origin });
    };
    frame.name ||= `frame-${++count}`;
    addEventListener("message", listen);
  });
  window.framed = (source, wanted) => {
    const frame = document.createElement("iframe");
    const said = heard(frame, wanted);
    frame.src = source;
    document.body.append(frame);
    return said.then((message) => ({ ...message, frame }));
  };
  window.arrived = (source) => framed(source).then(({ data }) => data.arrived);
  window.text = async (...asked) => (await fetch(...asked)).text();
})();
