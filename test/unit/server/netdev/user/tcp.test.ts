import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { parseFrame, parsePacket } from '../../../../../server/netdev/user/packet.ts';
import { FLAG, parseSegment } from '../../../../../server/netdev/user/tcp-segment.ts';
import { Random, SEED } from '../../../../support/random.ts';
import { address, GuestTcp, guest, HOST } from './guest.ts';

const { syn: SYN, fin: FIN, reset: RST, acknowledge: ACK } = FLAG;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const letters = (count: number): string =>
  Array.from({ length: count }, (_, index) => String.fromCharCode(97 + ((index * 7 + (index >> 8)) % 26))).join('');

/** Waits until a socket is closed. Returns the code of the error that closed it. */
const closing = (socket: Socket): Promise<string | undefined> =>
  new Promise((resolve) => {
    let code: string | undefined;
    socket.once('error', (error: NodeJS.ErrnoException) => {
      code = error.code;
    });
    socket.once('close', () => resolve(code));
  });

/** A server on the host. */
async function serve(serve: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as { port: number }).port;
}

/** A connection of a guest to a server that does what the test says with its socket. */
async function connected(options: { segmentSize?: number } = {}) {
  const accepted = Promise.withResolvers<Socket>();
  const port = await serve(accepted.resolve);
  const client = await guest();
  const tcp = new GuestTcp(client, HOST, port);
  const answer = await tcp.open(options.segmentSize);
  const server = await accepted.promise;
  onTestFinished(() => void server.destroy());
  let received = '';
  server.on('data', (bytes) => {
    received += bytes.toString('latin1');
  });
  return { client, tcp, server, answer, received: () => received };
}

describe('a connection that the guest opens', () => {
  it('is answered when the host has it', async () => {
    const { answer } = await connected();
    expect([answer.flags, answer.segmentSize, answer.window]).toEqual([SYN | ACK, 1460, 0xffff]);
    expect(answer.acknowledgement).toBe(0xffff_ff01);
  });

  it('is refused where nobody listens', async () => {
    const client = await guest();
    const tcp = new GuestTcp(client, HOST, 1);
    const { flags, acknowledgement } = await tcp.open();
    expect([flags, acknowledgement]).toEqual([RST | ACK, 0xffff_ff01]);
  });

  it('is refused where it has no business', async () => {
    for (const [options, destination] of [
      [',restrict=on', HOST],
      ['', address('10.0.2.77')],
      ['', address('10.0.2.3')],
    ] as const) {
      const tcp = new GuestTcp(await guest(options), destination, 80);
      expect((await tcp.open()).flags).toBe(RST | ACK);
    }
  });

  it('is opened once, however often the guest asks', async () => {
    let connections = 0;
    const port = await serve(() => connections++);
    const client = await guest();
    const tcp = new GuestTcp(client, HOST, port);
    tcp.say(SYN);
    tcp.say(SYN);
    const first = await tcp.hear();
    tcp.say(SYN);
    const again = await tcp.hear();
    expect([again.sequence, again.flags]).toEqual([first.sequence, SYN | ACK]);
    expect(connections).toBe(1);
  });
});

describe('data of the guest', () => {
  it('reaches the host and is acknowledged, across the end of all numbers', async () => {
    const { tcp, received } = await connected();
    const data = letters(1000);
    tcp.send(data.slice(0, 300));
    tcp.send(data.slice(300));
    await tcp.hear(({ acknowledgement }) => acknowledgement === tcp.sequence);
    await vi.waitFor(() => expect(received()).toBe(data));
  });

  it('is put in order, and what comes twice counts once', async () => {
    const { tcp, received } = await connected();
    const at = (place: number): number => (tcp.sequence + place) >>> 0;
    tcp.say(ACK, 'defgh', at(3));
    expect((await tcp.hear()).acknowledgement).toBe(tcp.sequence);
    tcp.say(ACK, 'ij', at(8));
    expect((await tcp.hear()).acknowledgement).toBe(tcp.sequence);
    tcp.say(ACK, 'abcde', at(0));
    expect((await tcp.hear()).acknowledgement).toBe(at(10));
    tcp.say(ACK, 'cdefghijkl', at(2));
    expect((await tcp.hear()).acknowledgement).toBe(at(12));
    tcp.say(ACK, 'abc', at(0));
    await tcp.hear();
    await vi.waitFor(() => expect(received()).toBe('abcdefghijkl'));
  });

  it('waits while the host takes nothing', async () => {
    const { tcp, server } = await connected();
    server.pause();
    const piece = letters(1460);
    let window = 0xffff;
    for (let pieces = 30; pieces > 0; ) {
      while (window >= pieces * piece.length) {
        for (let count = 0; count < pieces; count++) tcp.send(piece);
        ({ window } = await tcp.hear(({ acknowledgement }) => acknowledgement === tcp.sequence));
      }
      pieces = Math.floor(pieces / 2);
    }
    expect(window).toBeLessThan(piece.length);
    // What does not fit is not taken.
    const before = tcp.sequence;
    tcp.say(ACK, letters(1460));
    const { acknowledgement } = await tcp.hear();
    expect((acknowledgement - before) >>> 0).toBeLessThanOrEqual(window);
    server.resume();
    await tcp.hear((segment) => segment.window > 1460);
  });
});

