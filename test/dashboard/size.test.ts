import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { ROOT } from '../checks/source-file.ts';

const MOST_BYTES = 150_000;
const folder = join(ROOT, 'dist/dashboard');

function files(): readonly string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

it('the page has less than 150 kB in all, compressed as it is sent', () => {
  const sizes = files().map((path) => gzipSync(readFileSync(path)).length);
  expect(sizes.length).toBeGreaterThan(3);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MOST_BYTES);
});

it('the page asks for nothing from elsewhere, and has nothing inline that its policy would stop', () => {
  const text = files()
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
  // Names of namespaces are no places that anything is fetched from.
  const places = Array.from(text.matchAll(/https?:\/\/[\w.-]+/g), ([place]) => place);
  expect(new Set(places)).toEqual(new Set(places.filter((place) => place === 'http://www.w3.org')));
  expect(readFileSync(join(folder, 'index.html'), 'utf8')).not.toMatch(/<style|style=|<script(?![^>]*\ssrc=)|\son\w+=/);
});
