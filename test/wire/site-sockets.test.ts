import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Argv, run } from '../../src/lab/command.ts';
import { createBridge, createHost, type Host } from '../../src/lab/network.ts';
import { SimMachine } from './support/machine.ts';
import { LAUNCHER, runToEnd, SiteLab, sha256 } from './support/site-lab.ts';

const PASS_SOCKETS = join(import.meta.dirname, 'support/pass-sockets.pl');
const LOADER = '/usr/lib/ipxe/undionly.kpxe';
const NOBODY = 65_534;
const noCapabilities: Argv = ['setpriv', '--bounding-set=-all', '--inh-caps=-all'];
const asNobody: Argv = [
  'setpriv',
  `--reuid=${NOBODY}`,
  `--regid=${NOBODY}`,
  '--clear-groups',
  '--bounding-set=-all',
  '--inh-caps=-all',
];

/** Two networks on two devices: only sockets that are bound to their device tell where a broadcast came in. */
const TEMPLATE = `apiVersion: slipway/v1
kind: SiteTemplate
metadata: { name: sockets }
spec:
  networks:
    nodes: { subnet: 10.48.0.0/24, pool: "+100..+199" }
    tills: { subnet: 10.49.0.0/24, pool: "+100..+199" }
`;

const lab = new SiteLab('br-sock', '10.48.0');
const config = lab.config().replace('}', ', tills: br-sock2 }');
const hosts: Host[] = [];

beforeAll(async () => {
  await lab.open();
  await createBridge('br-sock2', '10.49.0.1/24');
  lab.write('template.yaml', TEMPLATE);
});

afterEach(() => lab.site?.stop());

afterAll(async () => {
  for (const host of hosts) await host.close();
  await run(['ip', 'link', 'del', 'br-sock2']);
  await lab.end();
});

it('a site of two networks does not start without them, and says why', async () => {
  await expect(lab.start({ config })).rejects.toThrow(
    /nothing tells the broadcasts of these networks apart.*interface-ambiguous/,
  );
});

it('with sockets of systemd, and neither root nor any capability, it serves both', async () => {
  const user = await leastUser();
  const sockets = [
    'dhcp-nodes,dgram,0.0.0.0,67,br-sock',
    'dhcp-tills,dgram,0.0.0.0,67,br-sock2',
    'tftp,dgram,0.0.0.0,69,',
    'http,stream,0.0.0.0,80,',
  ];
  const give = 'mkdir -p "$0" && chown -R "$1" "$0" "$RUNTIME_DIRECTORY" && shift && exec "$@"';
  const site = await lab.start({
    config,
    on: (argv) => [
      'sh',
      '-c',
      give,
      lab.dataDir,
      user.owner,
      PASS_SOCKETS,
      ...sockets,
      '--',
      ...user.become,
      '--',
      ...argv,
    ],
  });
  const status = readFileSync(`/proc/${site.pid}/status`, 'utf8');
  expect(status).toMatch(new RegExp(`^Uid:\\s+${user.uid}\\s`, 'm'));
  expect(status).toMatch(/^CapEff:\s*0+$/m);

  const machine = await SimMachine.plugIn(lab, 'sock', '52:54:00:20:00:01');
  expect(await machine.dhcp()).toMatchObject({
    ip: expect.stringMatching(/^10\.48\.0\.1\d\d$/),
    serverid: '10.48.0.1',
  });
  const till = await createHost('sock2', 'br-sock2', { mac: '52:54:00:20:00:02' });
  hosts.push(till);
  const given = await new SimMachine(lab, till, '52:54:00:20:00:02').dhcp();
  expect(given).toMatchObject({ ip: expect.stringMatching(/^10\.49\.0\.1\d\d$/), serverid: '10.49.0.1' });

  for (const [host, address] of [
    [machine.host, '10.48.0.1'],
    [till, '10.49.0.1'],
  ] as const) {
    expect(await host.exec(['curl', '-sSf', `http://${address}/readyz`])).toBe('ready');
    const local = join(lab.workDir, `got-${host.name}`);
    await host.exec(['atftp', '--option', 'blksize 1468', '--get', '-r', 'undionly.kpxe', '-l', local, address, '69']);
    expect(sha256(readFileSync(local))).toBe(sha256(readFileSync(LOADER)));
  }
});

/** An unprivileged user; where a checkout lies in somebody's private folder, or the lab is not root itself, the own one without capabilities. */
async function leastUser(): Promise<{ readonly uid: number; readonly owner: string; readonly become: Argv }> {
  const { status } = await runToEnd([...asNobody, '--', process.execPath, LAUNCHER, '--version']);
  if (status === 0) return { uid: NOBODY, owner: `${NOBODY}:${NOBODY}`, become: asNobody };
  return { uid: 0, owner: '0:0', become: noCapabilities };
}
