/** Character devices: what serial lines, consoles and monitors are connected to. */
import { list } from '../../schema/build.ts';
import { ChardevInfo } from '../../schema/types/chardev-info.ts';
import { command } from '../command.ts';

export const queryChardev = command('query-chardev', {
  doc: 'The character devices.',
  returns: list(ChardevInfo),
  example: {
    request: '{"execute": "query-chardev"}',
    reply: '{"return": [{"label": "serial0", "filename": "unix:/tmp/serial,server=on", "frontend-open": true}, ...]}',
  },
  run: ({ backEnds }) =>
    backEnds.characterDevices.map(({ id, filename, frontendOpen }) => ({
      label: id,
      filename,
      'frontend-open': frontendOpen,
    })),
});

export const chardevInfoCommands = [queryChardev];
