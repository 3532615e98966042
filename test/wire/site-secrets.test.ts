import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { SecretList } from '../../src/wire/api/secrets.ts';
import { SimMachine } from './support/machine.ts';
import { WITHIN } from './support/patience.ts';
import { type Ended, LAUNCHER, runToEnd, SiteLab, slipway } from './support/site-lab.ts';
import { writeTemplate } from './support/template.ts';

const MAC = '52:54:00:5e:00:01';
const VALUE = 'q7-Rather+Secret/9';
const PASSWORD = 'pa55-of-the-root';
const PROGRAM = new URL('support/talos-node.ts', import.meta.url).pathname;

const lab = new SiteLab('br-secret', '10.46.0');
const outside = new SiteLab('br-secret-src', '10.47.0');
let till: SimMachine;
let token = '';

const socket = () => ['--socket', lab.site?.socket ?? ''];
const ask = (...args: string[]): Promise<Ended> => slipway([...args, ...socket()]);
/** As a person types it: the value comes from another program. */
const pipe = (text: string, ...args: string[]): Promise<Ended> => {
  const source = outside.write('typed', text);
  return runToEnd(['sh', '-c', 'f=$1; shift; exec "$@" <"$f"', 'sh', source, process.execPath, LAUNCHER, ...args]);
};
const listed = async () => (JSON.parse((await ask('secret', 'list', '--json')).out) as SecretList).secrets;

beforeAll(async () => {
  await lab.open();
  writeTemplate(lab, {
    slots: [{ name: 'box-1', mac: MAC, host: 11, profile: 'box' }],
    profiles: `    box:
      kind: install
      boots: tiny
      cmdline: { ds: "nocloud-net;s=@{boot.url.nocloud}" }
      documents:
        user-data: { secret: true, text: "#cloud-config\\ntoken: @{secret.joinToken}\\nroot: @{secret.rootPassword}\\n" }
      install: { completes: phone-home, attempts: 2, within: 10m }`,
    more: '  secrets: { joinToken: {}, rootPassword: {} }',
  });
  const place = outside.write('root-password', `${PASSWORD}\n`, 0o600);
  await lab.start({
    config: lab.config(`secrets: { rootPassword: { file: ${place} } }\nsignals: { kernelLog: 3001 }\n`),
    args: ['--log-level', 'debug'],
  });
  await lab.untilAssetsAreHere();
  await ask('arm');
  till = await SimMachine.plugIn(lab, 'secret', MAC);
});

afterAll(() => lab.end());

async function powerOn(): Promise<string> {
  await till.dhcp({ vendorClass: 'PXEClient:Arch:00007:UNDI:003016', send: ['0x5d:0007'] });
  return till.get(`/boot/script?mac=${MAC}&platform=efi&buildarch=x86_64&manufacturer=Dell&product=OptiPlex`);
}

describe('slipway secret', () => {
  it('says what is wanted and not set, and machines wait for it', async () => {
    expect((await ask('status')).out).toContain('secrets   not set: joinToken (slipway secret set NAME)');
    const { out } = await ask('secret', 'list');
    expect(out).toMatch(/^joinToken +NOT SET: slipway secret set joinToken +box-1$/m);
    expect(out).toMatch(/^rootPassword +in \/.*root-password +box-1$/m);
    await powerOn();
    await vi.waitFor(async () => expect(await powerOn()).toContain('secret joinToken is not set'), WITHIN);
  });

  it('takes a value from standard input or a file, and shows it nowhere', async () => {
    const set = await pipe(`${VALUE}\n`, 'secret', 'set', 'joinToken', ...socket());
    expect(set).toEqual({ status: 0, out: 'Secret joinToken is set, encrypted on the disk of the site.\n', err: '' });
    const file = outside.write('spare', 'spare-value-of-a-file');
    expect(await ask('secret', 'set', 'spare', '--file', file, '--json')).toMatchObject({ status: 0 });
    expect(await listed()).toMatchObject([
      { name: 'joinToken', from: 'store', wantedBy: ['box-1'] },
      { name: 'rootPassword', from: 'file' },
      { name: 'spare', from: 'store', wantedBy: [] },
    ]);
    expect(await ask('secret', 'remove', 'spare')).toMatchObject({ out: 'Secret spare is removed.\n' });
  });

  it('refuses what it cannot keep, with a sentence', async () => {
    expect((await pipe('short', 'secret', 'set', 'x', ...socket())).err).toContain('fewer than 6 characters');
    expect((await pipe('long enough', 'secret', 'set', 'rootPassword', ...socket())).err).toContain('as the site file');
    expect((await ask('secret', 'remove', 'nobody')).err).toContain('(not-found)');
    expect((await ask('secret', 'set', 'x', '--file', '/none')).err).toContain('ENOENT');
  });

  it('is for the terminal: the network is told nothing', async () => {
    for (const path of ['/api/v1/secrets', '/api/v1/secrets/joinToken/set', '/api/v1/secrets/joinToken/remove']) {
      const post = path.endsWith('secrets')
        ? []
        : ['-H', 'content-type: application/json', '--data', '{"value":"evil-evil"}'];
      const { out } = await till.curl(...post, till.url(path));
      expect(JSON.parse(out)).toMatchObject({ error: { code: 'terminal-only' } });
    }
  });
});

