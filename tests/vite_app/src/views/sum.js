export function render(main) {
  main.innerHTML = "<h1>Rekenen</h1><p>Som van 1 tot 1000: <output>…</output></p>";
  const worker = new Worker(new URL("../adding.js", import.meta.url), { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onerror = reject;
    worker.onmessage = ({ data }) => {
      main.querySelector("output").textContent = data;
      resolve();
    };
    worker.postMessage(1000);
  });
}
