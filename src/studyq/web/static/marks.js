// The marker: lights up places of a page, in the page's own units (PDF points from its top left).

const SVG = "http://www.w3.org/2000/svg";

/** Fills an SVG element that lies over a page's image with the rectangles of that page. */
export function light(drawing, { width, height }, page, rectangles) {
  drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const here = rectangles.filter((one) => one.page === page);
  drawing.replaceChildren(...here.map(({ x0, y0, x1, y1 }) => {
    const box = document.createElementNS(SVG, "rect");
    const numbers = { x: x0, y: y0, width: x1 - x0, height: y1 - y0, rx: 1.5 };
    for (const [name, value] of Object.entries(numbers)) box.setAttribute(name, value);
    return box;
  }));
}

/** A new SVG element for `light`, to be laid over a page's image. */
export function newMarks() {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("class", "sheet-marks");
  drawing.setAttribute("preserveAspectRatio", "none");
  drawing.setAttribute("aria-hidden", "true");
  return drawing;
}
