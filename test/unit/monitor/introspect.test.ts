import { describe, expect, it } from 'vitest';
import { introspect } from '../../../monitor/introspect.ts';
import { daemon } from './session.ts';

const { registry } = daemon().context;
const entries = introspect(registry);
const byName = new Map(entries.map((entry) => [entry.name, entry]));

/** The entry of a type, which has to exist. */
function entry(name: string | undefined) {
  const found = byName.get(name ?? 'none');
  if (found === undefined) throw new Error(`no type ${name}`);
  return found;
}

describe('query-qmp-schema', () => {
  it('describes every command and event once', () => {
    expect(entries).toHaveLength(byName.size);
    const names = (metaType: string): string[] =>
      entries.filter((info) => info['meta-type'] === metaType).map(({ name }) => name);
    expect(names('command')).toEqual([...registry.commands.keys()]);
    expect(names('event')).toEqual([...registry.events.keys()]);
  });

  it('mentions no type that it does not describe, and describes none that it does not mention', () => {
    const mentioned = entries.flatMap((info) => [
      info['arg-type'],
      info['ret-type'],
      info['element-type'],
      ...(info.variants ?? []).map(({ type }) => type),
      ...(info['meta-type'] === 'object' ? info.members!.map(({ type }) => type) : []),
    ]);
    const names = new Set(mentioned.filter((name) => name !== undefined));
    const described = entries.filter((info) => !['command', 'event'].includes(info['meta-type']));
    expect([...names].sort()).toEqual(described.map(({ name }) => name).sort());
  });

  it('says what follows from a tag', () => {
    const add = entries.find(({ name }) => name === 'chardev-add');
    const backend = entry(entry(add!['arg-type']!).members!.find(({ name }) => name === 'backend')!.type!);
    expect(backend).toMatchObject({ 'meta-type': 'object', tag: 'type' });
    const ringbuf = backend.variants!.find((variant) => variant.case === 'ringbuf');
    const data = entry(entry(ringbuf!.type).members![0]!.type!);
    expect(data.members).toEqual([{ name: 'size', type: 'int', default: null }]);
  });

  it('tells what may overtake others', () => {
    const fast = entries.filter((info) => info['allow-oob']).map(({ name }) => name);
    expect(fast).toEqual(['query-yank', 'yank']);
  });

  it('names only what is built in', () => {
    for (const info of entries) {
      switch (info['meta-type']) {
        case 'builtin':
          expect(['str', 'int', 'number', 'bool', 'null', 'any']).toContain(info.name);
          break;
        case 'array':
          expect(info.name).toBe(`[${info['element-type']}]`);
          break;
        case 'object':
        case 'enum':
          expect(info.name).toMatch(/^\d+$/);
      }
    }
  });

  it('gives arguments and data as objects', () => {
    for (const info of entries) {
      if (info['arg-type'] !== undefined) expect(entry(info['arg-type'])['meta-type']).toBe('object');
    }
  });

  it('says what may be left out', () => {
    const load = entry(entry('instr-load')['arg-type']);
    expect(load.members).toEqual([
      { name: 'path', type: 'str' },
      { name: 'id', type: 'str', default: null },
      { name: 'args', type: '[str]', default: null },
    ]);
  });

  it('shares equal shapes', () => {
    expect(entry('STOP')['arg-type']).toBe(entry('stop')['ret-type']);
    expect(entry(entry('STOP')['arg-type']).members).toEqual([]);
    expect(entry('RESET')['arg-type']).toBe(entry('SHUTDOWN')['arg-type']);
  });

  it('lists the values of an enum', () => {
    const status = entry(entry('query-status')['ret-type']);
    expect(entry(status.members!.find(({ name }) => name === 'status')?.type).values).toEqual([
      'debug',
      'prelaunch',
      'running',
      'paused',
      'save-vm',
      'restore-vm',
      'shutdown',
      'internal-error',
      'guest-panicked',
    ]);
  });
});
