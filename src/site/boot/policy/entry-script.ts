import type { SiteAddress } from '../../../model/site-ports.ts';
import { httpBase } from '../../../model/site-ports.ts';
import type { Line } from '../codec/ipxe.ts';
import { comment, echo, formatScript, label, run, setting, shown, word, words } from '../codec/ipxe.ts';
import { askUrl } from './ask.ts';
import { retryLines } from './retry.ts';

/** Two to four minutes without an answer: then the site is really gone, and the machine boots what it has. */
const TRIES = 10;

/**
 * The script that every loader gets first; the same for all machines. It collects what the machine knows of itself and
 * asks for the script that is meant for it, until it gets one or has asked often enough.
 */
export function renderEntryScript(siteName: string, site: SiteAddress): string {
  const ask = askUrl(httpBase(site), undefined);
  const lines: readonly Line[] = [
    comment('The same for every machine: asks the site which script is meant for this one.'),
    echo(shown(`Slipway, site ${siteName}`)),
    // netX is the interface that was opened last: the one over which this script came.
    run([...words('set nic'), setting('netX/mac')], { orElse: [] }),
    run([word('isset'), setting('nic')], { orElse: [...words('set nic'), setting('net0/mac')] }),
    echo(
      [...shown('This machine:'), setting('manufacturer'), setting('product')],
      [...shown('serial'), setting('serial'), ...shown('MAC'), setting('nic')],
    ),
    // undionly.kpxe is a 32-bit program on every PC; bit 29 of CPUID 0x80000001 EDX tells what is below it.
    run(words('set longmode unknown'), { orElse: [] }),
    run([word('iseq'), setting('buildarch'), word('i386')], { orElse: words('goto start') }),
    run([...words('cpuid --ext 29')], { andThen: words('set longmode yes'), orElse: words('set longmode no') }),
    label('start'),
    ...retryLines({
      label: 'ask',
      before: [echo(shown('Asking the site what to do...'))],
      command: [...words('chain --replace --autofree --timeout 30000'), ask],
      tries: TRIES,
      failed: 'The site does not answer. Look at the network cable',
      giveUp: 'local',
    }),
    label('local'),
    echo(shown('The site does not answer. Going on with the local disk.')),
    run([word('iseq'), setting('platform'), word('pcbios')], {
      andThen: words('sanboot --no-describe --drive 0x80'),
      orElse: [],
    }),
    run(words('exit 1')),
  ];
  return formatScript(lines);
}
