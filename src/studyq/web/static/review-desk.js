// <review-desk data-next data-document>: shows one card after the other. It knows some cards ahead,
// and ratings go through an outbox, so that reviewing goes on while the server does not answer.
import { call } from "./api.js";
import { showLitPage } from "./lit-page.js";
import { announce, tell } from "./messages.js";
import { RatingOutbox } from "./rating-outbox.js";

const AHEAD = 20; // cards known beforehand
const SOON = 20_000; // milliseconds between two looks for a learning step that is almost due
const PHASES = { new: "New", learning: "Learning", relearning: "Learning again", review: "" };

class ReviewDesk extends HTMLElement {
  #outbox = new RatingOutbox((outcome) => this.#onSent(outcome));
  #card = null;
  #upcoming = [];
  #history = []; // what was rated here: {card, key, reviewId}
  #listening = new AbortController();
  #asked = 0; // how often the queue was asked for; an older answer is not taken
  #shownAt = 0;
  #revealed = false;
  #timer = 0;

  connectedCallback() {
    const { signal } = this.#listening;
    for (const [name, act] of Object.entries({
      show: () => this.#reveal(),
      undo: () => this.#undo(),
      bury: () => this.#putAside("bury"),
      suspend: () => this.#putAside("suspend"),
      help: () => this.#part("keys").showModal(),
    })) {
      this.#part(name).addEventListener("click", act);
    }
    for (const button of this.querySelectorAll("[data-rating]")) {
      button.addEventListener("click", () => this.#rate(Number(button.dataset.rating)));
    }
    this.#part("options").addEventListener("click", (event) => {
      const option = event.target.closest("button");
      if (option) this.#choose(Number(option.dataset.option));
    });
    document.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.#take(JSON.parse(this.dataset.next));
    this.#outbox.send();
    if ("askZone" in this.dataset) this.#tellZone();
  }

  disconnectedCallback() {
    this.#listening.abort();
    clearTimeout(this.#timer);
  }

  #part(name) {
    return this.querySelector(`[data-${name}]`);
  }

  /** What the server says is to be reviewed; the card on the table stays. */
  #take(state) {
    this.state = state;
    const under = new Set(this.#outbox.waiting.map((rating) => rating.card_id));
    const known = [state.card, ...state.upcoming].filter((card) => card && !under.has(card.id));
    if (this.#card) {
      this.#upcoming = known.filter((card) => card.id !== this.#card.id);
      this.#tellProgress();
    } else {
      [this.#card = null, ...this.#upcoming] = known;
      this.#show();
    }
  }

  async #ask(first = "") {
    const turn = ++this.#asked;
    const query = new URLSearchParams({ ahead: AHEAD });
    if (this.dataset.document) query.set("document_id", this.dataset.document);
    if (first) query.set("card_id", first);
    for (const { card_id } of this.#outbox.waiting) query.append("skip", card_id);
    try {
      const state = await call("GET", `/reviews/next?${query}`);
      if (turn === this.#asked) this.#take(state);
    } catch (refusal) {
      if (!this.#card) tell("The next card could not be fetched.", refusal.message);
    }
  }

  #show() {
    const card = this.#card;
    clearTimeout(this.#timer);
    this.#revealed = false;
    this.#part("table").hidden = this.#part("foot").hidden = !card;
    this.#part("page").hidden = true;
    for (const name of ["bury", "suspend"]) this.#part(name).disabled = !card;
    this.#tellProgress();
    this.#part("finished").hidden = this.#part("nothing").hidden = true;
    if (!card) {
      this.#finish();
      return;
    }
    this.#shownAt = performance.now();
    this.#part("phase").textContent = PHASES[card.schedule.phase];
    this.#part("front").innerHTML = card.front_html; // sanitised by the server
    this.#showOptions(card);
    this.#part("back").hidden = true;
    this.#part("show").hidden = card.kind === "choice" && card.options_html.length > 0;
    this.#part("ratings").hidden = true;
    for (const { rating, words } of card.intervals) {
      const button = this.querySelector(`[data-rating="${rating}"]`);
      button.querySelector("[data-interval]").textContent = words;
    }
    this.#part("face").focus({ preventScroll: true });
    scrollTo({ top: 0, behavior: "instant" });
  }

  #showOptions(card) {
    const list = this.#part("options");
    list.hidden = card.options_html.length === 0;
    list.replaceChildren(...card.options_html.map((html, index) => {
      const item = document.createElement("li");
      const button = Object.assign(document.createElement("button"), { type: "button", className: "option" });
      button.dataset.option = index;
      button.innerHTML = html; // sanitised by the server
      item.append(button);
      return item;
    }));
  }

  #choose(index) {
    if (this.#revealed) return;
    const right = this.#card.correct_index;
    const buttons = [...this.#part("options").querySelectorAll("button")];
    buttons[index]?.classList.add("option-chosen");
    buttons[right]?.classList.add("option-right");
    if (index !== right) buttons[index]?.classList.add("option-wrong");
    for (const button of buttons) button.disabled = true;
    announce(index === right ? "Right." : "Wrong.");
    this.#reveal();
  }

  #reveal() {
    if (!this.#card || this.#revealed) return;
    this.#revealed = true;
    const card = this.#card;
    if (card.kind === "cloze") this.#part("front").innerHTML = card.back_html; // likewise
    // A cloze shows its answer in its gap, a choice among its options.
    const inPlace = card.kind === "cloze" || card.correct_index !== null;
    this.#part("answer").innerHTML = inPlace ? "" : card.back_html; // sanitised by the server
    this.#part("answer").hidden = inPlace;
    const source = this.#part("source");
    source.replaceChildren(...sourceParts(card.source, () => this.#toggleSource()));
    this.#part("back").hidden = false;
    this.#part("show").hidden = true;
    this.#part("ratings").hidden = false;
    this.querySelector('[data-rating="3"]').focus({ preventScroll: true });
    announce(this.#part("back").textContent.trim() || this.#part("front").textContent.trim());
  }

  #rate(rating) {
    const card = this.#card;
    if (!card || !this.#revealed) return;
    const key = this.#outbox.add({
      card_id: card.id,
      rating,
      version: card.schedule.version,
      duration_ms: Math.round(performance.now() - this.#shownAt),
    });
    this.#history.push({ card, key, reviewId: null });
    this.#count(card, -1);
    this.#advance();
  }

  #advance() {
    this.#card = this.#upcoming.shift() ?? null;
    if (this.#card) this.#show();
    else this.#ask().then(() => this.#card || this.#show());
  }

  /** Keeps the numbers right until the server says them again. */
  #count(card, by) {
    const { phase } = card.schedule;
    const name = phase === "relearning" ? "learning" : phase;
    const { counts } = this.state;
    counts[name] = Math.max(0, counts[name] + by);
    counts.total = Math.max(0, counts.total + by);
    this.state.done_today = Math.max(0, this.state.done_today - by);
  }

  #onSent({ sent, rating, answer, refusal }) {
    const entry = this.#history.find((one) => one.key === rating.key);
    if (refusal) {
      this.#history = this.#history.filter((one) => one !== entry);
      tell("A rating was not counted.", refusal.message);
    } else if (answer) {
      if (entry) entry.reviewId = answer.review_id;
      if (answer.suspended) {
        tell("This card was suspended.", "It was forgotten too often. Write it anew, or split it.");
      }
    }
    this.#tellUnsent();
    if (sent && this.#outbox.waiting.length === 0) this.#ask();
  }

  async #undo() {
    if (this.#history.length && !this.#history.at(-1).reviewId) await this.#outbox.settled();
    const last = this.#history.at(-1);
    if (last && this.#outbox.withdraw(last.key)) {
      this.#history.pop();
      this.#count(last.card, 1);
      this.#putBack(last.card);
      return;
    }
    const reviewId = last?.reviewId ?? this.state.undo?.review_id;
    if (!reviewId) {
      announce("There is nothing to undo.");
      return;
    }
    try {
      const undone = await call("POST", "/reviews/undo", { body: { review_id: reviewId } });
      this.#history.pop();
      this.#card = null;
      await this.#ask(undone.schedule.card_id);
      announce("The last rating was undone.");
    } catch (refusal) {
      tell("The rating could not be undone.", refusal.message);
    }
  }

  #putBack(card) {
    if (this.#card) this.#upcoming.unshift(this.#card);
    this.#card = card;
    this.#show();
    this.#tellUnsent();
    announce("The last rating was undone.");
  }

  async #putAside(how) {
    const card = this.#card;
    if (!card) return;
    try {
      await call("POST", `/reviews/${how}`, { body: { card_id: card.id } });
    } catch (refusal) {
      tell(how === "bury" ? "The card could not be buried." : "The card could not be suspended.", refusal.message);
      return;
    }
    announce(how === "bury" ? "Buried until tomorrow." : "Suspended.");
    this.#count(card, -1);
    this.state.done_today = Math.max(0, this.state.done_today - 1);
    this.#advance();
    this.#ask();
  }

  async #toggleSource() {
    const { source } = this.#card ?? {};
    const place = this.#part("page");
    if (!this.#revealed || !source?.document_id || !source.page) {
      announce(this.#revealed ? "This card names no page." : "Show the answer first.");
      return;
    }
    place.hidden = !place.hidden;
    this.classList.toggle("desk-beside", !place.hidden);
    if (!place.hidden) await showLitPage(place, source);
  }

  #tellProgress() {
    const { counts, done_today: done, minutes_left: minutes } = this.state;
    const percent = done + counts.total ? Math.round((100 * done) / (done + counts.total)) : 0;
    this.#part("done").setAttribute("width", percent);
    this.querySelector(".desk-progress").setAttribute("aria-valuenow", percent);
    const each = this.first ?? (counts.total ? minutes / counts.total : 0);
    this.first = each;
    const parts = [`${done} done`, `${counts.total} left`];
    for (const name of ["learning", "review", "new"]) {
      if (counts[name] && counts[name] !== counts.total) parts.push(`${counts[name]} ${name === "review" ? "to review" : name}`);
    }
    if (counts.total) parts.push(`about ${Math.max(1, Math.round(each * counts.total))} min`);
    this.#part("left").textContent = parts.join(" · ");
    this.#part("undo").disabled = !(this.#history.length || this.state.undo);
  }

  #tellUnsent() {
    const number = this.#outbox.waiting.length;
    const note = this.#part("unsent");
    note.hidden = number === 0;
    note.textContent = `${number} ${number === 1 ? "rating waits" : "ratings wait"} for the connection. Go on; nothing is lost.`;
  }

  #finish() {
    const { next_due_at: due, done_today: done } = this.state;
    const learnt = Number(this.#part("nothing").dataset.learnt);
    if (!learnt && !done) {
      this.#part("nothing").hidden = false;
      return;
    }
    const wait = due ? new Date(due) - Date.now() : 0;
    this.#part("finished").hidden = false;
    this.#part("finished-title").textContent = done ? "Done for today" : "Nothing is due now";
    this.#part("finished-words").textContent = !due
      ? "Nothing else is planned. New cards come with tomorrow, or when you approve more."
      : `The next card is due ${when(new Date(due))}.`;
    if (due && wait < 3_600_000) this.#timer = setTimeout(() => this.#ask(), Math.max(SOON, wait));
  }

  async #tellZone() {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    if (!timeZone) return;
    try {
      await call("PATCH", "/reviews/settings", { body: { time_zone: timeZone } });
      this.#ask();
    } catch {
      // The server does not know this zone's name; days go on being those of UTC.
    }
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, dialog")) return;
    const act = this.#actOf(event);
    if (!act) return;
    event.preventDefault();
    act();
  }

  #actOf({ key, target }) {
    const digit = /^[1-9]$/.test(key) ? Number(key) : 0;
    if (digit && this.#card && !this.#revealed && this.#card.options_html.length >= digit) {
      return () => this.#choose(digit - 1);
    }
    if (digit >= 1 && digit <= 4 && this.#revealed) return () => this.#rate(digit);
    // A focused link or another button keeps its own Space and Enter.
    const elsewhere = target.closest("a, button") && !target.closest("[data-show], [data-rating]");
    if (key === " " && !elsewhere) return () => (this.#revealed ? this.#rate(3) : this.#reveal());
    if (key === "Enter" && !target.closest("a, button")) return () => this.#reveal();
    return {
      s: () => this.#toggleSource(),
      u: () => this.#undo(),
      b: () => this.#putAside("bury"),
      "@": () => this.#putAside("suspend"),
      "?": () => this.#part("keys").showModal(),
    }[key.toLowerCase()];
  }
}
customElements.define("review-desk", ReviewDesk);

/** Where a card comes from, and the button that opens the page. */
function sourceParts(source, open) {
  if (!source.document_id || !source.page) return [source.title ?? ""];
  const button = Object.assign(document.createElement("button"), { type: "button", className: "source-link" });
  button.append(`${source.title}, page ${source.page_label} `, Object.assign(document.createElement("kbd"), { textContent: "S" }));
  button.setAttribute("aria-keyshortcuts", "s");
  button.addEventListener("click", open);
  return [button];
}

/** A moment to come, in words: today with its time, or its day. */
function when(moment) {
  const time = moment.toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
  if (moment.toDateString() === new Date().toDateString()) return `today at ${time}`;
  return `on ${moment.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" })}`;
}
