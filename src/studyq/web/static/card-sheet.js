// <card-sheet>: the page that a card comes from, with the quoted words lit up.
import { call } from "./api.js";
import { light } from "./marks.js";

class CardSheet extends HTMLElement {
  #shown = "";

  /** Shows the place of a card: document_id, page, page_label, title, quote, rectangles, width, height. */
  show(source) {
    const key = JSON.stringify([source.document_id, source.page, source.quote]);
    if (key === this.#shown) return;
    this.#shown = key;
    const hasPage = Boolean(source.document_id && source.page);
    const hasPicture = hasPage && source.width > 0;
    this.querySelector("[data-sheet]").hidden = !hasPicture;
    this.querySelector("[data-text]").hidden = !hasPage || hasPicture;
    this.querySelector("[data-none]").hidden = hasPage;
    this.querySelector("[data-title]").textContent = hasPage ? `${source.title}, page ${source.page_label}` : "";
    if (hasPicture) this.#picture(source, key);
    else if (hasPage) this.#text(source, key);
  }

  async #picture({ document_id: id, page, page_label: label, rectangles, width, height }, key) {
    const address = `/documents/${id}/pages/${page}/image`;
    const image = this.querySelector(".sheet-image");
    const marks = this.querySelector(".sheet-marks");
    marks.replaceChildren();
    const fresh = Object.assign(new Image(), { srcset: `${address}?scale=3 2x`, src: address });
    await fresh.decode().catch(() => {}); // what cannot be drawn shows its alternative text
    if (key !== this.#shown) return; // moved on meanwhile
    Object.assign(image, { srcset: fresh.srcset, src: fresh.src, alt: `Page ${label}` });
    image.setAttribute("width", Math.round(width));
    image.setAttribute("height", Math.round(height));
    light(marks, { width, height }, page, rectangles);
    this.#scrollTo(rectangles.length ? rectangles[0].y0 / height : 0);
  }

  /** Brings the lit lines into the part of the page that can be seen, without moving the window. */
  #scrollTo(share) {
    const top = this.querySelector("[data-sheet]").offsetHeight * share;
    this.scrollTop = Math.max(0, top - this.clientHeight / 3);
  }

  async #text({ document_id: id, page, quote }, key) {
    const place = this.querySelector("[data-text]");
    let text = "";
    try {
      ({ text } = await call("GET", `/documents/${id}/pages/${page}`));
    } catch {
      text = "The text of this page could not be loaded.";
    }
    if (key !== this.#shown) return; // moved on meanwhile
    place.replaceChildren(...marked(text, quote));
    const mark = place.querySelector("mark");
    if (mark) this.scrollTop = Math.max(0, mark.offsetTop - this.clientHeight / 3);
  }
}

/** The text as nodes, with the quote marked wherever its line ends are. */
function marked(text, quote) {
  const words = quote.trim().split(/\s+/).filter(Boolean);
  const pattern = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("\\s+");
  const found = pattern ? new RegExp(pattern).exec(text) : null;
  if (!found) return [text];
  const mark = document.createElement("mark");
  mark.textContent = found[0];
  return [text.slice(0, found.index), mark, text.slice(found.index + found[0].length)];
}

customElements.define("card-sheet", CardSheet);
