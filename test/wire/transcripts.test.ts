import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tied } from '../../src/lab/command.ts';
import type { Host } from '../../src/lab/network.ts';
import { WORLDS, worldTemplate } from '../lab/support/worlds.ts';
import { readTranscript, type Step } from '../packets/transcript.ts';
import { SiteLab, sha256 } from './support/site-lab.ts';
import { INITRD, KERNEL } from './support/template.ts';

/** What each firmware of the lab said, and was told. Beside whom the site adds the boot makes no difference to it. */
const RECORDED = {
  authoritative: ['seabios', 'ovmf', 'ovmf-http', 'aavmf'],
  'proxy beside kea': ['seabios-beside-dnsmasq', 'ovmf-beside-kea'],
} as const;

type Told = { readonly way: '<' | 'blocks'; readonly from?: string; readonly to?: string; readonly hex?: string } & {
  readonly count?: number;
  readonly total?: number;
};

const asJson = (step: Step): object =>
  step.way === 'blocks' ? step : { ...step, bytes: undefined, hex: Buffer.from(step.bytes).toString('hex') };

/** The loader of today may be longer than that of the day of the recording. */
function withoutSize(told: Told): Told {
  const text = Buffer.from(told.hex ?? '', 'hex').toString('latin1');
  if (told.way === 'blocks') return { way: 'blocks' };
  return text.startsWith('\0\u0006') ? { ...told, hex: text.replace(/(tsize\0)\d+/, '$1N') } : told;
}

async function replay(on: Host, name: string, site: string): Promise<{ recorded: Told[]; heard: Told[] }> {
  const { mac, steps } = readTranscript(name);
  const script = fileURLToPath(new URL('support/replay-transcript.py', import.meta.url));
  const [program, ...args] = tied(on.argv('python3', script, mac, site));
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  child.stdin.end(JSON.stringify(steps.map(asJson)));
  const heard = JSON.parse(await text(child.stdout)) as Told[];
  await ended;
  const recorded = steps.filter(({ way }) => way === '<' || way === 'blocks').map((step) => asJson(step) as Told);
  return { recorded, heard };
}

describe.each(Object.entries(RECORDED))('firmware in the lab, %s', (world, names) => {
  const lab = new SiteLab(`br-rec-${world.length}`, '10.77.0');
  let host: Host;

  beforeAll(async () => {
    await lab.open();
    lab.write(
      'template.yaml',
      worldTemplate(WORLDS[world as keyof typeof WORLDS], { arch: 'amd64', console: 'ttyS0' }),
    );
    const vars = {
      mac: readTranscript(names[0]).mac,
      kernel: `file://${lab.write('vmlinuz', KERNEL)}`,
      kernelSha256: sha256(KERNEL),
      initramfs: `file://${lab.write('initrd.img', INITRD)}`,
      initramfsSha256: sha256(INITRD),
    };
    await lab.start({ config: lab.config(`vars: ${JSON.stringify(vars)}\n`) });
    host = await lab.host('firmware', { mac: vars.mac });
  });

  afterAll(() => lab.end());

  it.each([...names])('%s is told what it was told then', async (name) => {
    const { recorded, heard } = await replay(host, name, lab.address);
    expect(recorded.length).toBeGreaterThan(0);
    expect(heard.map(withoutSize)).toEqual(recorded.map(withoutSize));
    const said = heard.map(({ hex }) => Buffer.from(hex ?? '', 'hex').toString('latin1')).join('');
    const size = /tsize\0(\d+)/.exec(said)?.[1];
    const [blocks] = heard.filter(({ way }) => way === 'blocks');
    expect(blocks?.total).toBe(size === undefined ? undefined : Number(size));
    expect(lab.complaints()).toEqual([]);
  });
});
