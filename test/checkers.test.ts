import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROOT } from './checks/source-file.ts';

// A checker that finds nothing may have read nothing: each is shown a fault that it must report by name, under the
// project's own configuration, and the same without the fault, which it must let pass.

const MANIFEST = { name: 'planted', version: '1.0.0', type: 'module', license: 'MIT' };

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'processor-planted-'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
  plant({ 'package.json': MANIFEST });
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function plant(files: Readonly<Record<string, string | object>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
}

function check(tool: string, ...args: readonly string[]): { readonly code: number | null; readonly output: string } {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' };
  const command = [join(ROOT, 'node_modules', tool), ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: folder, env, encoding: 'utf8' });
  return { code: status, output: stdout + stderr };
}

const TSCONFIG = {
  extends: join(ROOT, 'tsconfig.json'),
  compilerOptions: { rootDir: '.' },
  include: ['src'],
  exclude: [],
};

describe('oxlint', () => {
  const lint = (text: string): ReturnType<typeof check> => {
    plant({ 'tsconfig.json': TSCONFIG, 'src/event/planted.ts': text });
    return check('oxlint/bin/oxlint', '-c', join(ROOT, '.oxlintrc.json'), 'src');
  };

  it.each([
    ['no-floating-promises', 'async function a(): Promise<void> {}\nexport function b(): void {\n  a();\n}\n'],
    ['no-misused-promises', 'export const a = [1].some(async (x) => Promise.resolve(x > 0));\n'],
    ['await-thenable', 'export async function a(): Promise<void> {\n  await 1;\n}\n'],
    [
      'switch-exhaustiveness-check',
      "export function a(x: 'p' | 'q'): void {\n  switch (x) {\n    case 'p':\n      break;\n  }\n}\n",
    ],
    ['strict-boolean-expressions', 'export const a = (x: boolean | undefined): number => (x ? 1 : 2);\n'],
    ['no-unsafe-assignment', "export const a: number = JSON.parse('1');\n"],
    ['prefer-readonly', 'export class A {\n  private a = 1;\n  b(): number {\n    return this.a;\n  }\n}\n'],
    ['no-explicit-any', 'export const a = (x: any): void => void x;\n'],
    ['consistent-type-imports', "import { A } from './a.ts';\nexport type B = A;\n"],
    ['no-console', "console.log('a');\n"],
    ['eqeqeq', 'export const a = (x: number): boolean => x == 1;\n'],
    ['no-default-export', 'export default 1;\n'],
  ])('reports %s', (rule, text) => {
    const { code, output } = lint(text);
    expect(output).toContain(rule);
    expect(code).not.toBe(0);
  });

  it('passes sound code', () => {
    const { code, output } = lint(
      'async function a(): Promise<void> {}\nexport async function b(): Promise<void> {\n  await a();\n}\n',
    );
    expect(output).toContain('Found 0 warnings and 0 errors');
    expect(output).toMatch(/on 1 file/);
    expect(code).toBe(0);
  });
});

describe('tsc', () => {
  it.each([
    ['an item of an array that may not be there', 'export const a: number = [1][0];\n', 'TS2322'],
    ['an optional property set to undefined', 'export const a: { b?: number } = { b: undefined };\n', 'TS2375'],
    ['syntax that is not erasable', 'export enum A {\n  B,\n}\n', 'TS1294'],
    ['a local that is not used', 'const a = 1;\nexport {};\n', 'TS6133'],
  ])('reports %s', (_, text, message) => {
    plant({ 'tsconfig.json': TSCONFIG, 'src/planted.ts': text });
    const { code, output } = check('typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json');
    expect(output).toContain(message);
    expect(code).not.toBe(0);
  });

  it('passes sound code', () => {
    plant({ 'tsconfig.json': TSCONFIG, 'src/planted.ts': 'export const a: number = 1;\n' });
    expect(check('typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json')).toEqual({ code: 0, output: '' });
  });
});

describe('prettier', () => {
  const format = (text: string): ReturnType<typeof check> => {
    plant({ 'planted.ts': text });
    return check('prettier/bin/prettier.cjs', '--config', join(ROOT, '.prettierrc.json'), '--check', 'planted.ts');
  };

  it('reports code in another format', () => {
    const { code, output } = format('export const a = "b"\n');
    expect(output).toContain('planted.ts');
    expect(code).not.toBe(0);
  });

  it('passes code in the format', () => {
    expect(format("export const a = 'b';\n").code).toBe(0);
  });
});

describe('knip', () => {
  const SOUND = {
    'tsconfig.json': TSCONFIG,
    'src/index.ts': "export { a } from './a.ts';\n",
    'src/a.ts': 'export const a = 1;\n',
  };
  const search = (files: Readonly<Record<string, string | object>>): ReturnType<typeof check> => {
    plant({ ...SOUND, ...files });
    return check('knip/bin/knip.js', '--config', join(ROOT, 'knip.json'), '--directory', folder, '--no-config-hints');
  };

  it.each([
    ['a file that nothing imports', { 'src/b.ts': 'export const b = 1;\n' }, 'Unused files'],
    ['an export that nothing imports', { 'src/a.ts': 'export const a = 1;\nexport const b = 2;\n' }, 'Unused exports'],
    [
      'a dependency that nothing imports',
      { 'package.json': { ...MANIFEST, dependencies: { hono: '1.0.0' } } },
      'Unused dependencies',
    ],
    [
      'a dependency that is not declared',
      { 'src/a.ts': "import 'hono';\nexport const a = 1;\n" },
      'Unlisted dependencies',
    ],
  ])('reports %s', (_, files, message) => {
    const { code, output } = search(files);
    expect(output).toContain(message);
    expect(code).not.toBe(0);
  });

  it('passes a project in which everything is used', () => {
    expect(search({})).toMatchObject({ code: 0 });
  });
});

describe('publint', () => {
  const publish = (target: string): ReturnType<typeof check> => {
    plant({
      'package.json': { ...MANIFEST, files: ['a.js'], exports: { '.': target } },
      'a.js': 'export const a = 1;\n',
    });
    return check('publint/src/cli.js', 'run', folder, '--strict', '--pack', 'false');
  };

  it('reports an export that is not there', () => {
    const { code, output } = publish('./b.js');
    expect(output).toContain('b.js');
    expect(code).not.toBe(0);
  });

  it('passes a package whose exports are there', () => {
    expect(publish('./a.js')).toMatchObject({ code: 0 });
  });
});
