/** Running of checkers: their output is kept back and shown only if they fail. */
import { spawn } from 'node:child_process';
import { ROOT } from './toolchain.mjs';

/**
 * @typedef {{ name: string, command: readonly string[] }} Stage
 * @typedef {{ name: string, ok: boolean, seconds: number }} Outcome
 */

/**
 * Runs one checker and prints a line about it.
 * @param {string} node
 * @param {Stage} stage whose command is a file of the project and its arguments
 * @returns {Promise<Outcome>}
 */
function runStage(node, { name, command }) {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const child = spawn(node, [...command], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    /** @type {Buffer[]} */
    const output = [];
    /** @param {Buffer} chunk */
    const keep = (chunk) => void output.push(chunk);
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => keep(Buffer.from(error.message)));
    child.on('close', (code) => {
      const seconds = (performance.now() - startedAt) / 1000;
      printOutcome({ name, ok: code === 0, seconds });
      if (code !== 0) console.log(Buffer.concat(output).toString('utf8').trimEnd());
      resolve({ name, ok: code === 0, seconds });
    });
  });
}

/** @param {Outcome} outcome */
export function printOutcome({ name, ok, seconds }) {
  console.log(`${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(12)} ${seconds.toFixed(1).padStart(6)} s`);
}

/**
 * Runs checkers that do not need each other, two at a time; all of them, whatever fails.
 * @param {string} node
 * @param {readonly Stage[]} stages
 * @returns {Promise<Outcome[]>}
 */
export async function runStages(node, stages) {
  const waiting = [...stages];
  /** @type {Outcome[]} */
  const outcomes = [];
  const work = async () => {
    for (let stage = waiting.shift(); stage !== undefined; stage = waiting.shift()) {
      outcomes.push(await runStage(node, stage));
    }
  };
  await Promise.all([work(), work()]);
  return outcomes;
}
