// Clients written from what their sources do (order, retries, what they make of each status), not the real ones: no
// package of Debian has Talos or Anaconda, and their waits are minutes. Time is the test's.

export type Reply = { readonly status: number; readonly body: string; readonly retryAfterSeconds?: number };
export type World = {
  readonly ask: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Reply>;
  readonly wait: (ms: number) => Promise<void>;
};

/** What a client came to; `tries` counts its requests, `waitedMs` is the time between them. */
export type Outcome = {
  readonly came: 'configured' | 'nothing-to-do' | 'gave-up' | 'asks-a-person' | 'broken';
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
  return { came: 'gave-up', body: '', tries, waitedMs, ...(shown === undefined ? {} : { console: shown }) };
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

/** Before 1.12 a 204 was an error too; all that is no 200 with a body is tried again. */
const talosJudges: Judge = ({ status, body }) => {
  if (status !== 200 || body.trim() === '') return undefined;
  return body.startsWith('#cloud-config') ? 'nothing-to-do' : 'configured';
};

/**
 * Talos on metal: one GET of `talos.config=`, its query filled in and sorted, a colon as %3A; what it cannot find out
 * stays a literal. Everything but a 200 with a body is tried again, for three hours.
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
  return insist(world, target, talosJudges, doubling(3 * 3_600_000));
}

export type SeedOutcome = Outcome & { readonly asked: readonly string[]; readonly waitedForOthersMs: number };

/**
 * Talos with a seed: meta-data, network-config, user-data, one after the other. The first two are tried for three
 * minutes and then done without; an empty network-config is an error loop. A 404 of user-data is maintenance at once.
 */
export async function talosNocloud(world: World, seed: string): Promise<SeedOutcome> {
  const any: Judge = ({ status }) => (status === 200 ? 'configured' : undefined);
  const network: Judge = ({ status, body }) =>
    status !== 200 ? undefined : body.trim() === '' ? 'broken' : 'configured';
  const userData: Judge = (reply) => (reply.status === 404 ? 'nothing-to-do' : talosJudges(reply));
  const asked = ['meta-data', 'network-config', 'user-data'];
  const meta = await insist(world, `${seed}meta-data`, any, doubling(180_000));
  const net = await insist(world, `${seed}network-config`, network, doubling(180_000));
  const waitedForOthersMs = meta.waitedMs + net.waitedMs;
  if (net.came === 'broken') return { ...net, asked: asked.slice(0, 2), waitedForOthersMs };
  // After three minutes the controller begins anew: it never gives up.
  let last = await insist(world, `${seed}user-data`, userData, doubling(180_000));
  for (let round = 0; round < 20 && last.came === 'gave-up'; round++)
    last = await insist(world, `${seed}user-data`, userData, doubling(180_000));
  return { ...last, asked, waitedForOthersMs };
}

/** Ignition: 500 and more is tried again for ever, 0.2 s doubling to 5 s; everything else but 200 ends in a shell. */
export function ignition(world: World, path: string): Promise<Outcome> {
  const headers = {
    'user-agent': 'Ignition/2.19.0',
    accept: 'application/vnd.coreos.ignition+json;version=3.3.0, */*;q=0.1',
    'accept-encoding': 'identity',
  };
  const judge: Judge = ({ status }) => (status >= 500 ? undefined : status === 200 ? 'configured' : 'broken');
  return insist(world, path, judge, steps(200, 5_000, 1_000), headers);
}

function* steps(firstMs: number, mostMs: number, count: number): Generator<number> {
  yield 0;
  for (let n = 0, ms = firstMs; n < count; n++, ms = Math.min(ms * 2, mostMs)) yield ms;
}

/** The Debian installer: wget, once. Whatever is no 200 is a question at the screen, and the machine waits. */
export function debianInstaller(world: World, path: string): Promise<Outcome> {
  const judge: Judge = ({ status }) => (status === 200 ? 'configured' : 'asks-a-person');
  return insist(world, path, judge, [0], { 'user-agent': 'debian-installer' });
}

/** Anaconda's dracut: `curl --retry 3 --fail`, which tries again at 5xx, and waits as Retry-After says. */
export async function anaconda(world: World, path: string, macs: readonly string[]): Promise<Outcome> {
  const headers = Object.fromEntries(macs.map((mac, n) => [`x-rhn-provisioning-mac-${n}`, `eth${n} ${mac}`]));
  let tries = 0;
  let waitedMs = 0;
  for (let retry = 0; ; retry++) {
    tries += 1;
    const reply = await world.ask(path, headers);
    if (reply.status === 200) return { came: 'configured', body: reply.body, tries, waitedMs };
    const isTransient = [408, 429, 500, 502, 503, 504].includes(reply.status);
    if (!isTransient || retry === 3) return { came: isTransient ? 'gave-up' : 'broken', body: '', tries, waitedMs };
    const ms = (reply.retryAfterSeconds ?? 2 ** retry) * 1_000;
    await world.wait(ms);
    waitedMs += ms;
  }
}

/** cloud-init 22.4: each file ten times more, a second apart, at whatever error; without user-data there is no datasource. */
export async function cloudInit(world: World, seed: string): Promise<Outcome> {
  const judge: Judge = ({ status }) => (status === 200 ? 'configured' : undefined);
  const seconds = [0, ...Array.from({ length: 10 }, () => 1_000)];
  const meta = await insist(world, `${seed}meta-data`, judge, seconds);
  const user = await insist(world, `${seed}user-data`, judge, seconds);
  if (meta.came !== 'configured' || user.came !== 'configured') return { ...user, came: 'broken' };
  await insist(world, `${seed}vendor-data`, judge, seconds);
  return user.body.startsWith('#') ? user : { ...user, came: 'nothing-to-do' };
}
