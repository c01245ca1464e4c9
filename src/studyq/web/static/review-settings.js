// <review-settings>: the form of how somebody reviews, their calendar, and fitting to their log.
import { call } from "./api.js";
import { announce, confirmAction, tell } from "./messages.js";

class ReviewSettings extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save();
    });
    this.querySelector("[data-renew]").addEventListener("click", () => this.#renew());
    this.querySelector("[data-fit]").addEventListener("click", () => this.#fit());
    const code = this.querySelector("[data-calendar]");
    if (code.textContent) code.textContent = new URL(code.textContent, location.origin).href;
  }

  async #save() {
    const problem = this.querySelector("[data-problem]");
    problem.hidden = true;
    try {
      await call("PATCH", "/reviews/settings", { body: wishes(this.form.elements) });
      announce("Saved.");
      tell("Saved.", "Cards keep their dates until they are rated again.");
    } catch (refusal) {
      problem.textContent = refusal.message;
      problem.hidden = false;
    }
  }

  async #renew() {
    const code = this.querySelector("[data-calendar]");
    const agreed = !code.textContent || (await confirmAction({
      title: "Make a new address?", detail: "Calendars that use the old one stop working.", action: "Make a new one",
    }));
    if (!agreed) return;
    try {
      const { calendar } = await call("POST", "/reviews/calendar");
      code.textContent = new URL(calendar, location.origin).href;
      this.querySelector("[data-calendar-line]").hidden = false;
      this.querySelector("[data-renew]").textContent = "Make a new address";
    } catch (refusal) {
      tell("The address was not made.", refusal.message);
    }
  }

  async #fit() {
    try {
      await call("POST", "/reviews/fit");
      tell("Fitting has begun.", "Jobs shows how far it is; parameters that predict your log better are taken.");
    } catch (refusal) {
      tell("Fitting did not begin.", refusal.message);
    }
  }
}
customElements.define("review-settings", ReviewSettings);

/** The form as the API takes it. */
function wishes(fields) {
  const steps = (name) => fields[name].value.split(/[\s,]+/).filter(Boolean).map(Number);
  const numbers = ["new_per_day", "reviews_per_day", "turn_hour", "leech_lapses"];
  return {
    desired_retention: Number(fields.desired_retention.value) / 100,
    ...Object.fromEntries(numbers.map((name) => [name, Number(fields[name].value)])),
    learning_steps: steps("learning_steps"),
    relearning_steps: steps("relearning_steps"),
    time_zone: fields.time_zone.value.trim(),
    leech_suspends: fields.leech_suspends.checked,
    fuzz: fields.fuzz.checked,
  };
}
