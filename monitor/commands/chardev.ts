/** Character devices while the machine runs. */
import { list, optional, str, struct } from '../../schema/build.ts';
import {
  ChardevBackend,
  ChardevBackendInfo,
  ChardevReturn,
  DataFormat,
  RingSize,
  YankInstance,
  YankInstances,
} from '../../schema/types/chardev.ts';
import { CommandError, command } from '../command.ts';

const id = str('Its id.');
const device = str('Id of the ring buffer.');

export const queryChardevBackends = command('query-chardev-backends', {
  doc: 'The backends that character devices can have.',
  returns: list(ChardevBackendInfo),
  example: {
    request: '{"execute": "query-chardev-backends"}',
    reply: '{"return": [{"name": "null"}, {"name": "stdio"}, ...]}',
  },
  run: ({ host }) => host.chardevs.backends.map((name) => ({ name })),
});

export const chardevAdd = command('chardev-add', {
  doc: 'Makes a character device.',
  args: struct('ChardevAddArguments', { id, backend: ChardevBackend }),
  returns: ChardevReturn,
  example: {
    request:
      '{"execute": "chardev-add", "arguments": {"id": "log", "backend": {"type": "ringbuf", "data": {"size": 4096}}}}',
    reply: '{"return": {}}',
  },
  run: ({ host }, { id: name, backend }) => host.chardevs.add(name, backend),
});

export const chardevChange = command('chardev-change', {
  doc: 'Gives a character device another backend. Whoever is connected to the old one is cut off.',
  args: struct('ChardevChangeArguments', { id, backend: ChardevBackend }),
  returns: ChardevReturn,
  example: {
    request: '{"execute": "chardev-change", "arguments": {"id": "log", "backend": {"type": "null", "data": {}}}}',
    reply: '{"return": {}}',
  },
  run: ({ host }, { id: name, backend }) => host.chardevs.change(name, backend),
});

export const chardevRemove = command('chardev-remove', {
  doc: 'Removes a character device that nothing uses.',
  args: struct('ChardevRemoveArguments', { id }),
  example: { request: '{"execute": "chardev-remove", "arguments": {"id": "log"}}', reply: '{"return": {}}' },
  run: async ({ host }, { id: name }) => {
    await host.chardevs.remove(name);
    return {};
  },
});

export const ringbufWrite = command('ringbuf-write', {
  doc: 'Adds to what a ring buffer holds.',
  args: struct('RingbufWriteArguments', { device, data: str('What to add.'), format: optional(DataFormat) }),
  example: {
    request: '{"execute": "ringbuf-write", "arguments": {"device": "log", "data": "hello"}}',
    reply: '{"return": {}}',
  },
  run: ({ host }, { device: name, data, format = 'utf8' }) => {
    host.chardevs.ring(name).write(Buffer.from(data, format));
    return {};
  },
});

export const ringbufRead = command('ringbuf-read', {
  doc: 'Takes out of a ring buffer what it has held longest. In UTF-8, what is no character becomes U+FFFD.',
  args: struct('RingbufReadArguments', { device, size: RingSize, format: optional(DataFormat) }),
  returns: str('What it held.'),
  example: {
    request: '{"execute": "ringbuf-read", "arguments": {"device": "log", "size": 1000}}',
    reply: '{"return": "hello"}',
  },
  run: ({ host }, { device: name, size, format = 'utf8' }) => {
    const ring = host.chardevs.ring(name);
    if (size <= 0) throw new CommandError('size must be greater than zero');
    return Buffer.from(ring.read(Number(size))).toString(format);
  },
});

export const queryYank = command('query-yank', {
  doc: 'What `yank` can cut off.',
  returns: list(YankInstance),
  outOfBand: true,
  example: { request: '{"execute": "query-yank"}', reply: '{"return": []}' },
  run: ({ host }) => host.chardevs.sockets.map((name) => ({ type: 'chardev' as const, id: name })),
});

export const yank = command('yank', {
  doc: 'Cuts connections that hang, at once and with what has not been sent.',
  args: struct('YankArguments', { instances: YankInstances }),
  outOfBand: true,
  example: { request: '{"execute": "yank", "arguments": {"instances": []}}', reply: '{"return": {}}' },
  run: ({ host }, { instances }) => {
    host.chardevs.cut(instances.map(({ id: name }) => name));
    return {};
  },
});

export const chardevCommands = [
  queryChardevBackends,
  chardevAdd,
  chardevChange,
  chardevRemove,
  ringbufWrite,
  ringbufRead,
  queryYank,
  yank,
];
