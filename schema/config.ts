/**
 * What a machine is made of, as its maker asks for it. The daemon fills this in from the command line; a test or another
 * program may do so by hand.
 */

/** The machine types there are, with their one-line description. */
export const MACHINE_TYPES = { virt: 'RISC-V VirtIO board' } as const;
export type MachineType = keyof typeof MACHINE_TYPES;
export const MACHINE_TYPE_DEFAULT: MachineType = 'virt';

/** The one CPU model. */
export const CPU_MODEL = 'rv64';

/** QEMU's name of the board's RAM. */
export const RAM_ID = 'riscv_virt_board.ram';

/** vCPUs of one machine. */
export const SMP_MIN = 1;
export const SMP_MAX = 8;

const MIB = 1 << 20;
/** Bytes of guest RAM. */
export const RAM_BYTES_MIN = 64 * MIB;
export const RAM_BYTES_MAX = 2048 * MIB;
export const RAM_BYTES_DEFAULT = 128 * MIB;
/** RAM comes in multiples of this. */
export const RAM_BYTES_UNIT = 65536;

/** A file that the machine starts from. */
export interface ImageFile {
  /** As the user knows it, for errors. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * The configuration of one machine. What it is connected to is of types that `core/machine/interface` exports.
 * @typeParam Serial what the serial line is connected to: `CharacterBackend`
 * @typeParam Virtio a virtio device with its back end: `VirtioDevice`
 * @typeParam Block where bytes are kept: `BlockBackend`
 */
export interface MachineConfig<Serial, Virtio = unknown, Block = unknown> {
  readonly machine: MachineType;
  /** Number of vCPUs, SMP_MIN to SMP_MAX. */
  readonly smp: number;
  /** RAM_BYTES_MIN to RAM_BYTES_MAX, a multiple of RAM_BYTES_UNIT. */
  readonly ramBytes: number;
  /** Firmware: an ELF, or an image for the start of RAM. Without one, the kernel starts in M-mode. */
  readonly bios?: ImageFile;
  /** Kernel: an ELF, a Linux image or a flat binary; its form is found out from the bytes. */
  readonly kernel?: ImageFile;
  /** Kernel command line, which the device tree carries as `bootargs`. */
  readonly append?: string;
  /** Initial RAM disk; only with a kernel. */
  readonly initrd?: ImageFile;
  /** Flattened device tree in place of the board's own; what the kernel is told at its start is added to it. */
  readonly deviceTree?: ImageFile;
  /** What sits in the virtio slots, by slot; undefined where nothing does. */
  readonly virtio?: readonly (Virtio | undefined)[];
  /** Where the contents of the flash banks come from and go to, by bank; a bank without is blank and forgets. */
  readonly flash?: readonly (Block | undefined)[];
  /** What the firmware configuration holds besides what the board says itself, by name. */
  readonly fwCfgFiles?: readonly ImageFile[];
  /** Do not run before `cont`: the run state is `prelaunch`. */
  readonly paused: boolean;
  /** A reset asked for by the guest ends the machine instead, with reason `guest-reset`. */
  readonly noReboot?: boolean;
  readonly serial: Serial;
  /** Names of what is behind devices of the board, for those who look: `serial`, `pflash0` and `pflash1`. */
  readonly labels?: Readonly<Record<string, string>>;
  /**
   * Finds the file of a plugin. Returns a URL to import it by, another one whenever the file has changed.
   * @throws Error in one line: there is no such file
   */
  readonly findPlugin: (path: string) => Promise<string>;
  /** Milliseconds for which code of a plugin may run before it is taken off: 10 s by default. */
  readonly patienceMs?: number;
  /** Takes one line, without its end, for each trace event that happens while it is enabled. */
  readonly trace?: (line: string) => void;
  /** Takes text that a plugin appends to its file `name`; resolves when it takes more. */
  readonly output?: (plugin: string, name: string, text: string) => Promise<void>;
  /** Takes a sentence about something that should not have happened: the guest misuses a device, a thread dies. */
  readonly report?: (sentence: string) => void;
}
