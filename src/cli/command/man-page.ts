import { EXIT_MEANINGS } from '../exit-code.js'
import { wrap } from '../wrap.js'
import { type Command, HELP_OPTION } from './command.js'
import { sentenceOf, syntaxOf } from './help-text.js'

/** The manual page of the command, for man(1). */
export function manPage(commands: readonly Command[]): string {
  return `${[
    '.TH VMAREA 1 "" "vmarea" "User Commands"',
    '.SH NAME',
    'vmarea \\- look at virtual memory areas',
    '.SH SYNOPSIS',
    ...commands.flatMap(({ name, operands }, index) => [
      ...(index === 0 ? [] : ['.br']),
      `.B vmarea ${roff(name)}`,
      ...(operands === '' ? [] : [`.RI ${operandsOf(operands)}`]),
    ]),
    '.SH DESCRIPTION',
    text('vmarea shows the memory of processes: what is mapped where, how much of it is in memory, and what changes.'),
    '.PP',
    text('A process is given by its number or its name. A command ends with an exit status that says what happened.'),
    '.SH COMMANDS',
    ...commands.flatMap(commandSection),
    '.SH EXIT STATUS',
    ...Object.entries(EXIT_MEANINGS).flatMap(([code, meaning]) => ['.TP', `.B ${code}`, text(meaning)]),
    '.SH ENVIRONMENT',
    ...[
      ['NO_COLOR', 'if set, there is no colour. In a pipe there is none either'],
      ['TERM', 'if it is dumb, there is no colour'],
      ['NODE_DEBUG', 'with vmarea among its words, an error is shown with the place that it comes from'],
    ].flatMap(([name, meaning]) => ['.TP', `.B ${name}`, text(meaning!)]),
    '.SH SEE ALSO',
    '.BR pmap (1),',
    '.BR mmap (2),',
    '.BR mincore (2),',
    '.BR userfaultfd (2),',
    '.BR proc (5)',
  ].join('\n')}\n`
}

function commandSection({ name, operands, summary, description, options, examples }: Command): string[] {
  return [
    `.SS ${roff(`vmarea ${name} ${operands}`.trimEnd())}`,
    text(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`),
    ...description.flatMap((paragraph) => ['.PP', text(paragraph)]),
    ...Object.entries({ ...options, help: HELP_OPTION }).flatMap(([option, details]) => [
      '.TP',
      `.B ${roff(syntaxOf(option, details))}`,
      text(sentenceOf(details)),
    ]),
    '.PP',
    'Examples:',
    '.PP',
    '.nf',
    '.RS',
    ...examples.map(roff),
    '.RE',
    '.fi',
  ]
}

/** The placeholders in italics, what stands between them upright. */
function operandsOf(operands: string): string {
  return operands
    .split(/([A-Z]+)/)
    .map((part, index) => (part === '' ? '""' : index % 2 === 0 ? `"${roff(part)}"` : roff(part)))
    .reduce((all, part, index) => (index === 0 ? (part === '""' ? '"" ' : `"" ${part} `) : `${all}${part} `), '')
    .trim()
}

/** Lines of text, none of which begins with a request. */
function text(content: string): string {
  return wrap(roff(content.replaceAll(/\s+/g, ' ')), 78)
    .map((line) => (/^[.']/.test(line) ? `\\&${line}` : line))
    .join('\n')
}

/** Escaped, with the minus of options that can be copied. */
function roff(content: string): string {
  return content
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('~', '\\(ti')
    .replaceAll('^', '\\(ha')
    .replaceAll('`', '\\(ga')
    .replaceAll('"', '\\(dq')
    .replaceAll("'", '\\(aq')
    .replaceAll('…', '...')
}
