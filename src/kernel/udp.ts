import type { Ipv4 } from './ipv4.ts';

/** Where a datagram came from or goes to. */
export type Endpoint = { readonly address: Ipv4; readonly port: number };

/** A bound UDP socket, as rooms see it. */
export interface UdpSocket {
  readonly local: Endpoint;
  /** Sends without waiting; a failed send is reported to `onSendError` and lost, as datagrams are. */
  send(bytes: Uint8Array, to: Endpoint): void;
  /**
   * Most datagrams will go to `peer` and come from there: they cost less from now on, for a second descriptor. Whoever else
   * writes is heard as before. Called at most once; left out where it cannot be done.
   */
  favour?(peer: Endpoint): void;
  close(): Promise<void>;
}

export type UdpHandlers = {
  readonly onDatagram: (bytes: Uint8Array, from: Endpoint) => void;
  /** Left out, failed sends are lost without a word, and each send costs less. */
  readonly onSendError?: (error: Error, to: Endpoint) => void;
};

/** Opens sockets; the real one is `adapters/node/udp.ts`, tests use one over memory. */
export interface UdpPort {
  /** Port 0 asks for any free port. Fails with an AppError that says what to do (port in use, no permission, no such address). */
  open(local: Endpoint, handlers: UdpHandlers, options?: UdpOptions): Promise<UdpSocket>;
}

export type UdpOptions = {
  readonly broadcast?: boolean;
  /** Another program may have the port, too: for what is only sent, or comes by broadcast, which all of them hear. */
  readonly shared?: boolean;
};
