// Clients written from the facts about their sources (order, retries, what they make of each answer), not the real ones:
// no package of Debian has Talos or Anaconda, nor every release of cloud-init, and their waits are minutes. Time is the
// test's. Where Debian has the real program, it runs in test/wire too: cloud-init, Ignition, curl and wget.

export type Reply = { readonly status: number; readonly body: string; readonly retryAfterSeconds?: number };
export type World = {
  readonly ask: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Reply>;
  readonly wait: (ms: number) => Promise<void>;
};

/** What a client came to; `tries` counts its requests, `waitedMs` is the time between them. */
export type Outcome = {
  /**
   * `nothing-to-do`: it goes on without a configuration (Talos: in maintenance, until somebody comes). `asks-a-person`: a
   * question at its screen. `broken`: a shell, an error for ever, or no data source. `waits`: it still asks, after hours.
   */
  readonly came: 'configured' | 'nothing-to-do' | 'waits' | 'gave-up' | 'asks-a-person' | 'broken';
  readonly body: string;
  readonly tries: number;
  readonly waitedMs: number;
  /** What stood on the console first. */
  readonly console?: string;
};

type Judge = (reply: Reply) => Outcome['came'] | undefined;

async function insist(
  { ask, wait }: World,
  path: string,
  judge: Judge,
  waits: Iterable<number>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  let tries = 0;
  let waitedMs = 0;
  let shown: string | undefined;
  for (const ms of waits) {
    await wait(ms);
    waitedMs += ms;
    tries += 1;
    const reply = await ask(path, headers);
    const came = judge(reply);
    if (came) return { came, body: reply.body, tries, waitedMs, ...(shown === undefined ? {} : { console: shown }) };
    shown ??= reply.body.slice(0, 32);
  }
  return { came: 'waits', body: '', tries, waitedMs, ...(shown === undefined ? {} : { console: shown }) };
}

/** 0, 1, 3, 7, 15 … seconds, until `totalMs` are over: go-retry's exponential without its jitter. */
function* doubling(totalMs: number): Generator<number> {
  let sum = 0;
  for (let unit = 1; sum <= totalMs; unit *= 2) {
    const ms = (unit - 1) * 1_000;
    sum += ms;
    if (sum <= totalMs) yield ms;
  }
}

/** Up to 1.11 a 204 is an error to try again; from 1.12 on it is a file without a word. */
export type TalosRelease = '1.11' | '1.12';

/** Go's own words: Talos sends no name. */
const GO = { 'user-agent': 'Go-http-client/1.1' };
const METAL_MS = 3 * 3_600_000;
const SEED_FILE_MS = 180_000;

/** A text whose lines are all comments has no documents. */
function hasDocuments(body: string): boolean {
  return body.split('\n').some((line) => line.trim() !== '' && line.trim() !== '---' && !line.startsWith('#'));
}

/**
 * Talos on metal: one GET of `talos.config=`, its query filled in and sorted, a colon as %3A; what it cannot find out
 * stays a literal. Everything but a 200 with a document in it is tried again, for three hours: also a 404 and a 204.
 */
export function talosMetal(world: World, url: string, known: Readonly<Record<string, string>>): Promise<Outcome> {
  const [path = '', query = ''] = url.split('?');
  const filled = query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [key = '', value = ''] = pair.split('=');
      const name = value === '' ? key : value.replace(/^\$\{(\w+)\}$/i, '$1');
      const text = known[name.toLowerCase()] ?? (value === '' ? `$\u007b${key}}` : value);
      return `${key}=${encodeURIComponent(text)}`;
    })
    .sort();
  const target = filled.length > 0 ? `${path}?${filled.join('&')}` : path;
  const judge: Judge = ({ status, body }) => (status === 200 && hasDocuments(body) ? 'configured' : undefined);
  return insist(world, target, judge, doubling(METAL_MS), GO);
}

export type SeedOutcome = Outcome & { readonly asked: readonly string[]; readonly waitedForOthersMs: number };

/**
 * Talos with a seed: meta-data, network-config, user-data, one after the other. The first two are tried for three
 * minutes and then done without; an empty network-config is an error loop. A 404 of user-data is maintenance at once, and
 * so is one that says nothing or that begins as cloud-init's; any other error is tried again and again.
 */
export async function talosNocloud(world: World, seed: string, release: TalosRelease = '1.12'): Promise<SeedOutcome> {
  const isNoWord = ({ status }: Reply): boolean => release !== '1.11' && status === 204;
  const any: Judge = (reply) => (reply.status === 200 || isNoWord(reply) ? 'configured' : undefined);
  const network: Judge = (reply) =>
    reply.status === 200 && reply.body.trim() === '' ? 'broken' : isNoWord(reply) ? 'configured' : any(reply);
  const userData: Judge = (reply) => {
    const { status, body } = reply;
    if (status === 404 || isNoWord(reply)) return 'nothing-to-do';
    if (status !== 200) return undefined;
    return body.startsWith('#cloud-config') || !hasDocuments(body) ? 'nothing-to-do' : 'configured';
  };
  const ask = (file: string, judge: Judge) => insist(world, `${seed}${file}`, judge, doubling(SEED_FILE_MS), GO);
  const asked = ['meta-data', 'network-config', 'user-data'];
  const meta = await ask('meta-data', any);
  const net = await ask('network-config', network);
  const waitedForOthersMs = meta.waitedMs + net.waitedMs;
  if (net.came === 'broken') return { ...net, asked: asked.slice(0, 2), waitedForOthersMs };
  // After three minutes the controller begins anew: it never gives up.
  let last = await ask('user-data', userData);
  for (let round = 0; round < 20 && last.came === 'waits'; round++) last = await ask('user-data', userData);
  return { ...last, asked, waitedForOthersMs };
}

