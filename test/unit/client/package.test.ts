/**
 * The client as other programs get it, from `npm pack`: its size, its files, in Node and Bun, its
 * types, and the component on a server.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { applicationWithClient } from '../../support/client-package.ts';
import { Program, ROOT } from '../../support/program.ts';

let application: Awaited<ReturnType<typeof applicationWithClient>>;
let program: Program;
beforeAll(async () => {
  [application, program] = await Promise.all([applicationWithClient(), Program.start()]);
});
afterAll(async () => {
  application[Symbol.dispose]();
  await program[Symbol.asyncDispose]();
});

const inPackage = (...path: string[]) =>
  join(application.path, 'node_modules/seen-counter', ...path);

/** Writes a file of the application and runs it; returns what it prints. */
async function run(program_: string, file: string, text: string): Promise<string> {
  writeFileSync(join(application.path, file), text);
  const { exitCode, stdout, stderr } = await Bun.$`${program_} ${file}`
    .cwd(application.path)
    .quiet()
    .nothrow();
  expect({ exitCode, said: stderr.toString() }).toEqual({ exitCode: 0, said: '' });
  return stdout.toString();
}

test('the client has less than 3 kB compressed, and imports nothing', () => {
  const text = readFileSync(inPackage('client/dist/client.js'), 'utf8');
  expect(Bun.gzipSync(text).byteLength).toBeLessThan(3000);
  expect(Buffer.byteLength(text)).toBeLessThan(4096);
  expect(text).not.toMatch(/\bimport\b|\brequire\b|process\./);
  // The component has the client beside it, and React from the application.
  const component = readFileSync(inPackage('client/dist/react.js'), 'utf8');
  expect(component).toStartWith("'use client';");
  const imported = [...component.matchAll(/from\s*"([^"]+)"/g)].map(([, name]) => name);
  expect(new Set(imported)).toEqual(new Set(['react', './client.js']));
});

test('Node and Bun count, watch, and end by themselves when the watching ends', async () => {
  const text = `import { Seen } from 'seen-counter/client';
// Half of it is no whole number, which Node's timers want.
const seen = new Seen('${program.url}', { timeoutMs: 9999.5 });
const name = 'package/' + process.argv0.split('/').at(-1);
const first = await seen.hit(name);
const told = await new Promise((resolve) => {
  const stop = seen.watch(name, (total) => {
    if (total === 1) void seen.hit(name);
    else (stop(), resolve(total));
  });
});
console.log(first, told);
`;
  expect(await run('node', 'count.mjs', text)).toBe('1 2\n');
  expect(await run(process.execPath, 'count.mjs', text)).toBe('1 2\n');
});

test('TypeScript knows the types of every call', async () => {
  writeFileSync(
    join(application.path, 'use.mts'),
    `import { Seen, SeenError, type Counter } from 'seen-counter/client';
import { SeenCounter, useSeen } from 'seen-counter/react';
const seen = new Seen('https://seen.example.com', { token: 'seen_…' });
const number: number | null = await seen.hit('my-site/page', { amount: 2 });
const counter: Counter = await seen.get('my-site/page');
for await (const { value } of seen.list({ search: 'site' })) value.toFixed();
const stop: () => void = seen.watch('hits', (total) => total?.toFixed());
// @ts-expect-error: there is no such field.
await seen.update('my-site/page', { colour: 'red' });
// @ts-expect-error: a counter is required.
SeenCounter({ server: seen });
console.log(number, counter, stop, SeenError, useSeen);
`,
  );
  for (const [module, resolution] of [
    ['NodeNext', 'NodeNext'],
    ['Preserve', 'Bundler'],
  ]) {
    const said =
      await Bun.$`${ROOT}/node_modules/.bin/tsc --noEmit --strict --target ESNext --lib ESNext,DOM,DOM.AsyncIterable --types ${''} --module ${module} --moduleResolution ${resolution} use.mts`
        .cwd(application.path)
        .nothrow()
        .text();
    expect({ module, said }).toEqual({ module, said: '' });
  }
});

test('on a server the component renders its placeholder, and counts nothing', async () => {
  const text = `import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { SeenCounter } from 'seen-counter/react';
const props = { counter: 'package/server', server: '${program.url}', count: true, live: true };
console.log(renderToString(createElement(SeenCounter, { ...props, className: 'number' })));
console.log(renderToString(createElement(SeenCounter, { ...props, placeholder: 'soon' })));
`;
  expect(await run('node', 'render.mjs', text)).toBe(
    '<span class="number">…</span>\n<span>soon</span>\n',
  );
  expect(await program.get('/api/v1/values?names=package/server')).toContain(':null');
});
