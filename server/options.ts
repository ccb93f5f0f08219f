/**
 * The command line, in QEMU's dialect: each option is one row of a table, from which parsing, errors and `-help` derive.
 *
 * Options start with one dash or two. An argument is the next word, whatever it looks like. An option given twice counts
 * the last time, unless its row says that it may be repeated.
 */

import { GDB_DEVICE } from '../monitor/gdb/serve.ts';
import { VERSION } from '../monitor/version.ts';
import { MACHINE_TYPES } from '../schema/config.ts';
import { BACKENDS, parseChardev, parseDevice } from './chardev/spec.ts';
import { acceptedOptions } from './config/accepted.ts';
import type { Config, MonitorSpec } from './config/config.ts';
import { configure, type Draft, emptyDraft, parseSerial } from './config/configure.ts';
import { addDisk, deviceOptions } from './config/device-options.ts';
import { parseGdb } from './config/gdb.ts';
import { parseJsonRpc } from './config/json-rpc.ts';
import { KeyValues } from './config/key-values.ts';
import { listing, type Option } from './config/option.ts';
import { parseSize } from './config/size.ts';
import { located, UsageError } from './errors.ts';

/** What a command line asks for: a machine, or a text. */
export type Request = { readonly config: Config } | { readonly print: string };

/** An option of one word, whose argument is kept as it is. */
const keep =
  (name: 'cpu' | 'bios' | 'kernel' | 'append' | 'initrd' | 'dtb' | 'logFile' | 'pidFile' | 'snapshots' | 'loadvm') =>
  (draft: Draft, argument: string): void => {
    draft[name] = argument;
  };

const flag =
  (name: 'nographic' | 'paused' | 'noReboot' | 'noShutdown' | 'daemonize') =>
  (draft: Draft): void => {
    draft[name] = true;
  };

/** An option of which only one value makes sense here, and which scripts give all the same. */
const only =
  (value: string, complaint: (argument: string) => string) =>
  (_draft: Draft, argument: string): void => {
    if (argument !== value) throw new UsageError(complaint(argument));
  };

/** `-monitor`, `-qmp`, `-qmp-pretty`: a character device and a monitor on it, in one option. */
const monitor =
  (mode: MonitorSpec['mode'], pretty: boolean) =>
  (draft: Draft, device: string, option: string): void => {
    if (device === 'none') return;
    let chardev = /^chardev:(.*)$/s.exec(device)?.[1];
    if (chardev === undefined) {
      const parsed = parseDevice(device, `compat_monitor${draft.monitors.length}`, option);
      if (parsed.monitor) throw new UsageError(`'mon:' is for -serial: ${option.split(' ')[0]} is a monitor already`);
      draft.chardevs.push(parsed.chardev);
      chardev = parsed.chardev.id;
    }
    draft.monitors.push({ chardev, mode, pretty, option });
  };

function setGdb(draft: Draft, device: string, option: string): void {
  const chardev = parseGdb(device, option);
  draft.gdb = chardev === undefined ? undefined : { chardev, option };
}

function addMonitor(draft: Draft, argument: string, option: string): void {
  const values = KeyValues.parse(argument, 'chardev');
  const chardev = values.take('chardev');
  const mode = values.take('mode') ?? 'readline';
  const pretty = values.takeBoolean('pretty');
  values.take('id');
  values.end();
  if (chardev === undefined) throw new UsageError("Parameter 'chardev' is missing");
  if (mode !== 'readline' && mode !== 'control')
    throw new UsageError(`Parameter 'mode' does not accept value '${mode}'`);
  if (pretty !== undefined && mode === 'readline') throw new UsageError("'pretty' is not compatible with HMP monitors");
  draft.monitors.push({ chardev, mode, pretty: pretty ?? false, option });
}

