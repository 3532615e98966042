import type { Advertised } from './advertised.ts';
import type { DrySite } from './dry-site.ts';
import { lackOfFile, lackOfTftpFile, type Read, readByTftp, SCRIPT_BYTES, tooLarge } from './fetch-file.ts';
import { lackOfEntry } from './fetch-grub.ts';

/** Why a thing that an answer names would not come, as the machine would fetch it; empty: it comes. */
export async function fetchRow(dry: DrySite, row: Advertised): Promise<readonly string[]> {
  dry.stand(row.site);
  const because = await lackOf(dry, row);
  return because === undefined ? [] : [`${row.of}: the ${row.what} ${row.name} by ${row.by.toUpperCase()}: ${because}`];
}

async function lackOf(dry: DrySite, row: Advertised): Promise<string | undefined> {
  const { name, site, what, by } = row;
  if (what === 'loader') return by === 'tftp' ? lackOfTftpFile(dry, name) : lackOfFile(dry, name);
  if (what === 'GRUB script') return lackOfEntry(dry, site);
  const text = by === 'tftp' ? await readByTftp(dry, name) : await readByHttp(dry, name);
  if ('because' in text) return text.because;
  return text.text.startsWith('#!ipxe') ? undefined : 'it is no script';
}

async function readByHttp(dry: DrySite, path: string): Promise<Read> {
  const { status, body } = await dry.http('GET', path);
  if (status !== 200) return { because: `the answer is ${status}` };
  return body.length > SCRIPT_BYTES ? { because: tooLarge(body.length) } : { text: body };
}
