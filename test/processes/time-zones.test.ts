import { describe, expect, it } from 'vitest';
import { run } from './child.ts';
import { scratchFolder } from './folder.ts';

const { at, write } = scratchFolder();
const MINUTE_MS = 60_000;
// The clocks of New York went back an hour on 2025-11-02 at 06:00 UTC, and on 2025-03-09 at 07:00 UTC ahead.
const CHANGES = [Date.UTC(2025, 2, 9, 7), Date.UTC(2025, 10, 2, 6)];

function events(): string {
  const times = CHANGES.flatMap((change) =>
    Array.from({ length: 480 }, (_, minute) => change + (minute - 240) * MINUTE_MS),
  );
  // Numbers, and text with an offset and without fractions, as they come in real files.
  const lines = times.map((time, index) => {
    const text = new Date(time - 300 * MINUTE_MS).toISOString().replace('.000Z', '-05:00');
    return JSON.stringify({ timestamp: index % 2 === 0 ? time : text, value: index });
  });
  return `${lines.join('\n')}\n`;
}

describe('the time zone of the process', () => {
  it('changes nothing in the results, days on which clocks are changed included', async () => {
    const input = write('events.ndjson', events());
    const config = write(
      'zones.yaml',
      `processor:
  name: zones
  source: { type: file, paths: [${JSON.stringify(input)}] }
  event: { value: value }
  windows:
    default_type: [tumbling, sliding, session]
    tumbling: { size_secs: 86400 }
    sliding: { size_secs: 7200, slide_secs: 3600 }
    session: { gap_secs: 3600 }
  sinks: [{ type: console, format: json }]
  error_handling: { dead_letter_path: ${JSON.stringify(at('dead-letters.ndjson'))} }
  http: { enabled: false }
`,
    );
    const outputs = await Promise.all(
      ['UTC', 'America/New_York', 'Asia/Kolkata'].map(async (TZ) => {
        const { code, stdout } = await run(['run', '--config', config], { environment: { TZ } });
        return { code, stdout: stdout.replaceAll(/,"timestamp":"[^"]*"/g, '') };
      }),
    );
    const [utc, ...others] = outputs;
    expect(utc?.code).toBe(0);
    expect(utc?.stdout).toContain('"start":"2025-11-02T00:00:00.000Z","end":"2025-11-03T00:00:00.000Z"');
    expect(utc?.stdout.match(/"type":"session"/g)).toHaveLength(2);
    for (const other of others) expect(other).toEqual(utc);
  });
});
