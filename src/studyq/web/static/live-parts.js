// Redraws parts of a page from the server, so that each part has one template and one truth.

/** Fetches the page anew and resolves to its document; null when the server cannot be reached. */
export async function fetchPage(address = location.href) {
  try {
    const response = await fetch(address, { headers: { Accept: "text/html" } });
    if (!response.ok) return null;
    return new DOMParser().parseFromString(await response.text(), "text/html");
  } catch {
    return null; // The connection note says so, and the next event asks again.
  }
}

const drawn = new WeakMap(); // element → what the server drew; elements change themselves later

/** Puts `fresh` in the place of `old`; focus, folds and what was scrolled stay as they were. */
export function replaceKeepingFocus(old, fresh) {
  const path = focusPath(old);
  drawn.set(fresh, fresh.outerHTML);
  const adopted = document.adoptNode(fresh);
  const folds = [...old.querySelectorAll("details")];
  adopted.querySelectorAll("details").forEach((fold, index) => {
    if (folds[index]) fold.open = folds[index].open;
  });
  const scrolled = scrollable(old).map((part) => [part.scrollLeft, part.scrollTop]);
  old.replaceWith(adopted);
  scrollable(adopted).forEach((part, index) => {
    if (scrolled[index]) [part.scrollLeft, part.scrollTop] = scrolled[index];
  });
  if (path) (adopted.matches(path) ? adopted : adopted.querySelector(path))?.focus();
}

/** Puts the parts of `fresh` with these ids in the place of those that are different. */
export function replaceParts(fresh, ids) {
  for (const id of ids) {
    const old = document.getElementById(id);
    const other = fresh.getElementById(id);
    if (old && other && isOther(old, other)) replaceKeepingFocus(old, other);
  }
}

/** Brings the counts of the navigation up to date. */
export function replaceCounts(fresh) {
  replaceParts(fresh, ["rail-main", "rail-service", "rail-count"]);
}

/**
 * Brings `rows` into the order and state of `fresh`, by their ids, touching only what is different:
 * what has another `data-revision`, or, where there is none, other content.
 */
export function mergeRows(rows, fresh) {
  const wanted = [...fresh.children];
  const kept = new Set(wanted.map((row) => row.id));
  for (const row of [...rows.children]) if (!kept.has(row.id)) removeKeepingFocus(row);
  wanted.forEach((row, position) => {
    const old = document.getElementById(row.id);
    if (!old) rows.insertBefore(document.adoptNode(row), rows.children[position] ?? null);
    else {
      if (rows.children[position] !== old) rows.insertBefore(old, rows.children[position]);
      if (isOther(old, row)) replaceKeepingFocus(old, row);
      else keepTimes(old, row);
    }
  });
}

/** Takes a row away; where the focus was in it, it goes on to the next. */
function removeKeepingFocus(row) {
  const neighbour = row.contains(document.activeElement) && (row.nextElementSibling ?? row.previousElementSibling);
  row.remove();
  if (neighbour) neighbour.querySelector("a, button")?.focus();
}

/** Ages grow while nothing else of a row changes. */
function keepTimes(old, row) {
  const fresh = row.querySelectorAll("time");
  old.querySelectorAll("time").forEach((time, index) => {
    if (fresh[index] && time.textContent !== fresh[index].textContent) time.textContent = fresh[index].textContent;
  });
}

/** Whether `fresh` is to take the place of `old`. */
export function isOther(old, fresh) {
  if (fresh.dataset.revision) return old.dataset.revision !== fresh.dataset.revision;
  return (drawn.get(old) ?? old.outerHTML) !== fresh.outerHTML;
}

/** An element, and the parts of it that scroll: those have to be reached by keyboard. */
function scrollable(element) {
  return [element, ...element.querySelectorAll("[tabindex='0']")];
}

function focusPath(element) {
  const { activeElement } = document;
  if (!activeElement || !element.contains(activeElement)) return null;
  if (activeElement.id) return `#${CSS.escape(activeElement.id)}`;
  if (activeElement.dataset.action) return `[data-action="${activeElement.dataset.action}"]`;
  const href = activeElement.getAttribute("href");
  return href ? `a[href="${CSS.escape(href)}"]` : null;
}

/**
 * Returns a function that runs `work` soon, at most once in `pause` milliseconds, never twice at once.
 * @param {number | () => number} pause
 */
export function throttled(work, pause) {
  let timer = 0;
  let running = false;
  let again = false;
  const run = async () => {
    timer = 0;
    running = true;
    await work();
    running = false;
    if (again) schedule();
    again = false;
  };
  const schedule = () => {
    if (running) again = true;
    else timer ||= setTimeout(run, typeof pause === "function" ? pause() : pause);
  };
  return schedule;
}