function addPlugin(draft: Draft, argument: string, option: string): void {
  const values = KeyValues.parse(argument, 'file');
  const path = values.take('file');
  const args = values.takeAll('arg');
  values.end();
  if (path === undefined || path === '') throw new UsageError("Parameter 'file' is missing");
  draft.plugins.push({ path, args, option });
}

function addTrace(draft: Draft, argument: string, option: string): void {
  const values = KeyValues.parse(argument, 'enable');
  const patterns = values.takeAll('enable');
  const files = values.takeAll('events');
  const output = values.take('file');
  values.end();
  draft.trace.patterns.push(...patterns.map((pattern) => ({ pattern, option })));
  draft.trace.files.push(...files.map((path) => ({ path, option })));
  if (output !== undefined) draft.trace.output = { path: output, option };
}

function setMemory(draft: Draft, argument: string): void {
  const values = KeyValues.parse(argument, 'size');
  const size = values.take('size');
  values.end();
  draft.ramBytes = size === undefined ? 0 : parseSize(size, 'M');
}

function setName(draft: Draft, argument: string): void {
  const values = KeyValues.parse(argument, 'guest');
  draft.name = values.take('guest');
  const process_ = values.take('process');
  values.end();
  if (process_ !== undefined) process.title = process_;
}

function setActions(draft: Draft, argument: string): void {
  const values = KeyValues.parse(argument);
  const take = (key: string, [usual, other]: readonly [string, string]): boolean | undefined => {
    const value = values.take(key);
    if (value !== undefined && value !== usual && value !== other) {
      throw new UsageError(`Parameter '${key}' does not accept value '${value}'`);
    }
    return value === undefined ? undefined : value === other;
  };
  draft.noReboot = take('reboot', ['reset', 'shutdown']) ?? draft.noReboot;
  draft.noShutdown = take('shutdown', ['poweroff', 'pause']) ?? draft.noShutdown;
  values.end();
}

