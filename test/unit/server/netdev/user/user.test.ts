import { createSocket, type Socket } from 'node:dgram';
import dns from 'node:dns';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { buildFrame, checksum, ETHERTYPE, parseFrame, viewOf } from '../../../../../server/netdev/user/packet.ts';
import { Random, SEED } from '../../../../support/random.ts';
import { address, DNS, GUEST, guest, HOST, MAC } from './guest.ts';

const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** A UDP socket of the host that answers with what it is sent, and who has sent it. */
async function echo(): Promise<{ port: number; socket: Socket }> {
  const socket = createSocket('udp4');
  onTestFinished(() => void socket.close());
  socket.on('message', (data, { port, address }) => socket.send(`echo ${data}`, port, address));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { port: socket.address().port, socket };
}

describe('ARP', () => {
  const request = (target: number): Uint8Array => {
    const payload = Buffer.alloc(28);
    payload.write('000108000604000152540012345600000000', 'hex');
    payload.writeUInt32BE(GUEST, 14);
    payload.writeUInt32BE(target, 24);
    return buildFrame({ destination: new Uint8Array(6).fill(0xff), source: MAC, type: ETHERTYPE.arp, payload });
  };

  it.each([
    [HOST, '52550a000202'],
    [DNS, '52550a000203'],
  ])('finds the host and its name server', async (target, hardware) => {
    const { frames, sendFrame } = await started();
    sendFrame(request(target));
    const { destination, source, type, payload } = parseFrame(frames[0]!)!;
    expect([Buffer.from(destination), Buffer.from(source).toString('hex'), type]).toEqual([
      Buffer.from(MAC),
      hardware,
      0x0806,
    ]);
    expect(Buffer.from(payload.subarray(0, 14)).toString('hex')).toBe(`0001080006040002${hardware}`);
    expect([viewOf(payload).getUint32(14), viewOf(payload).getUint32(24)]).toEqual([target, GUEST]);
    expect(payload.subarray(18, 24)).toEqual(MAC);
  });

  it('finds nobody else', async () => {
    const { frames, sendFrame } = await started();
    sendFrame(request(address('10.0.2.4')));
    sendFrame(request(GUEST));
    expect(frames).toEqual([]);
  });

  async function started() {
    const made = await guest();
    return { frames: made.frames, sendFrame: (frame: Uint8Array) => made.sendFrame(frame) };
  }
});

