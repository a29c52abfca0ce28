// bullmq's contestant in eddy's benchmark of durable jobs: node jobs.js URL MODE NUMBER..., whose words are those of all contestants
// (docs/performance.md).
'use strict';

const fs = require('fs');
let Queue, Worker;
try {
  ({ Queue, Worker } = require('bullmq'));
} catch (error) {
  console.error('needs bullmq');
  process.exit(77);
}

const TOGETHER = 16, FILL_BATCH = 1000, PAYLOAD = 63;
const [url, mode, ...numbers] = process.argv.slice(2);
const { hostname, port } = new URL(url);
const connection = { host: hostname, port: Number(port), maxRetriesPerRequest: null };
const begun = [];

const now = () => Number(process.hrtime.bigint());
const job = () => ({ name: 'bench', data: String(now()).padEnd(PAYLOAD), opts: { removeOnComplete: true } });
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function enqueue(queue, n) {
  if (n > 1)
    return queue.addBulk(Array.from({ length: n }, job));
  const { name, data, opts } = job();
  return queue.add(name, data, opts);
}

async function enqueueAll(queue, count, batch, together, seconds = Infinity) {
  const start = now();
  let added = 0;
  const one = async () => {
    while (count > 0 && now() - start < seconds * 1e9) {
      const n = Math.min(count, batch);
      count -= n;
      await enqueue(queue, n);
      added += n;
    }
  };
  await Promise.all(Array.from({ length: together }, one));
  return added;
}

async function produce(queue, rate, seconds) {
  const start = now();
  let next = 0;
  const one = async () => {
    for (;;) {
      const at = rate ? next++ / rate : (now() - start) / 1e9;
      if (at >= seconds)
        return;
      const wait = at * 1e3 - (now() - start) / 1e6;
      if (wait > 1)
        await sleep(wait);
      await enqueue(queue, 1);
    }
  };
  await Promise.all(Array.from({ length: rate ? 4 * TOGETHER : TOGETHER }, one));
}

async function work(count, concurrency) {
  let last = now() + 2e9;
  const worker = new Worker('bench', async (taken) => {
    last = now();
    begun.push([last, Number(taken.data)]);
  }, { connection, concurrency });
  await worker.waitUntilReady();
  console.log('ready');
  while (count === 0 || (begun.length < count && now() - last < 2e9))
    await sleep(100);
  await worker.close();
  const peak = /VmHWM:\s*(\d+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1] * 1024;
  // Whole, though it is more than a pipe holds: Node has made its standard output one that does not block.
  fs.writeFileSync('/dev/stdout', `peak ${peak}\n${begun.map((each) => each.join(' ') + '\n').join('')}`);
}

async function main() {
  if (mode === 'work') {
    await work(Number(numbers[0]), Number(numbers[1]));
  } else {
    const queue = new Queue('bench', { connection });
    await queue.waitUntilReady();
    const start = now();
    if (mode === 'produce')
      await produce(queue, Number(numbers[0]), Number(numbers[1]));
    else if (mode === 'fill')
      await enqueueAll(queue, Number(numbers[0]), FILL_BATCH, 2);
    else
      console.log('count', await enqueueAll(queue, Infinity, Number(numbers[1]), Number(numbers[2]), Number(numbers[0])));
    console.log('seconds', (now() - start) / 1e9);
    await queue.close();
  }
}

main().then(() => process.exit(0), (error) => {
  console.error(error.message);
  process.exit(1);
});
