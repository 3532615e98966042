import type { Admission } from '../kernel/admission.ts';
import type { Ipv4 } from '../kernel/ipv4.ts';
import type { MacAddress } from '../kernel/mac.ts';
import type { Clock, Log } from '../kernel/ports.ts';
import { findPeer } from '../model/peer.ts';
import type { SignalSink } from '../model/signal.ts';
import type { LoaderTable, Neighbours, SiteAddress } from '../model/site-ports.ts';
import type { Store } from '../model/store.ts';
import type { AssetProgress } from './content/progress.ts';
import type { Pull } from './registry/pulls.ts';
import type { TransferReport } from './tftp/ports.ts';

type Parts = {
  readonly store: Store;
  readonly signals: SignalSink;
  readonly loaders: LoaderTable;
  /** Who is let in takes its place until its files are through. */
  readonly admission: Pick<Admission, 'moved'>;
  readonly addresses: () => readonly SiteAddress[];
  readonly neighbours: Pick<Neighbours, 'find'>;
  readonly clock: Clock;
  readonly log: Log;
};

/**
 * Bytes went out to an address; whose lease it is tells which machine came how far, and where another server leases, the
 * wire does.
 */
export function createTransferSignals(parts: Parts): {
  readonly onAsset: (progress: AssetProgress) => void;
  readonly onTftp: (report: TransferReport) => void;
  /** A machine took an image, or what it lacked of it. */
  readonly onPulled: (pull: Pull) => void;
} {
  /** At once where there is a lease: what is seen of a machine stays in order. */
  const withMac = (remote: string, then: (mac: MacAddress | undefined) => void): void => {
    const { address, lease } = findPeer(remote, '', parts.addresses(), parts.store.state);
    if (lease) then(lease.mac);
    else void parts.neighbours.find(address).then(then);
  };
  const moved = (remote: string, file: string | undefined): void => {
    const { address } = findPeer(remote, '', parts.addresses(), parts.store.state);
    parts.admission.moved(address, parts.clock.monotonic(), file);
  };
  const known = (mac: MacAddress | undefined) => {
    const machine = mac && parts.store.state.machineWith('mac', mac);
    const slot = machine && parts.store.state.bindingOfMachine(machine.id)?.slot;
    return { ...(mac && { mac }), ...(machine && { machine: machine.id }), ...(slot !== undefined && { slot }) };
  };
  return {
    onAsset: ({ remote, digest, name, bytesSent, sizeBytes, done }) => {
      moved(remote, done ? digest : undefined);
      withMac(remote, (mac) => {
        if (done) parts.log.info({ remote, ...known(mac), file: name, sizeBytes }, 'file sent');
        if (!mac) return;
        const at = parts.clock.now();
        if (parts.loaders.find(name)?.digest === digest)
          parts.signals.observe({ kind: 'loader', at, mac, file: name, done });
        else parts.signals.observe({ kind: 'asset', at, mac, digest, file: name, bytesSent, sizeBytes, done });
      });
    },
    onPulled: ({ remote, image, sizeBytes }) =>
      withMac(remote, (mac) => {
        parts.log.info({ remote, ...known(mac), image, sizeBytes }, 'image pulled');
        if (mac) parts.signals.observe({ kind: 'image', at: parts.clock.now(), mac, image, sizeBytes });
      }),
    onTftp: ({ endpoint, name, outcome, because, bytes, ms }) =>
      withMac(endpoint.address, (mac) => {
        const level = outcome === 'probe' ? 'debug' : 'info';
        parts.log[level](
          { remote: endpoint.address satisfies Ipv4, ...known(mac), file: name, outcome, because, bytes, ms },
          `TFTP transfer: ${outcome}`,
        );
        if (!mac || outcome === 'probe' || !parts.loaders.find(name)) return;
        parts.signals.observe({ kind: 'loader', at: parts.clock.now(), mac, file: name, done: outcome === 'done' });
      }),
  };
}
