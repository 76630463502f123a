// SPDX-License-Identifier: EUPL-1.2
// A classic script: on a narrow screen the menu opens with a button. Without it the menu is simply there.
(function () {
  var button = document.querySelector(".nav button");
  var list = document.querySelector(".nav ul");
  document.documentElement.className = "js";
  button.addEventListener("click", function () {
    var open = list.classList.toggle("open");
    button.setAttribute("aria-expanded", String(open));
  });
})();
