// <draft-desk>: cards one after the other beside their pages. A approves, E edits, R rejects, J and
// K move, Z takes back. New drafts of a running session join the list as they are made.
import { call } from "./api.js";
import { openCardForm, saveEdit } from "./card-form.js";
import { onConnection, onJobEvent } from "./events.js";
import { fetchPage, mergeRows, replaceKeepingFocus, throttled } from "./live-parts.js";
import { announce, confirmAction, tell } from "./messages.js";

const AFTER_STATE = 200; // milliseconds
const AFTER_PROGRESS = 1500;
const DONE = { approve: "Approved", reject: "Rejected", suspend: "Suspended", restore: "Put back" };
/** What brings a card back into the state that it was in. */
const BACK = { draft: "restore", approved: "approve", suspended: "suspend", rejected: "reject" };
const PARTS = ["#running", "#states", "#bulk", ".rail-main"];

class DraftDesk extends HTMLElement {
  #current = null;
  #undo = []; // groups of {action, ids, reason}, the latest last
  #listening = new AbortController();

  connectedCallback() {
    const { signal } = this.#listening;
    this.narrow = matchMedia("(max-width: 900px)");
    this.soon = throttled(() => this.#refresh(), AFTER_STATE);
    const later = throttled(() => this.#refresh(), AFTER_PROGRESS);
    onJobEvent((event) => {
      if (event.queue !== "flashcard-generation") return;
      if (event.event === "state") this.soon();
      else if (!document.hidden) later();
    });
    onConnection((state) => {
      if (state === "open") this.soon();
    });
    document.addEventListener("keydown", (event) => this.#key(event), { signal });
    document.addEventListener("cards-changed", () => this.soon(), { signal });
    this.narrow.addEventListener("change", () => this.#place(), { signal });
    this.addEventListener("click", (event) => this.#click(event));
    this.addEventListener("focusin", ({ target }) => {
      const card = target.closest(".draft");
      if (card && card !== this.#current) this.#select(card, { focus: false });
    });
    this.querySelector("#narrow")?.addEventListener("change", ({ target, currentTarget }) => {
      if (target.type !== "search") currentTarget.requestSubmit();
    });
    this.#select(this.#cards[0] ?? null, { focus: false });
  }

  disconnectedCallback() {
    this.#listening.abort();
  }

  get #cards() {
    return [...this.querySelectorAll(".draft")];
  }

  #select(card, { focus = true } = {}) {
    this.#current?.removeAttribute("aria-current");
    this.#current = card;
    if (!card) return;
    card.setAttribute("aria-current", "true");
    if (focus) {
      card.focus({ preventScroll: true });
      card.scrollIntoView({ block: "nearest" });
    }
    this.#place();
    this.querySelector("card-sheet")?.show(JSON.parse(card.dataset.source));
  }

  /** The page stands beside the cards or, on small screens, within the current one. */
  #place() {
    const sheet = this.querySelector("card-sheet");
    const bench = this.querySelector(".bench");
    if (!sheet || !bench) return;
    const place = this.narrow.matches && this.#current ? this.#current : bench;
    if (sheet.parentElement !== place) place.append(sheet);
  }

  #move(step) {
    const cards = this.#cards;
    const here = cards.indexOf(this.#current);
    const next = cards[Math.max(0, Math.min(cards.length - 1, here + step))];
    if (next) this.#select(next);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isTyping = event.target.closest("input:not([type=checkbox]), textarea, select, dialog");
    if (isTyping) return;
    const reason = this.#current?.querySelector(".reject-form") && event.key.match(/^[1-9]$/);
    const commands = {
      j: () => this.#move(1), k: () => this.#move(-1),
      a: () => this.#decide("approve"), s: () => this.#decide("suspend"),
      e: () => this.#edit(), r: () => this.#askReason(), z: () => this.#takeBack(), u: () => this.#takeBack(),
      A: () => this.querySelector("[data-bulk=approve]:not([data-all])")?.click(),
    };
    const command = reason
      ? () => this.#current.querySelectorAll("[data-reason]")[Number(event.key) - 1]?.click()
      : commands[event.key];
    if (!command) return;
    event.preventDefault();
    command();
  }

  #click(event) {
    const card = event.target.closest(".draft");
    const button = event.target.closest("[data-do], [data-bulk], [data-undo]");
    if (card && card !== this.#current) this.#select(card, { focus: false });
    if (!button) return;
    if ("undo" in button.dataset) this.#takeBack();
    else if (button.dataset.bulk) this.#bulk(button);
    else this.#do(button.dataset.do);
  }

  #do(action) {
    if (action === "edit") this.#edit();
    else if (action === "reject") this.#askReason();
    else if (action === "delete") this.#delete();
    else if (action === "history") this.#history();
    else this.#decide(action);
  }

  /** Whether the current card has a button for what is asked; keys do what buttons do. */
  #offers(action) {
    return Boolean(this.#current?.querySelector(`[data-do=${action}]`)) && !this.#current.querySelector("form");
  }

  async #decide(action, reason) {
    const card = this.#current;
    if (!card?.querySelector(`[data-do=${action}]`) || card.classList.contains("draft-leaving")) return;
    card.classList.add("draft-leaving");
    const neighbour = card.nextElementSibling ?? card.previousElementSibling;
    const done = await this.#send(action, { ids: [card.dataset.card], ...(reason ? { reason } : {}) });
    if (!done) {
      card.classList.remove("draft-leaving");
      return;
    }
    this.#tellDone(`${DONE[action]}.`);
    this.#leave(card, neighbour);
  }

  /** Takes a card out of the list and goes on to the next one. */
  #leave(card, neighbour) {
    this.#select(neighbour, { focus: Boolean(neighbour) });
    const sheet = card.querySelector("card-sheet");
    if (sheet) this.querySelector(".bench").append(sheet);
    card.remove();
    this.soon();
  }

