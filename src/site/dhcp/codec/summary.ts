import { UNSPECIFIED } from '../../../kernel/ipv4.ts';
import type { DhcpMessage } from './message.ts';
import { BROADCAST_FLAG } from './message.ts';
import { formatOption } from './options.ts';
import { formatHex } from './values.ts';

/** A message as lines of text: what a capture tool would print, for logs at debug level and for goldens. */
export function formatMessage(message: DhcpMessage): string {
  const addresses = (['ciaddr', 'yiaddr', 'siaddr', 'giaddr'] as const)
    .filter((field) => message[field] !== UNSPECIFIED)
    .map((field) => `${field} ${message[field]}`);
  const flags = message.flags & BROADCAST_FLAG ? ['broadcast'] : [];
  const lines = [
    `${message.op === 1 ? 'request' : 'reply'} xid ${message.xid.toString(16).padStart(8, '0')} secs ${message.secs} hops ${message.hops}`,
    `chaddr ${formatHex(message.chaddr.subarray(0, message.hlen)) || 'none'} (type ${message.htype})`,
    ...[[...addresses, ...flags].join(' ')].filter((line) => line !== ''),
    ...(message.sname ? [`sname ${JSON.stringify(message.sname)}`] : []),
    ...(message.file ? [`file ${JSON.stringify(message.file)}`] : []),
    ...message.options.map(formatOption),
  ];
  return `${lines.join('\n')}\n`;
}
