// <upload-zone>: takes files dropped anywhere on the window, or chosen with any [data-pick-files]
// button, and hands them to the dock.

class UploadZone extends HTMLElement {
  #depth = 0;

  connectedCallback() {
    const picker = this.querySelector("input");
    picker.addEventListener("change", () => {
      this.#hand([...picker.files]);
      picker.value = "";
    });
    document.addEventListener("click", (event) => {
      if (event.target.closest("[data-pick-files]")) picker.click();
    });
    addEventListener("dragenter", (event) => this.#hover(event, 1));
    addEventListener("dragleave", (event) => this.#hover(event, -1));
    addEventListener("dragover", (event) => {
      if (carriesFiles(event)) event.preventDefault();
    });
    addEventListener("drop", (event) => this.#drop(event));
  }

  #hover(event, step) {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    this.#depth = Math.max(0, this.#depth + step);
    this.querySelector(".drop-veil").hidden = this.#depth === 0;
  }

  async #drop(event) {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    this.#depth = 0;
    this.querySelector(".drop-veil").hidden = true;
    this.#hand(await droppedFiles(event.dataTransfer));
  }

  #hand(files) {
    if (files.length) document.dispatchEvent(new CustomEvent("files-chosen", { detail: files }));
  }
}

function carriesFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}

/** The files of a drop. Of a folder, only what is named .pdf, at any depth. */
async function droppedFiles(transfer) {
  // Entries have to be taken at once: the list is emptied when the event has been handled.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const nested = await Promise.all(entries.map((entry) => filesOf(entry, false)));
  return nested.flat();
}

async function filesOf(entry, insideFolder) {
  if (entry.isFile) {
    if (insideFolder && !/\.pdf$/i.test(entry.name)) return [];
    return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!batch.length) return found;
    found.push(...(await Promise.all(batch.map((child) => filesOf(child, true)))).flat());
  }
}

customElements.define("upload-zone", UploadZone);
