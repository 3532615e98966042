import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { startCapture } from '../../src/lab/capture.ts';
import { eachLine, run } from '../../src/lab/command.ts';
import { createBridge, createHost, type Host } from '../../src/lab/network.ts';
import { WITHIN } from './support/patience.ts';

const MODULE = fileURLToPath(new URL('../../src/lab/namespace.ts', import.meta.url));

/** A process that enters a namespace and there, as process 1, starts a sleeper with a mark of its own. */
const outer = (mark: string) => `
  import { spawn } from 'node:child_process';
  import { enterNamespace, isInsideNamespace } from ${JSON.stringify(MODULE)};
  if (process.argv[1] !== 'inside') {
    process.exitCode = await enterNamespace([process.execPath, '--input-type=module', '-e', process.env.SOURCE, 'inside']);
  } else {
    let signals = 0;
    for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => {
      console.log(name + ' ' + ++signals);
      setTimeout(() => process.exit(40 + signals), 200);
    });
    spawn('sh', ['-c', 'sleep ${mark} & wait'], { stdio: 'ignore' });
    setInterval(() => console.log(isInsideNamespace() && process.pid === 1 ? 'ready' : 'not inside'), 50);
  }`;

describe('a namespace of the lab', () => {
  let child: ChildProcess;
  const said: string[] = [];

  async function start(mark: string): Promise<void> {
    said.length = 0;
    const env = { ...process.env, SOURCE: outer(mark) };
    const args = ['--input-type=module', '-e', env.SOURCE, 'outside'];
    child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    eachLine(child.stdout, (line) => said.push(line));
    await vi.waitFor(() => expect(said).toContain('ready'), 20_000);
    // The sleeper is a child of a child, and may come up after that.
    await vi.waitFor(() => expect(processesWith(mark)).not.toEqual([]), WITHIN);
  }

  afterEach(() => child.kill('SIGKILL'));

  test.each(['SIGINT', 'SIGTERM'] as const)('%s comes through once, and the exit status comes back', async (signal) => {
    const mark = signal === 'SIGINT' ? '90011' : '90012';
    await start(mark);
    child.kill(signal);
    const [status] = await once(child, 'exit');
    expect(said.filter((line) => line.startsWith('SIG'))).toEqual([`${signal} 1`]);
    expect(status).toBe(41);
    await vi.waitFor(() => expect(processesWith(mark)).toEqual([]), WITHIN);
  });

  test('everything in it ends with a process that is killed outright', async () => {
    await start('90013');
    child.kill('SIGKILL');
    await vi.waitFor(() => expect(processesWith('90013')).toEqual([]), WITHIN);
  });
});

describe('a bridge with hosts', () => {
  const hosts: Host[] = [];

  afterEach(async () => {
    for (const host of hosts.splice(0)) await host.close();
    await run(['ip', 'link', 'delete', 'lab-br']);
  });

  test('a host with an address reaches the bridge, one without has none, and a closed one is off the bridge', async () => {
    await createBridge('lab-br', '10.99.0.1/24');
    const named = await createHost('named', 'lab-br', { address: '10.99.0.5/24', mac: '52:54:00:00:00:05' });
    hosts.push(named, await createHost('bare', 'lab-br'));
    await named.exec(['busybox', 'ping', '-c', '1', '-W', '5', '10.99.0.1']);
    expect(await named.exec(['ip', '-brief', 'link', 'show', 'eth0'])).toContain('52:54:00:00:00:05');
    expect(await hosts[1]?.exec(['ip', '-4', '-brief', 'address', 'show', 'eth0'])).not.toContain('10.99.');
    await named.close();
    await vi.waitFor(async () => expect(await run(['ip', '-brief', 'link'])).not.toContain('h-named'), WITHIN);
    expect(readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim()).toBe('0');
  });
});

test('a capture has what came over the device, as plain pcap that ends with a whole packet', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-capture-'));
  await createBridge('lab-br', '10.99.0.1/24');
  const host = await createHost('pinging', 'lab-br', { address: '10.99.0.5/24' });
  try {
    const capture = await startCapture('lab-br', folder);
    await host.exec(['busybox', 'ping', '-c', '1', '-W', '5', '10.99.0.1']);
    await capture.stop();
    const [file = '', ...more] = readdirSync(folder);
    expect(more).toEqual([]);
    expect(file).toMatch(/^capture_.*\.pcap$/);
    // The magic number of pcap, in the byte order of this machine.
    expect(readFileSync(join(folder, file)).readUInt32LE(0)).toBe(0xa1b2c3d4);
    const fields = ['-Y', 'icmp', '-T', 'fields', '-e', 'ip.src', '-e', 'icmp.type'];
    const packets = await run(['tshark', '-r', join(folder, file), ...fields]);
    expect(packets).toContain('10.99.0.5\t8');
    expect(packets).toContain('10.99.0.1\t0');
  } finally {
    await host.close();
    await run(['ip', 'link', 'delete', 'lab-br']);
    rmSync(folder, { recursive: true });
  }
});

/** Processes of any namespace whose command line has the mark as an argument. */
function processesWith(mark: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(mark);
    } catch {
      // It ended while we looked.
      return false;
    }
  });
}
