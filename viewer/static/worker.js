// SPDX-License-Identifier: EUPL-1.2
//
// Runs first in every worker of a replayed page: maps the addresses that its scripts use. A worker's script is
// stored bytes with this before them (viewer/replaying/script.py); one that a page makes of a blob or of data begins with it by
// requests.js. What a module of a worker imports by an absolute address in its own text is not mapped: browsers have
// no import map for workers. The policy refuses such a request, as it does all that nothing maps.

const startWorker = (said) => {
  "use strict";
  const w = globalThis;
  if (w.trustedTypes && !w.trustedTypes.defaultPolicy) {  // a worker of a blob has the policy of its maker
    w.trustedTypes.createPolicy("default", { createHTML: (x) => x, createScript: (x) => x, createScriptURL: (x) => x });
  }
  const ways = makeWays(w);
  const addresses = makeAddresses(said, w);
  patchRequests(w, said, ways, addresses, preludeOf(said));
  ways.withArguments(w.WorkerGlobalScope.prototype, "importScripts", (urls) => urls.map(addresses.map));
  ways.answer(w, "origin", () => said.origin);
  if (said.base) ways.answer(w, "location", () => new w.URL(addresses.original(said.base)));
};

// The text that a worker begins with.
const preludeOf = (said) => `(() => {
const makePathAddresses = ${makePathAddresses};
const makeAddresses = ${makeAddresses};
const makeWays = ${makeWays};
const patchRequests = ${patchRequests};
const startWorker = ${startWorker};
const preludeOf = ${preludeOf};
startWorker(${JSON.stringify(said)});
})();`;
