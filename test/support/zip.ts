/**
 * Writes zip files for tests, also invalid ones
 * (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT).
 */
import { crc32, deflateRawSync } from 'node:zlib';

/** A file in a zip file; `size` and `sum` are what the zip file says of it, if not the truth. */
export interface ZipEntry {
  readonly name: string;
  readonly content: string | Uint8Array;
  readonly size?: number;
  readonly sum?: number;
  readonly encrypted?: boolean;
}

/** A zip file with these files in it, packed. */
export function zipOf(entries: readonly ZipEntry[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, content, size, sum, encrypted = false } of entries) {
    const bytes = Buffer.from(content);
    const packed = deflateRawSync(bytes);
    const said = Buffer.alloc(26);
    said.writeUInt16LE(20, 0);
    said.writeUInt16LE(encrypted ? 1 : 0, 2);
    said.writeUInt16LE(8, 4);
    said.writeUInt32LE(sum ?? crc32(bytes), 10);
    said.writeUInt32LE(packed.length, 14);
    said.writeUInt32LE(size ?? bytes.length, 18);
    said.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), said, Buffer.from(name), packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(at, 10);
    directory.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), said, rest, Buffer.from(name));
    files.push(local);
    at += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...files, central, end]);
}
