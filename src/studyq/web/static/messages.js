// What the page says to the reader: to a screen reader, as a notice, or as a question.

/** A sentence as nodes, with what stands between backticks set as code. */
export function withCode(sentence) {
  const parts = sentence.split("`");
  if (parts.length % 2 === 0) return [sentence];
  return parts.map((part, index) =>
    index % 2 ? Object.assign(document.createElement("code"), { textContent: part }) : part);
}

/** Lets a screen reader say a sentence without moving the focus. */
export function announce(sentence) {
  document.getElementById("announcer").textContent = sentence;
}

/** Shows a notice above the page, which stays until it is dismissed. */
export function tell(title, detail) {
  const notice = document.createElement("div");
  notice.className = "notice notice-warn";
  notice.setAttribute("role", "alert");
  const words = document.createElement("p");
  const strong = document.createElement("strong");
  strong.textContent = title;
  words.append(strong, " ", ...withCode(detail));
  const dismiss = document.createElement("button");
  dismiss.type = "button";
  dismiss.className = "button-quiet";
  dismiss.textContent = "Dismiss";
  dismiss.addEventListener("click", () => notice.remove());
  notice.append(words, dismiss);
  document.getElementById("notices").append(notice);
  notice.scrollIntoView({ block: "nearest" });
}

/** Asks once before something that cannot be undone; resolves to whether the reader agreed. */
export function confirmAction({ title, detail, action }) {
  const dialog = document.getElementById("confirm");
  dialog.querySelector("#confirm-title").textContent = title;
  dialog.querySelector("#confirm-detail").textContent = detail;
  dialog.querySelector("[data-confirm]").textContent = action;
  dialog.returnValue = "cancel";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "confirm"), { once: true });
  });
}
