export function render(main) {
  main.innerHTML = "<h1>Niet gevonden</h1>";
}
