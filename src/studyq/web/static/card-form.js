// The form in which a card is written, anew or in the place of one that is edited.
import { call } from "./api.js";

/**
 * Puts the form into `place` and resolves to the saved card, or to null when it was cancelled.
 * @param {HTMLElement} place
 * @param {object} fields  kind, front, back, options, correct_index, tags
 * @param {(fields: object) => Promise<object>} save  sends the fields; what it throws is shown
 */
export function openCardForm(place, fields, save) {
  const form = document.getElementById("card-form").content.querySelector("form").cloneNode(true);
  fill(form, fields);
  place.append(form);
  form.elements.kind.addEventListener("change", () => showKind(form));
  form.querySelector("[data-add-option]").addEventListener("click", () => {
    addOption(form, "", false).focus();
  });
  form.querySelector("[data-hide-words]").addEventListener("click", () => hideWords(form.elements.front));
  form.elements.front.focus();
  return new Promise((resolve) => {
    const close = (card) => {
      form.remove();
      resolve(card);
    };
    form.querySelector("[data-cancel]").addEventListener("click", () => close(null));
    form.addEventListener("keydown", (event) => {
      event.stopPropagation(); // letters typed here are no commands
      if (event.key === "Escape") {
        event.preventDefault();
        close(null);
      } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        form.requestSubmit();
      }
    });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const card = await trySave(form, save);
      if (card) close(card);
    });
  });
}

async function trySave(form, save) {
  const problem = form.querySelector(".form-problem");
  const button = form.querySelector(".button-primary");
  problem.hidden = true;
  button.disabled = true;
  try {
    return await save(read(form));
  } catch (refusal) {
    problem.textContent = refusal.message;
    problem.hidden = false;
    form.elements.front.focus();
    return null;
  } finally {
    button.disabled = false;
  }
}

function fill(form, { kind = "basic", front = "", back = "", options = [], correct_index: right = 0, tags = [] }) {
  form.elements.kind.value = kind;
  form.elements.front.value = front;
  form.elements.back.value = kind === "basic" ? back : "";
  form.elements.tags.value = tags.join(" ");
  const shown = options.length ? options : ["", "", ""];
  shown.forEach((option, index) => addOption(form, option, index === (right ?? 0)));
  showKind(form);
}

function showKind(form) {
  const kind = form.elements.kind.value;
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== kind;
  form.querySelector("[data-front-label]").textContent = kind === "cloze" ? "Sentence" : "Question";
}

function addOption(form, words, isRight) {
  const place = form.querySelector("[data-options]");
  const line = document.createElement("div");
  line.className = "option-line";
  const mark = Object.assign(document.createElement("input"), { type: "radio", name: "right", checked: isRight });
  const field = Object.assign(document.createElement("input"), { name: "option", value: words, maxLength: 10000, autocomplete: "off" });
  const number = place.children.length + 1;
  mark.setAttribute("aria-label", `Option ${number} is right`);
  field.setAttribute("aria-label", `Option ${number}`);
  field.dir = "auto";
  line.append(mark, field);
  place.append(line);
  return field;
}

function read(form) {
  const kind = form.elements.kind.value;
  const fields = {
    kind,
    front: form.elements.front.value,
    tags: form.elements.tags.value.split(/\s+/).filter(Boolean),
  };
  if (kind === "basic") fields.back = form.elements.back.value;
  if (kind !== "choice") return fields;
  const lines = [...form.querySelectorAll(".option-line")]
    .map((line) => ({ words: line.querySelector("[name=option]").value.trim(), isRight: line.querySelector("[name=right]").checked }))
    .filter(({ words }) => words);
  const right = lines.findIndex(({ isRight }) => isRight);
  return { ...fields, options: lines.map(({ words }) => words), correct_index: Math.max(0, right) };
}

/** Puts what is selected in the sentence between the braces of a deletion. */
function hideWords(field) {
  const { selectionStart: start, selectionEnd: end, value } = field;
  const hidden = value.slice(start, end).trim();
  if (hidden) field.setRangeText(`{{c1::${hidden}}}`, start, end, "end");
  field.focus();
}

/** Saves the edit of a card. */
export function saveEdit(id, version) {
  return (fields) => call("PATCH", `/flashcards/${id}`, { body: { ...fields, version } });
}
