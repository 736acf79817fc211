/**
 * Tells clients by which algorithms they may sign — RFC 8308, section 3.1. ssh2 does so itself, and runs two names together in its
 * list (`lib/protocol/Protocol.js`, "sendExtInfo"), so that rsa-sha2-512 is missing; it also offers SHA-1 and DSA, which open nothing
 * here. There is no setting for it: ours is sent in its place.
 */
import type { Connection } from 'ssh2';

/** Those that `auth/ssh-signature.ts` checks. */
const ALGORITHMS = [
  'ssh-ed25519',
  'sk-ssh-ed25519@openssh.com',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ecdsa-sha2-nistp256@openssh.com',
  'rsa-sha2-512',
  'rsa-sha2-256',
];
const EXTENSION = 'server-sig-algs';
const EXT_INFO = 7;

/** Of ssh2's own object for the protocol, what the message takes. */
interface Protocol {
  /** Called when keys are exchanged: the next packet is the one that may be of this kind. */
  _onHandshakeComplete: (...negotiated: readonly unknown[]) => void;
  readonly _kex: { remoteExtInfoEnabled: boolean };
  readonly _cipher: { encrypt(packet: Buffer): void };
  readonly _packetRW: {
    /** Packets are allocated with room around their payload, filled, and finalized. */
    readonly write: {
      readonly allocStart: number;
      alloc(payloadBytes: number): Buffer;
      finalize(packet: Buffer): Buffer;
    };
  };
}

/** To be called before the first exchange of keys is over. */
export function correctExtInfo(connection: Connection): void {
  const protocol = (connection as unknown as { readonly _protocol: Protocol })._protocol;
  const complete = protocol._onHandshakeComplete;
  protocol._onHandshakeComplete = (...negotiated) => {
    protocol._onHandshakeComplete = complete;
    if (protocol._kex.remoteExtInfoEnabled) {
      protocol._kex.remoteExtInfoEnabled = false;
      sendExtInfo(protocol);
    }
    complete(...negotiated);
  };
}

function sendExtInfo({ _cipher: cipher, _packetRW: { write } }: Protocol): void {
  const payload = encodeExtInfo();
  const packet = write.alloc(payload.length);
  packet.set(payload, write.allocStart);
  cipher.encrypt(write.finalize(packet));
}

/** The message's number, how many extensions follow, and the one. */
function encodeExtInfo(): Buffer {
  const names = ALGORITHMS.join(',');
  const payload = Buffer.alloc(1 + 4 + 4 + EXTENSION.length + 4 + names.length);
  payload[0] = EXT_INFO;
  payload.writeUInt32BE(1, 1);
  payload.writeUInt32BE(EXTENSION.length, 5);
  payload.write(EXTENSION, 9, 'latin1');
  payload.writeUInt32BE(names.length, 9 + EXTENSION.length);
  payload.write(names, 13 + EXTENSION.length, 'latin1');
  return payload;
}
