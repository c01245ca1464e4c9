// Job events from the server: one stream for all tabs of the browser.
//
// A browser opens at most six connections to a host, so the tabs elect a leader by a Web Lock: the
// tab that holds it listens to `/events` and passes everything on; when it closes, the next one
// gets the lock. Web Locks need https or localhost; elsewhere each tab listens for itself.

const RETRY_FIRST = 1000; // milliseconds; doubled after each failure
const RETRY_MOST = 15000;

const target = new EventTarget();
const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("studyq-events") : null;
let started = false;

// A page that comes back out of the browser's memory has no stream and stale rows.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload();
});

/** Calls `listener` with the data of each job event (DESIGN 11), and `event` (state or progress). */
export function onJobEvent(listener) {
  const handle = ({ detail }) => listener(detail);
  target.addEventListener("job", handle);
  start();
  return () => target.removeEventListener("job", handle);
}

/** Calls `listener` with "lost" when the stream breaks and "open" when it is there (again). */
export function onConnection(listener) {
  const handle = ({ detail }) => listener(detail);
  target.addEventListener("connection", handle);
  start();
  return () => target.removeEventListener("connection", handle);
}

function start() {
  if (started) return;
  started = true;
  channel?.addEventListener("message", ({ data }) => deliver(data.kind, data.detail));
  if (channel && navigator.locks) {
    navigator.locks.request("studyq-events", () => {
      listen();
      return new Promise(() => {}); // held until the tab closes
    });
  } else {
    listen();
  }
}

function listen(retryAfter = RETRY_FIRST) {
  const source = new EventSource("/events");
  source.addEventListener("open", () => {
    retryAfter = RETRY_FIRST;
    publish("connection", "open");
  });
  for (const event of ["state", "progress"]) {
    source.addEventListener(event, (message) => {
      publish("job", { ...JSON.parse(message.data), event, id: Number(message.lastEventId) });
    });
  }
  source.addEventListener("error", () => {
    publish("connection", "lost");
    // The browser reconnects by itself, resuming by event id, unless the answer was a refusal.
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(listen, retryAfter, Math.min(retryAfter * 2, RETRY_MOST));
  });
  addEventListener("pagehide", () => source.close(), { once: true });
}

function publish(kind, detail) {
  deliver(kind, detail);
  channel?.postMessage({ kind, detail });
}

function deliver(kind, detail) {
  target.dispatchEvent(new CustomEvent(kind, { detail }));
}
