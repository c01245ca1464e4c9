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

/** Puts `fresh` in the place of `old`; the focus and what was folded away stay as they were. */
export function replaceKeepingFocus(old, fresh) {
  const path = focusPath(old);
  const adopted = document.adoptNode(fresh);
  const folds = [...old.querySelectorAll("details")];
  adopted.querySelectorAll("details").forEach((fold, index) => {
    if (folds[index]) fold.open = folds[index].open;
  });
  const { scrollTop } = old;
  old.replaceWith(adopted);
  adopted.scrollTop = scrollTop;
  if (path) (adopted.matches(path) ? adopted : adopted.querySelector(path))?.focus();
}

function focusPath(element) {
  const { activeElement } = document;
  if (!activeElement || !element.contains(activeElement)) return null;
  if (activeElement.id) return `#${CSS.escape(activeElement.id)}`;
  if (activeElement.dataset.action) return `[data-action="${activeElement.dataset.action}"]`;
  const href = activeElement.getAttribute("href");
  return href ? `a[href="${CSS.escape(href)}"]` : null;
}

/** Returns a function that runs `work` soon, at most once in `pause` milliseconds, never twice at once. */
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
    else timer ||= setTimeout(run, pause);
  };
  return schedule;
}
