import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, vi } from 'vitest';
import { eachLine, tied, toolEnvironment } from '../../../src/lab/command.ts';
import type { Host } from '../../../src/lab/network.ts';
import type { SiteLab } from './site-lab.ts';

export type CrowdPlan = {
  readonly macs: readonly string[];
  readonly seed: number;
  /** An unanswered packet is followed by a DISCOVER after so long. */
  readonly retryMs: number;
  /** About so long between an ACK and the client's next question. */
  readonly pauseMs: number;
};

export type Ack = { readonly mac: string; readonly address: string; readonly tookMs: number };

const PROGRAM = fileURLToPath(new URL('dhcp-crowd.ts', import.meta.url));

/** Simulated DHCP clients at work; `acks` are all that they were given, in order. */
export class Crowd {
  readonly acks: Ack[] = [];
  readonly naks: string[] = [];
  readonly #child: ChildProcess;

  constructor(host: Host, plan: CrowdPlan) {
    const [program, ...args] = tied(host.argv(process.execPath, PROGRAM, JSON.stringify(plan)));
    this.#child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env: toolEnvironment() });
    eachLine(this.#child.stdout, (line) => {
      const [kind, mac = '', address = '', tookMs = ''] = line.split(' ');
      if (kind === 'ack') this.acks.push({ mac, address, tookMs: Number(tookMs) });
      else this.naks.push(mac);
    });
  }

  /** Resolves when `count` more ACKs have come. */
  async moreAcks(count: number, timeoutMs = 20_000): Promise<void> {
    const wanted = this.acks.length + count;
    const enough = () => expect(this.acks.length).toBeGreaterThanOrEqual(wanted);
    await vi.waitFor(enough, { timeout: timeoutMs, interval: 5 });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await ended;
  }
}

/** A host that may broadcast: it has an address outside of the pool, and a route. */
export async function crowdHost(lab: SiteLab, name: string, lastNumber: number): Promise<Host> {
  const host = await lab.host(name, { address: `${lab.net}.${lastNumber}/24` });
  await host.exec(['ip', 'route', 'add', 'default', 'dev', 'eth0']);
  return host;
}

/** `count` locally administered MACs that have `group` as their fifth byte. */
export function crowdMacs(count: number, group: number): string[] {
  const two = (n: number): string => n.toString(16).padStart(2, '0');
  return Array.from({ length: count }, (_, index) => `02:5c:00:00:${two(group)}:${two(index + 1)}`);
}
