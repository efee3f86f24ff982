/** A pcap file of bulk TCP, made without a network: what the flow bench reads. */

const connections = 64;
const segmentBytes = 1448;
const headerBytes = 14 + 20 + 20;
/** Two segments of the server, then the client's ACK. */
const cycle = 3;

/** Handshakes of all connections, then segments in turn: one of each connection after the other, a microsecond apart. */
export function writeBulkCapture(packets: number): Buffer {
  const out = Buffer.alloc(24 + packets * (16 + headerBytes + segmentBytes));
  out.writeUInt32LE(0xa1b2_c3d4, 0);
  out.writeUInt16LE(2, 4);
  out.writeUInt16LE(4, 6);
  out.writeUInt32LE(65_535, 16);
  out.writeUInt32LE(1, 20);
  let at = 24;
  let micros = 0;
  const next = new Array<number>(connections).fill(5001);
  const add = (connection: number, toServer: boolean, flags: number, seq: number, ack: number, payload: number) => {
    out.writeUInt32LE(1_700_000_000 + Math.floor(micros / 1e6), at);
    out.writeUInt32LE(micros % 1e6, at + 4);
    out.writeUInt32LE(headerBytes + payload, at + 8);
    out.writeUInt32LE(headerBytes + payload, at + 12);
    writeFrame(out, at + 16, connection, toServer, flags, seq, ack, payload);
    at += 16 + headerBytes + payload;
    micros++;
  };
  for (let connection = 0; connection < connections; connection++) {
    add(connection, true, 2, 1000, 0, 0);
    add(connection, false, 18, 5000, 1001, 0);
    add(connection, true, 16, 1001, 5001, 0);
  }
  for (let count = 3 * connections; count < packets; count++) {
    const connection = count % connections;
    if (Math.floor(count / connections) % cycle === 2) {
      add(connection, true, 16, 1001, next[connection]!, 0);
    } else {
      add(connection, false, 16, next[connection]!, 1001, segmentBytes);
      next[connection]! += segmentBytes;
    }
  }
  return out.subarray(0, at);
}

function writeFrame(
  out: Buffer,
  at: number,
  connection: number,
  toServer: boolean,
  flags: number,
  seq: number,
  ack: number,
  payload: number,
): void {
  out.write('020000000002020000000001', at, 'hex');
  out.writeUInt16BE(0x0800, at + 12);
  const ip = at + 14;
  out[ip] = 0x45;
  out.writeUInt16BE(40 + payload, ip + 2);
  out[ip + 8] = 64;
  out[ip + 9] = 6;
  const client = 0x0a00_0001 + connection;
  const server = 0xac10_0001;
  out.writeUInt32BE(toServer ? client : server, ip + 12);
  out.writeUInt32BE(toServer ? server : client, ip + 16);
  const tcp = ip + 20;
  out.writeUInt16BE(toServer ? 40_000 + connection : 5201, tcp);
  out.writeUInt16BE(toServer ? 5201 : 40_000 + connection, tcp + 2);
  out.writeUInt32BE(seq >>> 0, tcp + 4);
  out.writeUInt32BE(ack >>> 0, tcp + 8);
  out[tcp + 12] = 0x50;
  out[tcp + 13] = flags;
  out.writeUInt16BE(1000, tcp + 14);
}