describe('DHCP', () => {
  const [DISCOVER, OFFER, REQUEST, ACKNOWLEDGE, REFUSE, INFORM] = [1, 2, 3, 5, 6, 8];
  const bytesOf = (value: number): number[] => [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff);

  /** What a client sends, from no address to everybody. */
  function message(type: number, options: number[] = [], hardware: Uint8Array = MAC, own = 0) {
    const data = Buffer.alloc(300);
    data.write('01010600cafe0001', 'hex');
    data.writeUInt32BE(own, 12);
    data.set(hardware, 28);
    data.write('63825363', 236, 'hex');
    data.set([53, 1, type, ...options, 255], 240);
    const payload = Buffer.alloc(8);
    payload.writeUInt16BE(68, 0);
    payload.writeUInt16BE(67, 2);
    payload.writeUInt16BE(8 + data.length, 4);
    return { source: own, destination: 0xffff_ffff, protocol: 17, payload: Buffer.concat([payload, data]) };
  }

  /** The answer: its type, the address that it gives, and its options as hexadecimal numbers. */
  async function answer(to: Awaited<ReturnType<typeof guest>>) {
    const packet = await to.packet();
    const data = Buffer.from(packet.payload.subarray(8));
    expect([packet.source, packet.destination, data[0], data.readUInt32BE(4)]).toEqual([
      HOST,
      0xffff_ffff,
      2,
      0xcafe_0001,
    ]);
    const options: Record<number, string> = {};
    for (let at = 240; data[at] !== 255; at += 2 + data[at + 1]!)
      options[data[at]!] = data.toString('hex', at + 2, at + 2 + data[at + 1]!);
    return { type: Number(options[53]), address: data.readUInt32BE(16), options };
  }

  it('offers an address and then gives it, with what goes with it', async () => {
    const client = await guest(',hostname=box');
    client.sendPacket(message(DISCOVER!));
    expect(await answer(client)).toMatchObject({ type: OFFER, address: GUEST });
    client.sendPacket(message(REQUEST!, [50, 4, ...bytesOf(GUEST), 54, 4, ...bytesOf(HOST)]));
    expect(await answer(client)).toEqual({
      type: ACKNOWLEDGE,
      address: GUEST,
      options: {
        1: 'ffffff00',
        3: '0a000202',
        6: '0a000203',
        12: '626f78',
        51: '00015180',
        53: '05',
        54: '0a000202',
      },
    });
  });

  it('gives each guest its own, again and again', async () => {
    const client = await guest();
    const other = Uint8Array.of(2, 0, 0, 0, 0, 9);
    for (const [hardware, expected] of [
      [MAC, GUEST],
      [other, GUEST + 1],
      [MAC, GUEST],
    ] as const) {
      client.sendPacket(message(DISCOVER!, [], hardware));
      expect((await answer(client)).address).toBe(expected);
    }
  });

  it('renews an address, refuses another one, and tells who only asks', async () => {
    const client = await guest();
    client.sendPacket(message(REQUEST!, [], MAC, GUEST));
    expect(await answer(client)).toMatchObject({ type: ACKNOWLEDGE, address: GUEST });
    client.sendPacket(message(REQUEST!, [50, 4, ...bytesOf(GUEST + 5)]));
    expect(await answer(client)).toMatchObject({ type: REFUSE, address: 0 });
    client.sendPacket(message(INFORM!, [], MAC, GUEST));
    const told = await answer(client);
    expect([told.type, told.address, told.options[6], told.options[51]]).toEqual([
      ACKNOWLEDGE,
      0,
      '0a000203',
      undefined,
    ]);
  });

  it('says nothing to who has chosen another server, or makes no sense', async () => {
    const client = await guest();
    client.sendPacket(message(REQUEST!, [54, 4, ...bytesOf(HOST + 7), 50, 4, ...bytesOf(GUEST)]));
    client.sendPacket(message(99));
    const broken = message(DISCOVER!);
    broken.payload[8 + 236] = 0;
    client.sendPacket(broken);
    await tick();
    expect(client.packets).toEqual([]);
  });
});

describe('ICMP', () => {
  const ping = (destination: number) => {
    const payload = Buffer.from('08000000000100024142', 'hex');
    payload.writeUInt16BE(checksum(payload), 2);
    return { source: GUEST, destination, protocol: 1, payload };
  };

  it('the host answers, for itself', async () => {
    const client = await guest();
    client.sendPacket(ping(HOST));
    const { source, destination, payload } = await client.packet();
    expect([source, destination, payload[0], checksum(payload)]).toEqual([HOST, GUEST, 0, 0]);
    expect(Buffer.from(payload.subarray(4)).toString('hex')).toBe('000100024142');
    client.sendPacket(ping(address('192.0.2.1')));
    client.sendPacket({ ...ping(HOST), payload: Buffer.from('0800ffff00010002', 'hex') });
    await tick();
    expect(client.packets).toEqual([]);
  });
});

