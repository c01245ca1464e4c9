// The page that a card comes from, with the card's quote lit up.
import { call } from "./api.js";
import { light, newMarks } from "./marks.js";

/** Fills `place` with the page of a card's source; resolves when its image is there. */
export async function showLitPage(place, source) {
  const base = `/documents/${source.document_id}/pages/${source.page}`;
  const sheet = Object.assign(document.createElement("div"), { className: "sheet" });
  const image = Object.assign(new Image(), {
    className: "sheet-image",
    srcset: `${base}/image?scale=3 2x`,
    src: `${base}/image`,
    alt: `Page ${source.page_label} of ${source.title}`,
  });
  const link = Object.assign(document.createElement("a"), {
    href: `/app/documents/${source.document_id}?page=${source.page}`,
    textContent: `${source.title}, page ${source.page_label}`,
  });
  const head = Object.assign(document.createElement("p"), { className: "lit-head" });
  head.append(link);
  sheet.append(image);
  place.replaceChildren(head, sheet);
  const quote = Object.assign(document.createElement("p"), { className: "visually-hidden" });
  if (source.quote) {
    quote.textContent = `Quoted: ${source.quote}`;
    place.append(quote);
  }
  try {
    const [page] = await Promise.all([call("GET", base), image.decode()]);
    image.width = Math.round(page.width);
    image.height = Math.round(page.height);
    const marks = newMarks();
    light(marks, page, source.page, source.rectangles);
    sheet.append(marks);
    sheet.querySelector("rect")?.scrollIntoView({ block: "center", behavior: "instant" });
  } catch {
    sheet.replaceChildren(Object.assign(document.createElement("p"), {
      className: "sheet-missing",
      textContent: source.quote ? `“${source.quote}”` : "This page cannot be shown at the moment.",
    }));
  }
}
