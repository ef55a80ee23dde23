import { execFile, type ExecFileException } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../checks/source-file.ts';
import type { CodeBlock } from './markdown.ts';
import type { BlockReport } from './run-blocks.ts';

const TIMEOUT_MS = 240_000;

/** For Node's `--import`: the names of the package then lead to its sources. */
export const PACKAGE_ALIAS = pathToFileURL(join(ROOT, 'test/docs/package-alias.ts')).href;

/** How a program ended. */
export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly environment?: Readonly<Record<string, string>> },
): Promise<ProgramResult> {
  const { cwd, environment = {} } = options;
  return new Promise((resolve) => {
    const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, ...environment };
    const done = (error: ExecFileException | null, stdout: string, stderr: string): void => {
      const code = error === null ? 0 : Number(error.code ?? 1);
      resolve({ code, stdout, stderr: error?.killed === true ? `${stderr}\nkilled after ${TIMEOUT_MS} ms` : stderr });
    };
    execFile(command, args, { cwd, env, timeout: TIMEOUT_MS, maxBuffer: 16_777_216 }, done).stdin?.end();
  });
}

/** An empty folder with the sample events, to run things in. */
export async function sampleFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'docs-'));
  await cp(join(ROOT, 'examples/events.ndjson'), join(folder, 'events.ndjson'));
  await cp(join(ROOT, 'examples'), join(folder, 'examples'), { recursive: true });
  await cp(join(ROOT, 'config'), join(folder, 'config'), { recursive: true });
  return folder;
}

/** Blocks of TypeScript as modules in a folder of the project, where they find its packages. */
export class Snippets {
  readonly folder: string;
  readonly #paths = new Map<CodeBlock, string>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Writes the modules; of a folder of that name what was there before goes. */
  static async write(name: string, blocks: readonly CodeBlock[]): Promise<Snippets> {
    const snippets = new Snippets(join(ROOT, '.cache', 'docs', name));
    await rm(snippets.folder, { recursive: true, force: true });
    await mkdir(snippets.folder, { recursive: true });
    for (const block of blocks) {
      const path = join(snippets.folder, `${block.page.replaceAll(/[^\w]/g, '-')}-${block.line}.ts`);
      snippets.#paths.set(block, path);
      await writeFile(path, `${block.code}\nexport {};\n`);
    }
    const paths = {
      'llm-optimizer-processor': ['../../../src/index.ts'],
      'llm-optimizer-processor/rocksdb': ['../../../src/state/rocksdb/index.ts'],
      'llm-optimizer-processor/testing': ['../../../src/testing/index.ts'],
      '@hono/node-server': ['../../../src/http/node-server.d.ts'],
      debug: ['../../../src/kafka/debug.d.ts'],
      '@nxtedition/rocksdb/binding.js': ['../../../src/state/rocksdb/binding.d.ts'],
    };
    const compilerOptions = { rootDir: '../../..', noUnusedLocals: false, noUnusedParameters: false, paths };
    const config = { extends: '../../../tsconfig.json', compilerOptions, include: ['*.ts', '../../../src/**/*.d.ts'] };
    await writeFile(join(snippets.folder, 'tsconfig.json'), JSON.stringify(config));
    return snippets;
  }

  /** What the compiler says of the modules, told by page and line; empty where it has no complaint. */
  async typeErrors(): Promise<string[]> {
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    const project = join(this.folder, 'tsconfig.json');
    const args = [compiler, '--noEmit', '--pretty', 'false', '-p', project];
    const { code, stdout, stderr } = await run(process.execPath, args, { cwd: this.folder });
    if (code === 0) return [];
    const text = `${stdout}${stderr}`.trim();
    return [...this.#paths].reduce((all, [block, path]) => placed(all, block, path), text).split('\n');
  }

  /** Runs modules of one page, one after another in one process, in a folder with the sample events. */
  async run(blocks: readonly CodeBlock[]): Promise<BlockReport[]> {
    const cwd = await sampleFolder();
    try {
      const report = join(cwd, 'report.json');
      const modules = blocks.map((block) => this.#paths.get(block) ?? '');
      const program = ['--import', PACKAGE_ALIAS, join(ROOT, 'test/docs/run-blocks.ts')];
      const { code, stderr } = await run(process.execPath, [...program, report, ...modules], { cwd });
      if (code !== 0) throw new Error(`the blocks of ${blocks[0]?.page ?? ''} brought the process down: ${stderr}`);
      return JSON.parse(await readFile(report, 'utf8')) as BlockReport[];
    } finally {
      await rm(cwd, { recursive: true, force: true });
    }
  }
}

function placed(text: string, block: CodeBlock, path: string): string {
  const name = basename(path).replaceAll('.', String.raw`\.`);
  return text.replaceAll(new RegExp(String.raw`${name}\((\d+),`, 'g'), (_, line: string) => {
    return `${block.page}:${block.line + Number(line) - 1} (`;
  });
}

/** What a block says that it prints, by the line of the call: `console.log(x); // 20`. */
function promisedOutputs(code: string): { readonly line: number; readonly text: string }[] {
  return code.split('\n').flatMap((text, index) => {
    const promised = /console\.log\(.*\)[)\]};,\s]*\/\/ (.+)$/.exec(text)?.[1];
    return promised === undefined ? [] : [{ line: index + 1, text: promised.trim() }];
  });
}

/** Where a block prints something else than it says. A line that prints several times says all, separated by `; `. */
export function brokenPromises(block: CodeBlock, report: BlockReport): string[] {
  return promisedOutputs(block.code).flatMap(({ line, text }) => {
    const printed = report.lines.filter((each) => each.line === line).map((each) => each.text);
    const found = printed.join('; ');
    return found === text ? [] : [`${block.page}:${block.line + line - 1} says ${text}, prints ${found || 'nothing'}`];
  });
}
