// <page-viewer>: one page's image with the passage lit up over it. Turning a page changes the image,
// the text beside it, the address, and the place shown in strip, grid and outline.
import { call } from "./api.js";
import { light } from "./marks.js";
import { announce } from "./messages.js";
import { keepPlace } from "./reading-place.js";

class PageViewer extends HTMLElement {
  #turn = 0;
  #passages = new Map(); // chunk or card → passage, for Back and Forward
  #passage = null;
  #listening = new AbortController();

  connectedCallback() {
    const { signal } = this.#listening;
    this.page = Number(this.dataset.page);
    this.pages = Number(this.dataset.pages);
    this.labels = JSON.parse(this.dataset.labels || "[]");
    if (this.dataset.passage) this.#keep(JSON.parse(this.dataset.passage));
    this.image?.addEventListener("error", () => this.#imageFailed());
    if (this.image?.complete && this.image.naturalWidth === 0) this.#imageFailed();
    this.querySelector(".pager-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#goToField();
    });
    document.addEventListener("keydown", (event) => this.#key(event), { signal });
    document.addEventListener("click", (event) => this.#link(event), { signal });
    document.addEventListener("open-page", (event) => {
      event.preventDefault();
      this.show(event.detail.page, event.detail.passage ?? null);
    }, { signal });
    addEventListener("popstate", () => this.#fromAddress(), { signal });
    this.#place();
    if (this.#passage) this.#scrollToMark();
  }

  disconnectedCallback() {
    this.#listening.abort();
  }

  get image() {
    return this.querySelector(".sheet-image");
  }

  label(page) {
    return this.labels[page - 1] ?? String(page);
  }

  /** Turns to a page; with a passage, lights it up. Moving on within the book keeps the passage. */
  async show(page, passage = this.#passage, { address = true } = {}) {
    if (!this.image || page < 1 || page > this.pages) return;
    const turn = ++this.#turn;
    this.page = page;
    this.#keep(passage);
    if (address) this.#keepInAddress();
    this.#place();
    const sheet = this.querySelector("[data-sheet]");
    sheet.classList.add("sheet-turning");
    this.querySelector("[data-problem]").hidden = true;
    this.querySelector("[data-unlit]").hidden = true;
    const base = `/documents/${this.dataset.document}/pages/${page}`;
    const fresh = this.#load(page);
    const [text, drawn] = await Promise.allSettled([call("GET", base), fresh.decode()]);
    if (turn !== this.#turn) return; // turned on meanwhile
    sheet.classList.remove("sheet-turning");
    if (drawn.status === "fulfilled") Object.assign(this.image, { srcset: fresh.srcset, src: fresh.src });
    else this.#imageFailed();
    this.image.alt = `Page ${this.label(page)}`;
    this.#showText(text.status === "fulfilled" ? text.value : null);
    announce(`Page ${this.label(page)}`);
    const elsewhere = passage?.rectangles.length && !passage.rectangles.some((one) => one.page === page);
    if (passage && !elsewhere) this.#scrollToMark();
    if (page < this.pages) this.#load(page + 1); // the next one is there before it is asked for
  }

  /** Starts loading a page's image, twice as fine for screens with small pixels. */
  #load(page) {
    const address = `/documents/${this.dataset.document}/pages/${page}/image`;
    return Object.assign(new Image(), { srcset: `${address}?scale=3 2x`, src: address });
  }

  #keep(passage) {
    this.#passage = passage;
    if (passage) this.#passages.set(String(passage.card_id ?? passage.chunk_id), passage);
  }

  #showText(page) {
    document.getElementById("page-text").textContent = page?.text ?? "";
    const kind = page?.kind ?? "pending";
    for (const hint of document.querySelectorAll("[data-kind]")) hint.hidden = hint.dataset.kind !== kind;
    if (page) {
      this.image.setAttribute("width", Math.round(page.width));
      this.image.setAttribute("height", Math.round(page.height));
      this.#mark(page.width, page.height);
    }
  }

  #mark(width, height) {
    const rectangles = this.#passage?.rectangles ?? [];
    light(this.querySelector(".sheet-marks"), { width, height }, this.page, rectangles);
  }

  #scrollToMark() {
    const first = this.querySelector(".sheet-marks rect");
    this.querySelector("[data-unlit]").hidden = first !== null;
    first?.scrollIntoView({ block: "center", behavior: "instant" });
  }

