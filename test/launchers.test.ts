import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closingLine, sum, tallyOfVitest, type FileReport } from '../scripts/tally.mjs';
import { SetupError, ensureBuilt, ensureInstalled, lockFits, requireNode } from '../scripts/toolchain.mjs';
import { ROOT } from './checks/source-file.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'processor-launch-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(path: string, text: string): void {
  writeFileSync(join(folder, path), text);
}

function lock(packages: Readonly<Record<string, object>>): string {
  return JSON.stringify({ packages: { '': { name: 'x' }, ...packages } });
}

describe('the Node that starts the commands', () => {
  it.each(['18.20.4', '0.12.0', 'unknown'])('is refused if it is %s', (version) => {
    expect(() => requireNode(version)).toThrow(/Node 20 or newer/);
  });

  it.each(['20.0.0', '24.1.0', '100.0.0'])('may be %s', (version) => {
    expect(() => requireNode(version)).not.toThrow();
  });
});

describe('installed packages', () => {
  const wanted = lock({
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b': { version: '2.0.0', optional: true },
  });

  it.each([
    ['fit if they are what the lock file asks for', lock({ 'node_modules/a': { version: '1.0.0' } }), true],
    ['do not fit if one is missing', lock({ 'node_modules/b': { version: '2.0.0' } }), false],
    ['do not fit if one has another version', lock({ 'node_modules/a': { version: '1.0.1' } }), false],
    [
      'do not fit if an optional one has another version',
      lock({ 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '2.0.1' } }),
      false,
    ],
  ])('%s', (_, installed, fits) => {
    expect(lockFits(wanted, installed)).toBe(fits);
  });

  it('are left alone if they fit, and then known by a stamp', () => {
    mkdirSync(join(folder, 'node_modules'));
    write('package-lock.json', wanted);
    write('node_modules/.package-lock.json', lock({ 'node_modules/a': { version: '1.0.0' } }));
    ensureInstalled(folder);
    expect(readFileSync(join(folder, 'node_modules/.lock-hash'), 'utf8')).toMatch(/^[0-9a-f]{64}$/);
  });

  it('are never replaced where they are shared by a link', () => {
    mkdirSync(join(folder, 'shared'));
    symlinkSync(join(folder, 'shared'), join(folder, 'node_modules'), 'junction');
    write('package-lock.json', wanted);
    expect(() => ensureInstalled(folder)).toThrow(SetupError);
  });
});

describe('the build', () => {
  beforeEach(() => {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
    mkdirSync(join(folder, 'src'));
    write('package.json', '{ "type": "module" }');
    write('package-lock.json', '{}');
    write('tsconfig.json', '{ "compilerOptions": { "module": "NodeNext", "lib": ["ES2023"], "types": [] } }');
    write('tsconfig.build.json', readFileSync(join(ROOT, 'tsconfig.build.json'), 'utf8'));
    write('src/a.ts', 'export const a: number = 1;\n');
    write('src/b.ts', 'export const b: number = 2;\n');
    ensureBuilt(folder);
  });

  const built = (name: string): boolean => existsSync(join(folder, 'dist', name));

  it('compiles code and declarations', () => {
    expect(['a.js', 'a.d.ts', 'b.js'].filter(built)).toEqual(['a.js', 'a.d.ts', 'b.js']);
  });

  it('does nothing if nothing has changed', () => {
    write('dist/a.js', 'untouched');
    ensureBuilt(folder);
    expect(readFileSync(join(folder, 'dist/a.js'), 'utf8')).toBe('untouched');
  });

  it('is made again if a source has changed', () => {
    write('src/a.ts', 'export const a: number = 3;\n');
    ensureBuilt(folder);
    expect(readFileSync(join(folder, 'dist/a.js'), 'utf8')).toContain('3');
  });

  it('is made again if a part of it has gone', () => {
    rmSync(join(folder, 'dist/a.js'));
    ensureBuilt(folder);
    expect(built('a.js')).toBe(true);
  });

  it('keeps nothing of a source that has gone', () => {
    rmSync(join(folder, 'src/b.ts'));
    ensureBuilt(folder);
    expect([built('a.js'), built('b.js'), built('b.d.ts')]).toEqual([true, false, false]);
  });

  it('builds the page where there is one, and anew when that has changed', () => {
    mkdirSync(join(folder, 'dashboard/src'), { recursive: true });
    write('package.json', JSON.stringify({ type: 'module', devDependencies: { node: process.versions.node } }));
    write('dashboard/index.html', '<script type="module" src="./src/main.ts"></script>');
    write('dashboard/src/main.ts', 'document.title = "one";');
    const page = (): string => readFileSync(join(folder, 'dist/dashboard/index.html'), 'utf8');
    ensureBuilt(folder);
    const first = page();
    expect(first).toContain('assets/');
    write('dashboard/src/main.ts', 'document.title = "two";');
    ensureBuilt(folder);
    expect(page()).not.toBe(first);
    write('dashboard/src/main.ts', 'document.title = ;');
    const second = page();
    expect(() => ensureBuilt(folder)).toThrow(/The dashboard cannot be built/);
    expect(page()).toBe(second);
  });

  it('stays as it was if the sources do not compile, and is tried again', () => {
    write('src/a.ts', "export const a: number = 'x';\n");
    expect(() => ensureBuilt(folder)).toThrow(/TS2322[^]*do not compile/);
    expect(() => ensureBuilt(folder)).toThrow(SetupError);
    expect(readFileSync(join(folder, 'dist/a.js'), 'utf8')).toContain('1');
  });
});

