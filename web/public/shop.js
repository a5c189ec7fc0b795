// The buttons that open the chat appear once the chat box is there to be opened.
"use strict";
(function () {
  var buttons = document.querySelectorAll("[data-chat]");
  function connect() {
    if (!window.Parley || typeof window.Parley.open !== "function") return false;
    buttons.forEach(function (button) {
      button.hidden = false;
      button.addEventListener("click", function () { window.Parley.open(); });
    });
    return true;
  }
  if (connect()) return;
  var script = document.querySelector("script[src^='/widget.js']");
  if (script) script.addEventListener("load", connect);
})();
