// <card-import>: chooses a file of cards, says what importing it would do, and does it when agreed.
import { refusalFrom } from "./api.js";
import { announce, confirmAction, tell } from "./messages.js";

const MOST_TOLD = 8;

class CardImport extends HTMLElement {
  connectedCallback() {
    const field = this.querySelector("input[type=file]");
    this.querySelector("[data-import]").addEventListener("click", () => field.click());
    field.addEventListener("change", async () => {
      const [file] = field.files;
      field.value = "";
      if (file) await this.#take(file);
    });
  }

  /** An Anki package: its cards come approved, with the schedule that they had there. */
  async #takePackage(file) {
    const detail = "Its cards are approved and go on where they were in Anki; pictures and sounds are left out.";
    if (!(await confirmAction({ title: `Import ${file.name}?`, detail, action: "Import" }))) return;
    const { added, here, scheduled, skipped } = await send(file, "/anki");
    const parts = [[added, "new"], [here, "already here"], [scheduled, "with their schedule"], [skipped, "without anything to learn, left out"]];
    const told = parts.filter(([count]) => count).map(([count, words]) => `${count} ${words}`);
    tell("Imported from Anki.", `${told.join(", ") || "No card"}.`);
    document.dispatchEvent(new Event("cards-changed"));
  }

  async #take(file) {
    try {
      if (file.name.toLowerCase().endsWith(".apkg")) {
        await this.#takePackage(file);
        return;
      }
      const trial = await send(file, "?dry_run=true");
      if (!trial.added && !trial.updated) {
        tell("Nothing new in this file.", `${sentence(trial)}.`);
        return;
      }
      const agreed = await confirmAction({ title: `Import ${file.name}?`, detail: `${sentence(trial)}. New cards become drafts.`, action: "Import" });
      if (!agreed) return;
      announce(`Imported: ${sentence(await send(file, ""))}.`);
      document.dispatchEvent(new Event("cards-changed"));
    } catch (refusal) {
      const rows = (refusal.errors ?? []).slice(0, MOST_TOLD).map(({ line, reason }) => `${line}: ${reason}`);
      tell("The file was not imported.", [refusal.message, ...rows].join(" · "));
    }
  }
}

async function send(file, query) {
  const response = await fetch(`/flashcards/import${query}`, { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" } }).catch(() => null);
  if (!response) throw refusalFrom(0, JSON.stringify({ detail: "studyq does not answer. Is it still running?" }));
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  const refusal = refusalFrom(response.status, text);
  try {
    refusal.errors = JSON.parse(text).errors;
  } catch {
    // Not from studyq itself: the sentence has to do.
  }
  throw refusal;
}

function sentence({ added, updated, unchanged, already_there: there }) {
  const parts = [
    [added, "new"], [updated, "changed"], [unchanged, "unchanged"], [there, "already there"],
  ];
  return parts.filter(([count]) => count).map(([count, words]) => `${count} ${words}`).join(", ") || "no card";
}

customElements.define("card-import", CardImport);
