// <job-progress data-job data-queue data-state data-document>: a line with ticks at the milestones,
// the stage in words and the per cent. It follows its job through the event stream.
import { onJobEvent } from "./events.js";

export const TERMINAL = new Set(["completed", "failed", "cancelled"]);
const WAITING = new Set(["waiting", "delayed"]);
const latest = new Map(); // job id → its newest event: a redrawn element starts where the old one was

class JobProgress extends HTMLElement {
  #unsubscribe = null;

  connectedCallback() {
    if (!this.firstElementChild) {
      const model = document.getElementById("job-progress").content.querySelector("job-progress");
      this.append(...model.cloneNode(true).childNodes);
    }
    if (latest.has(this.dataset.job)) this.show(latest.get(this.dataset.job));
    this.#unsubscribe = onJobEvent((event) => {
      if (event.job_id === this.dataset.job) this.show(event);
    });
  }

  disconnectedCallback() {
    this.#unsubscribe?.();
  }

  /** Shows a job (as the API gives it) or one of its events. */
  show({ state, progress, message, waiting_for: waitingFor }) {
    // What a job waits for is in no event: the words that the server drew say more.
    if (!waitingFor && WAITING.has(state) && this.dataset.state === state) return;
    const percent = Math.max(0, Math.min(100, Math.round(progress ?? 0)));
    this.dataset.state = state;
    const track = this.querySelector(".track");
    track.setAttribute("aria-valuenow", percent);
    track.setAttribute("aria-valuetext", `${percent} %, ${message || state}`);
    this.querySelector(".track-done").setAttribute("width", percent);
    for (const tick of this.querySelectorAll(".tick")) {
      tick.classList.toggle("tick-passed", percent >= Number(tick.dataset.at));
    }
    this.querySelector(".stage-words").textContent = waitingFor || message || words(state);
    this.querySelector(".stage-percent").textContent = `${percent} %`;
  }
}

function words(state) {
  return { waiting: "Waiting for a worker", delayed: "Waiting to try again", active: "Starting" }[state] ?? "";
}

onJobEvent((event) => {
  if (TERMINAL.has(event.state)) latest.delete(event.job_id);
  else latest.set(event.job_id, event);
});

customElements.define("job-progress", JobProgress);
