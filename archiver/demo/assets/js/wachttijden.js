// SPDX-License-Identifier: EUPL-1.2
// Fills the table of waiting times from /data/wachttijden.json.
import { element, getJson } from "./elementen.js";

const language = document.documentElement.lang;
const body = document.querySelector("#wachttijden tbody");
const message = document.querySelector("#wachttijden-melding");

try {
  const data = await getJson(body.dataset.source);
  const rows = data.procedures.map((one) => element("tr", {},
    element("th", { scope: "row" }, one[language]),
    element("td", { class: "number" }, String(one.weeks)),
    element("td", { class: "number" }, String(one.limit))));
  body.replaceChildren(...rows);
  const date = new Date(`${data.measured}T12:00:00Z`);
  const spelled = date.toLocaleDateString(language === "nl" ? "nl-NL" : "en-GB", { dateStyle: "long", timeZone: "UTC" });
  message.textContent = message.dataset.measured.replace("%", spelled);
} catch (error) {
  message.textContent = message.dataset.failed;
}
