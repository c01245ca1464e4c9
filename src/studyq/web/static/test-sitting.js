// <test-sitting data-sitting data-seconds>: one item a screen. Each answer is saved as it is given;
// while the server does not answer, it is kept here and sent again until it has arrived.
import { call } from "./api.js";
import { announce, confirmAction, tell } from "./messages.js";

const PAUSE = 600; // milliseconds after the last key until what was written is saved
const AGAIN = 3000; // milliseconds until an answer that did not arrive is sent again

const unreachable = ({ status }) => !status || status >= 500;

class TestSitting extends HTMLElement {
  #items = [];
  #links = []; // the map of the items, in their order
  #at = 0;
  #since = performance.now();
  #unsaved = new Map(); // item id → what is to be saved
  #sending = null;
  #timers = new Map();
  #listening = new AbortController();

  connectedCallback() {
    const { signal } = this.#listening;
    this.#items = [...this.querySelectorAll("[data-item]")];
    this.#links = [...this.querySelectorAll("[data-to]")];
    for (const place of this.#links.keys()) this.#label(place);
    this.addEventListener("change", ({ target }) => this.#given(target.closest("[data-item]"), 0));
    this.addEventListener("input", ({ target }) => {
      if (target.type === "text") this.#given(target.closest("[data-item]"), PAUSE);
    });
    this.addEventListener("click", (event) => this.#click(event));
    this.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
    document.addEventListener("keydown", (event) => this.#key(event), { signal });
    addEventListener("pagehide", () => this.#leave(), { signal });
    const first = this.#items.findIndex((item) => !this.#answer(item));
    this.#show(Math.max(0, first));
    if ("seconds" in this.dataset) this.#startClock();
  }

  disconnectedCallback() {
    this.#listening.abort();
    clearInterval(this.clock);
  }

  #click(event) {
    const { target } = event;
    const to = target.closest("[data-to]");
    const step = target.closest("[data-step]");
    if (to) {
      event.preventDefault();
      this.#show(Number(to.dataset.to));
    } else if (step) {
      this.#step(Number(step.dataset.step));
    } else if (target.closest("[data-flag]")) {
      this.#flag();
    } else if (target.closest("[data-clear]")) {
      this.#clear();
    } else if (target.closest("[data-hand-in]")) {
      this.#handIn();
    }
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const writing = event.target.matches?.("input[type=text]");
    if (event.key === "Enter" && !event.target.closest?.("button, a")) {
      event.preventDefault();
      this.#step(1);
    } else if (!writing && event.key === "ArrowRight" && !event.target.matches?.("[type=radio]")) {
      this.#step(1);
    } else if (!writing && event.key === "ArrowLeft" && !event.target.matches?.("[type=radio]")) {
      this.#step(-1);
    } else if (!writing && event.key.toLowerCase() === "f") {
      this.#flag();
    } else if (!writing && /^[1-9]$/.test(event.key)) {
      const option = this.#items[this.#at].querySelectorAll("[type=radio]")[Number(event.key) - 1];
      option?.focus();
      option?.click();
    }
  }

  #step(by) {
    const next = this.#at + by;
    if (next >= this.#items.length) this.#handIn();
    else if (next >= 0) this.#show(next);
  }

  #show(place) {
    this.#count();
    const item = this.#items[place];
    this.#at = place;
    this.#since = performance.now();
    for (const other of this.#items) other.hidden = other !== item;
    this.querySelector("[data-place]").textContent = `${place + 1} of ${this.#items.length}`;
    for (const [number, link] of this.#links.entries()) {
      link.ariaCurrent = number === place ? "step" : null;
    }
    const last = place === this.#items.length - 1;
    this.querySelector('[data-step="-1"]').disabled = place === 0;
    this.querySelector('[data-step="1"]').firstChild.textContent = last ? "Hand in" : "Next";
    this.querySelector("[data-hand-in]").hidden = last;
    (item.querySelector("[type=text]") ?? item.querySelector(":checked") ?? item.querySelector("input"))
      .focus({ preventScroll: true });
  }

  /** Says in the map what is drawn there. */
  #label(place) {
    const link = this.#links[place];
    const words = [`Item ${place + 1}`, link.hasAttribute("data-answered") ? "answered" : "not answered"];
    if (link.hasAttribute("data-flagged")) words.push("marked");
    link.ariaLabel = words.join(", ");
  }

  /** Adds the time that the item has been on the screen. */
  #count() {
    const item = this.#items[this.#at];
    const shown = performance.now() - this.#since;
    item.dataset.milliseconds = Math.round(Number(item.dataset.milliseconds) + shown);
    this.#since = performance.now();
  }

  #answer(item) {
    const text = item.querySelector("[type=text]");
    return text ? text.value.trim() : (item.querySelector(":checked")?.value ?? "");
  }

  #given(item, pause) {
    this.querySelector("[data-saved]").textContent = "Saving…"; // from now on, not only when it goes out
    this.#count();
    const { item: id } = item.dataset;
    this.#unsaved.set(id, {
      answer: this.#answer(item),
      flagged: item.querySelector("[data-flag]").ariaPressed === "true",
      milliseconds: Number(item.dataset.milliseconds),
    });
    const place = this.#items.indexOf(item);
    this.#links[place].toggleAttribute("data-answered", Boolean(this.#answer(item)));
    this.#label(place);
    clearTimeout(this.#timers.get(id));
    this.#timers.set(id, setTimeout(() => this.#flush(), pause));
  }

  #flag() {
    const item = this.#items[this.#at];
    const button = item.querySelector("[data-flag]");
    const marked = button.ariaPressed !== "true";
    button.ariaPressed = String(marked);
    button.textContent = marked ? "Marked, to be looked at again" : "Mark to look at again";
    this.#links[this.#at].toggleAttribute("data-flagged", marked);
    this.#given(item, 0);
  }

  #clear() {
    const item = this.#items[this.#at];
    for (const option of item.querySelectorAll(":checked")) option.checked = false;
    this.#given(item, 0);
  }

  /** Sends what is unsaved, one after the other; resolves when all has arrived or nothing goes. */
  #flush() {
    this.#sending ??= this.#send().finally(() => {
      this.#sending = null;
    });
    return this.#sending;
  }

  async #send() {
    const saved = this.querySelector("[data-saved]");
    while (this.#unsaved.size) {
      const [id, body] = this.#unsaved.entries().next().value;
      saved.textContent = "Saving…";
      try {
        await this.#put(id, body);
        if (this.#unsaved.get(id) === body) this.#unsaved.delete(id);
        saved.textContent = "Saved";
        saved.toggleAttribute("data-waiting", false);
      } catch (refusal) {
        if (!unreachable(refusal)) {
          this.#unsaved.delete(id);
          saved.textContent = "";
          tell("This answer was not taken.", refusal.message);
          continue;
        }
        saved.toggleAttribute("data-waiting", true);
        saved.textContent = "Not saved yet: studyq does not answer. It is sent again by itself.";
        setTimeout(() => this.#flush(), AGAIN);
        return;
      }
    }
  }

  #put(id, body) {
    const path = `/sittings/${this.dataset.sitting}/responses/${id}`;
    return call("PUT", path, { body, keepalive: true });
  }

  /** Sends what is unsaved while the page goes away; nobody is left to be told of a failure. */
  #leave() {
    for (const [id, body] of this.#unsaved) this.#put(id, body).catch(() => {});
  }

  async #handIn({ ask = true } = {}) {
    const left = this.#items.filter((item) => !this.#answer(item)).length;
    if (ask && !(await this.#agrees(left))) return;
    await this.#flush();
    if (this.#unsaved.size && ask) {
      tell("Not handed in.", "Some answers have not arrived yet. Try again in a moment.");
      return;
    }
    try {
      await call("POST", `/sittings/${this.dataset.sitting}/submit`, { body: {} });
      location.href = `/app/sittings/${this.dataset.sitting}/result`;
    } catch (refusal) {
      if (!ask && unreachable(refusal)) setTimeout(() => this.#handIn({ ask }), AGAIN);
      else tell("Not handed in.", refusal.message);
    }
  }

  #agrees(left) {
    const open = left === 1 ? "One item is left out" : `${left} items are left out`;
    return confirmAction({
      title: "Hand the test in?",
      detail: left ? `${open}, and counts as wrong.` : "Every item is answered.",
      action: "Hand in",
    });
  }

  #startClock() {
    const end = performance.now() + Number(this.dataset.seconds) * 1000;
    const clock = this.querySelector("[data-clock]");
    const tick = () => {
      const left = Math.max(0, Math.round((end - performance.now()) / 1000));
      clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} left`;
      clock.toggleAttribute("data-soon", left <= 60);
      if (left === 60) announce("One minute is left.");
      if (left > 0) return;
      clearInterval(this.clock);
      this.querySelector("form").inert = true;
      announce("The time is over; the test is handed in.");
      this.#handIn({ ask: false });
    };
    this.clock = setInterval(tick, 1000);
    tick();
  }
}

customElements.define("test-sitting", TestSitting);
