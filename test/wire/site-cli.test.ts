import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { eachLine, toolEnvironment } from '../../src/lab/command.ts';
import { startDhcpServer } from '../../src/lab/dhcp-servers.ts';
import { SimMachine } from './support/machine.ts';
import { WITHIN } from './support/patience.ts';
import { type Ended, LAUNCHER, SiteLab, slipway } from './support/site-lab.ts';
import { writeTemplate } from './support/template.ts';

const MAC = '52:54:00:1c:00:01';
const STRANGER = '52:54:00:1c:00:02';
const lab = new SiteLab('br-cli', '10.43.0');
let till: SimMachine;
let configPath: string;

/** A command with the socket of the running site. */
const ask = (...args: string[]): Promise<Ended> => slipway([...args, '--socket', lab.site?.socket ?? '']);
const askJson = async <T>(...args: string[]): Promise<T> => JSON.parse((await ask(...args, '--json')).out) as T;

beforeAll(async () => {
  await lab.open();
  writeTemplate(lab, {
    slots: [
      { name: 'till-1', mac: MAC, host: 11 },
      { name: 'till-2', mac: '52:54:00:1c:00:09', host: 12 },
    ],
  });
  await lab.start();
  await lab.untilAssetsAreHere();
  configPath = join(lab.workDir, 'site.yaml');
  till = await SimMachine.plugIn(lab, 'till', MAC);
  const stranger = await SimMachine.plugIn(lab, 'stranger', STRANGER);
  await till.dhcp();
  await stranger.dhcp();
  await till.get(`/boot/script?mac=${MAC}&manufacturer=Dell&product=OptiPlex&serial=B7Q3P2`);
  await stranger.get(`/boot/script?mac=${STRANGER}&manufacturer=Acme&product=Toaster`);
  expect(await till.phoneHome(await till.phoneHomeUrl())).toBe(200);
});

afterAll(() => lab.end());

describe('of the running site', () => {
  it('status is one screen, or JSON', async () => {
    const { status, out, err } = await ask('status');
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toMatch(/^site {6}wire, ready$/m);
    expect(out).toMatch(/^revision {2}1 of template wire \([0-9a-f]{12}\)$/m);
    expect(out).toMatch(/^slots {5}1 empty, 1 enrolled; 1 unknown machine held$/m);
    expect(out).toMatch(/^nodes {4}10\.43\.0\.0\/24 {2}10\.43\.0\.1 {2}leases {2}2$/m);
    expect(await askJson('status')).toMatchObject({
      site: 'wire',
      ready: true,
      slots: { enrolled: 1, empty: 1 },
      held: 1,
    });
  });

  it('nodes are the slots, and the machines without one', async () => {
    const { status, out } = await ask('nodes');
    expect(status).toBe(0);
    expect(out).toMatch(/^till-1 +enrolled +10\.43\.0\.11 +52:54:00:1c:00:01 /m);
    expect(out).toMatch(/^till-2 +empty +- +- /m);
    expect(out).toMatch(/^m\d+ +[A-Z0-9]{4} +52:54:00:1c:00:02 +10\.43\.0\.1\d\d +Acme Toaster /m);
    expect(await askJson('nodes')).toMatchObject({
      nodes: [
        { slot: 'till-1', state: 'enrolled' },
        { slot: 'till-2', state: 'empty' },
      ],
      machines: [{ macs: [STRANGER], held: true }],
    });
  });

  it('node finds a slot, a MAC however it is written, an id and a code', async () => {
    const { machine } = await askJson<{ machine: { id: string; code: string } }>('node', STRANGER);
    const asTill = ['till-1', MAC, '52-54-00-1C-00-01'].map(async (name) => {
      const found = { name, ...(await ask('node', name)) };
      expect(found).toMatchObject({ status: 0, out: expect.stringMatching(/^serial +B7Q3P2$/m) });
    });
    const asStranger = [machine.id, machine.code, machine.code.toLowerCase()].map(async (name) =>
      expect((await ask('node', name)).out).toMatch(/^make +Acme Toaster$/m),
    );
    await Promise.all([...asTill, ...asStranger]);
  });

  it('node of a name that is not there says so, with status 2', async () => {
    const { status, out, err } = await ask('node', 'till-77');
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(/^slipway: this site has no slot or machine named "till-77" \(not-found\)\n.*slipway nodes/);
  });

  it('events are those asked for, the newest last', async () => {
    const { status, out } = await ask('events', '--slot', 'till-1', '--type', 'slot-filled', 'node-enrolled');
    expect(status).toBe(0);
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => line.split(/ {2}/)[1]?.split(' ')[0]),
    ).toEqual(['slot-filled', 'node-enrolled']);
    const rows = (await ask('events', '--limit', '3', '--json')).out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { seq: number });
    expect(rows).toHaveLength(3);
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map(({ seq }) => seq).sort((a, b) => a - b));
    expect(await ask('events', '--type', 'nonsense')).toMatchObject({
      status: 2,
      err: expect.stringContaining('node-enrolled'),
    });
    expect(await ask('events', '--limit', '0')).toMatchObject({ status: 2, err: expect.stringContaining('--limit') });
  });

  it('events --follow shows one as it happens, and ends with Ctrl-C', async () => {
    const lines: string[] = [];
    const child = follow(lines, '--type', 'lease-granted');
    try {
      await vi.waitFor(() => expect(lines.length).toBeGreaterThanOrEqual(2), { timeout: 10_000 });
      const late = await SimMachine.plugIn(lab, 'late', '52:54:00:1c:00:03');
      const { ip } = await late.dhcp();
      await vi.waitFor(() => expect(lines.at(-1)).toContain(ip), WITHIN);
      expect(lines.filter((line) => line.includes(ip ?? '?'))).toHaveLength(1);
    } finally {
      child.kill('SIGINT');
    }
  });

  it('health, readiness and metrics are there over TCP', async () => {
    for (const [path, body] of [
      ['/healthz', 'ok'],
      ['/readyz', 'ready'],
    ] as const)
      expect(await till.get(path)).toBe(body);
    const metrics = await till.get('/metrics');
    expect(metrics).toMatch(/^slipway_ready 1$/m);
    expect(metrics).toMatch(/^slipway_nodes_enrolled 1$/m);
    expect(metrics).toMatch(/^slipway_leases_active [23]$/m);
    expect(metrics).toMatch(/^slipway_dhcp_total\{kind="reply\.ack"\} \d+$/m);
  });

  it('doctor sees the running site instead of its ports', async () => {
    const { status, out } = await slipway(['doctor', '--config', configPath], {
      env: { RUNTIME_DIRECTORY: join(lab.site?.socket ?? '', '..') },
    });
    expect({ status, out }).toMatchObject({ status: 0 });
    expect(out).toMatch(/^ok +site: wire is running and ready$/m);
    expect(out).not.toMatch(/port/);
  });
});

