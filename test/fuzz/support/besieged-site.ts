import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join, resolve } from 'node:path';
import { run } from '../../../src/lab/command.ts';
import { isInsideNamespace } from '../../../src/lab/namespace.ts';
import { createBridge } from '../../../src/lab/network.ts';
import { type SiteProcess, startSite } from '../../../src/lab/site-process.ts';
import { askByRelay } from './dhcp-client.ts';
import { fetchByTftp } from './tftp-client.ts';

export const SITE_ADDRESS = '10.66.0.1';
/** Addresses of this machine beside the site's: an honest relay and client, and the attackers. */
export const HONEST = '10.66.0.2';
export const ATTACKERS = ['10.66.0.3', '10.66.0.4'] as const;
export const POS_MAC = '52:54:00:66:00:01';

/** What the process costs: memory in MiB, open descriptors, bytes of its log. */
export type Cost = { readonly rssMiB: number; readonly descriptors: number; readonly logBytes: number };

/** A real site on a bridge of its own, and an honest client of each protocol to tell whether it still serves. */
export type BesiegedSite = {
  readonly process: SiteProcess;
  readonly workDir: string;
  readonly asset: { readonly path: string; readonly bytes: Uint8Array };
  /** Changes the template file. */
  writeTemplate(text: string): void;
  readonly template: string;
  cost(): Cost;
  log(): string;
  /** Serves DHCP, TFTP and HTTP, each within the time. Rejects with what did not. */
  checkServes(withinMs?: number): Promise<void>;
  end(): Promise<void>;
};

export type Siege = {
  /** More of the site file. */
  readonly config?: string;
  /** The look for other servers opens sockets for a while: mostly it shall be over before what is open is counted. */
  readonly lookDelayMs?: number;
};

/** Starts a site with one slot, `pos-1`, and a pool of 100 addresses. */
export async function besiege(name: string, { config: more = '', lookDelayMs = 1 }: Siege = {}): Promise<BesiegedSite> {
  if (!isInsideNamespace()) throw new Error('run this with `npm run test:wire`, which makes a network of its own');
  const workDir = resolve('test-results/fuzz', name);
  rmSync(workDir, { recursive: true, force: true });
  mkdirSync(join(workDir, 'template'), { recursive: true });
  await createBridge('br-fuzz', `${SITE_ADDRESS}/24`);
  for (const address of [HONEST, ...ATTACKERS]) await run(['ip', 'address', 'add', `${address}/24`, 'dev', 'br-fuzz']);
  // More than what TFTP keeps in memory, and no two blocks alike.
  const bytes = new Uint8Array(5 * 1024 * 1024).map((_, i) => (i * 31 + (i >> 11)) & 255);
  writeFileSync(join(workDir, 'kernel'), bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const template = templateText(join(workDir, 'kernel'), sha256);
  const templatePath = join(workDir, 'template', 'site.yaml');
  writeFileSync(templatePath, template);
  const config = `site: siege\ninterfaces: { nodes: br-fuzz }\ntemplate: ${JSON.stringify(templatePath)}\n${more}`;
  const process = await startSite({ workDir, config, args: ['--fault', `look-delay=${lookDelayMs}`] }).catch(
    async (cause: unknown) => {
      await run(['ip', 'link', 'delete', 'br-fuzz']);
      throw cause;
    },
  );
  const asset = { path: `/assets/sha256/${sha256}/kernel`, bytes };
  return {
    process,
    workDir,
    asset,
    template,
    writeTemplate: (text) => writeFileSync(templatePath, text),
    cost: () => costOf(process),
    log: () => readFileSync(process.logPath, 'utf8'),
    checkServes: (withinMs = 2_000) => checkServes(process, withinMs),
    end: async () => {
      await process.stop();
      await run(['ip', 'link', 'delete', 'br-fuzz']);
    },
  };
}

function templateText(kernel: string, sha256: string): string {
  return `apiVersion: slipway/v1
kind: SiteTemplate
metadata: { name: siege, layer: site }
spec:
  networks:
    nodes:
      { subnet: 10.66.0.0/24, relays: [${[HONEST, ...ATTACKERS].join(', ')}], pool: "+100..+199", lease: { firmware: 5m, os: 30m } }
  assets:
    demo: { amd64: { kernel: { source: "file://${kernel}", sha256: "${sha256}" }, initrds: [] } }
  profiles:
    live:
      kind: live
      boots: demo
      cmdline: { ds: "nocloud-net;s=@{boot.url.nocloud}" }
      documents: { network-config: { from: interfaces } }
  slots:
    pos-1: { profile: live, match: [{ mac: "${POS_MAC}" }], interfaces: { lan0: { network: nodes, address: +11 } } }
  unknownMachines: { action: hold, for: 5m }
`;
}

function costOf({ pid, logPath }: SiteProcess): Cost {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return {
    rssMiB: Math.round((pages * 4096) / 2 ** 20),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    logBytes: statSync(logPath).size,
  };
}

async function checkServes(site: SiteProcess, withinMs: number): Promise<void> {
  const checks = {
    HTTP: () => get('/healthz', { from: HONEST }).then(({ status }) => status === 200),
    script: () => get(`/boot/script?mac=${POS_MAC}`, { from: HONEST }).then(({ body }) => body.startsWith('#!ipxe')),
    TFTP: () => fetchByTftp('boot.ipxe', withinMs).then((bytes) => bytes.length > 100),
    DHCP: () => askByRelay(withinMs).then((type) => type === 'offer'),
  };
  for (const [name, check] of Object.entries(checks)) {
    const isServed = await within(check(), withinMs).catch((cause: unknown) => {
      throw new Error(`${name} is not served (pid ${site.pid})`, { cause });
    });
    if (!isServed) throw new Error(`${name} is served wrongly`);
  }
}

export type Answer = { readonly status: number; readonly body: string };

export type Ask = {
  readonly from?: string;
  readonly method?: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
};

/** One HTTP request on a connection of its own; the path goes out as it is. */
export function get(
  path: string,
  { from = ATTACKERS[0], method = 'GET', body, headers = {} }: Ask = {},
): Promise<Answer> {
  return new Promise((resolveAnswer, reject) => {
    const options = { host: SITE_ADDRESS, path, method, headers, localAddress: from, agent: false, timeout: 10_000 };
    const ask = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolveAnswer({ status: response.statusCode ?? 0, body: text }));
      response.on('error', reject);
    });
    ask.on('timeout', () => ask.destroy(new Error('no answer within 10 s')));
    ask.on('error', reject);
    ask.end(body);
  });
}

/** A repeatable source of bytes and numbers (mulberry32), seeded by SLIPWAY_SEED. */
export function createDice(): { number(below: number): number; bytes(count: number): Uint8Array<ArrayBuffer> } {
  let state = Number(process.env['SLIPWAY_SEED'] ?? 1) >>> 0;
  const number = (below: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
  return { number, bytes: (count) => Uint8Array.from({ length: count }, () => number(256)) };
}

export async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
