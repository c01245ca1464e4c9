// <document-cards>: the tab Cards of a document: its cards, what is being made, and new ones by hand
// from words selected on the page. <make-cards> asks for cards and says beforehand what it takes.
import { call } from "./api.js";
import { openCardForm } from "./card-form.js";
import { onConnection, onJobEvent } from "./events.js";
import { fetchPage, replaceParts, throttled } from "./live-parts.js";
import { announce, tell } from "./messages.js";

const AFTER_STATE = 200; // milliseconds
const AFTER_PROGRESS = 1500;
const AFTER_TYPING = 300;
const PARTS = ["cards-head", "cards-running", "cards-list", "cards-sessions"];

class DocumentCards extends HTMLElement {
  #listening = new AbortController();
  #selected = { page: 0, words: "" };

  connectedCallback() {
    const { signal } = this.#listening;
    const soon = throttled(() => this.#refresh(), AFTER_STATE);
    const later = throttled(() => this.#refresh(), AFTER_PROGRESS);
    onJobEvent((event) => {
      if (event.queue !== "flashcard-generation" || event.document_id !== this.dataset.document) return;
      if (event.event === "state") soon();
      else if (!document.hidden) later();
    });
    onConnection((state) => {
      if (state === "open") soon();
    });
    this.addEventListener("cards-changed", soon);
    this.addEventListener("click", (event) => this.#click(event, soon));
    this.button = document.getElementById("selection-card");
    this.button.addEventListener("click", () => this.#write(soon));
    document.addEventListener("selectionchange", () => this.#follow(), { signal });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "n" || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.closest("input, textarea, select, dialog")) return;
      event.preventDefault();
      this.#write(soon);
    }, { signal });
  }

  disconnectedCallback() {
    this.#listening.abort();
  }

  get #viewer() {
    return document.querySelector("page-viewer");
  }

  /** Keeps what is selected in the page's text, and shows the button beside it. */
  #follow() {
    const selection = document.getSelection();
    const node = selection.rangeCount && !selection.isCollapsed ? selection.getRangeAt(0).commonAncestorContainer : null;
    const element = node?.nodeType === Node.TEXT_NODE ? node.parentElement : node;
    const words = element?.closest("#page-text, .sheet-text") ? selection.toString().trim() : "";
    this.#selected = { page: this.#viewer.page, words };
    this.button.hidden = !words;
    if (!words) return;
    const box = selection.getRangeAt(0).getBoundingClientRect();
    this.button.style.left = `${Math.max(8, Math.min(innerWidth - 140, box.left))}px`;
    this.button.style.top = `${Math.min(innerHeight - 56, Math.max(8, box.bottom + 8))}px`;
  }

  async #write(soon) {
    const { words } = this.#selected;
    const page = this.#viewer?.pages ? this.#viewer.page : null;
    const dialog = document.getElementById("new-card");
    const quote = dialog.querySelector("mark");
    quote.textContent = words;
    dialog.querySelector("[data-quote]").hidden = !words;
    dialog.querySelector("[data-page-label]").textContent = page ? `Page ${this.#viewer.label(page)}` : "";
    this.button.hidden = true;
    dialog.showModal();
    const source = { document_id: this.dataset.document, page, quote: words };
    const save = (fields) => call("POST", "/flashcards", { body: { ...fields, source } });
    const place = dialog.querySelector("[data-form]");
    const leave = () => place.querySelector("[data-cancel]")?.click();
    dialog.addEventListener("close", leave, { once: true });
    const card = await openCardForm(place, { kind: "basic" }, save);
    dialog.removeEventListener("close", leave);
    if (dialog.open) dialog.close();
    if (!card) return;
    announce(["The card was made.", ...card.advice].join(" "));
    document.getSelection().removeAllRanges();
    soon();
  }

