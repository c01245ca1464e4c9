// The JSON API: one way to call it, one kind of failure.

/** A refusal (problem details, RFC 9457) or a broken connection (status 0), in a sentence. */
export class Refusal extends Error {
  constructor(status, code, detail) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** Turns the body of a failed answer into a Refusal; the body may be anything. */
export function refusalFrom(status, body) {
  let problem = {};
  try {
    problem = JSON.parse(body) ?? {};
  } catch {
    // A proxy in between answers with its own page: the status has to do.
  }
  const detail = problem.detail || problem.title || `The server answered with status ${status}.`;
  return new Refusal(status, problem.code ?? "", String(detail));
}

/**
 * Calls the API and resolves to the decoded answer, or to null when there is no body.
 * With `keepalive` the request goes on when the page is left.
 */
export async function call(method, path, { body, signal, keepalive = false } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      signal,
      keepalive,
      headers: {
        Accept: "application/json",
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(method === "POST" ? { "Idempotency-Key": idempotencyKey() } : {}),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, "unreachable", "studyq does not answer. Is it still running?");
  }
  const text = await response.text();
  if (!response.ok) throw refusalFrom(response.status, text);
  return text ? JSON.parse(text) : null;
}

/** A fresh key for a request that creates work. `randomUUID` exists on https and localhost only. */
export function idempotencyKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
