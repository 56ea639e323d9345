/**
 * The rules of the architecture as rules of the linter: who may import whom, and no code that runs
 * at import.
 *
 * The table is the one in ARCHITECTURE.md. `test/unit/lint/architecture.test.ts` shows that each
 * rule refuses what it should.
 */
import { dirname, join, relative, sep } from 'node:path';

/** For each part of `src/`, the parts it may import besides itself. */
const MAY_IMPORT = {
  main: ['commands', 'config', 'counter'],
  commands: [
    'http',
    'images',
    'replicas',
    'verify',
    'archive',
    'services',
    'stores',
    'contract',
    'counter',
    'config',
    'deadline',
    'log',
    'metrics',
    'network',
    'plural',
  ],
  http: [
    'contract',
    'counter',
    'deadline',
    'images',
    'languages',
    'network',
    'page',
    'plural',
    'services',
  ],
  replicas: ['contract', 'counter', 'deadline', 'log', 'metrics'],
  verify: ['contract', 'counter', 'deadline', 'plural'],
  stores: ['contract', 'counter', 'deadline', 'postgres-url', 'redis-url'],
  archive: ['contract', 'counter', 'plural', 'services'],
  services: ['counter'],
  images: ['shields-colours'],
  page: ['languages'],
  browser: ['languages', 'shields-colours'],
  languages: [],
  counter: ['contract'],
  contract: [],
  config: ['counter', 'network', 'postgres-url', 'redis-url', 'services'],
  deadline: [],
  log: [],
  metrics: [],
  network: [],
  plural: [],
  'postgres-url': [],
  'redis-url': [],
  'shields-colours': [],
};
/** What browsers run when they have loaded it. */
const BROWSER_ENTRIES = /\bsrc\/page\/browser\/(page|new|manage|embed|busuanzi)\.ts$/;

/** Parts that are inside a folder of another part. */
const INNER_PARTS = [
  ['page/browser/', 'browser'],
  ['images/shields-colours.ts', 'shields-colours'],
];

/** `src/http/app.ts` is in the part `http`, `src/log.ts` in `log`. */
function partOf(path) {
  const parts = path.split(sep);
  const at = parts.lastIndexOf('src');
  if (at === -1) return undefined;
  const inside = parts.slice(at + 1).join('/');
  const inner = INNER_PARTS.find(([place]) => inside.startsWith(place));
  return inner ? inner[1] : parts[at + 1]?.replace(/\.ts$/, '');
}

const layers = {
  create(context) {
    const from = partOf(context.filename);
    if (from === undefined) return {};
    const check = (node) => {
      const target = node.source?.value;
      if (typeof target !== 'string' || !target.startsWith('.')) return;
      const to = partOf(relative('.', join(dirname(context.filename), target)));
      if (to === undefined || to === from) return;
      if (!MAY_IMPORT[from]?.includes(to)) {
        context.report({
          node,
          message: `${from} may not import ${to}: see "Who imports whom" in ARCHITECTURE.md.`,
        });
      }
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};

/** Calls that begin something, by name, and the objects whose methods may. */
const BEGINNERS = /^(setTimeout|setInterval|setImmediate|queueMicrotask|fetch)$/;
const OBJECTS_THAT_BEGIN = /^(Bun|process)$/;
/** What is in one of these runs later, or for each instance. */
const LATER = [
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'PropertyDefinition',
];

const noCodeAtImport = {
  create(context) {
    const part = partOf(context.filename);
    // What browsers have loaded they run.
    if (part === undefined || part === 'main' || BROWSER_ENTRIES.test(context.filename)) return {};
    let depth = 0;
    const levels = LATER.flatMap((type) => [
      [type, () => depth++],
      [`${type}:exit`, () => depth--],
    ]);
    const refuse = (node) =>
      context.report({ node, message: 'Nothing begins at import: put it in a function.' });
    return {
      ...Object.fromEntries(levels),
      AwaitExpression: (node) => depth === 0 && refuse(node),
      CallExpression(node) {
        const { callee } = node;
        const begins =
          callee.type === 'MemberExpression'
            ? OBJECTS_THAT_BEGIN.test(callee.object.name)
            : BEGINNERS.test(callee.name);
        if (depth === 0 && begins) refuse(node);
      },
      Program(program) {
        for (const node of program.body) {
          if (
            /^(ExpressionStatement|IfStatement|For\w*Statement|WhileStatement|TryStatement|BlockStatement|ThrowStatement|SwitchStatement)$/.test(
              node.type,
            )
          ) {
            context.report({
              node,
              message: 'Nothing runs at import: put it in a function that somebody calls.',
            });
          }
        }
      },
    };
  },
};

const noReExport = {
  create(context) {
    if (partOf(context.filename) === undefined) return {};
    const check = (node) => {
      if (node.source)
        context.report({ node, message: 'No barrels: import from the file that has it.' });
    };
    return { ExportNamedDeclaration: check, ExportAllDeclaration: check };
  },
};

/** Lines of code and comments end before this column. */
const COLUMN_MAX = 100;

const lineLength = {
  create(context) {
    const { text } = context.sourceCode;
    const tooLong = new Map();
    let at = 0;
    for (const [index, line] of text.split('\n').entries()) {
      // An address cannot be broken.
      const broken = line.replaceAll(/https?:\/\/\S+/g, '');
      if (broken.length >= COLUMN_MAX) tooLong.set(index + 1, [at, at + line.length]);
      at += line.length + 1;
    }
    // The formatter breaks code. A text that people or programs read stays whole.
    const excuse = ({ range: [from, to] }) => {
      for (const [line, [begin, end]] of tooLong) {
        if (from < end && to > begin) tooLong.delete(line);
      }
    };
    const excuseText = (node) => {
      if (typeof node.value === 'string' || node.regex) excuse(node);
    };
    return {
      Literal: excuseText,
      TemplateLiteral: excuse,
      'Program:exit'() {
        for (const line of tooLong.keys()) {
          context.report({
            loc: { start: { line, column: COLUMN_MAX - 1 }, end: { line, column: COLUMN_MAX } },
            message: `Lines of code and comments end before column ${COLUMN_MAX}.`,
          });
        }
      },
    };
  },
};

export default {
  meta: { name: 'architecture' },
  rules: {
    layers,
    'line-length': lineLength,
    'no-code-at-import': noCodeAtImport,
    'no-re-export': noReExport,
  },
};