describe('a program that is run in the place of its launcher', () => {
  const start = (program: string): ReturnType<typeof spawn> => {
    const module = pathToFileURL(join(ROOT, 'scripts/run-child.mjs')).href;
    const launcher = `import { runChild } from ${JSON.stringify(module)}; runChild(process.execPath, ['-e', ${JSON.stringify(program)}]);`;
    return spawn(process.execPath, ['--input-type=module', '-e', launcher], { stdio: ['pipe', 'pipe', 'inherit'] });
  };
  // Ends when its input does.
  const LISTENER = `
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => console.log(signal));
    process.stdin.on('end', () => process.exit(5)).resume();
    console.log('ready');`;

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'gets %s once, though it was sent twice at once',
    async (signal) => {
      const launcher = start(LISTENER);
      let output = '';
      const printed = new Promise<void>((resolve) => {
        launcher.stdout?.on('data', (chunk: Buffer) => {
          output += chunk.toString('utf8');
          if (output === 'ready\n') {
            launcher.kill(signal);
            launcher.kill(signal);
          }
          if (output.includes(signal)) resolve();
        });
      });
      await printed;
      launcher.stdin?.end();
      const [code] = (await once(launcher, 'close')) as [number | null];
      expect(output).toBe(`ready\n${signal}\n`);
      expect(code).toBe(5);
    },
  );

  it.each([
    ['its exit code', 'process.exit(7)', [7, null]],
    ['an exit without a fault', '0', [0, null]],
    ['the signal that ended it', "process.kill(process.pid, 'SIGKILL')", [null, 'SIGKILL']],
  ])('passes on %s', async (_, program, end) => {
    expect(await once(start(program), 'close')).toEqual(end);
  });
});

describe('the count of checks', () => {
  const file = (status: string, ...tests: readonly string[]): FileReport => ({
    status,
    assertionResults: tests.map((each) => ({ status: each })),
  });

  it.each([
    ['tests', true, [file('passed', 'passed', 'passed', 'skipped', 'todo')], '2 passed, 0 failed, 2 skipped'],
    ['failed tests', false, [file('failed', 'passed', 'failed')], '1 passed, 1 failed'],
    ['a file that cannot be loaded', false, [file('passed', 'passed'), file('failed')], '1 passed, 1 failed'],
    ['an error outside of tests', false, [file('passed', 'passed')], '1 passed, 1 failed'],
    ['a run without a report', false, undefined, '0 passed, 1 failed'],
  ])('has %s in it', (_, endedWell, testResults, line) => {
    const report = testResults === undefined ? undefined : { testResults };
    expect(closingLine(tallyOfVitest(report, endedWell))).toBe(line);
  });

  it('adds up', () => {
    const one = { passed: 1, failed: 2, skipped: 3 };
    expect(closingLine(sum([one, one]))).toBe('2 passed, 4 failed, 6 skipped');
    expect(closingLine(sum([]))).toBe('0 passed, 0 failed');
  });
});
