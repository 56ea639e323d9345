/** The address of a visit's client, behind trusted and untrusted proxies. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { createClientAddress } from '../../../../src/http/visit/client-address.ts';

describe('the address of a client', () => {
  const behindCaddy = createClientAddress(['10.98.98.0/24', '2001:db8::1']);

  test('is the connection’s, whatever the header says, unless the connection is of a trusted proxy', () => {
    expect(behindCaddy('192.0.2.1', '198.51.100.7')).toBe('192.0.2.1');
    expect(createClientAddress([])('10.98.98.2', '198.51.100.7')).toBe('10.98.98.2');
  });

  test('is the address that the trusted proxy reports', () => {
    expect(behindCaddy('10.98.98.2', '198.51.100.7')).toBe('198.51.100.7');
    expect(behindCaddy('::ffff:10.98.98.2', '198.51.100.7')).toBe('198.51.100.7');
    expect(behindCaddy('2001:db8::1', '2001:db8:1::9')).toBe('2001:db8:1::9');
    expect(behindCaddy('10.98.98.2', null)).toBe('10.98.98.2');
  });

  test('is not what the client wrote into the header', () => {
    expect(behindCaddy('10.98.98.2', '203.0.113.9, 198.51.100.7')).toBe('198.51.100.7');
    expect(behindCaddy('10.98.98.2', '10.98.98.77, 198.51.100.7, 10.98.98.3')).toBe(
      '198.51.100.7',
    );
  });

  test('is read in every form in which proxies write it', () => {
    for (const [said, address] of [
      ['203.0.113.1:4001', '203.0.113.1'],
      ['[2001:db8:1::9]:4001', '2001:db8:1::9'],
      ['[2001:db8:1::9]', '2001:db8:1::9'],
      ['"[2001:db8:1::9]:4001"', '2001:db8:1::9'],
      ['"203.0.113.1:4001"', '203.0.113.1'],
      ['"203.0.113.1"', '203.0.113.1'],
      ['::ffff:203.0.113.1', '203.0.113.1'],
      ['::FFFF:203.0.113.1', '203.0.113.1'],
      ['::ffff:cb00:7101', '203.0.113.1'],
      ['[::ffff:203.0.113.1]:4001', '203.0.113.1'],
      [' 203.0.113.1:4001 ', '203.0.113.1'],
    ] as const) {
      for (const header of [
        said,
        `198.51.100.7, ${said}`,
        `${said}, 10.98.98.3:80`,
        `${said},[2001:db8::1]:443`,
      ]) {
        expect({ header, address: behindCaddy('10.98.98.2', header) }).toEqual({
          header,
          address,
        });
      }
    }
  });

  test('differs for visitors whose proxy writes ports', () => {
    const addresses = ['203.0.113.1:4001', '203.0.113.2:4001', '203.0.113.1:4002'].map((said) =>
      behindCaddy('10.98.98.2', said),
    );
    expect(addresses).toEqual(['203.0.113.1', '203.0.113.2', '203.0.113.1']);
  });

  test('is found behind up to 20 trusted proxies', () => {
    const through = (proxies: number) =>
      behindCaddy('10.98.98.2', `198.51.100.7${', 10.98.98.3'.repeat(proxies - 1)}`);
    expect(through(20)).toBe('198.51.100.7');
    expect(through(21)).toBe('10.98.98.3');
  });

  test('is the proxy’s when the proxy reports no valid address', () => {
    for (const said of [
      '203.0.113.1:',
      '203.0.113.1:port',
      '203.0.113.1:400123',
      '[203.0.113.1',
      '[2001:db8::1]x',
      '_hidden:80',
      '203.0.113:80',
      '1:2',
      `${' '.repeat(99)}[${'1:'.repeat(99)}]`,
    ]) {
      expect({ said, address: behindCaddy('10.98.98.2', said) }).toEqual({
        said,
        address: '10.98.98.2',
      });
    }
    expect(behindCaddy('10.98.98.2', 'unknown')).toBe('10.98.98.2');
    expect(behindCaddy('10.98.98.2', '198.51.100.7,')).toBe('10.98.98.2');
  });

  test('is never one that only an untrusted peer reports', () => {
    fc.assert(
      fc.property(fc.array(fc.ipV4(), { maxLength: 5 }), fc.ipV4(), (said, peer) => {
        fc.pre(!peer.startsWith('10.98.98.'));
        expect(behindCaddy(peer, said.join(', '))).toBe(peer);
        expect(behindCaddy('10.98.98.2', [...said, peer].join(', '))).toBe(peer);
      }),
    );
  });
});