  async #send(action, body) {
    try {
      const { changed } = await call("POST", `/flashcards/${action}`, { body });
      const groups = Map.groupBy?.(changed, ({ before }) => before) ?? groupBy(changed);
      this.#undo.push([...groups].map(([before, items]) => ({
        action: BACK[before], ids: items.map(({ id }) => id),
      })));
      return true;
    } catch (refusal) {
      tell("This did not work.", refusal.message);
      return false;
    }
  }

  #tellDone(words) {
    const toast = this.querySelector("#undo");
    toast.querySelector("[data-words]").textContent = words;
    toast.hidden = false;
  }

  async #takeBack() {
    const groups = this.#undo.pop();
    if (!groups) {
      announce("There is nothing to take back.");
      return;
    }
    try {
      for (const { action, ids } of groups) await call("POST", `/flashcards/${action}`, { body: { ids } });
    } catch (refusal) {
      tell("Taking back did not work.", refusal.message);
      return;
    }
    this.querySelector("#undo").hidden = this.#undo.length === 0;
    announce("Taken back.");
    await this.#refresh();
    const back = document.getElementById(`card-${groups[0]?.ids[0]}`);
    if (back) this.#select(back);
  }

  async #edit() {
    const card = this.#current;
    if (!this.#offers("edit")) return;
    const fields = JSON.parse(card.dataset.fields);
    card.classList.add("draft-edited");
    const saved = await openCardForm(card, fields, saveEdit(card.dataset.card, fields.version));
    card.classList.remove("draft-edited");
    card.focus();
    if (!saved) return;
    announce("Saved.");
    for (const sentence of saved.advice ?? []) announce(`Saved. ${sentence}`);
    await this.#refresh();
    this.#select(document.getElementById(card.id) ?? this.#cards[0] ?? null);
  }

  #askReason() {
    const card = this.#current;
    if (!this.#offers("reject")) return;
    const form = document.getElementById("reject-form").content.querySelector("form").cloneNode(true);
    const cancel = () => {
      form.remove();
      card.focus();
    };
    const reject = (reason) => {
      form.remove();
      this.#decide("reject", reason);
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      reject(form.elements.reason.value.trim());
    });
    form.addEventListener("click", ({ target }) => {
      const chosen = target.closest("[data-reason]");
      if (chosen) reject(chosen.dataset.reason);
      else if (target.closest("[data-cancel]")) cancel();
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") cancel();
    });
    card.append(form);
    form.scrollIntoView({ block: "nearest" });
    form.querySelector(".button-primary").focus();
  }

  async #delete() {
    const card = this.#current;
    const agreed = await confirmAction({
      title: "Delete this card?",
      detail: "The card and its history are removed. This cannot be undone.",
      action: "Delete",
    });
    if (!agreed) return;
    const neighbour = card.nextElementSibling ?? card.previousElementSibling;
    try {
      await call("DELETE", `/flashcards/${card.dataset.card}`);
      this.#leave(card, neighbour);
    } catch (refusal) {
      tell("Deleting did not work.", refusal.message);
    }
  }

  async #history() {
    const card = this.#current;
    const open = card.querySelector(".history");
    if (open) {
      open.remove();
      return;
    }
    try {
      const { items } = await call("GET", `/flashcards/${card.dataset.card}/history`);
      card.append(historyList(items, (edit) => this.#useAgain(card, edit)));
    } catch (refusal) {
      tell("The history could not be loaded.", refusal.message);
    }
  }

  async #useAgain(card, { front, back, options, tags }) {
    const { kind, version } = JSON.parse(card.dataset.fields);
    const text = kind === "choice" ? { front, back, options, tags } : { front, back, tags };
    try {
      await saveEdit(card.dataset.card, version)(text);
      await this.#refresh();
    } catch (refusal) {
      tell("The earlier version could not be used again.", refusal.message);
    }
  }

  async #bulk(button) {
    const { bulk: action, count } = button.dataset;
    const everything = "all" in button.dataset;
    const filter = Object.fromEntries(Object.entries(JSON.parse(this.dataset.filter)).filter(([, value]) => value !== null));
    const body = everything ? { filter } : { ids: this.#cards.map((card) => card.dataset.card) };
    if (action === "tags") {
      await this.#tag(body);
      return;
    }
    if (action === "delete") {
      const agreed = await confirmAction({
        title: `Delete ${count} cards?`,
        detail: "The cards and their history are removed. This cannot be undone.",
        action: "Delete",
      });
      if (!agreed) return;
    }
    button.disabled = true;
    const done = await this.#send(action, body);
    button.disabled = false;
    if (!done) return;
    if (action === "delete") this.#undo.pop();
    else this.#tellDone(`${DONE[action]}: ${everything ? count : body.ids.length} cards.`);
    await this.#refresh();
  }

  async #tag(body) {
    const dialog = document.getElementById("tag-dialog");
    dialog.returnValue = "cancel";
    dialog.showModal();
    await new Promise((resolve) => { dialog.addEventListener("close", resolve, { once: true }); });
    if (dialog.returnValue !== "confirm") return;
    const words = (name) => dialog.querySelector(`[name=${name}]`).value.split(/\s+/).filter(Boolean);
    try {
      const { changed } = await call("POST", "/flashcards/tags", { body: { ...body, add: words("add"), remove: words("remove") } });
      announce(`${changed} cards have other tags now.`);
      await this.#refresh();
    } catch (refusal) {
      tell("Tagging did not work.", refusal.message);
    }
  }

  async #refresh() {
    const fresh = await fetchPage();
    const desk = fresh?.querySelector("draft-desk");
    if (!desk || this.querySelector(".draft form")) return; // a form that is open is not drawn over
    this.#homeSheet();
    const rows = this.querySelector("#drafts");
    const freshRows = desk.querySelector("#drafts");
    if (Boolean(rows) !== Boolean(freshRows)) {
      this.#swapWhole(desk);
      return;
    }
    for (const part of PARTS) {
      const old = document.querySelector(part);
      const other = fresh.querySelector(part);
      if (old && other && old.innerHTML !== other.innerHTML) replaceKeepingFocus(old, other);
    }
    if (rows) mergeRows(rows, freshRows);
    const more = this.querySelector("#more");
    const freshMore = desk.querySelector("#more");
    if (more && freshMore) more.replaceWith(document.adoptNode(freshMore));
    else more?.remove();
    if (!this.#current?.isConnected) this.#select(this.#cards[0] ?? null, { focus: false });
    else this.#select(document.getElementById(this.#current.id), { focus: false });
  }

  /** From the empty state to a list or back. */
  #swapWhole(desk) {
    for (const selector of [".bulk", ".bench", ".keys", "#drafts-empty", "#more", "#states", "#narrow", "#running"]) {
      this.querySelector(selector)?.remove();
    }
    const toast = this.querySelector("#undo");
    for (const selector of ["#running", "#states", "#narrow", ".bulk", ".bench", ".keys", "#drafts-empty", "#more"]) {
      const part = desk.querySelector(selector);
      if (part) toast.before(document.adoptNode(part));
    }
    this.#select(this.#cards[0] ?? null, { focus: false });
  }

  #homeSheet() {
    const sheet = this.querySelector("card-sheet");
    if (sheet && sheet.parentElement !== this.querySelector(".bench")) this.querySelector(".bench")?.append(sheet);
  }
}

function groupBy(changed) {
  const groups = new Map();
  for (const item of changed) groups.set(item.before, [...(groups.get(item.before) ?? []), item]);
  return groups;
}

function historyList(items, useAgain) {
  const list = document.createElement("ol");
  list.className = "history";
  for (const edit of items) {
    const line = document.createElement("li");
    const words = document.createElement("p");
    words.textContent = `${new Date(edit.at).toLocaleString()}: ${edit.front} — ${edit.back}`;
    const button = Object.assign(document.createElement("button"), { type: "button", className: "button-quiet", textContent: "Use again" });
    button.addEventListener("click", () => useAgain(edit));
    line.append(words, button);
    list.append(line);
  }
  return list;
}

customElements.define("draft-desk", DraftDesk);
