import { expect, test } from 'vitest';
import { Cable } from '../../../../server/netdev/cable.ts';
import { FakeNetwork } from '../../../support/fakes/fake-network.ts';

test('what is sent while it is out is lost, from either side, and the device is told of each move', () => {
  const end = new FakeNetwork();
  const cable = new Cable(end);
  const received: string[] = [];
  const moves: boolean[] = [];
  cable.onFrame((frame) => received.push(Buffer.from(frame).toString()) > 0);
  cable.onLink((isUp) => moves.push(isUp));
  for (const [isIn, text] of [
    [true, 'a'],
    [false, 'b'],
    [false, 'c'],
    [true, 'd'],
  ] as const) {
    cable.plug(isIn);
    expect(cable.isIn).toBe(isIn);
    end.deliver(Buffer.from(text));
    expect(cable.send(Buffer.from(text))).toBe(true);
  }
  expect(received).toEqual(['a', 'd']);
  expect(end.sent.map(String)).toEqual(['a', 'd']);
  expect(end.waiting).toBe(0);
  expect(moves).toEqual([false, true]);
});
