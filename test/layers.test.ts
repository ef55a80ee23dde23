import { describe, expect, it } from 'vitest';
import { FLOORS, layerViolations, pageViolations } from './checks/layers.ts';
import { isTest, parse, projectPaths, readAll } from './checks/source-file.ts';

const paths = projectPaths().filter((path) => /^src\/.*\.ts$/.test(path) && !isTest(path));

describe('the floors of src/', () => {
  it('are kept by every import', () => {
    const files = readAll(paths).map(parse);
    expect(files.length).toBeGreaterThan(30);
    expect(files.flatMap(layerViolations)).toEqual([]);
  });

  it('name exactly the folders that there are', () => {
    const folders = paths.map((path) => path.split('/').slice(1, -1)[0]).filter((folder) => folder !== undefined);
    expect(new Set(folders)).toEqual(new Set(FLOORS.flat()));
  });
});

describe('the page', () => {
  it('knows nothing of the processor but the types of its API', () => {
    const files = projectPaths().filter((path) => /^dashboard\/src\/.*\.tsx?$/.test(path) && !isTest(path));
    expect(files.length).toBeGreaterThan(20);
    expect(readAll(files).map(parse).flatMap(pageViolations)).toEqual([]);
  });

  it.each([
    ["import { keys } from '../../src/http/api/result-shapes.ts';", 'not of the page'],
    ["import { Status } from '../../src/http/api/types.ts';", 'more than types'],
    ["import { z } from 'zod';", 'zod'],
    ["import { readFileSync } from 'node:fs';", 'node:fs'],
  ])('is caught at %s', (text, message) => {
    expect(pageViolations(parse({ path: 'dashboard/src/x.ts', text }))).toEqual([expect.stringContaining(message)]);
  });

  it.each([
    "import type { Status } from '../../src/http/api/types.ts';",
    "import { useState } from 'preact/hooks';",
    "import { a } from './state/a.ts';",
  ])('but not at %s', (text) => {
    expect(pageViolations(parse({ path: 'dashboard/src/x.ts', text }))).toEqual([]);
  });
});

describe('the check of the floors catches', () => {
  it.each([
    ['an import upward', 'src/event/x.ts', "import { a } from '../plan/plan.ts';", 'upward'],
    ['a type imported upward', 'src/event/x.ts', "import type { A } from '../plan/plan.ts';", 'upward'],
    ['an import type upward', 'src/event/x.ts', "export type A = import('../plan/plan.ts').A;", 'upward'],
    ['a re-export from above', 'src/event/x.ts', "export { a } from '../plan/plan.ts';", 'upward'],
    ['a dynamic import upward', 'src/event/x.ts', "export const a = import('../plan/plan.ts');", 'upward'],
    ['an import sideways', 'src/sinks/x.ts', "import { a } from '../sources/x.ts';", 'sideways'],
    [
      'a way around through another path',
      'src/sinks/x.ts',
      "import { a } from './../sinks/../sources/x.ts';",
      'sideways',
    ],
    ['an import of the public face', 'src/cli/x.ts', "import { a } from '../index.ts';", 'public face'],
    ['the public face importing the program', 'src/index.ts', "export { a } from './cli/main.ts';", 'public face'],
    ['an import from outside src/', 'src/cli/x.ts', "import { a } from '../../test/x.ts';", 'outside src/'],
    ['a folder on no floor', 'src/stuff/x.ts', 'export const a = 1;', 'no floor'],
    ['a file beside the public face', 'src/x.ts', 'export const a = 1;', 'no floor'],
    ['an import from a folder on no floor', 'src/cli/x.ts', "import { a } from '../stuff/x.ts';", 'no floor'],
    ['I/O away from the edges', 'src/engine/x.ts', "import { open } from 'node:fs';", 'node:fs'],
    ['I/O without the node: prefix', 'src/engine/x.ts', "import { open } from 'fs';", 'in no table'],
    ['timers of Node', 'src/runtime/x.ts', "import { setTimeout } from 'node:timers/promises';", 'in no table'],
    ['a package outside its place', 'src/sinks/file/x.ts', "import { Counter } from 'prom-client';", 'prom-client'],
    ['a path inside a package outside its place', 'src/cli/x.ts', "import { a } from 'hono/cors';", 'only for http'],
    ['a package that is not known', 'src/cli/x.ts', "import a from 'left-pad';", 'in no table'],
    ['a package named as an object method', 'src/cli/x.ts', "import a from 'constructor';", 'in no table'],
    ['a package of the tests', 'src/cli/x.ts', "import { expect } from 'vitest';", 'in no table'],
    ['the package itself', 'src/cli/x.ts', "import { a } from 'llm-optimizer-processor';", 'in no table'],
    ['an import of a computed name', 'src/cli/x.ts', 'export const load = (a: string) => import(a);', 'cannot be read'],
    ['a require', 'src/cli/x.ts', "export const a = require('node:fs');", 'cannot be read'],
    ['an export *', 'src/event/x.ts', "export * from './y.ts';", 'export *'],
    ['an export * under a name', 'src/event/x.ts', "export * as y from './y.ts';", 'export *'],
  ])('%s', (_, path, text, message) => {
    expect(layerViolations(parse({ path, text }))).toEqual([expect.stringContaining(message)]);
  });

  it.each([
    ['an import downward', 'src/plan/x.ts', "import { a } from '../event/x.ts';"],
    ['an import within the folder', 'src/sinks/file/x.ts', "import { a } from '../console/x.ts';"],
    ['I/O at the edges', 'src/sources/file/x.ts', "import { open } from 'node:fs/promises';"],
    ['a package in its place', 'src/sinks/metrics/x.ts', "import { Counter } from 'prom-client';"],
    [
      'text that looks like an import',
      'src/event/x.ts',
      "// import '../cli/main.ts'\nexport const a = \"import 'fs'\";",
    ],
  ])('but not %s', (_, path, text) => {
    expect(layerViolations(parse({ path, text }))).toEqual([]);
  });
});
