import { Visitor } from 'oxc-parser';
import type { Argument, Directive, Expression, Span, Statement } from 'oxc-parser';
import type { ParsedFile } from './source-file.ts';

const MAX_FILE_LINES = 300;
const MAX_FUNCTION_LINES = 60;

/** Where time, timers, chance and the environment may be reached for; everyone else is given them. */
const AMBIENT_ALLOWED = /^src\/(?:time\/clock\.ts$|cli\/)/;
const AMBIENT_MEMBERS: readonly string[] = [
  'Date.now',
  'performance.now',
  'Math.random',
  'crypto.getRandomValues',
  'crypto.randomUUID',
  'process.env',
  'process.exit',
];
const AMBIENT_CALLS: readonly string[] = ['Date', 'setTimeout', 'setInterval'];
const AMBIENT_IMPORTS: readonly string[] = [
  'getRandomValues',
  'randomBytes',
  'randomFillSync',
  'randomInt',
  'randomUUID',
];

const SILENCED = /@ts-(?:ignore|expect-error|nocheck)/;

function lineCount(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

/** A file, and each function of it, that is too long to be read in one go. */
export function lengthViolations(file: ParsedFile): string[] {
  const violations: string[] = [];
  const lines = lineCount(file.text);
  if (lines > MAX_FILE_LINES) violations.push(`${file.path} has ${lines} lines, more than ${MAX_FILE_LINES}`);
  const measure = (node: Span): void => {
    const [first, last] = [file.lineOf(node.start), file.lineOf(node.end)];
    const length = last - first + 1;
    if (length <= MAX_FUNCTION_LINES) return;
    violations.push(`${file.path}:${first} has a function of ${length} lines, more than ${MAX_FUNCTION_LINES}`);
  };
  new Visitor({
    FunctionDeclaration: measure,
    FunctionExpression: measure,
    ArrowFunctionExpression: measure,
  }).visit(file.program);
  return violations;
}

function nameOf(node: Expression | Argument): string | undefined {
  return node.type === 'Identifier' ? node.name : undefined;
}

/** What reaches for the machine's time, timers, chance, environment or exit instead of being given them. */
export function ambientViolations(file: ParsedFile): string[] {
  if (AMBIENT_ALLOWED.test(file.path)) return [];
  const violations: string[] = [];
  const add = (node: Span, what: string): void => {
    violations.push(`${file.path}:${file.lineOf(node.start)} uses ${what}`);
  };
  const checkCall = (node: Span, callee: Expression, args: readonly Argument[]): void => {
    const name = nameOf(callee);
    // A date made from a given instant is arithmetic; one made from nothing reads the clock.
    if (name !== undefined && AMBIENT_CALLS.includes(name) && !(name === 'Date' && args.length > 0)) {
      add(node, `${name}()`);
    }
  };
  new Visitor({
    MemberExpression: (node) => {
      const { property } = node;
      let key: string | undefined;
      if (node.computed) key = property.type === 'Literal' ? String(property.value) : undefined;
      else key = property.type === 'Identifier' ? property.name : undefined;
      // `globalThis.process.env` is the same as `process.env`.
      const { object } = node;
      const owner = object.type === 'MemberExpression' && !object.computed ? object.property.name : nameOf(object);
      const full = `${owner}.${key}`;
      if (AMBIENT_MEMBERS.includes(full)) add(node, full);
      if (owner === 'globalThis' && key?.startsWith('set') === true && AMBIENT_CALLS.includes(key)) add(node, full);
    },
    CallExpression: (node) => checkCall(node, node.callee, node.arguments),
    NewExpression: (node) => checkCall(node, node.callee, node.arguments),
    VariableDeclarator: (node) => {
      if (node.id.type !== 'ObjectPattern' || node.init === null) return;
      const owner = nameOf(node.init);
      for (const property of node.id.properties) {
        if (property.type !== 'Property' || property.key.type !== 'Identifier') continue;
        const full = `${owner}.${property.key.name}`;
        if (AMBIENT_MEMBERS.includes(full)) add(node, full);
      }
    },
    ImportSpecifier: (node) => {
      const name = node.imported.type === 'Identifier' ? node.imported.name : node.imported.value;
      if (AMBIENT_IMPORTS.includes(name)) add(node, name);
    },
  }).visit(file.program);
  return violations;
}

/** Comments that switch the compiler off. */
export function silencedViolations(file: ParsedFile): string[] {
  return file.comments.flatMap(({ value, start }) => {
    const found = SILENCED.exec(value);
    return found === null ? [] : [`${file.path}:${file.lineOf(start)} has a comment with ${found[0]}`];
  });
}

/** Tests that are switched off without a reason, or that switch off all others. */
export function switchedOffViolations(file: ParsedFile): string[] {
  const violations: string[] = [];
  new Visitor({
    MemberExpression: (node) => {
      if (node.computed || node.property.type !== 'Identifier') return;
      const [owner, key] = [nameOf(node.object), node.property.name];
      if (owner === undefined || !['it', 'test', 'describe', 'suite'].includes(owner)) return;
      if (['only', 'skip', 'todo'].includes(key)) {
        violations.push(`${file.path}:${file.lineOf(node.start)} has ${owner}.${key}`);
      }
    },
  }).visit(file.program);
  return violations;
}

function exportedName(node: Statement | Directive): string | undefined {
  if (node.type === 'ExportDefaultDeclaration') return 'default';
  if (node.type !== 'ExportNamedDeclaration' || node.declaration === null) return undefined;
  const { declaration } = node;
  if (declaration.type === 'VariableDeclaration') {
    return declaration.declarations.map(({ id }) => (id.type === 'Identifier' ? id.name : '…')).join(', ');
  }
  return 'id' in declaration && declaration.id?.type === 'Identifier' ? declaration.id.name : '…';
}

/** A `!` is a claim that the compiler cannot check: the reason stands in a comment on its line. */
export function unreasonedViolations(file: ParsedFile): string[] {
  const reasoned = new Set(file.comments.map(({ start }) => file.lineOf(start)));
  const violations: string[] = [];
  new Visitor({
    TSNonNullExpression: (node) => {
      const line = file.lineOf(node.end);
      if (!reasoned.has(line)) violations.push(`${file.path}:${line} has a ! without the reason beside it`);
    },
  }).visit(file.program);
  return violations;
}

/** Exported names without a doc comment. Of overloads the first speaks for all, and so it is in a list of constants. */
export function docViolations(file: ParsedFile): string[] {
  const violations: string[] = [];
  const seen = new Set<string>();
  let listEnd: number | undefined;
  for (const node of file.program.body) {
    const name = exportedName(node);
    if (name === undefined || seen.has(name)) continue;
    seen.add(name);
    const before = file.comments.findLast((comment) => comment.end <= node.start);
    const commented =
      before?.type === 'Block' && before.value.startsWith('*') && file.text.slice(before.end, node.start).trim() === '';
    const isConstant = node.type === 'ExportNamedDeclaration' && node.declaration?.type === 'VariableDeclaration';
    const documented = commented || (isConstant && listEnd !== undefined && file.lineOf(node.start) === listEnd + 1);
    listEnd = isConstant && documented ? file.lineOf(node.end) : undefined;
    if (!documented) violations.push(`${file.path}:${file.lineOf(node.start)} exports ${name} without a doc comment`);
  }
  return violations;
}
