// <job-detail data-job>: what a row of the list opens to, from the page of that job.
// <job-page data-job>: that page, kept true while the job lives.
import { onConnection, onJobEvent } from "./events.js";
import { changePriority, perform } from "./job-actions.js";
import { fetchPage, isOther, replaceCounts, replaceKeepingFocus, throttled } from "./live-parts.js";

const PAUSE = 500; // milliseconds
const drawn = new Map(); // job id → its detail: a redrawn row opens to what the old one showed

class JobDetail extends HTMLElement {
  #unsubscribe = null;

  connectedCallback() {
    const load = throttled(() => this.#load(), PAUSE);
    const fold = this.closest("details");
    fold.addEventListener("toggle", () => {
      if (fold.open) this.#load();
    });
    this.#unsubscribe = onJobEvent((event) => {
      if (event.job_id === this.dataset.job && fold.open) load();
    });
    const last = drawn.get(this.dataset.job);
    if (last) this.replaceChildren(...last.cloneNode(true).childNodes);
    if (fold.open) this.#load();
  }

  disconnectedCallback() {
    this.#unsubscribe?.();
  }

  async #load() {
    const fresh = (await fetchPage(`/app/jobs/${this.dataset.job}`))?.getElementById("job-detail");
    if (!this.isConnected) return;
    if (!fresh) {
      if (!drawn.has(this.dataset.job)) this.textContent = "It could not be loaded. Close it and open it again.";
      return;
    }
    drawn.set(this.dataset.job, fresh.cloneNode(true));
    put(this, fresh);
  }
}

class JobPage extends HTMLElement {
  connectedCallback() {
    const soon = throttled(() => this.#refresh(), PAUSE);
    onJobEvent((event) => {
      if (event.job_id === this.dataset.job) soon();
    });
    onConnection((state) => {
      if (state === "open") soon();
    });
    this.addEventListener("click", async (event) => {
      const button = event.target.closest("[data-action]");
      if (button && (await perform(button, { title: this.dataset.title }))) soon();
    });
    this.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (await changePriority(event.target)) soon();
    });
  }

  async #refresh() {
    const fresh = await fetchPage();
    const head = document.getElementById("job-head");
    const other = fresh?.getElementById("job-head");
    if (!other) return;
    replaceCounts(fresh);
    if (head.dataset.revision !== other.dataset.revision) replaceKeepingFocus(head, other);
    put(document.getElementById("job-detail"), fresh.getElementById("job-detail"));
  }
}

/** Brings `place` to the content of `fresh`, part by part, unless somebody types there. */
function put(place, fresh) {
  const typing = place.contains(document.activeElement) && document.activeElement.matches("input");
  if (typing) return;
  const parts = [...place.children];
  const others = [...fresh.children];
  if (parts.length !== others.length || parts.some((part, at) => part.localName !== others[at].localName)) {
    place.replaceChildren(...document.adoptNode(fresh).childNodes);
    return;
  }
  parts.forEach((part, at) => {
    if (isOther(part, others[at])) replaceKeepingFocus(part, others[at]);
  });
}

customElements.define("job-detail", JobDetail);
customElements.define("job-page", JobPage);
