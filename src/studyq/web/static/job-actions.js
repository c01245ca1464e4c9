// What one can do with jobs and queues, from their list or from the page of one.
import { call } from "./api.js";
import { announce, confirmAction, tell } from "./messages.js";

/**
 * Does what a button with `data-action` asks for; resolves to whether it was done.
 * @param {HTMLElement} button
 * @param {{title: string, selected?: Map<string, string>}} about what it is called; ids and queues
 */
export async function perform(button, about) {
  const action = ACTIONS[button.dataset.action];
  if (action.asks && !(await confirmAction(action.asks(button.dataset, about)))) return false;
  if (button.ariaBusy === "true") return false;
  button.ariaBusy = "true"; // not disabled, which would take the focus away
  try {
    announce(action.said(await action.send(button.dataset, about), about));
    return true;
  } catch (refusal) {
    tell(action.failed, refusal.message);
    return false;
  } finally {
    button.ariaBusy = null;
  }
}

/** Changes the priority of a job that waits; resolves to whether it was done. */
export async function changePriority(form) {
  const { queue, job } = form.dataset;
  try {
    const priority = Number(new FormData(form).get("priority"));
    await call("PATCH", `/queue/${queue}/jobs/${job}`, { body: { priority } });
    announce(`The priority is ${priority} now.`);
    return true;
  } catch (refusal) {
    tell("The priority was not changed.", refusal.message);
    return false;
  }
}

const ACTIONS = {
  cancel: {
    asks: (_, { title }) => ({
      title: `Cancel “${title}”?`,
      detail: "What it has done so far is kept, and you can retry it.",
      action: "Cancel the job",
    }),
    send: ({ queue, job }) => call("DELETE", `/queue/${queue}/jobs/${job}`),
    said: (job) => (job.state === "cancelled" ? "The job was cancelled." : "The job is being stopped."),
    failed: "Cancelling did not work.",
  },
  retry: {
    send: ({ queue, job }) => call("POST", `/queue/${queue}/jobs/${job}/retry`),
    said: () => "The job is in line again.",
    failed: "Trying again did not work.",
  },
  "retry-failed": {
    asks: ({ count, code }) => ({
      title: count === "1" ? "Retry the failed job?" : `Retry ${count} failed jobs?`,
      detail: code
        ? `All that failed with ${code} are put back in line. They go on where they stopped.`
        : "All of them are put back in line. They go on where they stopped.",
      action: "Retry",
    }),
    send: ({ queues, code }) => perQueue(JSON.parse(queues), (queue) =>
      call("POST", `/queue/${queue}/retry-failed`, { body: { code: code ?? null } })),
    said: ({ retried, skipped }) =>
      `${many(retried)} put back in line${skipped ? `, ${skipped} left alone` : ""}.`,
    failed: "Trying them again did not work.",
  },
  "cancel-selected": {
    asks: (_, { selected }) => ({
      title: selected.size === 1 ? "Cancel the selected job?" : `Cancel ${selected.size} selected jobs?`,
      detail: "What they have done so far is kept, and you can retry them.",
      action: "Cancel them",
    }),
    send: (_, { selected }) => perQueue([...new Set(selected.values())], (queue) => {
      const ids = [...selected].filter(([, other]) => other === queue).map(([id]) => id);
      return call("POST", `/queue/${queue}/cancel`, { body: { ids } });
    }),
    said: ({ cancelled, told, already_ended: ended }) =>
      `${many(cancelled + told)} cancelled${ended ? `, ${ended} had ended already` : ""}.`,
    failed: "Cancelling did not work.",
  },
  pause: {
    send: ({ queue }) => call("POST", `/queue/${queue}/pause`),
    said: (_, { title }) => `${title} is paused. What runs goes on to its end.`,
    failed: "Pausing did not work.",
  },
  resume: {
    send: ({ queue }) => call("POST", `/queue/${queue}/resume`),
    said: (_, { title }) => `${title} goes on.`,
    failed: "Resuming did not work.",
  },
  narrow: { send: setConcurrency, said: saidConcurrency, failed: "Changing it did not work." },
  widen: { send: setConcurrency, said: saidConcurrency, failed: "Changing it did not work." },
};

function setConcurrency({ queue, value }) {
  return call("PATCH", `/queue/${queue}`, { body: { concurrency: Number(value) } });
}

function saidConcurrency({ concurrency }, { title }) {
  return `${title}: ${concurrency} at once.`;
}

/** Asks for something of each queue, one after the other, and adds up the numbers answered. */
async function perQueue(queues, ask) {
  const total = {};
  for (const queue of queues) {
    for (const [name, number] of Object.entries(await ask(queue))) {
      total[name] = (total[name] ?? 0) + number;
    }
  }
  return total;
}

function many(number) {
  return number === 1 ? "1 job" : `${number} jobs`;
}
