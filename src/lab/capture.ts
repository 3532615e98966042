import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { AppError } from '../kernel/errors.ts';
import { type Argv, cannotStart, eachLine, tied, toolEnvironment } from './command.ts';

/** How the files of a capture begin; behind it come a number and a time. */
export const CAPTURE_PREFIX = 'capture';

/** The kernel hands packets over in blocks, at the latest after the 250 ms that dumpcap asks for; the last is lost else. */
const HAND_OVER_MS = 300;

/** What goes over a network device, in files that tcpdump and Wireshark read. */
export type Capture = {
  /** Done when the last packet is in its file. */
  stop(): Promise<void>;
};

/**
 * What records a device into `folder`. Bounded: the newest 48 MB are kept, and of each packet as much as one without
 * offloading can carry, so that of bulk only the beginning of each burst is there.
 */
export function captureArgv(device: string, folder: string): Argv {
  const bounds = ['-s', '1600', '-b', 'filesize:16000', '-b', 'files:3'];
  return ['dumpcap', '-q', '-i', device, '-P', ...bounds, '-w', join(folder, `${CAPTURE_PREFIX}.pcap`)];
}

/**
 * Records a device of the current network namespace from now on.
 * @throws AppError `tool-missing` or `lab-failed` if that cannot be done
 */
export async function startCapture(device: string, folder: string): Promise<Capture> {
  const argv = captureArgv(device, folder);
  const [program, ...args] = tied(argv);
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: toolEnvironment() });
  const ended = once(child, 'close');
  await untilItRecords(child, argv);
  return {
    stop: async () => {
      await new Promise((resolve) => setTimeout(resolve, HAND_OVER_MS));
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function untilItRecords(child: ChildProcess, argv: Argv): Promise<void> {
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    eachLine(child.stderr, (line) => {
      said.push(line);
      if (line.startsWith('File: ')) resolve();
    });
    child.once('error', (cause) => reject(cannotStart(argv, cause)));
    child.once('close', () => reject(new AppError('lab-failed', `dumpcap records nothing: ${said.join(' ')}`)));
  });
}
