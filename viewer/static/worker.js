// SPDX-License-Identifier: EUPL-1.2
//
// Runs first in every worker of a replayed page: maps the addresses that its scripts use. A worker's script is
// stored bytes with this before them (viewer/replaying/script.py); one that a page makes of a blob or of data begins with it by
// requests.js. What a module of a worker imports by an absolute address in its own text is not mapped: browsers have
// no import map for workers. The policy refuses such a request, as it does all that nothing maps.
//
// It tells who made it what it asks for (viewer/static/parts.js).

const startWorker = (said) => {
  "use strict";
  const w = globalThis;
  if (w.trustedTypes && !w.trustedTypes.defaultPolicy) {  // a worker of a blob has the policy of its maker
    w.trustedTypes.createPolicy("default", { createHTML: (x) => x, createScript: (x) => x, createScriptURL: (x) => x });
  }
  const ways = makeWays(w);
  const addresses = makeAddresses(said, w);
  const { asking, ...workers } = tellMaker(w, said, ways, addresses);
  patchRequests(w, said, ways, addresses, preludeOf(said), { asking, ...workers });
  ways.withArguments(w.WorkerGlobalScope.prototype, "importScripts", (urls) => urls.map((url) => {
    asking("script", url);
    return addresses.map(url);
  }));
  ways.answer(w, "origin", () => said.origin);
  if (said.base) ways.answer(w, "location", () => new w.URL(addresses.original(said.base)));
};

const tellMaker = (w, said, ways, addresses) => {
  const base = said.base || w.location.href;
  const channel = "SharedWorkerGlobalScope" in w ? new w.BroadcastChannel("daykeep.parts") : null;
  const of = channel && `${w.location.href} ${w.name}`;
  const post = channel ? channel.postMessage.bind(channel) : w.postMessage.bind(w);
  const tell = () => post({ daykeep: "asked", ...(of ? { of } : {}), ...parts.fresh() });
  const parts = makeParts(w, ways, addresses, () => tell());
  if (channel) {
    parts.listen(channel, "message", (event) => {
      const { daykeep, of: wanted } = w.Object(parts.dataOf.call(event));
      if (daykeep !== "who" || wanted !== of) return;
      parts.again();
      tell();
    });
  }
  parts.listen(w, "securitypolicyviolation", ({ disposition, blockedURI, effectiveDirective }) => {
    if (disposition === "enforce") parts.asked(effectiveDirective, blockedURI);
  });
  new w.PerformanceObserver((list) => {
    for (const { initiatorType, name } of list.getEntries()) parts.asked(initiatorType, name);
  }).observe({ type: "resource", buffered: true });
  tell();  // that it has begun
  const asking = (kind, url, method) => {
    const found = url !== undefined && addresses.parsed(addresses.map(url), base);
    if (found) parts.asked(kind, found.href, method);
  };
  return { asking, made: parts.made, ended: parts.settle };
};

// The text that a worker begins with.
const preludeOf = (said) => `(() => {
const makePathAddresses = ${makePathAddresses};
const makeAddresses = ${makeAddresses};
const makeWays = ${makeWays};
const patchRequests = ${patchRequests};
const makeParts = ${makeParts};
const tellMaker = ${tellMaker};
const startWorker = ${startWorker};
const preludeOf = ${preludeOf};
startWorker(${JSON.stringify(said)});
})();`;
