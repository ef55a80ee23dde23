import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runProgram, type Outcome } from './java.ts';

const MODULE = join(import.meta.dirname, 'java.ts');
const JAVA_17 = `echo 'openjdk version "17.0.15" 2025-04-15' >&2`;
/** Writes the class path to where it is asked to, after a moment in which another could begin too. */
const MAVEN = `echo "$*" >> "$CALLS"
for arg in "$@"; do
  case "$arg" in -Dmdep.outputFile=*) /bin/sleep 0.2; echo "$CALLS" > "\${arg#*=}";; esac
done`;

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'processor-java-'));
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'pom.xml'), '<project/>');
  writeFileSync(join(folder, 'calls'), '');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function addProgram(name: string, script: string): void {
  const path = join(folder, 'bin', name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

/** How often Maven was asked for a class path. */
function calls(): number {
  return readFileSync(join(folder, 'calls'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('build-classpath')).length;
}

/** Asks for a class path in a process that sees only the programs which the test has made. */
function ask(environment: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const args = [join(folder, 'pom.xml'), join(folder, 'cache')].map((path) => JSON.stringify(path));
  const script = `import { javaClassPath } from ${JSON.stringify(MODULE)};
    const answer = await javaClassPath(${args.join(', ')}).catch((error) => error.name + ': ' + error.message);
    process.stdout.write(answer);`;
  const env = { PATH: join(folder, 'bin'), CALLS: join(folder, 'calls'), ...environment };
  return runProgram(process.execPath, ['--input-type=module', '--eval', script], { env });
}

describe('the class path of a pom.xml', () => {
  it('is asked of Maven once, and then kept', async () => {
    addProgram('java', JAVA_17);
    addProgram('mvn', MAVEN);
    expect(await ask()).toMatchObject({ code: 0, stdout: join(folder, 'calls') });
    expect(await ask()).toMatchObject({ code: 0, stdout: join(folder, 'calls') });
    expect(calls()).toBe(1);
  });

  it('is asked for again when the pom.xml is another', async () => {
    addProgram('java', JAVA_17);
    addProgram('mvn', MAVEN);
    await ask();
    writeFileSync(join(folder, 'pom.xml'), '<project>more</project>');
    await ask();
    expect(calls()).toBe(2);
  });

  it('is asked for again when a file of it has gone', async () => {
    addProgram('java', JAVA_17);
    addProgram('mvn', MAVEN.replace('echo "$CALLS"', 'echo "$CALLS:$CALLS-jar"'));
    writeFileSync(join(folder, 'calls-jar'), '');
    await ask();
    await ask();
    expect(calls()).toBe(1);
    rmSync(join(folder, 'calls-jar'));
    await ask();
    expect(calls()).toBe(2);
  });

  it('is asked for by one of several processes, the others wait', async () => {
    addProgram('java', JAVA_17);
    addProgram('mvn', MAVEN);
    const answers = await Promise.all([ask(), ask(), ask()]);
    expect(answers.map(({ stdout }) => stdout)).toEqual(Array(3).fill(join(folder, 'calls')));
    expect(calls()).toBe(1);
  });

  it('is not waited for where the process that was to get it has died', async () => {
    addProgram('java', JAVA_17);
    addProgram('mvn', MAVEN);
    // Dies while it holds the lock.
    addProgram('java', 'kill -9 $PPID');
    expect((await ask()).code).not.toBe(0);
    addProgram('java', JAVA_17);
    expect((await ask()).stdout).toBe(join(folder, 'calls'));
  });

  it.each([
    ['no Java', {}, 'KafkaMissing: Java 17 or newer is not installed'],
    [
      'an old Java',
      { java: `echo 'java version "1.8.0_1"' >&2` },
      'KafkaMissing: Java 17 or newer is needed, and java is version 8',
    ],
    ['no Maven', { java: JAVA_17 }, 'KafkaMissing: Maven (mvn) is not installed'],
    [
      'no way to Maven Central',
      { java: JAVA_17, mvn: '[ "$1" = -version ] || { echo "[ERROR] Unknown host"; exit 1; }' },
      'KafkaMissing: Maven could not fetch Kafka, is Maven Central within reach? Unknown host',
    ],
  ])('cannot be had with %s', async (_, programs, message) => {
    for (const [name, script] of Object.entries(programs)) addProgram(name, script);
    expect((await ask()).stdout).toBe(message);
  });
});

describe.skipIf(process.getuid?.() !== 0)('Java that is missing', () => {
  const install = `echo "$*" >> "$CALLS"
case "$*" in
  *default-jdk*) printf '#!/bin/sh\n%s\n' '${JAVA_17.replaceAll("'", `'"'"'`)}' > "$PLACE/java"; /bin/chmod +x "$PLACE/java";;
esac`;

  it('is installed where only the checks are run', async () => {
    addProgram('apt-get', install);
    addProgram('mvn', MAVEN);
    const answer = await ask({ CI: 'true', PLACE: join(folder, 'bin') });
    expect(answer.stdout).toBe(join(folder, 'calls'));
  });

  it('is nothing that a person’s machine is changed for', async () => {
    addProgram('apt-get', install);
    addProgram('mvn', MAVEN);
    expect((await ask({ PLACE: join(folder, 'bin') })).stdout).toContain('not installed');
    expect(existsSync(join(folder, 'bin', 'java'))).toBe(false);
  });
});
