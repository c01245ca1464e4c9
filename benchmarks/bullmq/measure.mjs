// One figure of BullMQ: node measure.mjs PORT WHAT COUNT, the answer is a line of JSON.
// What is timed begins when the connections are open and the queue is as it has to be. A quarter
// of it is done before, not timed: V8 compiles what runs often.
import { Queue, Worker } from 'bullmq';

const [port, what, full] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4])];
let count = Math.ceil(full / 4);
const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
const queue = new Queue('nothing', { connection });

async function perSecond(work) {
  const begun = performance.now();
  await work();
  return count / ((performance.now() - begun) / 1000);
}

const jobs = () => Array.from({ length: count }, () => ({ name: 'nothing', data: {} }));

async function addInChunks(size) {
  const all = jobs();
  return perSecond(async () => {
    for (let at = 0; at < count; at += size) await queue.addBulk(all.slice(at, at + size));
  });
}

async function workedOff(concurrency) {
  const all = jobs();
  for (let at = 0; at < count; at += 1000) await queue.addBulk(all.slice(at, at + 1000));
  let started = 0;
  let finish;
  const over = new Promise((resolve) => { finish = resolve; });
  const worker = new Worker('nothing', async () => {
    started += 1;
    if (started === count) finish();
  }, { connection, concurrency, autorun: false });
  await worker.waitUntilReady();
  const figure = await perSecond(async () => { worker.run(); await over; });
  await worker.close();
  return figure;
}

async function startingDelays() {
  let heard;
  const worker = new Worker('nothing', async () => { heard(performance.now()); }, { connection });
  await worker.waitUntilReady();
  const delays = [];
  for (let i = 0; i < count; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10)); // at idle is what is measured
    const start = new Promise((resolve) => { heard = resolve; });
    const begun = performance.now();
    await queue.add('nothing', {});
    delays.push(((await start) - begun) / 1000);
  }
  await worker.close();
  return delays;
}

const measures = {
  add: () => perSecond(async () => {
    for (let i = 0; i < count; i += 1) await queue.add('nothing', {});
  }),
  bulk: () => addInChunks(count),
  'bulk-1000': () => addInChunks(1000),
  'work-1': () => workedOff(1),
  'work-8': () => workedOff(8),
  delays: startingDelays,
};

await queue.waitUntilReady();
await queue.obliterate({ force: true });
await measures[what]();
await queue.obliterate({ force: true });
count = full;
console.log(JSON.stringify(await measures[what]()));
await queue.obliterate({ force: true });
await queue.close();
