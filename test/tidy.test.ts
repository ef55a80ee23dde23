import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, isTest, parse, projectPaths, readAll } from './checks/source-file.ts';
import {
  ambientViolations,
  docViolations,
  lengthViolations,
  silencedViolations,
  switchedOffViolations,
  unreasonedViolations,
} from './checks/tidy-code.ts';
import {
  lockViolations,
  machinePathViolations,
  nameViolations,
  undoneWorkViolations,
  versionViolations,
} from './checks/tidy-files.ts';

const paths = projectPaths().filter((path) => !path.startsWith('test/fixtures/'));
const code = readAll(paths.filter((path) => /\.(?:tsx?|mjs)$/.test(path))).map(parse);
const product = code.filter(({ path }) => !isTest(path));
const library = product.filter(({ path }) => path.startsWith('src/'));
const page = product.filter(({ path }) => path.startsWith('dashboard/src/'));
const BINARY = /\.(?:png|jpe?g|gif|ico|woff2?|wasm|gz|tgz|zip)$/;
const texts = readAll(paths.filter((path) => !BINARY.test(path)));

function json(path: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
}

describe('the project', () => {
  it('is read by these checks', () => {
    expect(paths.length).toBeGreaterThan(50);
    expect(library.length).toBeGreaterThan(30);
    expect(page.length).toBeGreaterThan(20);
    expect(code.filter(({ path }) => isTest(path)).length).toBeGreaterThan(2);
  });

  it.each([
    ['has files and functions that can be read in one go', product, lengthViolations],
    ['is given time, chance and environment', library, ambientViolations],
    ['never silences the compiler', code, silencedViolations],
    ['switches no test off without a reason', code, switchedOffViolations],
    ['gives the reason for every !', [...library, ...page], unreasonedViolations],
    ['documents every exported name', [...library, ...page], docViolations],
  ])('%s', (_, files, violations) => {
    expect(files.flatMap(violations)).toEqual([]);
  });

  it('has names that say something', () => {
    expect(paths.flatMap(nameViolations)).toEqual([]);
  });

  it('has no path of one machine in it', () => {
    expect(texts.flatMap(machinePathViolations)).toEqual([]);
  });

  it('has no notes of work left for later', () => {
    // The rule itself, and the examples that it is tried on, have the words in them.
    const others = texts.filter(({ path }) => !/^test\/(?:checks\/)?tidy/.test(path));
    expect(others.flatMap(undoneWorkViolations)).toEqual([]);
  });

  it('fetches packages from the public registry only', () => {
    for (const path of ['package-lock.json', 'site/package-lock.json']) expect(lockViolations(json(path))).toEqual([]);
  });

  it('asks for exact versions', () => {
    expect(versionViolations(json('package.json'))).toEqual([]);
  });
});

const lines = (count: number): string => '\n'.repeat(count);

