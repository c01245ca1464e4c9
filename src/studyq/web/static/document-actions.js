// What one can do with a document, from its row in the library or from its own page.
import { call } from "./api.js";
import { announce, confirmAction, tell } from "./messages.js";

const NAMES = {
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
  if (action === "delete") return call("DELETE", `/documents/${id}`);
  if (action === "cancel") {
    return call("DELETE", `/queue/${button.dataset.queue}/jobs/${button.dataset.job}`);
  }
  return call("POST", `/documents/${id}/reprocess`, { body: {} });
}
