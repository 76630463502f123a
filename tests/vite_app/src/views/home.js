import drawing from "../drawing.svg";

export async function render(main) {
  main.innerHTML = `<h1>Aanvragen</h1><div class="banner"></div><p>Kies een onderwerp.</p>
    <img alt="Staven" width="320" height="120" src="${drawing}">`;
  await main.querySelector("img").decode();
}
