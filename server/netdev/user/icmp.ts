/** Answers to echo requests (RFC 792), as far as the host itself is meant: what is behind it cannot be asked. */
import type { Network } from './network.ts';
import { checksum, type Packet, PROTOCOL, viewOf } from './packet.ts';

const TYPE = { echoReply: 0, echoRequest: 8 } as const;
const HEADER_BYTES = 8;

/** The answer to an ICMP packet, if there is one. */
export function answerEcho({ host, dns }: Network, { source, destination, payload }: Packet): Packet | undefined {
  if (destination !== host && destination !== dns) return undefined;
  if (payload.length < HEADER_BYTES || payload[0] !== TYPE.echoRequest || checksum(payload) !== 0) return undefined;
  const reply = Uint8Array.from(payload);
  reply[0] = TYPE.echoReply;
  const view = viewOf(reply);
  view.setUint16(2, 0);
  view.setUint16(2, checksum(reply));
  return { source: destination, destination: source, protocol: PROTOCOL.icmp, payload: reply };
}
