import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Alias,
  type Document,
  type Node,
  type Scalar,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import type { Finding } from './finding.ts';
import { interpolate, type Environment } from './interpolation.ts';
import type { ConfigPath, Located, LocatedMap, Origin } from './located.ts';
import { offsetBeyondDepth } from './yaml-depth.ts';
import { describeSyntaxError } from './yaml-errors.ts';

/** The most bytes a configuration file may have: 1 MiB. */
export const MAX_CONFIG_BYTES = 1_048_576;
/** The most values a file may come to once its aliases are followed: what stops a bomb of aliases of aliases. */
const MAX_VALUES = 50_000;
const MAX_DEPTH = 32;

/** A file as a tree; `unreadable` where it is no YAML that makes sense as a whole. */
export type YamlTree =
  | { readonly unreadable: true; readonly findings: readonly Finding[] }
  | { readonly unreadable: false; readonly findings: readonly Finding[]; readonly root: LocatedMap };

/** Stops the walk at once: what it has met makes the rest meaningless. */
class Refusal extends Error {
  /** An offset in the text, or a place. */
  readonly place: number | Origin;

  constructor(place: number | Origin, message: string) {
    super(message);
    this.place = place;
  }
}

/** Reads YAML 1.2 (core schema), puts in the variables, and keeps the place of every key and value. */
export function readYamlTree(source: string, file: string, environment: Environment): YamlTree {
  const lines = new LineCounter();
  const placeAt = (offset: number): Origin => {
    const { line, col } = lines.linePos(offset);
    return { type: 'file', file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  try {
    const walk = new Walk(placeAt, environment);
    const root = walk.map(mappingOf(source, lines), []);
    return { unreadable: false, findings: walk.findings, root };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { place, message } = error;
    return {
      unreadable: true,
      findings: [{ origin: typeof place === 'number' ? placeAt(place) : place, path: [], message }],
    };
  }
}

/** The one mapping that a configuration is. @throws Refusal */
function mappingOf(source: string, lines: LineCounter): YAMLMap {
  refuseExcess(source, lines);
  // Pretty errors quote the line, and with it a password that may stand there. Doubled keys are found in the walk,
  // in linear time.
  const options = { lineCounter: lines, prettyErrors: false, uniqueKeys: false, logLevel: 'silent' } as const;
  const [document, second] = Array.from<Document.Parsed>(parseAllDocuments(source, options));
  const problem = (document && firstProblem(document)) ?? (second && firstProblem(second));
  if (problem !== undefined) {
    const [at] = problem.pos;
    throw new Refusal(at, describeSyntaxError(problem, source.slice(at, at + 1)));
  }
  if (second !== undefined) {
    throw new Refusal(second.range[0], 'a second YAML document begins here; a configuration is one document');
  }
  const contents = document?.contents ?? null;
  if (document === undefined || contents === null || (isScalar(contents) && contents.value === null)) {
    throw new Refusal(0, 'the file is empty; a configuration begins with `processor:`');
  }
  if (document.directives.yaml.version !== '1.2') {
    throw new Refusal(0, 'the file asks for YAML 1.1; a configuration is YAML 1.2: remove the %YAML line');
  }
  if (isMap(contents)) return contents;
  const found = isSeq(contents) ? 'a list' : 'a single value';
  throw new Refusal(contents.range[0], `expected keys, beginning with \`processor:\`, found ${found}`);
}

/** Refuses what would keep the parser busy for long. */
function refuseExcess(source: string, lines: LineCounter): void {
  const size = Buffer.byteLength(source);
  if (size > MAX_CONFIG_BYTES) {
    throw new Refusal(0, `the file has ${String(size)} bytes; a configuration has at most 1 MiB`);
  }
  const tooDeep = offsetBeyondDepth(source, MAX_DEPTH);
  if (tooDeep === undefined) return;
  lines.addNewLine(0);
  for (let at = source.indexOf('\n'); at !== -1 && at < tooDeep; at = source.indexOf('\n', at + 1)) {
    lines.addNewLine(at + 1);
  }
  throw new Refusal(tooDeep, `nested more than ${String(MAX_DEPTH)} deep`);
}

/** The parser goes on after an error, but what it finds then mostly follows from the first. */
function firstProblem(document: Document.Parsed): YAMLError | undefined {
  return document.errors[0] ?? document.warnings[0];
}

class Walk {
  readonly findings: Finding[] = [];
  /** By name, as the walk has met them: an alias means the last anchor of its name before it. */
  readonly #anchors = new Map<string, Node>();
  readonly #placeAt: (offset: number) => Origin;
  readonly #environment: Environment;
  #values = 0;
  /** The outermost alias that is being followed. */
  #alias: Origin | undefined;

  constructor(placeAt: (offset: number) => Origin, environment: Environment) {
    this.#placeAt = placeAt;
    this.#environment = environment;
  }

  map(node: YAMLMap, path: ConfigPath): LocatedMap {
    const entries: LocatedMap['entries'] = new Map();
    for (const { key: keyNode, value } of node.items) {
      const at = this.#placeOf(isNode(keyNode) ? keyNode : node);
      if (!isScalar(keyNode)) {
        this.findings.push({
          origin: at,
          path,
          message: 'a key must be plain text, found a list, a mapping or an alias',
        });
        continue;
      }
      const key = typeof keyNode.value === 'string' ? keyNode.value : (keyNode.source ?? String(keyNode.value));
      const first = entries.get(key);
      if (first !== undefined) {
        const line = first.at.type === 'file' ? ` (first in line ${String(first.at.line)})` : '';
        this.findings.push({ origin: at, path: [...path, key], message: `the key is there twice${line}` });
        continue;
      }
      entries.set(key, { at, value: this.#node(value, [...path, key], at) });
    }
    return { kind: 'map', origin: this.#placeOf(node), entries };
  }

  #node(node: unknown, path: ConfigPath, keyAt: Origin): Located {
    const origin = isNode(node) ? this.#placeOf(node) : keyAt;
    this.#values += 1;
    if (this.#values > MAX_VALUES || path.length > MAX_DEPTH) {
      const message =
        path.length > MAX_DEPTH
          ? `nested more than ${String(MAX_DEPTH)} deep`
          : `the file comes to more than ${String(MAX_VALUES)} values once its aliases (*name) are followed; it is refused`;
      throw new Refusal(this.#alias ?? origin, message);
    }
    if (isAlias(node)) return this.#follow(node, path, origin);
    if (isNode(node) && node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isMap(node)) return this.map(node, path);
    if (isSeq(node)) {
      const items = node.items.map((item, index) => this.#node(item, [...path, index], origin));
      return { kind: 'list', origin, items };
    }
    return isScalar(node) ? this.#scalar(node, path, origin) : nothing(origin);
  }

  #follow(alias: Alias, path: ConfigPath, origin: Origin): Located {
    const target = this.#anchors.get(alias.source);
    if (target === undefined) {
      const message = `the alias *${alias.source} has no anchor &${alias.source} before it`;
      this.findings.push({ origin, path, message });
      return nothing(origin);
    }
    const outermost = this.#alias;
    this.#alias ??= origin;
    const located = this.#node(target, path, origin);
    this.#alias = outermost;
    return located;
  }

  #scalar(node: Scalar, path: ConfigPath, origin: Origin): Located {
    if (typeof node.value !== 'string') {
      return { kind: 'scalar', origin, value: node.value, fromText: false, concealed: false };
    }
    const { text, replaced, missing, malformed } = interpolate(node.value, this.#environment);
    for (const name of missing) {
      const message = `the environment variable ${name} is not set; set it, or give a default: \${${name}:-…}`;
      this.findings.push({ origin, path, message });
    }
    if (malformed.length > 0) {
      const message = 'expected ${NAME} or ${NAME:-default}; write $${ for a plain ${';
      this.findings.push({ origin, path, message });
    }
    return { kind: 'scalar', origin, value: text, fromText: replaced, concealed: replaced };
  }

  #placeOf(node: Node): Origin {
    return this.#placeAt(node.range?.[0] ?? 0);
  }
}

function isNode(node: unknown): node is Node {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node);
}

function nothing(origin: Origin): Located {
  return { kind: 'scalar', origin, value: null, fromText: false, concealed: false };
}