describe('an install with secrets', () => {
  it('is given them, and leaks all of them as systems do', async () => {
    const script = await powerOn();
    const seed = /ds=nocloud-net;s=(http\S+\/t\/([\w-]{44})\/)/.exec(script);
    token = seed?.[2] ?? '';
    await till.dhcp();
    await till.get(`${seed?.[1]}meta-data`);
    expect(await till.get(`${seed?.[1]}user-data`)).toBe(`#cloud-config\ntoken: "${VALUE}"\nroot: "${PASSWORD}"`);
    const home = /url: ["']?(http\S+?phone-home)/.exec(await till.get(`${seed?.[1]}vendor-data`))?.[1] ?? '';
    const report = JSON.stringify({
      name: VALUE,
      event_type: 'start',
      description: `joins with ${VALUE}`,
      result: PASSWORD,
    });
    await till.curl('--data', report, home.replace('phone-home', 'report'));
    const line = JSON.stringify({
      msg: `error: ${VALUE} ${PASSWORD}`,
      priority: 'err',
      facility: 'kern',
      seq: 1,
      clock: 1,
    });
    await till.host.exec([process.execPath, PROGRAM, 'tcp', lab.address, '3001', line]);
    await till.curl('-o', '/dev/null', till.url(`/nocloud/${encodeURIComponent(VALUE)}/user-data`));
    const { out } = await till.curl('-o', '/dev/null', '-w', '%{http_code}', '--data', `hostname=${VALUE}`, home);
    expect(out).toBe('200');
    await vi.waitFor(async () => expect((await lab.node('box-1')).node?.state).toBe('enrolled'), WITHIN);
    const { events } = await lab.ask<{ events: readonly { type: string }[] }>('/api/v1/events?limit=1000');
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['secret-set', 'secret-fetched', 'system-log']),
    );
  });

  it('leaves no trace of them: not in database, events, order log, revision, log, or anywhere else', async () => {
    const shown = await Promise.all([ask('events', '--json'), ask('node', 'box-1', '--json'), ask('status', '--json')]);
    await lab.site?.stop();
    const secrets = [VALUE, PASSWORD].flatMap((value) => [
      value,
      encodeURIComponent(value),
      Buffer.from(value).toString('base64').replace(/=+$/, ''),
      Buffer.from(value).toString('hex'),
    ]);
    // The capture is of the wire, where the machine itself was given them.
    const kept = filesBelow(lab.workDir).filter((path) => !path.endsWith('.pcap'));
    const found = kept.flatMap((path) => {
      const bytes = readFileSync(path);
      return [...secrets, token].filter((text) => bytes.includes(text)).map((text) => `${path}: ${text}`);
    });
    expect(found).toEqual([]);
    expect(secrets.filter((text) => JSON.stringify(shown).includes(text))).toEqual([]);
    expect(filesBelow(lab.dataDir).some((path) => path.endsWith('secrets/joinToken'))).toBe(true);
  });
});

describe('a store of secrets that is damaged', () => {
  it('keeps no site from starting, is named, and is mended by setting the secret again', async () => {
    const path = join(lab.dataDir, 'secrets', 'joinToken');
    writeFileSync(path, readFileSync(path).subarray(0, -3));
    await lab.start();
    expect((await ask('secret', 'list')).out).toMatch(
      /^joinToken +UNREADABLE: secret "joinToken" cannot be decrypted/m,
    );
    expect(lab.log().some(({ msg }) => String(msg).includes('secret "joinToken" cannot be decrypted'))).toBe(true);
    expect(await pipe(VALUE, 'secret', 'set', 'joinToken', ...socket())).toMatchObject({ status: 0 });
    expect((await listed())[0]).not.toHaveProperty('problem');
    await lab.site?.stop();
    writeFileSync(join(lab.dataDir, 'secret.key'), 'not a key');
    await lab.start();
    expect((await pipe(VALUE, 'secret', 'set', 'joinToken', ...socket())).err).toContain('(secret-damaged)');
    expect((await ask('status')).status).toBe(0);
  });
});

function filesBelow(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
