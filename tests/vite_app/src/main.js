// Routes by history; each view is a chunk of its own, loaded when it is first shown.
import "./style.css";

const VIEWS = {
  "/": () => import("./views/home.js"),
  "/leges": () => import("./views/fees.js"),
  "/rekenen": () => import("./views/sum.js"),
};
const NAMES = { "/": "Home", "/leges": "Leges", "/rekenen": "Rekenen" };

async function show(path) {
  const load = VIEWS[path] ?? (() => import("./views/missing.js"));
  const view = await load();
  document.querySelectorAll("nav a").forEach((link) => {
    link.toggleAttribute("aria-current", link.pathname === path);
  });
  document.title = `${NAMES[path] ?? "Niet gevonden"} - Aanvragen`;
  const main = document.querySelector("main");
  main.replaceChildren();
  await view.render(main);
  main.dataset.shown = path;
}

const app = document.querySelector("#app");
const nav = document.createElement("nav");
for (const [path, name] of Object.entries(NAMES)) {
  const link = document.createElement("a");
  link.href = path;
  link.textContent = name;
  link.addEventListener("click", (event) => {
    event.preventDefault();
    history.pushState({}, "", path);
    show(path);
  });
  nav.append(link);
}
app.append(nav, document.createElement("main"));
addEventListener("popstate", () => show(location.pathname));
show(location.pathname);
