// Ratings on their way to the server. They are kept in the browser's storage until the server has
// acknowledged them, so that a broken connection or a closed tab loses none, and each carries a key,
// so that one which is sent twice counts once.
import { idempotencyKey, refusalFrom } from "./api.js";

const STORE = "studyq-ratings";
const RETRY_FIRST = 1000; // milliseconds; doubled after each failure
const RETRY_MOST = 30_000;

export class RatingOutbox {
  #listener;
  #sending = null; // what resolves when the round of sending is over
  #retryAfter = RETRY_FIRST;
  #timer = 0;

  /** @param listener called with {sent, rating, answer, refusal} after each, and when sending fails */
  constructor(listener) {
    this.#listener = listener;
    addEventListener("online", () => this.send());
  }

  /** Ratings that the server has not acknowledged yet, oldest first. */
  get waiting() {
    try {
      const kept = JSON.parse(localStorage.getItem(STORE) ?? "[]");
      return Array.isArray(kept) ? kept : [];
    } catch {
      return [];
    }
  }

  /** Keeps a rating and sends it; returns the key that names it. */
  add(rating) {
    const key = idempotencyKey();
    this.#keep([...this.waiting, { ...rating, key, at: Date.now() }]);
    this.send();
    return key;
  }

  /** Takes back a rating that has not been sent; whether that was in time. */
  withdraw(key) {
    if (this.#sending || !this.waiting.some((rating) => rating.key === key)) return false;
    this.#keep(this.waiting.filter((rating) => rating.key !== key));
    return true;
  }

  /** Resolves when nothing is just being sent; what could not be sent still waits. */
  async settled() {
    await this.#sending;
  }

  /** Sends what waits, one after the other. */
  send() {
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = null;
    });
    return this.#sending;
  }

  async #sendAll() {
    clearTimeout(this.#timer);
    for (let [rating] = this.waiting; rating; [rating] = this.waiting) {
      const outcome = await post(rating);
      if (outcome.later) {
        this.#timer = setTimeout(() => this.send(), this.#retryAfter);
        this.#retryAfter = Math.min(this.#retryAfter * 2, RETRY_MOST);
        this.#listener({ sent: false, rating });
        return;
      }
      this.#retryAfter = RETRY_FIRST;
      this.#keep(this.waiting.filter((other) => other.key !== rating.key));
      this.#listener({ sent: true, rating, ...outcome });
    }
  }

  #keep(ratings) {
    localStorage.setItem(STORE, JSON.stringify(ratings));
  }
}

/** Sends one rating; `later` when nobody answered who could say yes or no. */
async function post({ key, at, card_id, rating, version, duration_ms }) {
  let response;
  try {
    response = await fetch("/reviews", {
      method: "POST",
      headers: { Accept: "application/json", "Content-Type": "application/json", "Idempotency-Key": key },
      body: JSON.stringify({ card_id, rating, version, duration_ms, waited_ms: Math.max(0, Date.now() - at) }),
    });
    const text = await response.text();
    if (response.ok) return { answer: JSON.parse(text) };
    const refusal = refusalFrom(response.status, text);
    return response.status >= 500 || response.status === 429 ? { later: true } : { refusal };
  } catch {
    return { later: true };
  }
}
