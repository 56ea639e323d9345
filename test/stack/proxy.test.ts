/**
 * docs/proxy.md, followed exactly, with Debian's nginx and Caddy as services of a real systemd,
 * each on a machine of its own.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { stepsOf } from '../support/document.ts';
import { ROOT } from '../support/program.ts';
import { describeOnMachine, FOLDER, Machine } from './support/machine.ts';
import { Reader } from './support/reader.ts';

const steps = stepsOf(join(ROOT, 'docs/proxy.md'));

for (const proxy of ['Caddy', 'nginx']) {
  describeOnMachine(`docs/proxy.md with ${proxy}`, () => {
    const reader = new Reader();
    let machine: Machine;

    beforeAll(async () => {
      machine = await Machine.start();
      await machine.install();
    }, 60_000);

    afterAll(() => machine?.[Symbol.asyncDispose]());

    for (const step of steps.filter(({ heading }) => ['Seen', proxy, 'Streams'].includes(heading)))
      test(step.title, () => reader.follow(step, machine, FOLDER));

    if (proxy === 'nginx') {
      test('certbot’s files are served without HTTPS', async () => {
        const shown = await machine.must(`
          mkdir -p /var/www/html/.well-known/acme-challenge
          echo proof > /var/www/html/.well-known/acme-challenge/file
          curl -s --resolve count.example.com:80:127.0.0.1 \
            http://count.example.com/.well-known/acme-challenge/file`);
        expect(shown).toBe('proof');
      });
    }
  });
}
