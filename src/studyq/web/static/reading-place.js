// Where somebody was reading, kept in the browser: <reading-place> on Today leads back there.
import { call } from "./api.js";

const STORE = "studyq-reading";

/** Keeps the place: {document, page, label, pages}. */
export function keepPlace(place) {
  localStorage.setItem(STORE, JSON.stringify(place));
}

class ReadingPlace extends HTMLElement {
  async connectedCallback() {
    let place;
    try {
      place = JSON.parse(localStorage.getItem(STORE));
      if (!place?.document) return;
      const { title } = await call("GET", `/documents/${encodeURIComponent(place.document)}`);
      this.#show(place, title);
    } catch (refusal) {
      if (refusal.status === 404) localStorage.removeItem(STORE); // the document was deleted
    }
  }

  #show({ document, page, label, pages }, title) {
    const link = this.querySelector("a");
    link.href = `/app/documents/${encodeURIComponent(document)}?page=${Number(page)}`;
    this.querySelector("[data-title]").textContent = title;
    this.querySelector("[data-place]").textContent = pages ? `page ${label} · ${page} of ${pages}` : `page ${label}`;
    this.hidden = false;
  }
}
customElements.define("reading-place", ReadingPlace);