/** In the order of `-help`. */
export const options: readonly Option[] = [
  { names: ['h', 'help'], doc: 'display this help and exit', answer: () => helpText() },
  {
    names: ['version'],
    doc: 'display version information and exit',
    answer: () => `Vivarium emulator version ${VERSION}\n`,
  },
  {
    names: ['machine', 'M'],
    argument: '[type=]NAME[,accel=tcg]',
    doc: 'selects the machine (virt by default; `-machine help` lists them)',
    answer: (argument) =>
      argument === 'help' ? listing('Supported machines are:', Object.entries(MACHINE_TYPES)) : undefined,
    apply: (draft, argument) => {
      draft.machine = argument;
    },
  },
  {
    names: ['cpu'],
    argument: 'MODEL',
    doc: 'selects the CPU model: rv64',
    answer: (argument) => (argument === 'help' ? 'rv64\n' : undefined),
    apply: keep('cpu'),
  },
  {
    names: ['accel'],
    argument: 'NAME',
    doc: 'selects the accelerator: tcg',
    apply: only('tcg', (name) => `invalid accelerator ${name}`),
  },
  {
    names: ['smp'],
    argument: '[cpus=]N[,maxcpus=N][,sockets=N][,dies=N][,clusters=N][,cores=N][,threads=N]',
    doc: 'sets the number of vCPUs, 1 to 8 (1 by default)',
    apply: (draft, argument) => {
      draft.smp = KeyValues.parse(argument, 'cpus');
    },
  },
  {
    names: ['m'],
    argument: '[size=]SIZE',
    doc: 'sets the size of RAM, 64M to 2G (128M by default; M if there is no suffix)',
    apply: setMemory,
  },
  {
    names: ['bios'],
    argument: 'FILE',
    doc: 'firmware, an ELF or an image; `none` and `default` mean that the kernel starts in M-mode',
    apply: keep('bios'),
  },
  {
    names: ['kernel'],
    argument: 'FILE',
    doc: 'kernel, an ELF or an image; without it and firmware, a small guest of our own runs',
    apply: keep('kernel'),
  },
  { names: ['append'], argument: 'TEXT', doc: 'command line of the kernel', apply: keep('append') },
  { names: ['initrd'], argument: 'FILE', doc: 'initial RAM disk of the kernel', apply: keep('initrd') },
  { names: ['dtb'], argument: 'FILE', doc: "device tree in place of the board's own", apply: keep('dtb') },
  ...deviceOptions,
  { names: ['name'], argument: '[guest=]NAME[,process=NAME]', doc: 'names the guest, and the process', apply: setName },
  {
    names: ['uuid'],
    argument: 'UUID',
    doc: 'gives the machine a UUID, for `query-uuid`',
    apply: (draft, argument) => {
      if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(argument)) {
        throw new UsageError(`Parameter 'uuid' expects a UUID, not '${argument}'`);
      }
      draft.uuid = argument.toLowerCase();
    },
  },
  {
    names: ['nographic'],
    doc: 'console and human monitor on standard input and output; the default, as there is no display',
    apply: flag('nographic'),
  },
  {
    names: ['display'],
    argument: 'none',
    doc: 'leaves standard input and output alone unless another option asks for them',
    apply: (draft, argument) => {
      only('none', (type) => `Parameter 'type' does not accept value '${type}'`)(draft, argument);
      draft.display = false;
    },
  },
  {
    names: ['vga'],
    argument: 'none',
    doc: 'accepted, as there is no display',
    apply: only('none', (type) => `unknown vga type: ${type}`),
  },
  {
    names: ['nodefaults'],
    doc: 'makes no console and no monitor that no option asks for',
    apply: (draft) => {
      draft.defaults = false;
    },
  },
  { names: ['no-user-config'], doc: 'accepted, as there are no configuration files' },
  ...acceptedOptions,
  {
    names: ['serial'],
    argument: 'DEV',
    doc: 'connects the serial line: none, null, stdio, pty, file:PATH, unix:PATH[,server=on][,wait=off], tcp:HOST:PORT[,...], telnet:HOST:PORT[,...], chardev:ID, mon:DEV',
    apply: (draft, device, option) => {
      draft.serials.push(parseSerial(device, option));
    },
  },
  { names: ['monitor'], argument: 'DEV', doc: 'human monitor; repeatable', apply: monitor('readline', false) },
  { names: ['qmp'], argument: 'DEV', doc: 'QMP monitor; repeatable', apply: monitor('control', false) },
  {
    names: ['qmp-pretty'],
    argument: 'DEV',
    doc: 'QMP monitor that indents what it sends; repeatable',
    apply: monitor('control', true),
  },
  {
    names: ['chardev'],
    argument: 'BACKEND,id=ID[,mux=on][,...]',
    doc: 'character device to be named by -serial and -mon: null; stdio[,signal=off]; pty; ringbuf[,size=SIZE]; file,path=PATH[,append=on]; socket,path=PATH or host=HOST,port=PORT or fd=N[,server=on][,wait=off][,telnet=on]; repeatable',
    answer: (argument) =>
      argument === 'help'
        ? listing(
            'Available chardev backend types:',
            BACKENDS.map((name) => [`  ${name}`, '']),
          )
        : undefined,
    apply: (draft, argument) => {
      draft.chardevs.push(parseChardev(argument));
    },
  },
  {
    names: ['mon'],
    argument: '[chardev=]ID[,mode=readline|control][,pretty=on]',
    doc: 'monitor on a character device; repeatable',
    apply: addMonitor,
  },
  {
    names: ['jsonrpc'],
    argument: 'tcp:[HOST]:PORT|unix:PATH[,token=TEXT][,url-file=FILE][,origin=ORIGIN]...[,tls-creds=ID]',
    doc: 'JSON-RPC over a WebSocket, for who knows the token; one is made up for TCP, and told with the URL on standard error, or in url-file; browsers have to come from an origin that is named; repeatable',
    apply: (draft, argument) => {
      draft.jsonRpc.push(parseJsonRpc(argument));
    },
  },
  {
    names: ['gdb'],
    argument: 'DEV',
    doc: 'serves gdb: tcp:[HOST]:PORT, unix:PATH,server=on[,wait=off], stdio, chardev:ID; none (the default) does not',
    apply: setGdb,
  },
  {
    names: ['s'],
    doc: `shorthand for -gdb ${GDB_DEVICE}`,
    apply: (draft) => setGdb(draft, GDB_DEVICE, '-s'),
  },
  {
    names: ['instr'],
    argument: '[file=]FILE[,arg=STRING]...',
    doc: 'loads an instrumentation plugin, a file or a stock one; repeatable',
    apply: addPlugin,
  },
  {
    names: ['trace'],
    argument: '[enable=]PATTERN[,events=FILE][,file=FILE]',
    doc: 'switches trace events on, or off with `-` in front; events holds a pattern a line, file takes the output; repeatable',
    apply: addTrace,
  },
  {
    names: ['snapshots'],
    argument: 'FOLDER',
    doc: 'where savevm and loadvm keep snapshots, a file for each; the folder is made if it is not there',
    apply: keep('snapshots'),
  },
  {
    names: ['loadvm'],
    argument: 'TAG',
    doc: 'starts with a snapshot, on the same machine as it was saved on; only with -snapshots',
    apply: keep('loadvm'),
  },
  { names: ['S'], doc: 'does not start the guest: `cont` does', apply: flag('paused') },
  { names: ['no-reboot'], doc: 'ends instead of rebooting when the guest resets the machine', apply: flag('noReboot') },
  { names: ['no-shutdown'], doc: 'stays for its monitors when the guest shuts down', apply: flag('noShutdown') },
  {
    names: ['action'],
    argument: '[reboot=reset|shutdown][,shutdown=poweroff|pause]',
    doc: 'what follows when the guest resets or ends the machine; shutdown and pause are -no-reboot and -no-shutdown',
    apply: setActions,
  },
  { names: ['D'], argument: 'FILE', doc: 'writes the log to a file', apply: keep('logFile') },
  {
    names: ['pidfile'],
    argument: 'FILE',
    doc: 'writes the process id to a file, and removes it at the end',
    apply: keep('pidFile'),
  },
  { names: ['daemonize'], doc: 'goes to the background when the monitors can be reached', apply: flag('daemonize') },
];