  async #click(event, soon) {
    const button = event.target.closest("[data-new-card], [data-show], [data-retry], [data-stop]");
    if (!button) return;
    if ("newCard" in button.dataset) this.#write(soon);
    else if ("show" in button.dataset) this.#show(event, button);
    else if (button.dataset.retry) await this.#ask(button, "POST", `/sessions/${button.dataset.retry}/retry`, soon);
    else await this.#ask(button, "DELETE", `/queue/flashcard-generation/jobs/${button.dataset.stop}`, soon);
  }

  /** Turns to the card's page and lights up its quote. */
  #show(event, link) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || !this.#viewer.image) return;
    event.preventDefault();
    event.stopPropagation();
    const { page, ...passage } = JSON.parse(link.dataset.show);
    this.#viewer.show(page, passage);
  }

  async #ask(button, method, path, soon) {
    button.disabled = true;
    try {
      await call(method, path);
      soon();
    } catch (refusal) {
      tell("This did not work.", refusal.message);
    } finally {
      button.disabled = false;
    }
  }

  async #refresh() {
    if (document.querySelector("[data-leaving]")) return; // the document is being deleted
    const fresh = await fetchPage();
    if (fresh) replaceParts(fresh, PARTS);
  }
}

class MakeCards extends HTMLElement {
  #asked = 0;
  #seen = null;

  connectedCallback() {
    this.form = this.querySelector("form");
    this.form.addEventListener("submit", (event) => this.#send(event));
    let timer = 0;
    const estimate = () => {
      this.#showFields();
      clearTimeout(timer);
      timer = setTimeout(() => this.#estimate(), AFTER_TYPING);
    };
    this.form.addEventListener("input", estimate);
    this.#showFields();
    // Asked once somebody sees the form, which may stand in a tab that is not shown.
    this.#seen = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) estimate();
    });
    this.#seen.observe(this);
  }

  disconnectedCallback() {
    this.#seen.disconnect();
  }

  get #path() {
    return `/documents/${this.dataset.document}/flashcards`;
  }

  #showFields() {
    this.querySelector("[data-pages]").hidden = this.form.elements.part.value !== "pages";
  }

  #body() {
    const { elements } = this.form;
    const part = elements.part.value;
    const body = {
      count: Math.max(1, Number(elements.count.value) || 20),
      kinds: [...this.form.querySelectorAll("[name=kind]:checked")].map(({ value }) => value),
      prompt: elements.prompt.value.trim(),
    };
    if (part === "pages") body.pages = [Number(elements.first.value) || 1, Number(elements.last.value) || Number(elements.first.value) || 1];
    else if (part) body.sections = [part.slice("section:".length)];
    return body;
  }

  async #estimate() {
    if (document.querySelector("[data-leaving]")) return;
    const asked = ++this.#asked;
    const place = this.querySelector("[data-estimate]");
    try {
      const answer = await call("POST", `${this.#path}?estimate=true`, { body: this.#body() });
      if (asked === this.#asked) place.textContent = estimateWords(answer);
    } catch (refusal) {
      if (asked === this.#asked) place.textContent = refusal.message;
    }
  }

  async #send(event) {
    event.preventDefault();
    const problem = this.querySelector(".form-problem");
    const button = this.querySelector(".button-primary");
    problem.hidden = true;
    button.disabled = true;
    try {
      await call("POST", this.#path, { body: this.#body() });
      announce("Cards are being made.");
      this.closest("details").open = false;
      this.dispatchEvent(new Event("cards-changed", { bubbles: true }));
    } catch (refusal) {
      problem.textContent = refusal.message;
      problem.hidden = false;
    } finally {
      button.disabled = false;
    }
  }
}

function estimateWords({ model, estimate, cap }) {
  if (!estimate.known) return "What it takes is known once the document has been read.";
  const cards = `Up to ${estimate.cards} ${estimate.cards === 1 ? "card" : "cards"}`;
  if (model === "builtin") return `${cards}, taken from the text on this machine; no language model is asked.`;
  const tokens = estimate.input_tokens + estimate.output_tokens;
  const cost = estimate.cost === null ? "" : `, about ${estimate.cost.toFixed(2)} in cost`;
  const limit = cap === null ? "" : ` (at most ${cap.toLocaleString()})`;
  return `${cards} from ${model}: ${estimate.calls} calls, about ${tokens.toLocaleString()} tokens${limit}${cost}.`;
}

customElements.define("document-cards", DocumentCards);
customElements.define("make-cards", MakeCards);