describe('data of the host', () => {
  it('is sent in segments of the size that the guest takes', async () => {
    const { tcp, server } = await connected({ segmentSize: 100 });
    server.write('x'.repeat(250));
    const sizes: number[] = [];
    for (let count = 0; count < 3; count++) sizes.push((await tcp.hear(({ data }) => data.length > 0)).data.length);
    expect(sizes).toEqual([100, 100, 50]);
  });

  it('comes as far as the guest has room, and goes on when it has more', async () => {
    const { tcp, server, client } = await connected();
    tcp.window = 1000;
    tcp.acknowledge();
    server.write(letters(2500));
    expect(text((await tcp.hear(({ data }) => data.length > 0)).data)).toHaveLength(536);
    expect(text((await tcp.hear(({ data }) => data.length > 0)).data)).toHaveLength(464);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(client.packets).toEqual([]);
    tcp.expected = (tcp.expected + 1000) >>> 0;
    tcp.acknowledge();
    expect(await tcp.receive(1500)).toBe(letters(2500).slice(1000));
  });

  it('asks a guest without room again, and starts over with what it has dropped', async () => {
    const { tcp, server } = await connected();
    tcp.window = 0;
    tcp.acknowledge();
    server.write('abcdef');
    const probe = await tcp.hear(({ data }) => data.length > 0);
    expect([text(probe.data), probe.sequence]).toEqual(['a', tcp.expected]);
    tcp.acknowledge();
    tcp.window = 0xffff;
    tcp.acknowledge();
    expect(await tcp.receive(6)).toBe('abcdef');
  });

  it('is sent again when it is lost: at once when the guest notices, else after a while', async () => {
    const { tcp, server } = await connected();
    server.write('x'.repeat(536 * 5));
    const sequences: number[] = [];
    for (let count = 0; count < 5; count++) sequences.push((await tcp.hear(({ data }) => data.length > 0)).sequence);
    // The first has been lost: for each of the others, the guest says what it expects.
    for (let count = 0; count < 3; count++) tcp.acknowledge();
    tcp.send('x');
    // Before what the guest sends is acknowledged, though that takes no time.
    const { sequence, data } = await tcp.hear();
    expect([sequence, data.length]).toEqual([sequences[0], 536]);
    expect((await tcp.hear(({ sequence, data }) => data.length > 0 && sequence === sequences[0])).data).toHaveLength(
      536,
    );
  });

  it('is all there however long it is', async () => {
    const { tcp, server } = await connected();
    const data = letters(2_000_000);
    server.end(data);
    expect((await tcp.receive(data.length)) === data).toBe(true);
  });
});

