// What one can do with a document, from its row in the library or from its own page.
import { call } from "./api.js";
import { announce, confirmAction, tell } from "./messages.js";

const NAMES = {
  cover: "Making cards did not work.",
  cancel: "Stopping did not work.",
  delete: "Deleting did not work.",
  reprocess: "Reading the document again did not work.",
  retry: "Trying again did not work.",
};

/**
 * Does what a button with `data-action` asks for; resolves to whether it was done.
 * @param {HTMLButtonElement} button
 * @param {{id: string, title: string}} subject
 */
export async function perform(button, subject) {
  const { action } = button.dataset;
  if (action === "delete" && !(await agreesToDelete(subject))) return false;
  button.disabled = true;
  try {
    await send(action, button, subject);
    announce(action === "delete" ? `${subject.title} was deleted.` : "Done.");
    return true;
  } catch (refusal) {
    tell(NAMES[action], refusal.message);
    return false;
  } finally {
    button.disabled = false;
  }
}

function agreesToDelete({ title }) {
  return confirmAction({
    title: `Delete “${title}”?`,
    detail: "The file, its text and everything found in it are removed. This cannot be undone.",
    action: "Delete",
  });
}

function send(action, button, { id }) {
  if (action === "cover") return coverPages(id);
  if (action === "delete") return call("DELETE", `/documents/${id}`);
  if (action === "cancel") {
    return call("DELETE", `/queue/${button.dataset.queue}/jobs/${button.dataset.job}`);
  }
  return call("POST", `/documents/${id}/reprocess`, { body: {} });
}

const MOST_RUNS = 10; // requests for cards made at once; the longest runs of pages come first
const CARDS_A_PAGE = 2;
const MOST_CARDS = 40;

/** Asks for cards of the pages that have none. */
async function coverPages(id) {
  const { uncovered } = await call("GET", `/documents/${id}/coverage`);
  const runs = uncovered
    .map(({ first, last }) => ({ pages: [first, last], length: last - first + 1 }))
    .sort((one, other) => other.length - one.length)
    .slice(0, MOST_RUNS);
  for (const { pages, length } of runs) {
    const count = Math.min(MOST_CARDS, length * CARDS_A_PAGE);
    await call("POST", `/documents/${id}/flashcards`, { body: { pages, count } });
  }
  const all = runs.length === uncovered.length;
  tell("Cards are being made.", all
    ? "They come as drafts, for you to approve."
    : `They come as drafts. The ${MOST_RUNS} longest runs of uncovered pages come first; ask again for the others.`);
}
