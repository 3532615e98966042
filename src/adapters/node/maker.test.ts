import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { MacAddress } from '../../kernel/mac.ts';
import { makerOf } from './maker.ts';

const LIST = `# hwdb

OUI:00000C*
 ID_OUI_FROM_DATABASE=Cisco Systems, Inc

OUI:0050C2001*
 ID_OUI_FROM_DATABASE=JMBS Developpements

OUI:F4F26D*
 ID_OUI_FROM_DATABASE=TP-LINK TECHNOLOGIES CO.,LTD.
`;

it('names the maker of a card by the list of systemd, and nobody for one that is not in it', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'slipway-maker-'));
  const path = join(dir, '20-OUI.hwdb');
  await writeFile(path, LIST);
  const of = (mac: string, from = path) => makerOf(mac as MacAddress, from);
  expect(await of('f4:f2:6d:01:02:03')).toBe('TP-LINK TECHNOLOGIES CO.,LTD.');
  expect(await of('00:00:0c:01:02:03')).toBe('Cisco Systems, Inc');
  expect([await of('00:50:c2:00:10:00'), await of('52:54:00:01:02:03')]).toEqual([undefined, undefined]);
  expect(await of('f4:f2:6d:01:02:03', join(dir, 'missing'))).toBeUndefined();
  await rm(dir, { recursive: true });
});