describe('the checks of code catch', () => {
  it.each([
    ['a long file', lengthViolations, `export {};${lines(301)}`, '301 lines'],
    ['a long function', lengthViolations, `function a() {${lines(60)}}`, 'function of 61 lines'],
    ['a long method', lengthViolations, `class A { a() {${lines(60)}} }`, 'function of 61 lines'],
    ['a long arrow function', lengthViolations, `const a = () => {${lines(60)}};`, 'function of 61 lines'],
    ['the clock', ambientViolations, 'Date.now();', 'Date.now'],
    ['the clock handed on', ambientViolations, 'use(Date.now);', 'Date.now'],
    ['the clock by a quoted name', ambientViolations, "Date['now']();", 'Date.now'],
    ['the clock by globalThis', ambientViolations, 'globalThis.Date.now();', 'Date.now'],
    ['the precise clock', ambientViolations, 'performance.now();', 'performance.now'],
    ['a date of now', ambientViolations, 'new Date();', 'Date()'],
    ['a date of now as text', ambientViolations, 'Date();', 'Date()'],
    ['a timer', ambientViolations, 'setTimeout(a, 1);', 'setTimeout()'],
    ['a timer by globalThis', ambientViolations, 'globalThis.setTimeout(a, 1);', 'setTimeout'],
    ['a repeated timer', ambientViolations, 'setInterval(a, 1);', 'setInterval()'],
    ['chance', ambientViolations, 'Math.random();', 'Math.random'],
    ['chance of crypto', ambientViolations, 'crypto.randomUUID();', 'crypto.randomUUID'],
    ['chance imported', ambientViolations, "import { randomBytes } from 'node:crypto';", 'randomBytes'],
    ['the environment', ambientViolations, 'process.env;', 'process.env'],
    ['the environment taken out', ambientViolations, 'const { env } = process;', 'process.env'],
    ['an exit', ambientViolations, 'process.exit(1);', 'process.exit'],
    ['an ignored type error', silencedViolations, '// @ts-ignore', 'comment with'],
    ['an expected type error', silencedViolations, '// @ts-expect-error: why', 'comment with'],
    ['a test that runs alone', switchedOffViolations, "it.only('a', a);", 'it.only'],
    ['a test that is skipped', switchedOffViolations, "describe.skip('a', a);", 'describe.skip'],
    ['a ! without a reason', unreasonedViolations, '// Why.\na!.b;', '! without the reason'],
    ['an undocumented function', docViolations, 'export function a() {}', 'exports a without'],
    ['an undocumented constant', docViolations, '/** Of b. */\nconst b = 1;\nexport const a = b;', 'exports a without'],
    [
      'a constant apart from its list',
      docViolations,
      '/** A. */\nexport const a = 1;\n\nexport const b = 1;',
      'exports b',
    ],
    ['an undocumented type', docViolations, 'export type A = 1;', 'exports A without'],
    ['an undocumented interface', docViolations, '// Not a doc comment.\nexport interface A {}', 'exports A without'],
    ['an undocumented class', docViolations, 'export class A {}', 'exports A without'],
  ])('%s', (_, violations, text, message) => {
    expect(violations(parse({ path: 'src/event/x.ts', text }))).toEqual([expect.stringContaining(message)]);
  });

  it.each([
    ['a function of sixty lines', lengthViolations, `function a() {${lines(59)}}`],
    ['a date of a given instant', ambientViolations, 'new Date(0);'],
    ['a method of that name', ambientViolations, 'this.clock.now(); scheduler.setTimeout(a);'],
    ['words in text', ambientViolations, "const a = 'Math.random() and process.env';"],
    ['a test for some platforms only', switchedOffViolations, "it.skipIf(a)('b', c);"],
    ['a ! with its reason', unreasonedViolations, 'a!.b; // Set above.'],
    ['a list of constants', docViolations, '/** Bytes. */\nexport const a = 1;\nexport const b = 2;'],
    ['names passed on', docViolations, "export { a } from './a.ts';"],
    [
      'a documented function and its overloads',
      docViolations,
      '/** A. */\nexport function a(): void;\nexport function a() {}',
    ],
  ])('but not %s', (_, violations, text) => {
    expect(violations(parse({ path: 'src/event/x.ts', text }))).toEqual([]);
  });

  it.each(['src/time/clock.ts', 'src/cli/main.ts'])('but not what belongs in %s', (path) => {
    expect(ambientViolations(parse({ path, text: 'Date.now(); setTimeout(a); process.env;' }))).toEqual([]);
  });
});

describe('the checks of files catch', () => {
  it.each(['src/utils/a.ts', 'src/event/helpers.ts', 'test/common.ts', 'docs/misc.md', 'src/util.ts'])('%s', (path) => {
    expect(nameViolations(path)).toHaveLength(1);
  });

  it.each(['work', 'home', 'Users', 'root', 'tmp'])('a path that begins with %s', (folder) => {
    expect(machinePathViolations({ path: 'a.md', text: `ok\nsee \`/${folder}/x\`` })).toEqual([
      expect.stringContaining('a.md:2'),
    ]);
  });

  it.each(['TODO', 'FIXME', 'XXX', 'HACK'])('a note that says %s', (word) => {
    expect(undoneWorkViolations({ path: 'a.ts', text: `ok\n// ${word}: later` })).toEqual([`a.ts:2 has ${word}`]);
  });

  it.each([
    ['./src/commonplace.ts', nameViolations('src/commonplace.ts')],
    ['a word that holds one', undoneWorkViolations({ path: 'a.md', text: 'shackle, todos' })],
    ['a path of a URL', machinePathViolations({ path: 'a.md', text: 'https://example.org/home/x' })],
  ])('but not %s', (_, violations) => {
    expect(violations).toEqual([]);
  });

  it.each([
    ['another registry', { 'node_modules/a': { version: '1.0.0', resolved: 'https://npm.example.org/a.tgz' } }],
    [
      'a registry that begins alike',
      { 'node_modules/a': { resolved: 'https://registry.npmjs.org.example.org/a.tgz' } },
    ],
    ['a repository', { 'node_modules/a': { version: 'git+ssh://git@example.org/a.git' } }],
    ['a file', { 'node_modules/a': { resolved: 'file:../a' } }],
  ])('packages from %s', (_, packages) => {
    expect(lockViolations({ packages })).toHaveLength(1);
  });

  it.each(['^1.0.0', '~1.0.0', '1.x', 'latest', '*', 'github:a/b', '>=1.0.0'])('the version %s', (version) => {
    expect(versionViolations({ devDependencies: { a: version } })).toHaveLength(1);
  });
});
