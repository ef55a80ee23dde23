import type { Argument, Command, Option } from 'commander';

/** Shells that completion is written for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** One of {@link SHELLS}. */
export type Shell = (typeof SHELLS)[number];

/** What can follow the words of one command. */
interface Node {
  /** Words after `processor`; empty for the program itself. */
  readonly words: readonly string[];
  readonly commands: readonly Word[];
  readonly options: readonly OptionWord[];
  /** What arguments are, where they are one of a few. */
  readonly choices: readonly string[];
  readonly takesFiles: boolean;
}

interface Word {
  readonly name: string;
  readonly description: string;
}

interface OptionWord extends Word {
  readonly short: string | undefined;
  readonly value: 'none' | 'file' | 'folder' | 'other' | readonly string[];
}

/** A script for a shell that completes commands, options, their choices and files; made from the commands themselves. */
export function completionScript(program: Command, shell: Shell): string {
  const nodes = nodesOf(program, []);
  switch (shell) {
    case 'bash':
      return bashScript(nodes);
    case 'zsh':
      return zshScript(nodes);
    case 'fish':
      return fishScript(nodes);
  }
}

function nodesOf(command: Command, words: readonly string[]): readonly Node[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const node: Node = {
    words,
    commands: commands.map((below) => ({ name: below.name(), description: firstSentence(below.description()) })),
    options: optionsOf(command),
    choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    takesFiles: command.registeredArguments.some(isPath),
  };
  const below = commands.filter((sub) => sub.name() !== 'help').flatMap((sub) => nodesOf(sub, [...words, sub.name()]));
  return [node, ...below];
}

/** Those of the program itself include those of the command that may be left out. */
function optionsOf(command: Command): readonly OptionWord[] {
  const own = command.createHelp().visibleOptions(command);
  const left = command.parent === null ? command.commands.find((below) => below.name() === 'run') : undefined;
  const all = left === undefined ? own : [...own, ...left.options];
  return all.map((option) => ({
    name: option.long ?? option.flags,
    short: option.short,
    description: firstSentence(option.description),
    value: valueOf(option),
  }));
}

function valueOf(option: Option): OptionWord['value'] {
  if (option.argChoices !== undefined) return option.argChoices;
  if (!option.required && !option.optional) return 'none';
  if (/<(?:file|path)>/.test(option.flags)) return 'file';
  return /<(?:folder|directory)>/.test(option.flags) ? 'folder' : 'other';
}

function isPath(argument: Argument): boolean {
  return /folder|directory|file/.test(argument.name());
}

function firstSentence(text: string): string {
  return (
    text
      .split('\n')
      .join(' ')
      .split(/[;.] |\.$/)[0] ?? ''
  );
}

function bashScript(nodes: readonly Node[]): string {
  const cases = nodes.map(({ words, commands, options, choices }) => {
    const offered = [...commands.map(({ name }) => name), ...choices];
    const flags = options.flatMap(({ name, short }) => [name, ...(short === undefined ? [] : [short])]);
    return `    '${words.join(' ')}') words='${offered.join(' ')}' flags='${flags.join(' ')}' ;;`;
  });
  const values = new Map<string, string>();
  for (const { options } of nodes) {
    for (const { name, short, value } of options) {
      const reply = bashValue(value);
      if (reply !== undefined) values.set(short === undefined ? name : `${name}|${short}`, reply);
    }
  }
  return `# processor: completion for bash. In ~/.bashrc:  source <(processor completion bash)
_processor() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} path='' words flags word i
  COMPREPLY=()
  case $before in
${[...values].map(([pattern, reply]) => `    ${pattern}) ${reply}; return ;;`).join('\n')}
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${path:+$path }\${COMP_WORDS[i]}
    case $word in
      ${nodes
        .filter(({ words }) => words.length > 0)
        .map(({ words }) => `'${words.join(' ')}'`)
        .join('|')}) path=$word ;;
    esac
  done
  case $path in
${cases.join('\n')}
  esac
  if [[ $current == -* ]]; then COMPREPLY=($(compgen -W "$flags" -- "$current")); return; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ -z $words ]]; then COMPREPLY+=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _processor processor
`;
}

