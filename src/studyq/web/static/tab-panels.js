// <tab-panels>: tabs after the ARIA pattern: arrow keys move between them, Tab goes into the panel.
// `?tab=cards` in the address opens one.

class TabPanels extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => {
      const tab = event.target.closest("[role=tab]");
      if (tab) this.select(tab);
    });
    this.querySelector("[role=tablist]").addEventListener("keydown", (event) => this.#move(event));
    const wanted = new URLSearchParams(location.search).get("tab");
    const tab = this.#tabs.find(({ id }) => id === `tab-${wanted}`);
    if (tab) this.select(tab);
    this.addEventListener("search-wanted", () => this.select(this.querySelector("#tab-search")));
  }

  get #tabs() {
    return [...this.querySelectorAll("[role=tab]")];
  }

  /** Shows the panel of `tab`. */
  select(tab) {
    for (const other of this.#tabs) {
      const chosen = other === tab;
      other.setAttribute("aria-selected", String(chosen));
      other.tabIndex = chosen ? 0 : -1;
      document.getElementById(other.getAttribute("aria-controls")).hidden = !chosen;
    }
  }

  #move(event) {
    const tabs = this.#tabs;
    const here = tabs.indexOf(event.target);
    const next = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const tab = tabs[(next + tabs.length) % tabs.length];
    this.select(tab);
    tab.focus();
  }
}
customElements.define("tab-panels", TabPanels);
