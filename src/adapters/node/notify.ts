import { execFile } from 'node:child_process';
import type { Log } from '../../kernel/ports.ts';

/** Tells systemd how far the service is. Never fails: a service that could not say so still serves. */
export interface Notifier {
  ready(): Promise<void>;
  stopping(): Promise<void>;
  /** Due at least every `WATCHDOG_USEC` if the unit sets `WatchdogSec=`. */
  watchdog(): Promise<void>;
  /** One line that `systemctl status` shows. */
  status(sentence: string): Promise<void>;
}

/**
 * Node opens no AF_UNIX datagram sockets, so the messages of sd_notify(3) go through the program `systemd-notify`. It
 * is a child of ours: the unit needs `NotifyAccess=all`. Without `socket` (NOTIFY_SOCKET) all of it does nothing.
 */
export function createNotifier(socket: string | undefined, log: Log, program = 'systemd-notify'): Notifier {
  const send = (...messages: string[]) =>
    new Promise<void>((resolve) => {
      if (!socket) return resolve();
      const env = { ...process.env, NOTIFY_SOCKET: socket };
      execFile(program, messages, { env, timeout: 5_000 }, (error) => {
        if (error) log.warn({ error, messages }, 'systemd was not told how the service does');
        resolve();
      });
    });
  return {
    ready: () => send('READY=1'),
    stopping: () => send('STOPPING=1'),
    watchdog: () => send('WATCHDOG=1'),
    status: (sentence) => send(`STATUS=${sentence.replaceAll('\n', ' ')}`),
  };
}
