// SPDX-License-Identifier: EUPL-1.2
// Searches the site in the browser: fetches the index of the page's language and filters it.
import { element, getJson } from "./elementen.js";

const list = document.querySelector("#resultaten");
const message = document.querySelector("#melding");
const question = (new URLSearchParams(location.search).get("q") ?? "").trim();

const plain = (text) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");

function excerpt(text, word) {
  const at = text.indexOf(" ", plain(text).indexOf(word) - 60) + 1;
  const start = at <= 60 ? 0 : at;
  return `${start ? "… " : ""}${text.slice(start, start + 180)} …`;
}

async function search() {
  const words = plain(question).split(/\s+/);
  const pages = await getJson(list.dataset.source);
  const found = pages.filter((page) => words.every((word) => plain(`${page.title} ${page.text}`).includes(word)));
  list.replaceChildren(...found.map((page) => element("li", {},
    element("a", { href: page.url }, page.title), element("p", {}, excerpt(page.text, words[0])))));
  message.textContent = message.dataset.found.replace("%q", question).replace("%n", String(found.length));
}

if (question) {
  document.querySelector("main input[name=q]").value = question;
  search().catch(() => { message.textContent = message.dataset.failed; });
}
