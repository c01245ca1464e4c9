// <document-page>: keeps the page of one document true while its job runs, and carries out what its
// buttons ask for. <editable-title> renames it; <password-form> opens an encrypted file.
import { call } from "./api.js";
import { perform } from "./document-actions.js";
import { onConnection, onJobEvent } from "./events.js";
import { fetchPage, replaceCounts, replaceKeepingFocus, throttled } from "./live-parts.js";
import { tell } from "./messages.js";

const PARTS = ["facts", "strip", "banner", "actions", "contents", "job"];
const AFTER_STATE = 200; // milliseconds
const AFTER_PROGRESS = 2000;

class DocumentPage extends HTMLElement {
  #leaving = false;

  connectedCallback() {
    const soon = throttled(() => this.#refresh(), AFTER_STATE);
    const later = throttled(() => this.#refresh(), AFTER_PROGRESS);
    onJobEvent((event) => {
      if (event.document_id !== this.dataset.document) return;
      if (event.event === "state") soon();
      else if (!document.hidden) later();
    });
    onConnection((state) => {
      if (state === "open") soon();
    });
    this.addEventListener("document-changed", soon);
    this.addEventListener("click", (event) => this.#act(event, soon));
  }

  async #act(event, soon) {
    const button = event.target.closest("[data-action]");
    if (!button) return;
    this.#leaving = button.dataset.action === "delete"; // there is nothing to refresh any more
    this.toggleAttribute("data-leaving", this.#leaving); // for the other parts of the page
    const done = await perform(button, { id: this.dataset.document, title: this.dataset.title });
    if (done && this.#leaving) location.assign("/app/library");
    else if (done) soon();
    else {
      this.#leaving = false;
      this.removeAttribute("data-leaving");
    }
  }

  async #refresh() {
    const fresh = this.#leaving ? null : await fetchPage();
    if (!fresh?.getElementById("banner")) return;
    replaceCounts(fresh);
    const revision = document.getElementById("banner").dataset.revision;
    if (fresh.getElementById("banner").dataset.revision === revision) return;
    for (const id of PARTS) {
      // A password that is being typed outlives a redraw of its form.
      if (id === "banner" && document.activeElement?.id === "password-field") continue;
      replaceKeepingFocus(document.getElementById(id), fresh.getElementById(id));
    }
    const viewer = this.querySelector("page-viewer");
    const other = fresh.querySelector("page-viewer");
    if (!viewer.image || viewer.dataset.pages !== other.dataset.pages) replaceKeepingFocus(viewer, other);
    const text = document.getElementById("page-text");
    if (!text.textContent) replaceKeepingFocus(document.getElementById("panel-text"), keepHidden(fresh.getElementById("panel-text")));
  }
}

function keepHidden(panel) {
  panel.hidden = document.getElementById(panel.id).hidden;
  return panel;
}

class EditableTitle extends HTMLElement {
  connectedCallback() {
    this.heading = this.querySelector("h1");
    this.button = this.querySelector("[data-rename]");
    this.button.addEventListener("click", () => this.#edit());
  }

  #edit() {
    const field = document.createElement("input");
    field.className = "title-field";
    field.value = this.heading.textContent;
    field.maxLength = 500;
    field.setAttribute("aria-label", "Title. Enter saves, Escape leaves it as it was.");
    this.heading.hidden = true;
    this.button.hidden = true;
    this.append(field);
    field.focus();
    field.select();
    let open = true;
    const close = (save) => {
      if (!open) return;
      open = false;
      if (save) this.#save(field.value.trim());
      field.remove();
      this.heading.hidden = false;
      this.button.hidden = false;
    };
    field.addEventListener("blur", () => close(true));
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault();
      close(event.key === "Enter");
      this.button.focus();
    });
  }

  async #save(title) {
    const before = this.heading.textContent;
    if (!title || title === before) return;
    this.heading.textContent = title;
    try {
      await call("PATCH", `/documents/${this.dataset.document}`, { body: { title } });
      document.title = `${title} · studyq`;
      this.closest("document-page").dataset.title = title;
    } catch (refusal) {
      this.heading.textContent = before;
      tell("The title was not changed.", refusal.message);
    }
  }
}

class PasswordForm extends HTMLElement {
  connectedCallback() {
    this.querySelector("form").addEventListener("submit", (event) => this.#send(event));
  }

  async #send(event) {
    event.preventDefault();
    const field = this.querySelector("input");
    const button = this.querySelector("button");
    const problem = this.querySelector(".form-problem");
    problem.hidden = true;
    button.disabled = true;
    try {
      await call("POST", `/documents/${this.dataset.document}/reprocess`, { body: { password: field.value } });
      field.blur();
      this.dispatchEvent(new CustomEvent("document-changed", { bubbles: true }));
    } catch (refusal) {
      problem.textContent = refusal.message;
      problem.hidden = false;
      field.select();
    } finally {
      button.disabled = false;
    }
  }
}

customElements.define("document-page", DocumentPage);
customElements.define("editable-title", EditableTitle);
customElements.define("password-form", PasswordForm);