describe('the end', () => {
  it('of either stream is passed on by itself', async () => {
    const { tcp, server, received } = await connected();
    const ended = once(server, 'end');
    tcp.send('last words', FIN);
    expect((await tcp.hear(({ acknowledgement }) => acknowledgement === tcp.sequence)).flags & FIN).toBe(0);
    await ended;
    expect(received()).toBe('last words');
    server.write('and ');
    server.end('goodbye');
    expect(await tcp.receive(11)).toBe('and goodbye');
    const { sequence } = await tcp.hear(({ flags }) => (flags & FIN) !== 0);
    expect(sequence).toBe(tcp.expected);
    tcp.expected = (tcp.expected + 1) >>> 0;
    tcp.acknowledge();
    // A guest that has missed the last acknowledgement gets it again.
    tcp.say(FIN | ACK, '', (tcp.sequence - 1) >>> 0);
    expect((await tcp.hear()).acknowledgement).toBe(tcp.sequence);
  });

  it('by the host comes first, and the guest may go on', async () => {
    const { tcp, server, received } = await connected();
    server.end('bye');
    expect(await tcp.receive(3)).toBe('bye');
    await tcp.hear(({ flags }) => (flags & FIN) !== 0);
    tcp.expected = (tcp.expected + 1) >>> 0;
    tcp.send('more');
    await vi.waitFor(() => expect(received()).toBe('more'));
    const closed = once(server, 'close');
    tcp.send('', FIN);
    await closed;
  });

  it('is sent again when it is lost', async () => {
    const { tcp, server } = await connected();
    server.end();
    const first = await tcp.hear(({ flags }) => (flags & FIN) !== 0);
    const again = await tcp.hear(({ flags }) => (flags & FIN) !== 0);
    expect(again.sequence).toBe(first.sequence);
  });

  it('by a reset of the guest ends the connection of the host', async () => {
    const { tcp, server } = await connected();
    const closed = closing(server);
    tcp.say(RST, '', (tcp.sequence - 1) >>> 0);
    tcp.say(RST);
    expect(await closed).toBe('ECONNRESET');
    tcp.acknowledge();
    expect((await tcp.hear()).flags).toBe(RST);
  });

  it('by a reset of the host resets the guest', async () => {
    const { tcp, server } = await connected();
    server.resetAndDestroy();
    expect((await tcp.hear(({ flags }) => (flags & RST) !== 0)).sequence).toBe(tcp.expected);
  });

  it('of the network resets everybody', async () => {
    const { client, server, tcp } = await connected();
    const closed = closing(server);
    client.unplug();
    expect(await closed).toBe('ECONNRESET');
    expect((await tcp.hear(({ flags }) => (flags & RST) !== 0)).sequence).toBe(tcp.expected);
  });
});

it('segments without a connection are refused, and refusals are not', async () => {
  const client = await guest();
  const tcp = new GuestTcp(client, HOST, 9);
  tcp.expected = 77;
  tcp.say(ACK, 'data');
  expect(await tcp.hear()).toMatchObject({ flags: RST, sequence: 77 });
  tcp.say(0, 'data');
  expect(await tcp.hear()).toMatchObject({ flags: RST | ACK, acknowledgement: (tcp.sequence + 4) >>> 0 });
  tcp.say(RST);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(client.packets).toEqual([]);
});

describe('a port that is forwarded', () => {
  async function forwarded() {
    const port = await serve(() => {});
    const free = port === 65535 ? 1024 : port + 1;
    const client = await guest(`,hostfwd=tcp:127.0.0.1:${free}-:22`);
    // So that it is known where the guest is.
    client.sendDatagram(HOST, 1, 'x');
    const socket = connect({ port: free, host: '127.0.0.1' });
    socket.on('error', () => {});
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    return { client, socket, tcp: new GuestTcp(client, HOST, socket.localPort!, 22) };
  }

  it('leads to the guest', async () => {
    const { tcp, socket } = await forwarded();
    socket.write('hello');
    const asked = await tcp.hear();
    expect([asked.flags, asked.segmentSize]).toEqual([SYN, 1460]);
    tcp.expected = (asked.sequence + 1) >>> 0;
    tcp.say(SYN | ACK);
    tcp.sequence = (tcp.sequence + 1) >>> 0;
    expect(await tcp.receive(5)).toBe('hello');
    tcp.send('back');
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    expect(`${bytes}`).toBe('back');
  });

  it('asks the guest again, and is closed when it refuses', async () => {
    const { tcp, socket } = await forwarded();
    const first = await tcp.hear();
    const again = await tcp.hear();
    expect([again.flags, again.sequence]).toEqual([SYN, first.sequence]);
    const closed = closing(socket);
    tcp.expected = (first.sequence + 1) >>> 0;
    tcp.say(RST | ACK, '', 0);
    expect(await closed).toBe('ECONNRESET');
  });
});

it(`much goes both ways over a cable that loses some (seed ${SEED})`, async () => {
  const random = new Random(SEED);
  const { tcp, server, client, received } = await connected();
  const down = letters(150_000);
  const up = letters(60_000).toUpperCase();
  client.hears = (frame) => {
    const packet = parsePacket(parseFrame(frame)!.payload);
    return !packet || (parseSegment(packet)?.data.length ?? 0) === 0 || !random.chance(1);
  };
  server.write(down);
  const receiving = tcp.receive(down.length);
  const first = tcp.sequence;
  // Each piece is sent until it is acknowledged; some are lost.
  for (let sent = 0; sent < up.length; ) {
    const piece = up.slice(sent, sent + 1000);
    if (!random.chance(5)) tcp.say(ACK, piece, (first + sent) >>> 0);
    await new Promise((resolve) => setImmediate(resolve));
    sent += received().length > sent ? piece.length : 0;
  }
  expect((await receiving) === down).toBe(true);
  await vi.waitFor(() => expect(received() === up).toBe(true));
});
