import type { Ipv4 } from '../../kernel/ipv4.ts';
import type { Log } from '../../kernel/ports.ts';
import type { UdpPort } from '../../kernel/udp.ts';
import { EventSink } from './event-sink.ts';
import { KernelLog } from './kernel-log.ts';
import { type SignalCounters, Teller, type TellerDeps } from './teller.ts';

/** Ports of the receivers; one without a port is off. */
export type SignalPorts = { readonly kernelLog?: number | undefined; readonly eventSink?: number | undefined };

export type ReceiversDeps = TellerDeps & { readonly udp: UdpPort; readonly log: Log; readonly ports: SignalPorts };

/** What booted systems tell by themselves, without an agent of ours. */
export interface Receivers {
  /** Opens the ports that are on, at each address. Rejects with an AppError; `stop` closes what was opened by then. */
  start(addresses: readonly Ipv4[]): Promise<void>;
  stop(): Promise<void>;
  counters(): SignalCounters;
}

export function createReceivers(deps: ReceiversDeps): Receivers {
  const { ports } = deps;
  const teller = new Teller(deps);
  const kernelLog = ports.kernelLog === undefined ? undefined : new KernelLog({ ...deps, teller });
  const eventSink = ports.eventSink === undefined ? undefined : new EventSink({ ...deps, teller });
  return {
    start: async (addresses) => {
      for (const address of addresses) {
        await kernelLog?.listen(address, ports.kernelLog ?? 0);
        await eventSink?.listen(address, ports.eventSink ?? 0);
      }
    },
    stop: async () => {
      await Promise.all([kernelLog?.close(), eventSink?.close()]);
    },
    counters: () => teller.counters(),
  };
}
