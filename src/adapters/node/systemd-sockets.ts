/** A socket that systemd opened for us, with the name that its unit gives it (`FileDescriptorName=`). */
export type PassedSocket = { readonly fd: number; readonly name: string };

/** The environment by which sd_listen_fds(3) tells of sockets. */
export type ListenEnvironment = {
  readonly LISTEN_FDS?: string | undefined;
  readonly LISTEN_PID?: string | undefined;
  readonly LISTEN_FDNAMES?: string | undefined;
};

/** SD_LISTEN_FDS_START of sd-daemon.h. */
const FIRST_FD = 3;

/**
 * The sockets passed by systemd: descriptors from 3 on, in the order of the unit. None if `LISTEN_PID` names a process
 * that is not in `pids`: then they were meant for somebody else, and whatever has these numbers here is ours.
 * `pids` holds this process, and its launcher if that passed them on.
 */
export function passedSockets(env: ListenEnvironment, pids: readonly number[]): readonly PassedSocket[] {
  const count = Number(env.LISTEN_FDS ?? 0);
  if (!Number.isInteger(count) || count < 1 || !pids.includes(Number(env.LISTEN_PID))) return [];
  const names = env.LISTEN_FDNAMES?.split(':') ?? [];
  return Array.from({ length: count }, (_, i) => ({ fd: FIRST_FD + i, name: names[i] || 'unknown' }));
}
