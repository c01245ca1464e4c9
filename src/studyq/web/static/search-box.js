// <search-box data-results [data-document] [data-hides]>: asks /search while one types and
// lists the passages. In the library the search is part of the address, so Back returns to it.
import { call } from "./api.js";
import { announce, withCode } from "./messages.js";

const PAUSE = 250; // milliseconds without a key before the search is sent
const LIMIT = 20;

class SearchBox extends HTMLElement {
  #timer = 0;
  #request = null;
  #asked = "";

  connectedCallback() {
    this.input = this.querySelector("input");
    this.results = document.getElementById(this.dataset.results);
    this.hint = this.querySelector("[data-hint]");
    this.usualHint = this.hint.textContent;
    this.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#search();
    });
    this.input.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#search(), PAUSE);
    });
    this.input.addEventListener("keydown", (event) => this.#keyInField(event));
    this.results.addEventListener("keydown", (event) => this.#keyInResults(event));
    document.addEventListener("keydown", (event) => this.#slash(event));
    if (this.input.value) this.#search();
  }

  #slash(event) {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable], dialog")) return;
    event.preventDefault();
    this.dispatchEvent(new CustomEvent("search-wanted", { bubbles: true }));
    this.input.focus();
    this.input.select();
  }

  #keyInField(event) {
    if (event.key === "Escape" && this.input.value) {
      event.preventDefault();
      this.input.value = "";
      this.#search();
    } else if (event.key === "ArrowDown") {
      const first = this.results.querySelector("a");
      if (first) event.preventDefault();
      first?.focus();
    }
  }

  #keyInResults(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const links = [...this.results.querySelectorAll(".result-link")];
    const next = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    if (next < 0) this.input.focus();
    else links[next]?.focus();
  }

  async #search() {
    clearTimeout(this.#timer);
    const query = this.input.value.trim();
    if (query === this.#asked) return;
    this.#asked = query;
    this.#keepInAddress(query);
    if (!query) {
      this.#request?.abort();
      this.results.removeAttribute("aria-busy");
      this.#show(null);
      return;
    }
    const parameters = new URLSearchParams({ q: query, limit: LIMIT });
    if (this.dataset.document) parameters.set("document_id", this.dataset.document);
    await this.#ask(`/search?${parameters}`, (answer) => this.#show(answer));
  }

  /** Sends a search; a newer one takes its place. What is shown stays, dimmed, until the answer. */
  async #ask(path, use) {
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    this.results.setAttribute("aria-busy", "true");
    try {
      use(await call("GET", path, { signal: request.signal }));
    } catch (refusal) {
      if (refusal.name === "AbortError") return;
      this.#asked = "";
      this.#show({ results: [], problem: refusal.message });
    }
    if (this.#request === request) this.results.removeAttribute("aria-busy");
  }

  #keepInAddress(query) {
    if (this.dataset.document) return;
    const address = new URL(location.href);
    if (query) address.searchParams.set("q", query);
    else address.searchParams.delete("q");
    history.replaceState(history.state, "", address);
  }

  #show(answer) {
    const hidden = document.getElementById(this.dataset.hides ?? "");
    if (hidden) hidden.hidden = answer !== null;
    this.results.hidden = answer === null;
    this.#explain(answer);
    if (!answer) {
      this.results.replaceChildren();
    } else if (answer.results.length) {
      const list = document.createElement("ol");
      list.append(...answer.results.map((result) => this.#row(result)));
      this.results.replaceChildren(list);
      this.#offerMore(list, answer.next);
      announce(`${answer.results.length} passages found.`);
    } else {
      this.results.replaceChildren(nothing(answer.problem));
      announce(answer.problem ?? "Nothing found.");
    }
  }

  #offerMore(list, path) {
    if (!path) return;
    const more = Object.assign(document.createElement("button"), {
      type: "button", className: "button", textContent: "More passages",
    });
    more.addEventListener("click", () => this.#ask(path, (answer) => {
      const rows = answer.results.map((result) => this.#row(result));
      list.append(...rows);
      more.remove();
      rows[0]?.querySelector("a").focus();
      this.#offerMore(list, answer.next);
    }));
    this.results.append(more);
  }

  #explain(answer) {
    const notice = "explained" in this.dataset ? "" : answer?.notice; // the page says it already
    this.hint.classList.toggle("hint-warn", Boolean(notice));
    if (!answer || answer.problem) this.hint.textContent = this.usualHint;
    else if (notice) this.hint.replaceChildren(...withCode(notice));
    else this.hint.textContent = answer.mode === "words" ? "Found by words." : "Found by words and by meaning, best first.";
  }

  #row(result) {
    const row = document.getElementById("search-result").content.firstElementChild.cloneNode(true);
    const link = row.querySelector("a");
    link.href = `/app/documents/${result.document_id}?page=${result.page_from}&chunk=${result.chunk_id}`;
    row.querySelector(".result-title").textContent = this.dataset.document ? result.section ?? "" : result.title;
    row.querySelector(".result-section").textContent = this.dataset.document ? "" : result.section ?? "";
    row.querySelector(".result-page").textContent = `Page ${result.page_label ?? result.page_from}`;
    row.querySelector(".result-snippet").append(...marked(result.snippet, result.marks));
    if (this.dataset.document) link.addEventListener("click", (event) => this.#openHere(event, result));
    return row;
  }

  #openHere(event, result) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    for (const link of this.results.querySelectorAll("[aria-current]")) link.removeAttribute("aria-current");
    event.currentTarget.setAttribute("aria-current", "true");
    this.dispatchEvent(new CustomEvent("open-page", {
      bubbles: true,
      detail: { page: result.page_from, passage: { chunk_id: result.chunk_id, rectangles: result.rectangles ?? [] } },
    }));
  }
}

/**
 * A snippet as nodes. Marks are [start, end] in characters as Unicode counts them; neighbouring ones
 * with nothing but space between are lit up in one stroke.
 */
function marked(snippet, marks) {
  const characters = Array.from(snippet);
  const between = (start, end) => characters.slice(start, end).join("");
  const strokes = [];
  for (const [start, end] of marks) {
    const last = strokes.at(-1);
    if (last && !between(last[1], start).trim()) last[1] = end;
    else strokes.push([start, end]);
  }
  const nodes = [];
  let done = 0;
  for (const [start, end] of strokes) {
    nodes.push(between(done, start));
    nodes.push(Object.assign(document.createElement("mark"), { textContent: between(start, end) }));
    done = end;
  }
  return [...nodes, between(done)];
}

function nothing(problem) {
  const box = document.createElement("div");
  box.className = "empty empty-small";
  const title = Object.assign(document.createElement("p"), {
    className: "empty-title", textContent: problem ? "The search did not work" : "Nothing found",
  });
  const words = document.createElement("p");
  words.textContent = problem ?? "Try fewer words, or other words for the same thing.";
  box.append(title, words);
  return box;
}

customElements.define("search-box", SearchBox);
