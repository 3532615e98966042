import { type ChildProcess, spawn } from 'node:child_process';
import { constants, copyFile, mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AppError } from '../kernel/errors.ts';
import { cannotStart, eachLine, tied, toolEnvironment } from './command.ts';
import { type Console, createConsole } from './console.ts';
import { FIRMWARES, type Firmware, type FirmwareName } from './firmware.ts';
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
  /** Pulls the network cable, or plugs it in again. */
  setCable(isPluggedIn: boolean): Promise<void>;
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
    child.once('close', async (status) => {
      console.end();
      await rm(dirname(files.control), { recursive: true, force: true });
      resolve({ status: status ?? undefined, because: complaints.join('\n') });
    });
  });
  const stop = async () => {
    child.kill('SIGTERM');
    const hardEnd = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
    await exited;
    clearTimeout(hardEnd);
  };
  const setCable = (up: boolean) => command(files.control, 'set_link', { name: 'net0', up });
  return { console, consolePath: files.console, exited, setCable, stop };
}

/** One command of QMP: a greeting comes, then one answer for each line that is sent. */
function command(socketPath: string, execute: string, args: Readonly<Record<string, unknown>>): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(socketPath);
    let answers = 0;
    eachLine(socket, (line) => {
      if ('error' in JSON.parse(line)) reject(new AppError('lab-failed', `QEMU refused ${execute}: ${line}`));
      if ('return' in JSON.parse(line) && ++answers === 2) resolve();
      if (answers === 2) socket.end();
    });
    socket.once('error', (cause) => reject(new AppError('lab-failed', 'QEMU takes no orders', { cause })));
    for (const request of [{ execute: 'qmp_capabilities' }, { execute, arguments: args }])
      socket.write(`${JSON.stringify(request)}\n`);
  });
}

async function prepareFiles(firmware: Firmware, options: MachineOptions): Promise<MachineFiles> {
  await mkdir(options.workDir, { recursive: true });
  const files = {
    disk: join(options.workDir, 'disk.raw'),
    vars: join(options.workDir, 'firmware-settings.fd'),
    console: join(options.workDir, 'console.log'),
    // The path of a Unix socket has at most 107 characters.
    control: join(await mkdtemp(join(tmpdir(), 'slipway-qmp-')), 'qmp.sock'),
  };
  await createSparse(files.disk, (options.diskSizeMb ?? DISK_SIZE_MB) * 1024 * 1024);
  if (firmware.vars) await copyOnce(firmware.vars, files.vars);
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

async function copyOnce(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_EXCL).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}
