// <test-editor data-test data-status data-job>: a test's page; its items can be edited while it is
// a draft, and the page is drawn anew when the job that makes it has ended.
import { call } from "./api.js";
import { onConnection, onJobEvent } from "./events.js";
import { confirmAction, tell } from "./messages.js";

const WORDS = {
  choice: ["Question", "Right option"],
  true_false: ["Statement", "Right answer: true or false"],
  short: ["Question", "Answer"],
  cloze: ["Sentence, with _____ for the gap", "What fills the gap"],
};
const ENDS = new Set(["completed", "failed", "cancelled"]);

class TestEditor extends HTMLElement {
  #editing = null;
  #stop = [];
  #listening = new AbortController();

  connectedCallback() {
    this.addEventListener("click", (event) => {
      const button = event.target.closest("[data-act]");
      if (button) this.#act(button);
    });
    const form = this.#form();
    form.kind.addEventListener("change", () => this.#fit());
    this.#dialog().querySelector("[data-save]").addEventListener("click", () => this.#save());
    this.#closeMenu();
    this.#stop = [
      onJobEvent(({ job_id: id, state }) => {
        if (id === this.dataset.job && ENDS.has(state)) location.reload();
      }),
      // The job may have ended before anybody listened.
      onConnection((state) => {
        if (state === "open" && this.dataset.job) this.#look();
      }),
    ];
  }

  disconnectedCallback() {
    for (const stop of this.#stop) stop();
    this.#listening.abort();
  }

  async #look() {
    const job = await call("GET", `/jobs/${this.dataset.job}`).catch(() => null);
    if (job && ENDS.has(job.state)) location.reload();
  }

  /** Lets the menu close as menus do: by Escape, and by a click elsewhere. */
  #closeMenu() {
    const { signal } = this.#listening;
    const menu = this.querySelector(".menu");
    document.addEventListener("click", ({ target }) => {
      if (!target.closest(".menu > summary")) menu.open = false;
    }, { signal });
    menu.addEventListener("keydown", ({ key }) => {
      if (key !== "Escape" || !menu.open) return;
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  }

  #dialog() {
    return this.querySelector("[data-item-dialog]");
  }

  #form() {
    return this.#dialog().querySelector("form");
  }

  async #act(button) {
    const acts = {
      take: () => this.#take(),
      ready: () => this.#change({ status: "ready" }),
      draft: () => this.#change({ status: "draft" }),
      delete: () => this.#delete(),
      "add-item": () => this.#open(null),
      "edit-item": () => this.#open(button.closest("[data-item]")),
      "remove-item": () => this.#remove(button.closest("[data-item]")),
    };
    button.disabled = true;
    try {
      await acts[button.dataset.act]();
    } catch (refusal) {
      tell("This did not work.", refusal.message);
    } finally {
      button.disabled = false;
    }
  }

  async #take() {
    const sitting = await call("POST", `/tests/${this.dataset.test}/sittings`, { body: {} });
    location.href = `/app/sittings/${sitting.id}`;
  }

  async #change(body) {
    await call("PATCH", `/tests/${this.dataset.test}`, { body });
    location.reload();
  }

  async #delete() {
    const agreed = await confirmAction({
      title: `Delete “${this.dataset.title}”?`,
      detail: "Its items, everybody's sittings and their results are removed. This cannot be undone.",
      action: "Delete",
    });
    if (!agreed) return;
    await call("DELETE", `/tests/${this.dataset.test}`);
    location.href = "/app/tests";
  }

  async #remove(row) {
    const agreed = await confirmAction({
      title: "Remove this item?",
      detail: "It is taken out of this test. The card it may come from stays.",
      action: "Remove",
    });
    if (!agreed) return;
    await call("DELETE", `/tests/${this.dataset.test}/items/${row.dataset.item}`);
    location.reload();
  }

  #open(row) {
    this.#editing = row ? JSON.parse(row.dataset.body) : null;
    const item = this.#editing ?? { kind: "choice", stem: "", options: [], answer: "", accepted: [] };
    const form = this.#form();
    form.kind.value = item.kind;
    form.stem.value = item.stem;
    form.options.value = item.options.join("\n");
    form.answer.value = item.answer;
    form.accepted.value = item.accepted.join("\n");
    this.#tell("");
    this.#fit();
    this.#dialog().showModal();
  }

  /** Shows the fields that the kind has. */
  #fit() {
    const form = this.#form();
    const [stem, answer] = WORDS[form.kind.value];
    form.querySelector("[data-stem-words]").textContent = stem;
    form.querySelector("[data-answer-words]").textContent = answer;
    for (const field of form.querySelectorAll("[data-for]")) {
      field.hidden = !field.dataset.for.split(" ").includes(form.kind.value);
    }
  }

  async #save() {
    const form = this.#form();
    const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);
    const kind = form.kind.value;
    const written = kind === "short" || kind === "cloze";
    const body = {
      kind,
      stem: form.stem.value,
      answer: form.answer.value,
      options: kind === "choice" ? lines(form.options.value) : [],
      accepted: written ? lines(form.accepted.value) : [],
      bloom: this.#editing?.bloom ?? "remember",
    };
    const items = `/tests/${this.dataset.test}/items`;
    try {
      if (this.#editing) {
        const same = body.answer === this.#editing.answer && written;
        const { id, version, numeric } = this.#editing;
        await call("PATCH", `${items}/${id}`, { body: { ...body, version, numeric: same ? numeric : null } });
      } else {
        await call("POST", items, { body });
      }
      location.reload();
    } catch (refusal) {
      this.#tell(refusal.message);
    }
  }

  #tell(sentence) {
    const problem = this.#form().querySelector("[data-problem]");
    problem.textContent = sentence;
    problem.hidden = !sentence;
  }
}

class PrintButton extends HTMLElement {
  connectedCallback() {
    this.querySelector("button").addEventListener("click", () => print());
  }
}

customElements.define("test-editor", TestEditor);
customElements.define("print-button", PrintButton);