  #imageFailed() {
    const problem = this.querySelector("[data-problem]");
    problem.textContent = "The image of this page could not be drawn. Its text stands in the tab “Text”.";
    problem.hidden = false;
  }

  /** Says where we are: pager, strip, grid, outline, and Today's "go on reading". */
  #place() {
    keepPlace({ document: this.dataset.document, page: this.page, label: this.label(this.page), pages: this.pages });
    document.getElementById("page-field").value = this.label(this.page);
    const printed = this.label(this.page) !== String(this.page);
    document.getElementById("page-of").textContent =
      !this.pages ? "" : printed ? `(${this.page} of ${this.pages})` : `of ${this.pages}`;
    for (const heading of document.querySelectorAll("[data-label]")) heading.textContent = this.label(this.page);
    for (const step of this.querySelectorAll("[data-step]")) {
      const other = this.page + Number(step.dataset.step);
      step.setAttribute("aria-disabled", String(other < 1 || other > this.pages));
      step.href = `?page=${Math.max(1, Math.min(this.pages || 1, other))}`;
    }
    document.querySelector("#strip .cell-current")?.setAttribute("d", `M${this.page - 1} .5h1`);
    this.#placeInGrid();
    this.#placeInOutline();
  }

  #placeInGrid() {
    const grid = document.querySelector("page-grid");
    const old = grid?.querySelector("[aria-current]");
    const cell = grid?.querySelector(`[data-page="${this.page}"]`);
    if (!cell || cell === old) return;
    old?.removeAttribute("aria-current");
    if (old) old.tabIndex = -1;
    cell.setAttribute("aria-current", "page");
    cell.tabIndex = 0;
    if (grid.contains(document.activeElement)) cell.focus();
  }

  #placeInOutline() {
    const entries = [...document.querySelectorAll(".outline a")];
    const current = entries.findLast((entry) => Number(entry.dataset.page) <= this.page);
    for (const entry of entries) {
      if (entry === current) entry.setAttribute("aria-current", "true");
      else entry.removeAttribute("aria-current");
    }
  }

  #keepInAddress() {
    const address = new URL(location.href);
    address.searchParams.set("page", this.page);
    for (const [name, value] of [["chunk", this.#passage?.chunk_id], ["card", this.#passage?.card_id]]) {
      if (value) address.searchParams.set(name, value);
      else address.searchParams.delete(name);
    }
    address.hash = "";
    if (address.href !== location.href) history.pushState(null, "", address);
  }

  #fromAddress() {
    const parameters = new URLSearchParams(location.search);
    const passage = this.#passages.get(parameters.get("card") ?? parameters.get("chunk")) ?? null;
    this.show(Number(parameters.get("page") ?? 1), passage, { address: false });
  }

  #goToField() {
    const wanted = document.getElementById("page-field").value.trim();
    const byLabel = this.labels.findIndex((label) => label.toLowerCase() === wanted.toLowerCase()) + 1;
    const page = byLabel || (/^\d{1,7}$/.test(wanted) ? Number(wanted) : 0);
    if (page >= 1 && page <= this.pages) this.show(page);
    else {
      document.getElementById("page-field").value = this.label(this.page);
      announce(`There is no page ${wanted}.`);
    }
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (event.target.closest("input, textarea, select, [role=tablist], dialog")) return;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    this.show(this.page + step);
  }

  #link(event) {
    const link = event.target.closest("a[data-page], a[data-step]");
    if (!link || !this.image || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.show(link.dataset.step ? this.page + Number(link.dataset.step) : Number(link.dataset.page));
  }
}
customElements.define("page-viewer", PageViewer);
