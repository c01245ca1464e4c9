// <test-maker>: the form for a new test. <responses-import>: files of a test held elsewhere.
import { call, idempotencyKey, refusalFrom } from "./api.js";

function show(form, sentence) {
  const problem = form.querySelector("[data-problem]");
  problem.textContent = sentence;
  problem.hidden = !sentence;
}

/** Runs what a form asks for; its button rests meanwhile, and a refusal stands in the form. */
async function submitting(form, work) {
  const button = form.querySelector("button:not([type=button])");
  button.disabled = true;
  show(form, "");
  try {
    location.href = await work();
  } catch (refusal) {
    show(form, refusal.message);
    button.disabled = false;
  }
}

class TestMaker extends HTMLElement {
  connectedCallback() {
    const form = this.querySelector("form");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      submitting(form, () => this.#make(form));
    });
  }

  async #make(form) {
    const values = new FormData(form);
    const amount = (name) => Number(values.get(name) || 0);
    const parts = values.getAll("document").map((id) => ({
      document_id: id,
      sections: [...form.querySelectorAll(`[data-section-of="${id}"]:checked`)].map(({ value }) => value),
      choice: amount("choice"),
      true_false: amount("true_false"),
      cloze: amount("cloze"),
      short: amount("short"),
    }));
    if (!parts.length) throw new Error("Choose a document that the test is to be about.");
    const body = {
      title: values.get("title"),
      time_limit: amount("minutes") * 60 || null,
      blueprint: { source: values.get("source"), parts },
    };
    const { test } = await call("POST", "/tests", { body });
    return `/app/tests/${test.id}`;
  }
}

class ResponsesImport extends HTMLElement {
  connectedCallback() {
    const form = this.querySelector("form");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      submitting(form, () => this.#send(form));
    });
  }

  async #send(form) {
    const body = new FormData(form);
    if (!body.get("key")?.size) body.delete("key");
    const headers = { Accept: "application/json", "Idempotency-Key": idempotencyKey() };
    const response = await fetch("/tests/import", { method: "POST", headers, body });
    const text = await response.text();
    if (!response.ok) throw refusalFrom(response.status, text);
    return `/app/tests/${JSON.parse(text).id}/analysis`;
  }
}

customElements.define("test-maker", TestMaker);
customElements.define("responses-import", ResponsesImport);
