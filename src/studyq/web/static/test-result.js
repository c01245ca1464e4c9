// <test-result data-sitting data-status data-job>: a result, drawn anew when its job has ended.
import { call } from "./api.js";
import { onConnection, onJobEvent } from "./events.js";
import { announce, tell } from "./messages.js";

const ENDS = new Set(["completed", "failed", "cancelled"]);

class TestResult extends HTMLElement {
  #stop = [];

  connectedCallback() {
    this.addEventListener("click", (event) => {
      const button = event.target.closest("[data-grade], [data-retry], [data-make-cards]");
      if (button) this.#act(button);
    });
    this.#stop = [
      onJobEvent(({ job_id: id, state }) => {
        if (id === this.dataset.job && ENDS.has(state)) location.reload();
      }),
      // The job may have ended before anybody listened.
      onConnection((state) => {
        if (state === "open" && this.dataset.status === "submitted") this.#look();
      }),
    ];
  }

  disconnectedCallback() {
    for (const stop of this.#stop) stop();
  }

  async #look() {
    if (!this.dataset.job) return;
    const queue = "/queue/test-analysis/jobs";
    const job = await call("GET", `${queue}/${this.dataset.job}`).catch(() => null);
    if (job && ENDS.has(job.state)) location.reload();
  }

  async #act(button) {
    button.disabled = true;
    try {
      if ("grade" in button.dataset) await this.#decide(button);
      else if ("retry" in button.dataset) await this.#retry();
      else await this.#makeCards(button);
    } catch (refusal) {
      tell("This did not work.", refusal.message);
      button.disabled = false;
    }
  }

  async #decide(button) {
    const { item } = button.closest("[data-item]").dataset;
    const path = `/sittings/${this.dataset.sitting}/responses/${item}/grade`;
    const sitting = await call("POST", path, { body: { grade: button.dataset.grade } });
    for (const other of button.parentElement.children) {
      other.ariaPressed = String(other === button);
      other.disabled = false;
    }
    announce("Decided. The result is worked out again.");
    this.dataset.job = sitting.job_id;
    this.dataset.status = "submitted";
    this.#look();
  }

  async #retry() {
    await call("POST", `/queue/test-analysis/jobs/${this.dataset.job}/retry`, { body: {} });
    location.reload();
  }

  async #makeCards(button) {
    const { document: id, from, to } = button.dataset;
    const pages = [Number(from), Number(to)];
    await call("POST", `/documents/${id}/flashcards`, { body: { pages } });
    location.href = `/app/drafts?document=${id}`;
  }
}

customElements.define("test-result", TestResult);
