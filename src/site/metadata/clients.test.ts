import { describe, expect, it } from 'vitest';
import {
  anaconda,
  cloudInit,
  debianInstaller,
  ignition,
  type Outcome,
  type Reply,
  talosMetal,
  talosNocloud,
  type World,
} from '../../../test/support/format-clients.ts';

/** A server that answers each path with its replies in order, the last one again and again. */
function scripted(replies: Readonly<Record<string, readonly Reply[]>>): { readonly world: World; asked: string[] } {
  const asked: string[] = [];
  const ask = async (path: string): Promise<Reply> => {
    const name = path.split('/').at(-1) ?? '';
    const rows = replies[name] ?? [];
    const reply = rows[Math.min(asked.filter((one) => one === name).length, rows.length - 1)];
    asked.push(name);
    return reply ?? { status: 404, body: '' };
  };
  return { world: { ask, wait: async () => undefined }, asked };
}

const good: Reply = { status: 200, body: 'version: v1alpha1\n' };
const empty: Reply = { status: 200, body: '' };
const noWord: Reply = { status: 204, body: '' };
const cloudConfig: Reply = { status: 200, body: '#cloud-config\n{}\n' };
const status = (code: number): Reply => ({ status: code, body: 'why' });
const come = ({ came, tries, waitedMs }: Outcome) => [came, tries, waitedMs / 1_000];

/** The tables of what the clients make of each answer. */
describe('Talos on metal', () => {
  it.each([status(404), status(400), status(403), status(503), noWord, empty])(
    'tries again at %j, after 0, 1, 3 and 7 seconds',
    async (reply) => {
      const { world } = scripted({ talos: [reply, reply, reply, good] });
      expect(come(await talosMetal(world, '/talos', {}))).toEqual(['configured', 4, 11]);
    },
  );

  it('begins anew after three hours', async () => {
    const { world } = scripted({ talos: [status(503)] });
    expect(come(await talosMetal(world, '/talos', {}))).toEqual(['waits', 13, 8_178]);
  });
});

describe('Talos with a seed', () => {
  const seed = { 'meta-data': [good], 'network-config': [good], 'user-data': [good] };

  it('is silent for four minutes over two files that are missing', async () => {
    const { world } = scripted({ 'user-data': [good] });
    expect(await talosNocloud(world, '/')).toMatchObject({ came: 'configured', waitedForOthersMs: 240_000 });
  });

  it('stumbles for ever over an empty network-config, and not over an empty meta-data', async () => {
    const { world } = scripted({ ...seed, 'network-config': [empty] });
    expect((await talosNocloud(world, '/')).came).toBe('broken');
    expect((await talosNocloud(scripted({ ...seed, 'meta-data': [empty] }).world, '/')).came).toBe('configured');
  });

  it.each([
    [status(404), 'nothing-to-do', 1],
    [empty, 'nothing-to-do', 1],
    [cloudConfig, 'nothing-to-do', 1],
    [status(503), 'configured', 2],
    [status(403), 'configured', 2],
  ] as const)('takes %j for its user-data: %s', async (reply, came, tries) => {
    const { world } = scripted({ ...seed, 'user-data': [reply, good] });
    expect(await talosNocloud(world, '/')).toMatchObject({ came, tries });
  });

  it('takes a 204 for no word from 1.12 on, and for an error before', async () => {
    const replies = { ...seed, 'network-config': [noWord], 'user-data': [noWord, good] };
    const newer = await talosNocloud(scripted(replies).world, '/', '1.12');
    expect(newer).toMatchObject({ came: 'nothing-to-do', waitedForOthersMs: 0 });
    const older = await talosNocloud(scripted(replies).world, '/', '1.11');
    expect(older).toMatchObject({ came: 'configured', tries: 2, waitedForOthersMs: 120_000 });
  });
});

describe('Ignition', () => {
  it.each([
    [
      [status(503), status(500), good],
      ['configured', 3, 0.6],
    ],
    [[status(404)], ['broken', 1, 0]],
    [[status(403)], ['broken', 1, 0]],
    [[noWord], ['nothing-to-do', 1, 0]],
    [[empty], ['nothing-to-do', 1, 0]],
  ] as const)('takes %j', async (replies, wanted) => {
    expect(come(await ignition(scripted({ ignition: replies }).world, '/ignition'))).toEqual(wanted);
  });
});

describe('the installers', () => {
  it.each([status(404), status(503), noWord, empty])('of Debian asks a person over %j', async (reply) => {
    const { world } = scripted({ preseed: [reply, good] });
    expect(come(await debianInstaller(world, '/preseed'))).toEqual(['asks-a-person', 1, 0]);
  });

  it.each([
    [
      [status(503), good],
      ['configured', 2, 1],
    ],
    [
      [{ ...status(503), retryAfterSeconds: 20 }, good],
      ['configured', 2, 20],
    ],
    [[status(503)], ['gave-up', 4, 7]],
    [[status(404)], ['broken', 1, 0]],
    [[noWord], ['asks-a-person', 1, 0]],
  ] as const)('of Red Hat takes %j', async (replies, wanted) => {
    expect(come(await anaconda(scripted({ kickstart: replies }).world, '/kickstart', []))).toEqual(wanted);
  });
});

describe('cloud-init', () => {
  const seed = { 'meta-data': [good], 'user-data': [good], 'vendor-data': [noWord], 'network-config': [empty] };

  it('asks for the network-config from 24.3 on, and first', async () => {
    const older = scripted(seed);
    await cloudInit(older.world, '/', '22.4');
    expect(older.asked).toEqual(['meta-data', 'user-data', 'vendor-data']);
    const newer = scripted(seed);
    await cloudInit(newer.world, '/', '24.3');
    expect(newer.asked).toEqual(['network-config', 'meta-data', 'user-data', 'vendor-data']);
  });

  it('tries each file eleven times, needed or not', async () => {
    const { world, asked } = scripted({ ...seed, 'vendor-data': [status(404)] });
    expect((await cloudInit(world, '/')).came).toBe('configured');
    expect(asked.filter((name) => name === 'vendor-data')).toHaveLength(11);
  });

  it.each([
    ['22.4', ['broken', 11, 10]],
    ['24.3', ['broken', 11, 10]],
    ['25.1', ['configured', 21, 100]],
  ] as const)('%s at a 503 that says five seconds', async (release, wanted) => {
    const later: Reply = { ...status(503), retryAfterSeconds: 5 };
    const { world } = scripted({ ...seed, 'user-data': [...Array.from({ length: 20 }, () => later), good] });
    expect(come(await cloudInit(world, '/', release))).toEqual(wanted);
  });
});