const byName = new Map(options.flatMap((option) => option.names.map((name): [string, Option] => [name, option])));

/**
 * Reads a command line.
 * @param argv the words behind the program's name
 * @throws UsageError
 */
export function parseOptions(argv: readonly string[]): Request {
  const draft = emptyDraft();
  const words = argv[Symbol.iterator]();
  for (const word of words) {
    if (!word.startsWith('-') || word === '-') {
      located(word, () => addDisk(draft, word, word));
      continue;
    }
    const option = byName.get(word.replace(/^--?/, ''));
    if (option === undefined) throw new UsageError(`${word}: invalid option`);
    let argument = '';
    if (option.argument !== undefined) {
      const next = words.next();
      if (next.done) throw new UsageError(`${word}: requires an argument`);
      argument = next.value;
    }
    const answer = option.answer?.(argument);
    if (answer !== undefined) return { print: answer };
    const written = `${word} ${argument}`.trimEnd();
    located(written, () => option.apply?.(draft, argument, written));
  }
  return { config: configure(draft) };
}

const HELP_COLUMN = 16;

function helpText(): string {
  const lines = options.flatMap(({ names, argument, doc }) => {
    const forms = names.map((name) => `-${name}`).join(' or ') + (argument === undefined ? '' : ` ${argument}`);
    return forms.length < HELP_COLUMN ? [forms.padEnd(HELP_COLUMN) + doc] : [forms, ' '.repeat(HELP_COLUMN) + doc];
  });
  return `Vivarium emulator version ${VERSION}\nusage: vivarium [options]\n\n${lines.join('\n')}\n`;
}
