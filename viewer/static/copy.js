/* SPDX-License-Identifier: EUPL-1.2 */
/* A button beside each text that is there to be copied. Without it the text is there all the same. */

const told = document.getElementById("copied");

for (const text of document.querySelectorAll("[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet copy";
  button.textContent = text.dataset.copy;
  button.setAttribute("aria-label", `${text.dataset.copy}: ${text.dataset.what}`);
  button.addEventListener("click", () => copy(text, button));
  text.after(button);
}

/* Where a browser keeps the clipboard from us (plain http), the text is selected for the visitor to copy. */
async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text.textContent.trim());
  } catch {
    getSelection().selectAllChildren(text);
    return;
  }
  button.textContent = text.dataset.copied;
  told.textContent = `${text.dataset.copied}: ${text.dataset.what}`;
  setTimeout(() => { button.textContent = text.dataset.copy; }, 2000);
}
