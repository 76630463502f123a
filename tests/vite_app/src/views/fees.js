import "./fees.css";

export async function render(main) {
  const answer = await fetch(`${import.meta.env.BASE_URL}leges.json`);
  const rows = (await answer.json()).map(({ naam, bedrag }) => `<tr><td>${naam}<td>€ ${bedrag}`);
  main.innerHTML = `<h1>Leges</h1><table class="fees">${rows.join("")}</table>`;
}
