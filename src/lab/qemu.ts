import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../kernel/errors.ts';
import { cannotStart, eachLine, tied, toolEnvironment } from './command.ts';
import { type Console, createConsole } from './console.ts';
import { FIRMWARES, type Firmware, type FirmwareName } from './firmware.ts';
import { withBootOrder } from './firmware-settings.ts';
import { type MachineFiles, type MachineIdentity, qemuArgv } from './qemu-argv.ts';

export type MachineOptions = MachineIdentity & {
  readonly firmware: FirmwareName;
  readonly memoryMb: number;
  /** The tap that its cable is plugged into; see `createTap`. */
  readonly tap: string;
  /** Keeps disk, firmware settings and console. What is there from an earlier run is used again. */
  readonly workDir: string;
  readonly diskSizeMb?: number;
  readonly cpus?: number;
};

/** A virtual machine that is switched on. */
export type Machine = {
  readonly console: Console;
  /** The file that gets the console byte by byte, appended to by each run. */
  readonly consolePath: string;
  /** When the machine is off, for whatever reason; `because` is what QEMU itself said, normally nothing. */
  readonly exited: Promise<{ readonly status: number | undefined; readonly because: string }>;
  /** Pulls the plug; done when the machine is off. */
  stop(): Promise<void>;
};

const STOP_GRACE_MS = 3_000;
const DISK_SIZE_MB = 4_096;
const CPUS = 2;

/**
 * Switches a virtual machine on. It is gone with the process that started it.
 * @throws AppError `tool-missing` or `lab-failed` if QEMU cannot be run
 */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  if (options.serial.startsWith('ds=')) throw new AppError('lab-failed', 'a serial must not look like a data source');
  const firmware = FIRMWARES[options.firmware];
  const files = await prepareFiles(firmware, options);
  const { memoryMb, tap, cpus = CPUS } = options;
  const argv = tied(qemuArgv(firmware, options, { memoryMb, cpus, tap, files }));
  const [program, ...args] = argv;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: toolEnvironment() });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => reject(cannotStart(argv, cause)));
  });
  return supervise(child, files);
}

function supervise(child: ChildProcess, files: MachineFiles): Machine {
  const console = createConsole();
  const complaints: string[] = [];
  eachLine(child.stdout, console.line);
  eachLine(child.stderr, (line) => complaints.push(line));
  const exited = new Promise<{ status: number | undefined; because: string }>((resolve) => {
    child.once('close', (status) => {
      console.end();
      resolve({ status: status ?? undefined, because: complaints.join('\n') });
    });
  });
  const stop = async () => {
    child.kill('SIGTERM');
    const hardEnd = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
    await exited;
    clearTimeout(hardEnd);
  };
  return { console, consolePath: files.console, exited, stop };
}

async function prepareFiles(firmware: Firmware, options: MachineOptions): Promise<MachineFiles> {
  await mkdir(options.workDir, { recursive: true });
  const files = {
    disk: join(options.workDir, 'disk.raw'),
    vars: join(options.workDir, 'uefi-settings.fd'),
    console: join(options.workDir, 'console.log'),
  };
  await createSparse(files.disk, (options.diskSizeMb ?? DISK_SIZE_MB) * 1024 * 1024);
  if (firmware.vars) {
    const { bootOrder } = firmware;
    const blank = await readFile(firmware.vars);
    await writeOnce(files.vars, bootOrder === 'qemu' ? blank : withBootOrder(blank, options.mac, bootOrder));
  }
  return files;
}

/** An empty disk takes no space until something is written to it. */
async function createSparse(path: string, sizeBytes: number): Promise<void> {
  const file = await open(path, 'a');
  try {
    if ((await file.stat()).size === 0) await file.truncate(sizeBytes);
  } finally {
    await file.close();
  }
}

async function writeOnce(path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(path, bytes, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}
