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
// A small picture turns the large ones to its own, and the page stays where it is.
(function () {
  var large = document.querySelector(".one .picture");
  var small = document.querySelectorAll(".thumbs a");
  if (!large || !small.length) return;
  function mark() {
    var shown = Math.round(large.scrollLeft / large.clientWidth);
    small.forEach(function (link, at) {
      if (at === shown) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
  }
  small.forEach(function (link, at) {
    link.addEventListener("click", function (event) {
      event.preventDefault();
      large.scrollTo({ left: at * large.clientWidth });
    });
  });
  large.addEventListener("scroll", mark, { passive: true });
  mark();
})();
