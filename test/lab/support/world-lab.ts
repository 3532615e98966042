import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { labCacheDir } from '../../../src/lab/cache.ts';
import { demoSite, prepareArm64System, prepareDemoSystem } from '../../../src/lab/demo-site.ts';
import { type RunningServer, startDhcpServer, startRelay } from '../../../src/lab/dhcp-servers.ts';
import { FIRMWARES, type FirmwareName } from '../../../src/lab/firmware.ts';
import { createHost, type Host, makeRouter } from '../../../src/lab/network.ts';
import { LabRun, TEST_MAC } from './lab-machine.ts';
import { WORLDS, type World, type WorldName, worldTemplate } from './worlds.ts';

/** Three probes, but without the minute in which a switch lets nothing through. */
const LOOK_SOON = ['--fault', 'look-delay=1500'];
const FOUND_WITHIN_MS = 60_000;
const REFUSED_WITHIN_MS = 120_000;
const ROUTER = '10.77.0.5';
const [THEIRS, OURS, FAR] = [/^10\.77\.0\.2(0\d|1\d|20)$/, /^10\.77\.0\.1\d\d$/, /^10\.78\.0\.1\d\d$/];

/** A site, one machine, and whoever else is there. To be made where tests are declared. */
export class WorldLab {
  readonly run: LabRun;
  readonly #world: World;
  readonly #firmware: FirmwareName;
  readonly #hosts: Host[] = [];
  readonly #servers: RunningServer[] = [];

  constructor(name: WorldName, firmware: FirmwareName, folder: string) {
    this.run = new LabRun(`${folder}-${firmware}-${name.replaceAll(' ', '-')}`);
    this.#world = WORLDS[name];
    this.#firmware = firmware;
  }

  /** Switches the machine on and waits until the site hears that its system is up, with an address of whoever leases. */
  async bootsToEnrolled(withinMs: number): Promise<void> {
    const system = await this.#start();
    if (this.#world.finds) await this.#untilFound(this.#world.finds);
    const bridge = this.#world.isRelayed ? 'br1' : 'br0';
    if (this.#firmware.endsWith('-secure')) await this.#isRefused(system.memoryMb, bridge);
    await this.run.switchOn(this.#firmware, system.memoryMb, undefined, bridge);
    const { slot } = await this.run.waitForEvent('enrolled', ({ type }) => type === 'node-enrolled', withinMs);
    expect(slot).toBe('till-1');
    const remotes = [...this.run.log().matchAll(/"remote":"([\d.]+)".*boot script: live/g)].map(([, from]) => from);
    const isTheirs = this.#world.server !== undefined;
    expect(remotes.at(-1)).toMatch(isTheirs ? THEIRS : this.#world.isRelayed ? FAR : OURS);
    expect(this.run.events.some(({ type }) => type === 'lease-granted')).toBe(!isTheirs);
    expect(this.run.log()).not.toMatch(/"level":50/);
  }

  async end(): Promise<void> {
    await this.run.end();
    for (const server of this.#servers) await server.stop();
    for (const host of this.#hosts) await host.close();
  }

  async #start() {
    const isArm64 = this.#firmware.startsWith('arm64');
    const system = await (isArm64 ? prepareArm64System : prepareDemoSystem)(labCacheDir(), () => undefined);
    const template = join(this.run.workDir, 'template.yaml');
    const console = FIRMWARES[this.#firmware].serialConsole;
    writeFileSync(template, worldTemplate(this.#world, { arch: isArm64 ? 'arm64' : 'amd64', console }));
    const config = await demoSite(system, { mac: TEST_MAC }, template);
    if (this.#world.isRelayed) await this.#startBehindRelay(config);
    else await this.#startBeside(config);
    return system;
  }

  async #startBeside(config: string): Promise<void> {
    const { server, finds } = this.#world;
    await this.run.makeBridge();
    if (server) {
      const host = await this.#host('router', ROUTER);
      const leasing = { prefix: '10.77.0.', from: 200, to: 220, router: 5, workDir: join(this.run.workDir, server) };
      this.#servers.push(await startDhcpServer(server, host, leasing));
    }
    // A bridge has a link when somebody else is on it.
    else if (finds) await this.#host('neighbour', '10.77.0.6');
    await this.run.startSite(config, finds && { args: LOOK_SOON });
  }

  async #startBehindRelay(config: string): Promise<void> {
    await this.run.makeBridge();
    await this.run.makeFarBridge();
    const router = await this.#host('router', ROUTER);
    await makeRouter(router, 'eth1', 'br1', '10.78.0.1/24');
    const site = await this.#host('site', '10.77.0.2');
    await site.exec(['ip', 'route', 'add', '10.78.0.0/24', 'via', ROUTER]);
    this.#servers.push(await startRelay(router, '10.77.0.2', join(this.run.workDir, 'dhcrelay')));
    const onHost = config.replace('nodes: br0', 'nodes: eth0');
    await this.run.startSite(onHost, { on: (argv) => site.argv(...argv) });
  }

  async #host(name: string, address: string): Promise<Host> {
    const host = await createHost(name, 'br0', { address: `${address}/24` });
    this.#hosts.push(host);
    return host;
  }

  async #untilFound(role: 'proxy' | 'authoritative'): Promise<void> {
    const { data } = await this.run.waitForEvent('finding', ({ type }) => type === 'dhcp-mode', FOUND_WITHIN_MS);
    expect(data).toMatchObject({ role });
  }

  /** What the firmware does not take is not offered to it again. */
  async #isRefused(memoryMb: number, bridge: string): Promise<void> {
    const machine = await this.run.switchOn(this.#firmware, memoryMb, undefined, bridge);
    await machine.console.waitFor(/BdsDxe: failed to load Boot\d+ "UEFI PXEv4/, REFUSED_WITHIN_MS);
    await machine.stop();
  }
}
