// Many machines in one process, each from its own address: the HTTP of their loaders, one connection each.
// Usage: storm-machines.ts FILE with the JSON of a StormPlan; prints one StormResult in JSON per line.
import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StormMachine, StormPlan, StormResult } from './storm.ts';

const plan = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as StormPlan;

/** The body, or only its length for a file: two hundred of them would not fit. */
function fetchFrom(agent: Agent, { address }: StormMachine, path: string, keep: boolean): Promise<[string, number]> {
  return new Promise((resolve, reject) => {
    const options = { agent, localAddress: address, host: plan.site, path, timeout: 20_000 };
    const request = get(options, (response) => {
      let [text, bytes] = ['', 0];
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (keep) text += chunk;
      });
      response.on('error', reject);
      response.on('end', () =>
        response.statusCode === 200
          ? resolve([text, bytes])
          : reject(new Error(`HTTP ${response.statusCode}: ${text}`)),
      );
    });
    request.on('timeout', () => request.destroy(new Error('no byte within 20 s')));
    request.on('error', reject);
  });
}

async function live(machine: StormMachine): Promise<StormResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const places: number[] = [];
  const askedAt = performance.now();
  let [letInAt, bytes] = [0, 0];
  const end = (more: object = {}): StormResult => {
    agent.destroy();
    return { mac: machine.mac, askedAt, letInAt, doneAt: performance.now(), places, bytes, ...more };
  };
  try {
    const files = plan.file === undefined ? await filesOf(machine, agent, places) : [plan.file];
    letInAt = performance.now();
    for (const file of files) bytes += (await fetchFrom(agent, machine, file, false))[1];
    return end();
  } catch (error) {
    return end({ error: String(error) });
  }
}

/** Asks until its script names files. */
async function filesOf(machine: StormMachine, agent: Agent, places: number[]): Promise<string[]> {
  for (;;) {
    const [script] = await fetchFrom(
      agent,
      machine,
      `/boot/script?mac=${machine.mac}&platform=efi&buildarch=x86_64`,
      true,
    );
    const files = [...script.matchAll(/http:\/\/[^/]+(\/assets\/\S+)/g)].map((match) => match[1] ?? '');
    if (files.length > 0) return files;
    const place = /place (\d+) in the queue/.exec(script)?.[1];
    if (place === undefined) throw new Error(`neither files nor a place:\n${script}`);
    places.push(Number(place));
    await sleep(plan.askMs);
  }
}

await Promise.all(
  plan.machines.map(async (machine, i) => {
    await sleep(i * plan.staggerMs);
    console.log(JSON.stringify(await live(machine)));
  }),
);