describe('UDP', () => {
  it('reaches the host, and answers come back to the port that asked', async () => {
    const { port } = await echo();
    const client = await guest();
    client.sendDatagram(HOST, port, 'one', 4001);
    expect(await client.datagram()).toEqual({
      source: HOST,
      sourcePort: port,
      destinationPort: 4001,
      text: 'echo one',
    });
    client.sendDatagram(HOST, port, 'two', 4002);
    expect(await client.datagram()).toMatchObject({ destinationPort: 4002, text: 'echo two' });
  });

  it('brings answers that are longer than a packet in fragments', async () => {
    const { socket, port } = await echo();
    const client = await guest();
    socket.on('message', (_, peer) => socket.send(Buffer.alloc(3000), peer.port, peer.address));
    client.sendDatagram(HOST, port, 'x');
    await client.datagram();
    await tick();
    const lengths = client.frames.slice(1).map((frame) => frame.length);
    expect(lengths).toEqual([14 + 20 + 1480, 14 + 20 + 1480, 14 + 20 + 3008 - 2960]);
  });

  it("asks the host's name server", async () => {
    const before = dns.getServers();
    onTestFinished(() => dns.setServers(before));
    const { port } = await echo();
    dns.setServers(['[::1]:53', `127.0.0.1:${port}`]);
    const client = await guest();
    client.sendDatagram(DNS, 53, 'query');
    expect(await client.datagram()).toMatchObject({ source: DNS, sourcePort: 53, text: 'echo query' });
    client.sendDatagram(HOST, port, 'not as a name server', 4010);
    expect(await client.datagram()).toMatchObject({ source: HOST, sourcePort: port });
  });

  it('does not leave where it has no business', async () => {
    const { port, socket } = await echo();
    const heard: string[] = [];
    socket.on('message', (data) => heard.push(`${data}`));
    const restricted = await guest(',restrict=on');
    restricted.sendDatagram(HOST, port, 'restricted');
    const free = await guest();
    for (const destination of ['10.0.2.99', '10.0.2.255', '224.0.0.251', '255.255.255.255', '10.0.2.3'])
      free.sendDatagram(address(destination), port, destination);
    free.sendDatagram(HOST, 0, 'no port');
    free.sendPacket({ source: address('192.0.2.1'), destination: HOST, protocol: 17, payload: Buffer.alloc(8) });
    free.sendDatagram(HOST, port, 'good');
    await free.datagram();
    expect(heard).toEqual(['good']);
  });

  it('comes in through a port that is forwarded, and the answer goes out there, even when restricted', async () => {
    const { socket: peer } = await echo();
    const replies: string[] = [];
    peer.removeAllListeners('message').on('message', (data) => replies.push(`${data}`));
    const port = await freePort();
    const forwarded = await guest(`,hostfwd=udp:127.0.0.1:${port}-:9000,restrict=on`);
    forwarded.sendDatagram(HOST, 1, 'so that it is known');
    peer.send('hello', port, '127.0.0.1');
    const { source, sourcePort, destinationPort, text } = await forwarded.datagram();
    expect([source, sourcePort, destinationPort, text]).toEqual([HOST, peer.address().port, 9000, 'hello']);
    forwarded.sendDatagram(HOST, sourcePort, 'back', 9000);
    await once(peer, 'message');
    expect(replies).toEqual(['back']);
  });

  async function freePort(): Promise<number> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    socket.close();
    await once(socket, 'close');
    return port;
  }
});

it('a host port that is taken is an error', async () => {
  const { port } = await echo();
  await expect(guest(`,hostfwd=udp:127.0.0.1:${port}-:1`)).rejects.toThrow(
    `-netdev user: Could not set up host forwarding rule 'udp:127.0.0.1:${port}-:1': 127.0.0.1:${port}: Address already in use`,
  );
});

it(`anything on the cable is survived (seed ${SEED})`, async () => {
  const client = await guest(',restrict=on');
  const random = new Random(SEED);
  client.sendDatagram(HOST, 67, 'x'.repeat(250), 68);
  for (let round = 0; round < 3000; round++) {
    const packet = {
      source: random.pick([GUEST, 0, random.word()]),
      destination: random.pick([HOST, DNS, 0xffff_ffff, random.word()]),
      protocol: random.pick([1, 6, 17, random.below(256)]),
      payload: Uint8Array.from({ length: random.below(400) }, () => random.word()),
    };
    if (packet.protocol === 17 && packet.payload.length >= 8) {
      const view = viewOf(packet.payload);
      view.setUint16(2, random.pick([67, 53, random.below(0x1_0000)]));
      view.setUint16(4, packet.payload.length);
      view.setUint16(6, 0);
    }
    if (random.chance(80)) client.sendPacket(packet);
    else client.sendFrame(Uint8Array.from({ length: random.below(80) }, () => random.word()));
  }
  client.packets.length = 0;
  const payload = Buffer.from('0800000000010002', 'hex');
  payload.writeUInt16BE(checksum(payload), 2);
  client.sendPacket({ source: GUEST, destination: HOST, protocol: 1, payload });
  expect((await client.packet()).source).toBe(HOST);
});
