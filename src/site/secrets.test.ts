import { describe, expect, it } from 'vitest';
import {
  SampleClock,
  SampleLog,
  SampleStore,
  sampleProfile,
  sampleRevision,
  sampleSlot,
} from '../../test/support/sample-site.ts';
import type { SecretStore } from '../adapters/node/secret-store.ts';
import { createRedactor } from '../kernel/redactor.ts';
import { err, ok } from '../kernel/result.ts';
import { openSecrets } from './secrets.ts';

const T0 = new SampleClock().now();

function memoryStore(values: Readonly<Record<string, string>>, broken: readonly string[]): SecretStore {
  const kept = new Map(Object.entries(values));
  return {
    list: async () => [...kept.keys()].sort().map((name) => ({ name, setAt: T0 })),
    read: async (name) => {
      if (broken.includes(name)) return err(`secret "${name}" is damaged`);
      const value = kept.get(name);
      return value === undefined ? undefined : ok(value);
    },
    write: async (name, value) => void kept.set(name, value),
    remove: async (name) => kept.delete(name),
  };
}

async function setUp(values: Readonly<Record<string, string>> = {}, broken: readonly string[] = []) {
  const redactor = createRedactor();
  const log = new SampleLog();
  const events = new SampleStore();
  const documents = {
    'user-data': { kind: 'text', text: 'a: @{secret.joinToken}\n', fill: true, secret: true },
    talos: { kind: 'text', text: 'b: @{secret.rootPassword}\n', fill: true, secret: true },
  } as const;
  const revision = sampleRevision({ slots: { 'pos-1': sampleSlot({ profile: sampleProfile({ documents }) }) } });
  const secrets = await openSecrets({
    places: { rootPassword: { file: '/etc/root-password' } },
    files: { read: async () => ok({ rootPassword: 'from-the-file' }) },
    store: memoryStore(values, broken),
    ...{ events, revision: () => revision, redactor, clock: new SampleClock(), log },
  });
  return { secrets, redactor, log, events };
}

describe('the secrets of a site', () => {
  it('that are wanted and not set are named, with who wants them', async () => {
    const { secrets } = await setUp();
    expect(secrets.missing()).toEqual(['joinToken']);
    expect(secrets.lack(['rootPassword', 'joinToken'])).toBe(
      'secret joinToken is not set: slipway secret set joinToken',
    );
    expect(await secrets.list()).toEqual([
      { name: 'joinToken', from: 'nowhere', wantedBy: ['pos-1'] },
      { name: 'rootPassword', from: 'file', file: '/etc/root-password', wantedBy: ['pos-1'] },
    ]);
    expect(await secrets.read(['joinToken'])).toMatchObject({ error: expect.stringContaining('is not set') });
  });

  it('are read once they are set, hidden from the log before, and an event without their value', async () => {
    const { secrets, redactor, events } = await setUp();
    await secrets.set('joinToken', 'geheim-1\n');
    expect(await secrets.read(['joinToken', 'rootPassword'])).toEqual({
      ok: true,
      value: { joinToken: 'geheim-1', rootPassword: 'from-the-file' },
    });
    expect([secrets.lack(['joinToken', 'rootPassword']), secrets.missing()]).toEqual([undefined, []]);
    expect(redactor.redact('it is geheim-1')).toBe('it is [hidden]');
    expect(events.kept).toMatchObject([{ type: 'secret-set', data: { name: 'joinToken' } }]);
    expect(JSON.stringify(events.kept)).not.toContain('geheim');
  });

  it('that the site file gives are those that count, and are neither set nor removed here', async () => {
    const { secrets } = await setUp({ rootPassword: 'from-the-store' });
    expect(await secrets.read(['rootPassword'])).toEqual({ ok: true, value: { rootPassword: 'from-the-file' } });
    await expect(secrets.set('rootPassword', 'geheim-2')).rejects.toMatchObject({ code: 'command-refused' });
    await expect(secrets.remove('rootPassword')).rejects.toMatchObject({ code: 'command-refused' });
  });

  it('that cannot be read are said at the start, listed, and keep nobody from setting them again', async () => {
    const { secrets, log } = await setUp({ joinToken: 'x' }, ['joinToken']);
    expect(log.lines).toMatchObject([{ level: 'warn', message: 'secret "joinToken" is damaged' }]);
    expect(secrets.lack(['joinToken'])).toBe('secret "joinToken" is damaged');
    expect((await secrets.list())[0]).toMatchObject({ name: 'joinToken', problem: 'secret "joinToken" is damaged' });
    expect(await secrets.set('joinToken', 'geheim-1')).toContain('is set');
  });

  it('are removed, with who cannot boot any more', async () => {
    const { secrets, events } = await setUp({ joinToken: 'geheim-1' });
    expect(await secrets.remove('joinToken')).toBe('Secret joinToken is removed. pos-1 cannot boot without it.');
    expect(secrets.missing()).toEqual(['joinToken']);
    expect(events.kept).toMatchObject([{ type: 'secret-removed' }]);
    await expect(secrets.remove('joinToken')).rejects.toMatchObject({ code: 'not-found' });
  });

  it.each([
    ['1joinToken', 'geheim-1', 'cannot be the name'],
    ['joinToken', 'short', 'fewer than 6 characters'],
    ['joinToken', '€'.repeat(21_846), 'larger than 64 KiB'],
    ['joinToken', 'geheim-\ud800', 'not text in UTF-8'],
  ])('called %s with another value is refused', async (name, value, sentence) => {
    const { secrets } = await setUp();
    const refused = secrets.set(name, value);
    await expect(refused).rejects.toMatchObject({ code: 'usage-invalid', message: expect.stringContaining(sentence) });
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('geheim') });
  });
});
