// <upload-dock>: every file on its way, first the bytes sent, then its job. Accepted uploads are
// remembered for the tab, so that the dock goes on after a change of page.
import { call, idempotencyKey, refusalFrom, Refusal } from "./api.js";
import { onConnection, onJobEvent } from "./events.js";
import { TERMINAL } from "./job-progress.js";
import { announce, withCode } from "./messages.js";

const AT_ONCE = 2;
const MEMORY = "studyq-uploads";

class UploadDock extends HTMLElement {
  #waiting = [];
  #sending = 0;

  connectedCallback() {
    document.addEventListener("files-chosen", ({ detail }) => this.#add(detail));
    this.querySelector("[data-clear]").addEventListener("click", () => this.#clearFinished());
    this.querySelector("[data-fold]").addEventListener("click", ({ currentTarget: fold }) => {
      const open = fold.getAttribute("aria-expanded") !== "true";
      fold.setAttribute("aria-expanded", String(open));
      this.querySelector(".dock-list").hidden = !open;
    });
    addEventListener("beforeunload", (event) => {
      if (this.#sending || this.#waiting.length) event.preventDefault();
    });
    onJobEvent((event) => {
      if (event.event !== "state" || !TERMINAL.has(event.state)) return;
      for (const item of this.#items()) if (item.dataset.job === event.job_id) this.#settle(item);
    });
    onConnection((state) => {
      if (state === "open") this.#catchUp();
    });
    this.#restore();
  }

  #items() {
    return [...this.querySelectorAll(".dock-item")];
  }

  #add(files) {
    for (const file of files) {
      const item = this.#newItem(file.name);
      this.#say(item, "Waiting to be sent");
      this.#waiting.push({ file, item });
    }
    this.#next();
  }

  #newItem(name) {
    const item = document.getElementById("dock-item").content.firstElementChild.cloneNode(true);
    item.dataset.phase = "sending";
    item.querySelector(".dock-name").textContent = name;
    item.querySelector("[data-dismiss]").setAttribute("aria-label", `Dismiss ${name}`);
    item.querySelector("[data-dismiss]").addEventListener("click", () => this.#dismiss(item));
    this.querySelector(".dock-list").append(item);
    this.#summarise();
    return item;
  }

  #next() {
    while (this.#sending < AT_ONCE && this.#waiting.length) {
      const { file, item } = this.#waiting.shift();
      if (!item.isConnected) continue;
      this.#sending += 1;
      this.#send(file, item).finally(() => {
        this.#sending -= 1;
        this.#next();
        this.#summarise();
      });
    }
    this.#summarise();
  }

  async #send(file, item) {
    const bar = document.createElement("div");
    bar.className = "dock-bytes";
    bar.append(document.createElement("i"));
    const words = document.createElement("span");
    item.querySelector(".dock-state").replaceChildren(bar, words);
    const showBytes = (sent) => {
      bar.firstElementChild.style.transform = `scaleX(${file.size ? sent / file.size : 0})`;
      words.textContent = sent < file.size
        ? `${size(sent)} of ${size(file.size)} sent` : `${size(file.size)} sent, being stored`;
    };
    showBytes(0);
    try {
      const { status, answer } = await post(file, item, showBytes);
      this.#accepted(item, status, answer);
    } catch (refusal) {
      if (item.isConnected) this.#refused(item, file, refusal);
    }
  }

  #accepted(item, status, { document: doc, job }) {
    item.dataset.document = doc.id;
    item.querySelector(".dock-name").href = `/app/documents/${doc.id}`;
    item.querySelector(".dock-name").textContent = doc.title || doc.filename;
    if (status === 200 && (!job || TERMINAL.has(job.state))) {
      item.dataset.phase = "finished";
      this.#say(item, doc.status === "FAILED"
        ? "Already in your library, but reading it failed. Open it to try again."
        : "Already in your library");
      announce(`${doc.title} is already in your library.`);
      return;
    }
    this.#follow(item, job);
    this.#remember();
    document.dispatchEvent(new CustomEvent("documents-changed"));
  }

  #follow(item, job) {
    item.dataset.phase = "processing";
    item.dataset.job = job.id;
    const progress = document.createElement("job-progress");
    progress.dataset.job = job.id;
    progress.dataset.queue = job.queue;
    item.querySelector(".dock-state").replaceChildren(progress);
    progress.show(job);
  }

  #refused(item, file, refusal) {
    item.dataset.phase = "refused";
    this.#say(item, refusal.message, "dock-refusal");
    announce(`${file.name} was not added. ${refusal.message}`);
    if (refusal.status >= 400 && refusal.status < 500) return;
    const retry = document.createElement("button");
    retry.type = "button";
    retry.className = "button-quiet";
    retry.textContent = "Send again";
    retry.addEventListener("click", () => {
      item.dataset.phase = "sending";
      this.#say(item, "Waiting to be sent");
      this.#waiting.push({ file, item });
      this.#next();
    });
    item.querySelector(".dock-state").append(" ", retry);
  }

  /** The job has ended: asks for the document, which says in words how. */
  async #settle(item) {
    if (item.dataset.phase === "finished") return;
    try {
      const doc = await call("GET", `/documents/${item.dataset.document}`);
      if (doc.status === "PENDING" || doc.status === "PROCESSING") return;
      item.dataset.phase = "finished";
      item.querySelector(".dock-name").textContent = doc.title;
      if (doc.status === "COMPLETED") {
        this.#say(item, `Ready, ${doc.page_count} ${doc.page_count === 1 ? "page" : "pages"}`, "ok");
        announce(`${doc.title} is ready.`);
      } else {
        this.#say(item, doc.error?.message ?? "Reading it failed.", "dock-refusal");
        announce(`Reading ${doc.title} failed. ${doc.error?.message ?? ""}`);
      }
    } catch (refusal) {
      if (refusal.status === 404) item.remove(); // deleted meanwhile
    }
    this.#remember();
    this.#summarise();
  }

  /** After a lost connection a job may have ended unseen. */
  #catchUp() {
    for (const item of this.#items()) if (item.dataset.phase === "processing") this.#settle(item);
  }

  async #restore() {
    const remembered = JSON.parse(sessionStorage.getItem(MEMORY) ?? "[]");
    for (const { id, name } of remembered) {
      const doc = await call("GET", `/documents/${id}`).catch(() => null);
      if (!doc?.job || TERMINAL.has(doc.job.state)) continue;
      const item = this.#newItem(doc.title || name);
      item.dataset.document = id;
      item.querySelector(".dock-name").href = `/app/documents/${id}`;
      this.#follow(item, doc.job);
    }
    this.#remember();
    this.#summarise();
  }

  #remember() {
    const live = this.#items().filter((item) => item.dataset.phase === "processing");
    const kept = live.map((item) => ({
      id: item.dataset.document, name: item.querySelector(".dock-name").textContent,
    }));
    sessionStorage.setItem(MEMORY, JSON.stringify(kept));
  }

  #dismiss(item) {
    item.request?.abort();
    item.remove();
    this.#remember();
    this.#summarise();
  }

  #clearFinished() {
    for (const item of this.#items()) {
      if (["finished", "refused"].includes(item.dataset.phase)) item.remove();
    }
    this.#summarise();
  }

  #say(item, sentence, className = "") {
    const words = document.createElement("span");
    words.className = className;
    words.append(...withCode(sentence));
    item.querySelector(".dock-state").replaceChildren(words);
  }

  #summarise() {
    const phases = this.#items().map((item) => item.dataset.phase);
    const number = (phase) => phases.filter((one) => one === phase).length;
    const parts = [
      [number("sending"), "sending"], [number("processing"), "being read"],
      [number("finished"), "finished"], [number("refused"), "not added"],
    ];
    this.querySelector("[data-summary]").textContent =
      parts.filter(([count]) => count).map(([count, words]) => `${count} ${words}`).join(" · ") || "Uploads";
    this.querySelector(".dock").hidden = phases.length === 0;
    this.querySelector("[data-clear]").hidden = number("finished") + number("refused") === 0;
  }
}

/** Sends one file. `fetch` does not report the bytes sent; XMLHttpRequest does. */
function post(file, item, onBytes) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    item.request = request;
    request.open("POST", "/pdfs");
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Idempotency-Key", idempotencyKey());
    request.upload.addEventListener("progress", ({ loaded }) => onBytes(Math.min(loaded, file.size)));
    request.addEventListener("load", () => {
      if (request.status < 200 || request.status > 299) reject(refusalFrom(request.status, request.response));
      else resolve({ status: request.status, answer: JSON.parse(request.response) });
    });
    request.addEventListener("error", () => {
      reject(new Refusal(0, "unreachable", "The connection broke before the file was there."));
    });
    const form = new FormData();
    form.append("file", file, file.name);
    request.send(form);
  });
}

function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(0)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

customElements.define("upload-dock", UploadDock);
