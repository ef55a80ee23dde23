import { describe, expect, it } from 'vitest';
import { ProcessorError } from '../../errors/processor-error.ts';
import { fileFailure, fileSystemFailure } from './file-failure.ts';

describe('an error of the file system', () => {
  it.each([
    ['ENOENT', /not there; put it back/],
    ['EACCES', /permission denied; let the user/],
    ['EPERM', /permission denied/],
    ['EISDIR', /directory; .*"folder\/\*\.ndjson"/],
    ['EMFILE', /too many open files; raise the limit/],
    ['EIO', /EIO: i\/o error/],
  ])('%s becomes a source error that names the file and what to do', (code, message) => {
    const cause = Object.assign(new Error(`${code}: i/o error`), { code });
    const failure = fileSystemFailure('logs/a.ndjson', cause);
    expect(failure).toMatchObject({ kind: 'source', code: 'SOURCE_FAILED', cause });
    expect(failure.message).toMatch(message);
    expect(failure.message).toContain('"logs/a.ndjson"');
  });

  it('leaves an error of the processor as it is', () => {
    const failure = fileFailure('a', 'for a reason');
    expect(fileSystemFailure('b', failure)).toBe(failure);
    expect(ProcessorError.is(failure, 'source')).toBe(true);
  });
});