/**
 * Ignition: 500 and more is tried again for ever, 0.2 s doubling to 5 s; a 200 or 204 without a word is no configuration,
 * and everything else ends in a shell.
 */
export function ignition(world: World, path: string): Promise<Outcome> {
  const headers = {
    'user-agent': 'Ignition/2.19.0',
    accept: 'application/vnd.coreos.ignition+json;version=3.3.0, */*;q=0.1',
    'accept-encoding': 'identity',
  };
  const judge: Judge = ({ status, body }) => {
    if (status >= 500) return undefined;
    if (status === 204 || (status === 200 && body.trim() === '')) return 'nothing-to-do';
    return status === 200 ? 'configured' : 'broken';
  };
  return insist(world, path, judge, steps(200, 5_000, 1_000), headers);
}

function* steps(firstMs: number, mostMs: number, count: number): Generator<number> {
  yield 0;
  for (let n = 0, ms = firstMs; n < count; n++, ms = Math.min(ms * 2, mostMs)) yield ms;
}

/** The Debian installer: wget, once. What is no 200 with an answer in it is a question at the screen; the machine waits. */
export function debianInstaller(world: World, path: string): Promise<Outcome> {
  const judge: Judge = ({ status, body }) => (status === 200 && hasDocuments(body) ? 'configured' : 'asks-a-person');
  return insist(world, path, judge, [0], { 'user-agent': 'debian-installer' });
}

/** What curl takes for weather. */
const TRANSIENT = [408, 429, 500, 502, 503, 504];

/**
 * Anaconda's dracut: `curl --retry 3 --fail`, which tries again at 5xx, and waits as Retry-After says; with
 * `inst.ks.sendmac` and `inst.ks.sendsn`. A kickstart file without a word leaves all questions to the person.
 */
export function anaconda(world: World, path: string, macs: readonly string[], serial?: string): Promise<Outcome> {
  const nics = Object.fromEntries(macs.map((mac, n) => [`x-rhn-provisioning-mac-${n}`, `eth${n} ${mac}`]));
  return curl(world, path, serial === undefined ? nics : { ...nics, 'x-system-serial-number': serial });
}

async function curl({ ask, wait }: World, path: string, headers: Readonly<Record<string, string>>): Promise<Outcome> {
  let waitedMs = 0;
  for (let tries = 1; ; tries++) {
    const { status, body, retryAfterSeconds } = await ask(path, headers);
    if (status < 300) return { came: body.trim() === '' ? 'asks-a-person' : 'configured', body, tries, waitedMs };
    if (!TRANSIENT.includes(status)) return { came: 'broken', body: '', tries, waitedMs };
    if (tries > 3) return { came: 'gave-up', body: '', tries, waitedMs };
    const ms = (retryAfterSeconds ?? 2 ** (tries - 1)) * 1_000;
    await wait(ms);
    waitedMs += ms;
  }
}

/** From 24.3 on it asks for the network-config, and first; from 25.1 on it waits at a 503 as long as it is told, for ever. */
export type CloudInitRelease = '22.4' | '24.3' | '25.1';

const MAX_TRIES = 1_000;

/**
 * cloud-init: each file ten times more, a second apart, at whatever error. Without meta-data or user-data there is no
 * data source; without the others it goes on.
 */
export async function cloudInit(world: World, seed: string, release: CloudInitRelease = '22.4'): Promise<Outcome> {
  const file = (name: string) => insistAsCloudInit(world, `${seed}${name}`, release);
  if (release !== '22.4') await file('network-config');
  const meta = await file('meta-data');
  if (meta.came !== 'configured') return meta;
  const user = await file('user-data');
  if (user.came !== 'configured') return user;
  await file('vendor-data');
  return hasDocuments(user.body.replace(/^\{\}$/m, '')) ? user : { ...user, came: 'nothing-to-do' };
}

async function insistAsCloudInit({ ask, wait }: World, path: string, release: CloudInitRelease): Promise<Outcome> {
  let waitedMs = 0;
  let tries = 1;
  for (; tries < MAX_TRIES; tries++) {
    const { status, body, retryAfterSeconds = 1 } = await ask(path, { 'user-agent': `Cloud-Init/${release}` });
    if (status < 300) return { came: 'configured', body, tries, waitedMs };
    const isTold = release === '25.1' && status === 503;
    if (!isTold && tries > 10) return { came: 'broken', body: '', tries, waitedMs };
    const ms = (isTold ? retryAfterSeconds : 1) * 1_000;
    await wait(ms);
    waitedMs += ms;
  }
  return { came: 'waits', body: '', tries, waitedMs };
}
