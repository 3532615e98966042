import { describe, expect, it } from 'vitest';
import type { MacAddress } from '../../kernel/mac.ts';
import type { HttpAnswer } from './http-fetch.ts';
import { Journey } from './journey.ts';
import { simKind } from './kinds.ts';
import type { Goal } from './report.ts';
import { runLoader } from './run-loader.ts';

const FILE = 'http://site/assets/sha256';
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
// biome-ignore lint/suspicious/noTemplateCurlyInString: a setting of iPXE
const entry = '#!ipxe\nchain --timeout 30000 http://site/boot/script?mac=${netX/mac}\n';
const live = `#!ipxe\necho Next: 1 files (1 MiB) come from the site, then live starts in memory.\nkernel --timeout 1 --name kernel ${FILE}/${EMPTY}/vmlinuz ds=nocloud-net;s=http://site/n/\nboot\n`;

async function run(script: string, goal: Goal) {
  const asked: string[] = [];
  const told: string[] = [];
  const http = async ({ url }: { url: string }): Promise<HttpAnswer> => {
    asked.push(url);
    return {
      status: 200,
      announcedBytes: 0,
      bytes: 0,
      sha256: EMPTY,
      text: url.includes('/boot/script') ? script : '',
    };
  };
  const client = { mac: '02:5c:00:00:00:01' as MacAddress, kind: simKind('uefi'), http };
  const outcome = await runLoader(entry, {
    ...{ client, journey: new Journey(), goal, hurry: 1, signal: new AbortController().signal },
    onTold: (what) => told.push(what),
    pause: async () => undefined,
  }).catch((error: unknown) => `failed: ${error instanceof Error ? error.message : error}`);
  return { asked, told, outcome };
}

describe('a simulated loader', () => {
  it('asks in the name of its machine, fetches what it is told and gives the command line', async () => {
    const { asked, told, outcome } = await run(live, 'files');
    expect(asked).toEqual(['http://site/boot/script?mac=02:5c:00:00:00:01', `${FILE}/${EMPTY}/vmlinuz`]);
    expect(told).toEqual(['live']);
    expect(outcome).toBe('ds=nocloud-net;s=http://site/n/');
  });

  it('with its script as its goal fetches no file', async () => {
    const { asked, outcome } = await run(live, 'script');
    expect(asked).toHaveLength(1);
    expect(outcome).toBeUndefined();
  });

  it('never fetches a file of an install', async () => {
    const script = live.replace(
      'echo ',
      'echo pos INSTALLS on the disk of this machine, ordered by eva (attempt 1 of 3).\necho ',
    );
    const { asked, told, outcome } = await run(script, 'enrolled');
    expect(asked).toHaveLength(1);
    expect(told).toEqual(['install']);
    expect(outcome).toMatch(/^failed: is told to install/);
  });

  it('does not believe bytes that are not those of their name', async () => {
    const { outcome } = await run(live.replace(EMPTY, 'a'.repeat(64)), 'files');
    expect(outcome).toMatch(/^failed: other bytes than its name promises/);
  });

  it('says why it went on with its own disk', async () => {
    const script = '#!ipxe\necho Going on with the local disk: the site knows no slot for this machine.\nexit 1\n';
    const { told, outcome } = await run(script, 'files');
    expect(told).toEqual(['local']);
    expect(outcome).toMatch(/^failed: goes on with the local disk \(.*knows no slot/);
  });

  it('is honest about a command that it does not know', async () => {
    const { outcome } = await run('#!ipxe\nfrobnicate\n', 'files');
    expect(outcome).toMatch(/^failed: the script has the command frobnicate/);
  });
});
