// <jobs-page>: queues and jobs, kept true. The server draws cards and rows; an event of any job, and
// each quarter of a minute, fetch them anew, and what is different is put in place.
import { onConnection, onJobEvent } from "./events.js";
import { changePriority, perform } from "./job-actions.js";
import { fetchPage, mergeRows, replaceCounts, replaceKeepingFocus, replaceParts, throttled } from "./live-parts.js";

const EVERY = 15_000; // milliseconds: ages grow, and queues are paused elsewhere
const LEAST_PAUSE = 300;
const REST = 8; // times as long as the last fetch took

class JobsPage extends HTMLElement {
  #selected = new Map(); // job id → its queue
  #took = 0;

  connectedCallback() {
    const soon = throttled(() => this.#refresh(), () => Math.max(LEAST_PAUSE, REST * this.#took));
    onJobEvent((event) => {
      if (event.event === "state" && !document.hidden) soon();
    });
    onConnection((state) => {
      if (state === "open") soon();
    });
    const whenSeen = () => {
      if (!document.hidden) soon();
    };
    setInterval(whenSeen, EVERY);
    document.addEventListener("visibilitychange", whenSeen);
    this.addEventListener("click", (event) => this.#act(event, soon));
    this.addEventListener("change", (event) => this.#change(event.target));
    this.addEventListener("submit", async (event) => {
      if (!event.target.matches("[data-priority]")) return;
      event.preventDefault();
      if (await changePriority(event.target)) soon();
    });
    // A box that was checked before the browser came back to the page.
    for (const box of this.querySelectorAll("[data-select]:checked")) this.#select(box);
    this.#showSelection();
  }

  async #act(event, soon) {
    const button = event.target.closest("[data-action]");
    if (!button) return;
    if (button.dataset.action === "clear-selection") {
      this.#clearSelection();
      return;
    }
    const { title } = button.closest("[data-title]")?.dataset ?? { title: "" };
    const done = await perform(button, { title, selected: this.#selected });
    if (done && button.dataset.action === "cancel-selected") this.#clearSelection();
    if (done) soon();
  }

  #change(field) {
    if (field.matches("select")) field.form.requestSubmit();
    else if (field.matches("[data-select]")) this.#select(field);
    else if (field.matches("[data-select-all]")) {
      for (const box of this.querySelectorAll("[data-select]")) {
        box.checked = field.checked;
        this.#select(box);
      }
    }
    this.#showSelection();
  }

  #select(box) {
    const { job, queue } = box.closest("[data-job]").dataset;
    if (box.checked) this.#selected.set(job, queue);
    else this.#selected.delete(job);
  }

  #clearSelection() {
    const inside = this.querySelector("[data-selection]").contains(document.activeElement);
    this.#selected.clear();
    this.#showSelection();
    if (inside) document.getElementById("main").focus();
  }

  /** Brings the boxes and the bar in line with what is selected; who has ended is so no longer. */
  #showSelection() {
    const boxes = [...this.querySelectorAll("[data-select]")];
    const present = new Set(boxes.map((box) => box.closest("[data-job]").dataset.job));
    for (const job of this.#selected.keys()) if (!present.has(job)) this.#selected.delete(job);
    for (const box of boxes) box.checked = this.#selected.has(box.closest("[data-job]").dataset.job);
    const number = this.#selected.size;
    const all = this.querySelector("[data-select-all]");
    if (all) {
      all.checked = number > 0 && number === boxes.length;
      all.indeterminate = number > 0 && number < boxes.length;
    }
    this.querySelector("[data-selection]").hidden = number === 0;
    this.querySelector("[data-selected]").textContent = `${number} selected`;
  }

  async #refresh() {
    const begun = performance.now();
    const fresh = await fetchPage();
    this.#took = performance.now() - begun;
    if (!fresh?.getElementById("queues")) return;
    mergeRows(document.getElementById("queues"), fresh.getElementById("queues"));
    const rows = document.getElementById("rows");
    const freshRows = fresh.getElementById("rows");
    if (rows.localName === "ul" && freshRows.localName === "ul") {
      mergeRows(rows, freshRows);
      replaceParts(fresh, ["select-all"]);
    } else {
      document.getElementById("select-all")?.remove();
      replaceKeepingFocus(rows, freshRows);
      const all = fresh.getElementById("select-all");
      if (all) freshRows.before(document.adoptNode(all));
    }
    replaceParts(fresh, ["views", "bulk", "pages"]);
    replaceCounts(fresh);
    this.#showSelection();
  }
}
customElements.define("jobs-page", JobsPage);
