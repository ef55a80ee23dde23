/** Runs a program in this one's place: its terminal, its signals, its exit code. */
import { spawn } from 'node:child_process';

/**
 * One signal can arrive here several times: npm passes on what it gets, also where the terminal or a service manager
 * has already sent it to everyone. Nobody presses Ctrl-C twice within this time.
 */
const SAME_SIGNAL_MS = 300;

/**
 * Runs a program until it ends, and then ends this process in the same way.
 *
 * SIGTERM and SIGHUP are passed on, once. SIGINT is passed on only where no terminal is attached: the terminal's
 * Ctrl-C goes to every process in the foreground, the program among them.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string }} [options]
 */
export function runChild(command, args, options = {}) {
  const child = spawn(command, [...args], { ...options, stdio: 'inherit' });
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  /** @type {Map<NodeJS.Signals, number>} */
  const lastAt = new Map();
  /** @param {NodeJS.Signals} signal */
  const passOn = (signal) => {
    const at = performance.now();
    const before = lastAt.get(signal);
    lastAt.set(signal, at);
    if (before !== undefined && at - before < SAME_SIGNAL_MS) return;
    if (signal === 'SIGINT' && onTerminal) return;
    child.kill(signal);
  };
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, passOn);
  child.on('error', (error) => {
    process.stderr.write(`${command} could not be started: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exit(code ?? 1);
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
