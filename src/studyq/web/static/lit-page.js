// The page that a card comes from, with the card's quote lit up.
import { call } from "./api.js";

const SVG = "http://www.w3.org/2000/svg";

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
    sheet.append(marks(page, source));
    sheet.querySelector("rect")?.scrollIntoView({ block: "center", behavior: "instant" });
  } catch {
    sheet.replaceChildren(Object.assign(document.createElement("p"), {
      className: "sheet-missing",
      textContent: source.quote ? `“${source.quote}”` : "This page cannot be shown at the moment.",
    }));
  }
}

function marks({ width, height }, { page, rectangles }) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("class", "sheet-marks");
  drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
  drawing.setAttribute("aria-hidden", "true");
  for (const { x0, y0, x1, y1 } of rectangles.filter((one) => one.page === page)) {
    const box = document.createElementNS(SVG, "rect");
    const numbers = { x: x0, y: y0, width: x1 - x0, height: y1 - y0, rx: 1.5 };
    for (const [name, value] of Object.entries(numbers)) box.setAttribute(name, value);
    drawing.append(box);
  }
  return drawing;
}
