// Light, dark, or as the system says; the choice is kept in this browser.

const NEXT = { system: "light", light: "dark", dark: "system" };
const WORDS = { system: "System colours", light: "Light colours", dark: "Dark colours" };

class ThemeToggle extends HTMLElement {
  connectedCallback() {
    this.querySelector("button").addEventListener("click", () => this.#choose(NEXT[this.#current]));
    this.#show();
  }

  get #current() {
    return document.documentElement.dataset.theme ?? "system";
  }

  #choose(theme) {
    if (theme === "system") {
      delete document.documentElement.dataset.theme;
      localStorage.removeItem("studyq-theme");
    } else {
      document.documentElement.dataset.theme = theme;
      localStorage.setItem("studyq-theme", theme);
    }
    this.#show();
  }

  #show() {
    this.querySelector("[data-words]").textContent = WORDS[this.#current];
    this.querySelector("button").setAttribute("aria-label", `${WORDS[this.#current]}. Change`);
  }
}
customElements.define("theme-toggle", ThemeToggle);
