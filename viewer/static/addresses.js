// SPDX-License-Identifier: EUPL-1.2
//
// Archived addresses and their replay addresses, in pages and in workers: part of both scripts (viewer/replaying/script.py).
//
//   const { map, original } = makeAddresses(said, globalThis);
//     said.pattern    http://{label}.localhost:8080   replay origins; the label as in viewer/addresses/label.py
//     said.timestamp  20261123023000                  the snapshot, and the letters of a view (viewer/addresses/view.py)
//     said.origin     https://www.ind.nl              the archived origin of the page or worker
//     said.outside    http://outside.localhost:8080   where links that lead out of the archive lead, in pages
//
// The labels are those that viewer/addresses/label.py makes: tests/test_replay_script.py compares them.
const makeAddresses = (said, w) => {
  const { pattern, timestamp, origin: archivedOrigin, outside } = said;
  const { URL, Map, location } = w;
  if (!pattern.includes("{label}")) return makePathAddresses(said, w);

  const MAX_LABEL = 63;
  const PLAIN_HOST = /^[a-z0-9]+(?:-+[a-z0-9]+)*(?:\.[a-z0-9]+(?:-+[a-z0-9]+)*)*$/;
  const LABEL = /^\d{14}f?n?(h?)(?:p(\d+))?-([a-z0-9][a-z0-9-]*)$/;
  const ABSOLUTE = /^[\0-\x20]*(?:https?:)?[\/\\]{2}/i;
  const [beforeLabel, afterLabel] = pattern.split("{label}");
  const archivedOf = new Map();  // replay origin → archived origin, for those that a hash hides

  // SHA-256 (FIPS 180-4), in base32. `crypto.subtle` answers later, and a setter needs its answer now.
  const hashed = (text) => {
    const primes = [];
    for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p)) primes.push(n);
    const k = primes.map((p) => Math.floor((p ** (1 / 3) % 1) * 2 ** 32));
    const hash = primes.slice(0, 8).map((p) => Math.floor((p ** 0.5 % 1) * 2 ** 32));
    const bytes = new DataView(new ArrayBuffer(((text.length + 72) >> 6) << 6));
    [...text, "\x80"].forEach((c, i) => bytes.setUint8(i, c.charCodeAt(0)));  // origins are ASCII
    bytes.setUint32(bytes.byteLength - 4, text.length * 8);
    const turn = (x, n) => (x >>> n) | (x << (32 - n));
    for (let block = 0; block < bytes.byteLength; block += 64) {
      const w = Array.from({ length: 16 }, (_, i) => bytes.getUint32(block + i * 4));
      let [a, b, c, d, e, f, g, h] = hash;
      for (let i = 0; i < 64; i++) {
        const [x, y] = [w[i - 15], w[i - 2]];
        w[i] ??= (w[i - 16] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3))
          + w[i - 7] + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10))) | 0;
        const t1 = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + k[i] + w[i]) | 0;
        const t2 = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
      }
      [a, b, c, d, e, f, g, h].forEach((value, i) => { hash[i] = (hash[i] + value) | 0; });
    }
    const bits = hash.map((word) => (word >>> 0).toString(2).padStart(32, "0")).join("");
    return bits.match(/.{5}/g).map((five) => "abcdefghijklmnopqrstuvwxyz234567"[parseInt(five, 2)]).join("");
  };

  const replayOrigins = new Map();
  const replayOrigin = (url) => {
    const host = url.hostname.replace(/\.$/, "");
    const origin = `${url.protocol}//${host}${url.port && ":" + url.port}`;
    if (!replayOrigins.has(origin)) {
      const prefix = `${timestamp}${url.protocol === "http:" ? "h" : ""}${url.port && "p" + url.port}-`;
      let label = prefix + host.replace(/-/g, "--").replace(/\./g, "-");
      if (!PLAIN_HOST.test(host) || label.length > MAX_LABEL) {
        label = `${prefix}-${hashed(origin).slice(0, 26)}`;
      }
      replayOrigins.set(origin, beforeLabel + label + afterLabel);
      archivedOf.set(beforeLabel + label + afterLabel, origin);
    }
    return replayOrigins.get(origin);
  };

  const isReplay = ({ origin }) => origin.startsWith(beforeLabel) && origin.endsWith(afterLabel)
    && origin.length > (beforeLabel + afterLabel).length;

  // Of this snapshot and view: another day's address, written out, is mapped as any other and so is a gap.
  const ownBeginning = beforeLabel + timestamp;
  const isOwn = (url) => url.origin === outside
    || (isReplay(url) && url.origin.startsWith(ownBeginning) && /[hp-]/.test(url.origin[ownBeginning.length]));

  const parsed = (text, base) => { try { return new URL(text, base); } catch { return null; } };

  // An absolute or protocol-relative http(s) address → its replay address; anything else as it is.
  const map = (value) => {
    const text = `${value}`;
    if (!ABSOLUTE.test(text.replace(/[\t\n\r]/g, ""))) return value;  // URL parsers leave these out too
    const url = parsed(text, archivedOrigin);
    return !url || isOwn(url) ? value : replayOrigin(url) + url.pathname + url.search + url.hash;
  };

  // A replay address → the archived one, for what a page or the viewer is told.
  const original = (value) => {
    const url = parsed(value);
    if (!url) return value;
    if (url.origin === outside) return url.pathname.slice(1) + url.search + url.hash;
    if (url.origin === location.origin) return archivedOrigin + url.pathname + url.search + url.hash;
    if (!isReplay(url)) return value;
    const known = archivedOf.get(url.origin);
    const found = LABEL.exec(url.origin.slice(beforeLabel.length, -afterLabel.length));
    if (!known && !found) return value;
    const host = found && found[3].replace(/-+/g, (run) => run.length === 1 ? "." : "-".repeat(run.length / 2));
    const origin = known || `http${found[1] ? "" : "s"}://${host}${found[2] ? ":" + found[2] : ""}`;
    return origin + url.pathname + url.search + url.hash;
  };

  // What a script is told of the address of an answer; one that is no web address stays.
  const told = (value) => (/^https?:/.test(value) ? original(value) : value);
  return { map, original, told, parsed, isReplay, replayOrigin };
};
