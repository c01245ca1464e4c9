// <live-status>: the page Status, looked at anew every ten seconds while somebody looks.
import { onConnection } from "./events.js";
import { fetchPage, mergeRows, replaceCounts, replaceParts, throttled } from "./live-parts.js";
import { announce } from "./messages.js";

const EVERY = 10_000; // milliseconds

class LiveStatus extends HTMLElement {
  #stop = [];

  connectedCallback() {
    const look = throttled(() => this.#refresh(), 0);
    const whenSeen = () => {
      if (!document.hidden) look();
    };
    const timer = setInterval(whenSeen, EVERY);
    document.addEventListener("visibilitychange", whenSeen);
    this.#stop = [
      () => clearInterval(timer),
      () => document.removeEventListener("visibilitychange", whenSeen),
      onConnection((state) => {
        if (state === "open") look();
      }),
    ];
  }

  disconnectedCallback() {
    for (const stop of this.#stop) stop();
  }

  async #refresh() {
    const fresh = await fetchPage();
    const other = fresh?.getElementById("status");
    if (!other || !this.isConnected) return;
    const { summary } = other.dataset;
    if (summary !== this.dataset.summary) announce(summary);
    this.dataset.summary = summary;
    mergeRows(document.getElementById("parts"), fresh.getElementById("parts"));
    replaceParts(fresh, ["summary", "workers", "duties", "incidents"]);
    replaceCounts(fresh);
  }
}
customElements.define("live-status", LiveStatus);
