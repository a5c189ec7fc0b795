/** Starts the desk: styles, language, appearance, then the page that the address names. */
import { createApp } from "vue";

import "./styles/element";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/page.css";
import "./styles/element.css";
import App from "./App.vue";
import { language, speak, t } from "./i18n/words";
import { router } from "./router";
import { applyPreferences } from "./state/preferences";

speak(language.value);
applyPreferences();

const app = createApp(App);
app.use(router);
router.isReady().then(
  () => app.mount("#app"),
  () => sayUnreachable(),
);

/** Without the server there is no page to show, but never a blank one. */
function sayUnreachable(): void {
  const box = document.createElement("div");
  box.className = "unreachable";
  box.setAttribute("role", "alert");
  const words = document.createElement("p");
  words.textContent = t("error.offline");
  const again = document.createElement("button");
  again.textContent = t("common.retry");
  again.addEventListener("click", () => window.location.reload());
  box.append(words, again);
  document.querySelector("#app")?.replaceChildren(box);
}
