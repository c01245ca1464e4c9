// A worker that says which jobs it starts; it never ends the first attempt of any.
// node held.mjs PORT COUNT: with a COUNT, adds so many jobs first.
import { Queue, Worker } from 'bullmq';

const [port, count] = [Number(process.argv[2]), Number(process.argv[3])];
const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
if (count) {
  const queue = new Queue('held', { connection });
  await queue.obliterate({ force: true });
  await queue.addBulk(Array.from({ length: count }, () => ({ name: 'held', data: {} })));
  await queue.close();
}
const worker = new Worker('held', async (job) => {
  console.log(`${job.id} ${job.stalledCounter}`);
  if (job.stalledCounter === 0) await new Promise(() => { setInterval(() => {}, 1000); });
}, { connection, concurrency: 8 });
worker.on('error', (error) => console.error(error.message));
