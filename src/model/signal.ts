import type { Digest } from '../kernel/digest.ts';
import type { Ipv4 } from '../kernel/ipv4.ts';
import type { MacAddress } from '../kernel/mac.ts';
import type { BootWay, RouterWords } from './boot-way.ts';
import type { Claim } from './machine.ts';
import type { OrderId } from './order.ts';

/** What was seen of a machine, in the words of the room that saw it. `at` is milliseconds since 1970. */
export type Signal = {
  readonly at: number;
} /** A DISCOVER that was answered or could not be, or a REQUEST that was granted. */ & (
  | {
      readonly kind: 'dhcp';
      readonly mac: MacAddress;
      readonly client: 'firmware' | 'ipxe' | 'os';
      /** Row of the table of client kinds, such as `bios` or `uefi-x64`. */
      readonly clientKind: string;
      readonly message: 'discover' | 'request';
      readonly uuid?: string;
      readonly hostname?: string;
      readonly clientId?: string;
      readonly address?: Ipv4;
      /** How its firmware is answered, and the loader that comes next if this one does not run. */
      readonly way?: BootWay;
      readonly spare?: string;
      /** It was answered in all ways that there are, and takes none. */
      readonly deafTo?: RouterWords;
    }
  /** A loader went out by TFTP or HTTP. */
  | { readonly kind: 'loader'; readonly mac: MacAddress; readonly file: string; readonly done: boolean }
  /** The loader asked for its script; `answer` is what it was told. */
  | {
      readonly kind: 'script';
      readonly claim: Claim;
      readonly address: Ipv4;
      readonly answer: ScriptAnswer;
      /** The revision by which it was answered. */
      readonly revision?: Digest;
      readonly errno?: string;
    }
  /** Bytes of a kernel or initramfs went out. */
  | {
      readonly kind: 'asset';
      readonly mac: MacAddress;
      readonly digest: Digest;
      readonly file: string;
      readonly bytesSent: number;
      readonly sizeBytes: number;
      readonly done: boolean;
    }
  /** It pulled an image from the mirror: so many bytes, of what it did not have. */
  | { readonly kind: 'image'; readonly mac: MacAddress; readonly image: string; readonly sizeBytes: number }
  /** The booted system fetched a document. */
  | { readonly kind: 'document'; readonly mac: MacAddress; readonly document: string; readonly address: Ipv4 }
  /** The machine fetched a secret document: of an install, this is an attempt. */
  | { readonly kind: 'secret-document'; readonly mac: MacAddress; readonly document: string; readonly address: Ipv4 }
  /** Somebody asked for a secret that is not theirs. */
  | { readonly kind: 'secret-refused'; readonly address: Ipv4; readonly mac?: MacAddress; readonly because: string }
  /** One line of the kernel or of the system's own services, as received. `level` is that of syslog, 0 to 7. */
  | { readonly kind: 'system-log'; readonly mac: MacAddress; readonly line: string; readonly level: number }
  /** A Talos machine says how its boot sequence goes. */
  | {
      readonly kind: 'talos-event';
      readonly mac: MacAddress;
      readonly what: string;
      readonly stage: string;
      readonly failed: boolean;
    }
  /** Time passed; nothing else. What has a term ends by it. */
  | {
      readonly kind: 'tick';
      /** Since when this site hears its machines without a break, by a clock that nobody set meanwhile. */
      readonly listeningSince?: number;
    }
  /** The node says that it is up: proof of the whole way. */
  | {
      readonly kind: 'phone-home';
      readonly mac: MacAddress;
      readonly issuedAt: number;
      readonly hostname?: string;
      readonly instanceId?: string;
    }
  /** One step that the node reports, as cloud-init's webhook does. */
  | {
      readonly kind: 'report';
      readonly mac: MacAddress;
      readonly issuedAt: number;
      readonly name: string;
      readonly phase: 'start' | 'finish' | 'other';
      readonly result?: string;
      readonly description?: string;
    }
);

/** What a boot decision came to, as far as others need to know. */
export type ScriptAnswer =
  | { readonly kind: 'live'; readonly slot: string; readonly profile: string }
  | {
      readonly kind: 'install';
      readonly slot: string;
      readonly profile: string;
      readonly order: OrderId;
      /** It has the words that erase the disk. */
      readonly wipe?: true;
    }
  /** `code`: what its screen shows now; missing where somebody else asked in its name. */
  | { readonly kind: 'hold'; readonly code?: string }
  /** What it is to boot is not complete here yet; it asks again by itself. */
  | { readonly kind: 'wait'; readonly because: string }
  /** Many start at once: it has this place in the queue, counted from 1, and asks again by itself. */
  | { readonly kind: 'queue'; readonly place: number }
  | { readonly kind: 'local'; readonly because: string; readonly code?: string }
  | { readonly kind: 'refuse'; readonly because: string; readonly code?: string };

/** Where rooms tell what they saw. Never waits, never throws: a packet must not stall for a diary. */
export interface SignalSink {
  observe(signal: Signal): void;
  /** For what is answered with "got it": resolves when the signal is on disk. Rejects as `Store.commit` does. */
  record(signal: Signal): Promise<void>;
}
