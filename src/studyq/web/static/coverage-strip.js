// <coverage-strip data-pages data-document>: the strip is a link to the document; a pointer on it
// says which page it stands on, and a click opens that page. Keyboards have the page grid and the
// page field of the document, which reach the same pages.

// The letters of reviews.coverage.PageState, where there is more to say than that a page was read.
const STATES = {
  n: "without cards", d: "with drafts", l: "learning", k: "known", p: "slipping",
  e: "no text", s: "no text", u: "unreadable", ".": "not read yet",
};

class CoverageStrip extends HTMLElement {
  #tip = null;

  connectedCallback() {
    const link = this.querySelector("a");
    if (!link) return;
    link.removeAttribute("title");
    link.addEventListener("pointermove", (event) => this.#point(event));
    link.addEventListener("pointerleave", () => this.#tip?.remove());
    link.addEventListener("click", (event) => this.#open(event, link));
  }

  #pageAt(event) {
    const box = this.getBoundingClientRect();
    const pages = Number(this.dataset.pages);
    const page = Math.floor(((event.clientX - box.left) / box.width) * pages) + 1;
    return Math.max(1, Math.min(pages, page));
  }

  #point(event) {
    this.#tip ??= Object.assign(document.createElement("span"), { className: "strip-tip" });
    const page = this.#pageAt(event);
    const state = STATES[this.dataset.states?.[page - 1]];
    this.#tip.textContent = state ? `Page ${page}, ${state}` : `Page ${page}`;
    this.append(this.#tip);
    const width = this.getBoundingClientRect().width;
    const left = event.clientX - this.getBoundingClientRect().left - this.#tip.offsetWidth / 2;
    this.#tip.style.left = `${Math.max(0, Math.min(width - this.#tip.offsetWidth, left))}px`;
  }

  #open(event, link) {
    if (event.detail === 0) return; // pressed by keyboard: there is no position to go to
    const page = this.#pageAt(event);
    const asked = new CustomEvent("open-page", { bubbles: true, cancelable: true, detail: { page } });
    if (!this.dispatchEvent(asked)) event.preventDefault();
    else link.href = `/app/documents/${this.dataset.document}?page=${page}`;
  }
}
customElements.define("coverage-strip", CoverageStrip);