function bashValue(value: OptionWord['value']): string | undefined {
  if (value === 'none') return undefined;
  if (value === 'file') return 'COMPREPLY=($(compgen -f -- "$current"))';
  if (value === 'folder') return 'COMPREPLY=($(compgen -d -- "$current"))';
  if (value === 'other') return 'COMPREPLY=()';
  return `COMPREPLY=($(compgen -W '${value.join(' ')}' -- "$current"))`;
}

function zshScript(nodes: readonly Node[]): string {
  const functions = nodes.map(({ words, commands, options, choices, takesFiles }) => {
    const specs = options.map(({ name, short, description, value }) => {
      const action = zshAction(value);
      const names = short === undefined ? name : `{${short},${name}}`;
      return `    ${short === undefined ? `'${name}` : `${names}'`}[${zshText(description)}]${action}'`;
    });
    const below = commands.map(({ name, description }) => `${name}:${zshText(description).replaceAll(':', '\\:')}`);
    const rest =
      commands.length > 0
        ? [
            `    '1:command:((${below.map((word) => word.replaceAll(/([ ()])/g, '\\$1')).join(' ')}))'`,
            "    '*::argument:->below'",
          ]
        : choices.length > 0
          ? [`    '1:argument:(${choices.join(' ')})'`]
          : takesFiles
            ? ["    '*:file:_files'"]
            : [];
    const next =
      commands.length === 0
        ? ''
        : `  case $state in\n    below) case $words[1] in\n${commands
            .filter(({ name }) => name !== 'help')
            .map(({ name }) => `      ${name}) ${functionName([...words, name])} ;;`)
            .join('\n')}\n    esac ;;\n  esac\n`;
    return `${functionName(words)}() {\n  local state line; typeset -A opt_args\n  _arguments -C -S \\\n${[...specs, ...rest].join(' \\\n')}\n${next}}`;
  });
  return `#compdef processor
# processor: completion for zsh. In ~/.zshrc, after compinit:  source <(processor completion zsh)
${functions.join('\n')}
compdef _processor processor
`;
}

function functionName(words: readonly string[]): string {
  return ['_processor', ...words].join('_').replaceAll('-', '_');
}

function zshAction(value: OptionWord['value']): string {
  if (value === 'none') return '';
  if (value === 'file') return ':file:_files';
  if (value === 'folder') return ':folder:_files -/';
  if (value === 'other') return ':value: ';
  return `:value:(${value.join(' ')})`;
}

function zshText(text: string): string {
  return text.replaceAll("'", "'\\''").replaceAll(/[[\]]/g, '\\$&');
}

function fishScript(nodes: readonly Node[]): string {
  const lines = nodes.flatMap(({ words, commands, options, choices, takesFiles }) => {
    const when = `-n '__processor_at ${words.join(' ')}'`.replace(" '", "'").replace(/-n'/, "-n '");
    const text = (description: string): string => `-d '${description.replaceAll("'", "\\'")}'`;
    return [
      ...commands.map(({ name, description }) => `complete -c processor -f ${when} -a ${name} ${text(description)}`),
      ...choices.map((choice) => `complete -c processor -f ${when} -a ${choice}`),
      ...(takesFiles ? [`complete -c processor -F ${when}`] : []),
      ...options.map(({ name, short, description, value }) => {
        const letter = short === undefined ? '' : ` -s ${short.slice(1)}`;
        return `complete -c processor ${when}${letter} -l ${name.replace(/^--/, '')}${fishValue(value)} ${text(description)}`;
      }),
    ];
  });
  const paths = nodes.filter(({ words }) => words.length > 0).map(({ words }) => `'${words.join(' ')}'`);
  return `# processor: completion for fish. In ~/.config/fish/config.fish:  processor completion fish | source
function __processor_at
  set -l path ''
  for word in (commandline -opc)[2..]
    set -l next (string trim -- "$path $word")
    if contains -- $next ${paths.join(' ')}
      set path $next
    end
  end
  test "$path" = "$argv"
end
complete -c processor -f
${lines.join('\n')}
`;
}

function fishValue(value: OptionWord['value']): string {
  if (value === 'none') return '';
  if (value === 'file') return ' -r -F';
  if (value === 'folder') return " -x -a '(__fish_complete_directories)'";
  if (value === 'other') return ' -x';
  return ` -x -a '${value.join(' ')}'`;
}
