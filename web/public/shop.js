// The buttons that open the chat appear once the chat box is there; one beside a product begins to talk about it.
"use strict";
(function () {
  var buttons = document.querySelectorAll("[data-chat]");
  function connect() {
    if (!window.Parley || typeof window.Parley.open !== "function") return false;
    buttons.forEach(function (button) {
      button.hidden = false;
      button.addEventListener("click", function () {
        if (button.dataset.taps) window.Parley.tap(button.dataset.says, button.dataset.taps);
        else window.Parley.open();
      });
    });
    return true;
  }
  if (connect()) return;
  var script = document.querySelector("script[src^='/widget.js']");
  if (script) script.addEventListener("load", connect);
})();