describe('without a site', () => {
  it('events --follow ends with 3 when the site dies', async () => {
    const lines: string[] = [];
    const child = follow(lines);
    const ended = once(child, 'exit');
    await vi.waitFor(() => expect(lines.length).toBeGreaterThan(3), { timeout: 10_000 });
    await lab.site?.stop('SIGKILL');
    expect(await ended).toEqual([3, null]);
    await lab.start();
  });

  it('doctor finds all in order, and what is not with what to do', async () => {
    await lab.site?.stop();
    expect(existsSync(lab.site?.socket ?? '')).toBe(false);
    const env = { RUNTIME_DIRECTORY: lab.workDir };
    const good = await slipway(['doctor', '--config', configPath], { env });
    expect(good).toMatchObject({ status: 0, err: '' });
    expect(good.out.split('\n').filter((line) => line.startsWith('ok')).length).toBeGreaterThanOrEqual(8);
    expect(good.out).toMatch(/^ok +DHCP in nodes: nobody else answers there$/m);
    const bad = lab.write(
      'bad-site.yaml',
      `${lab.config().replace('br-cli }', 'br-none }')}dataDir: ${lab.workDir}/template.yaml/none\n`,
    );
    const found = await slipway(['doctor', '--config', bad], { env });
    expect(found.status).toBe(1);
    expect(found.out).toMatch(
      /^FAILED interface br-none: this machine has no br-none, only .*br-cli.*\n +Correct `interfaces`/m,
    );
    expect(found.out).toMatch(/^FAILED disk: \S+\/none cannot be written: ENOTDIR\n +Create it/m);
    const { checks } = JSON.parse((await slipway(['doctor', '--config', bad, '--json'], { env })).out) as {
      checks: { verdict: string }[];
    };
    expect(checks.filter(({ verdict }) => verdict === 'failed')).toHaveLength(2);
    expect(await slipway(['doctor', '--config', '/none.yaml'], { env })).toMatchObject({ status: 1 });
  });

  it('doctor asks for other DHCP servers by itself', async () => {
    const host = await lab.host('router', { address: `${lab.net}.9/24` });
    const leasing = { prefix: `${lab.net}.`, from: 230, to: 240, router: 9, workDir: lab.workDir };
    const router = await startDhcpServer('dnsmasq', host, leasing);
    try {
      const { out } = await slipway(['doctor', '--config', configPath], { env: { RUNTIME_DIRECTORY: lab.workDir } });
      expect(out).toMatch(/^LOOK +DHCP in nodes: 10\.43\.0\.9\b.* answers there, too/m);
    } finally {
      await router.stop();
    }
  });

  it.each(['status', 'nodes', 'node till-1', 'events', 'events --follow'])(
    '%s ends with 3 and says what to do',
    async (command) => {
      const { status, out, err } = await slipway([...command.split(' '), '--socket', join(lab.workDir, 'none.sock')]);
      expect({ status, out }).toEqual({ status: 3, out: '' });
      expect(err).toMatch(/^slipway: .*none\.sock.* \(site-unreachable\)\nStart it with `slipway site --config FILE`/);
    },
  );

  it('a command line that makes no sense ends with 2', async () => {
    const wrong = ['frobnicate', 'node', 'status --wrong', 'site', 'site --config x --fault y'];
    await Promise.all(
      wrong.map(async (line) => {
        const ended = { line, ...(await slipway(line.split(' '))) };
        expect(ended).toMatchObject({ status: 2, out: '', err: expect.stringMatching(/\S/) });
      }),
    );
    expect(await slipway(['--version'])).toMatchObject({ status: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });
});

function follow(lines: string[], ...args: string[]): ChildProcess {
  const argv = [LAUNCHER, 'events', '--follow', ...args, '--socket', lab.site?.socket ?? ''];
  const child = spawn(process.execPath, argv, { env: toolEnvironment(), stdio: ['ignore', 'pipe', 'inherit'] });
  eachLine(child.stdout, (line) => lines.push(line));
  return child;
}
