// <rail-more>: on phones the entries of the rail that have no room in the bar, in a sheet above it.
// Elsewhere the style sheet shows them where they stand, and the button not at all.

class RailMore extends HTMLElement {
  connectedCallback() {
    this.#button.addEventListener("click", () => this.#open(!this.#isOpen));
    this.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.#isOpen) return;
      event.stopPropagation();
      this.#open(false);
      this.#button.focus();
    });
    this.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget && !this.contains(relatedTarget)) this.#open(false);
    });
    document.addEventListener("pointerdown", ({ target }) => {
      if (!this.contains(target)) this.#open(false);
    });
  }

  get #button() {
    return this.querySelector(".rail-open");
  }

  get #isOpen() {
    return this.#button.getAttribute("aria-expanded") === "true";
  }

  #open(open) {
    this.#button.setAttribute("aria-expanded", String(open));
    this.toggleAttribute("data-open", open);
  }
}
customElements.define("rail-more", RailMore);
