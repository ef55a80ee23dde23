import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { monitorOf } from '../monitor/monitor-fixtures.contract.ts';
import { raw, start } from './http-fixtures.contract.ts';
import { StaticFiles } from './static-files.ts';

const SECRET = 'outside the folder';
let root = '';
let folder = '';

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'processor-static-'));
  folder = join(root, 'dashboard');
  mkdirSync(join(folder, 'assets'), { recursive: true });
  writeFileSync(join(root, 'secret.js'), SECRET);
  writeFileSync(join(folder, 'index.html'), '<title>page</title>');
  writeFileSync(join(folder, 'assets/index-abc.js'), `// ${'x'.repeat(5000)}`);
  writeFileSync(join(folder, 'notes.txt'), SECRET);
  symlinkSync(join(root, 'secret.js'), join(folder, 'assets/link.js'));
  symlinkSync(root, join(folder, 'assets/up'));
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const serve = () => start({ monitor: monitorOf().monitor, dashboard: folder });

describe('the files of the dashboard', () => {
  it('are the plain ones that a browser is to have', () => {
    expect(new StaticFiles(folder).paths.toSorted()).toEqual(['/assets/index-abc.js', '/index.html']);
    expect(new StaticFiles(join(root, 'nowhere')).paths).toEqual([]);
  });

  it('are served with a policy that lets in nothing from elsewhere, and nothing inline', async () => {
    const { url } = await serve();
    const page = await fetch(`${url}/`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(await page.text()).toBe('<title>page</title>');
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|http:/);
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    expect(page.headers.get('cache-control')).toBe('no-cache');
  });

  it('are compressed for those who ask, kept where their name tells their content, and not sent twice', async () => {
    const { url } = await serve();
    const script = await fetch(`${url}/assets/index-abc.js`);
    expect(script.headers.get('content-encoding')).toBe('gzip');
    expect(await script.text()).toHaveLength(5003);
    expect(script.headers.get('cache-control')).toContain('immutable');
    const etag = script.headers.get('etag') ?? '';
    const again = await fetch(`${url}/assets/index-abc.js`, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const plain = await fetch(`${url}/assets/index-abc.js`, { headers: { 'accept-encoding': 'identity' } });
    expect(plain.headers.get('content-encoding')).toBeNull();
  });

  it.each([
    '/../secret.js',
    '/..%2fsecret.js',
    '/..%2Fsecret.js',
    '/%2e%2e/secret.js',
    '/%2e%2e%2fsecret.js',
    '/assets/..%2f..%2fsecret.js',
    '/assets/../../secret.js',
    '/..%5csecret.js',
    '/....//secret.js',
    '/assets/%252e%252e/%252e%252e/secret.js',
    '/assets/..%c0%af..%c0%afsecret.js',
    '//secret.js',
    '/assets//index-abc.js',
    '/assets/index-abc.js/',
    '/assets/index-abc.js%00.html',
    '/assets/link.js',
    '/assets/up/secret.js',
    '/assets',
    '/assets/',
    '/notes.txt',
    '/etc/passwd',
    '//etc/passwd',
    '/%2fetc%2fpasswd',
    '/file:///etc/passwd',
    '/C:/Windows/win.ini',
    '/.git/config',
    '/index.html%20',
    '/INDEX.HTML',
  ])('are not to be left by %s', async (path) => {
    const { port } = await serve();
    const { closed } = raw(port, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    const answer = await closed;
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    expect(answer).not.toContain(SECRET);
  });
});
