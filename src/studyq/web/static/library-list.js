// <library-list>: the rows of the library, kept true. Progress lines follow the event stream by
// themselves; a row is drawn anew by the server when its state or its pages have changed.
import { perform } from "./document-actions.js";
import { onConnection, onJobEvent } from "./events.js";
import { fetchPage, mergeRows, replaceCounts, replaceKeepingFocus, replaceParts, throttled } from "./live-parts.js";

const AFTER_STATE = 200; // milliseconds
const AFTER_PROGRESS = 2000;

class LibraryList extends HTMLElement {
  connectedCallback() {
    const soon = throttled(() => this.#refresh(), AFTER_STATE);
    const later = throttled(() => this.#refresh(), AFTER_PROGRESS);
    onJobEvent((event) => {
      if (event.event === "state") soon();
      else if (!document.hidden) later();
    });
    onConnection((state) => {
      if (state === "open") soon();
    });
    document.addEventListener("documents-changed", soon);
    this.addEventListener("click", (event) => this.#act(event, soon));
  }

  async #act(event, soon) {
    const button = event.target.closest("[data-action]");
    if (!button) return;
    const row = button.closest("[data-document]");
    const done = await perform(button, { id: row.dataset.document, title: row.dataset.title });
    if (done && button.dataset.action === "delete") {
      const neighbour = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      neighbour?.querySelector("a")?.focus();
    }
    if (done) soon();
  }

  async #refresh() {
    const fresh = await fetchPage();
    const list = fresh?.getElementById("documents");
    if (!list) return;
    replaceCounts(fresh);
    const rows = document.getElementById("rows");
    const freshRows = list.querySelector("#rows");
    if (rows?.localName !== "ul" || freshRows?.localName !== "ul") {
      // From the empty state to a list or back, the search box comes or goes with it.
      if (rows?.localName !== freshRows?.localName) replaceKeepingFocus(document.getElementById("main"), fresh.getElementById("main"));
      return;
    }
    replaceParts(fresh, ["filters"]);
    mergeRows(rows, freshRows);
  }
}

customElements.define("library-list", LibraryList);
