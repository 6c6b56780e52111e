/** An option of a command, as it is parsed, explained and completed. */
export interface CommandOption {
  /** `boolean`: given or not; `string`: takes a value. */
  readonly type: 'boolean' | 'string'
  /** One letter: `-o`. */
  readonly short?: string
  /** May be given several times; its values are a list then. */
  readonly multiple?: boolean
  /** What stands for the value in the help: `FILE`, `MS`. */
  readonly value?: string
  /** The values that it takes, where these are few. Others are refused, with the nearest. With `multiple`, commas may separate several. */
  readonly choices?: readonly string[]
  /** What it does, without a full stop at the end. */
  readonly help: string
}

/** The options by their names, as they are written after `--`. */
export type CommandOptions = Readonly<Record<string, CommandOption>>

/** The option that every command has without declaring it. */
export const HELP_OPTION: CommandOption = {
  type: 'boolean',
  short: 'h',
  help: 'the options and examples of the command',
}

type Value<Option extends CommandOption> = Option['type'] extends 'boolean'
  ? boolean
  : Option extends { readonly multiple: true }
    ? readonly string[]
    : string | undefined

/** What was given: `false`, `undefined` or an empty list for an option that was not. */
export type OptionValues<Options extends CommandOptions> = { readonly [Name in keyof Options]: Value<Options[Name]> }

/** One command: all that its help, the manual page and the shells' completion say of it, and how it runs. */
export interface Command<Options extends CommandOptions = CommandOptions> {
  readonly name: string
  /** What follows the name, as in `[PROCESS…]`. */
  readonly operands: string
  /** What a shell offers for an operand. */
  readonly complete: 'process' | 'file' | 'process or file' | 'command' | readonly string[]
  /** A few words for the list of commands. */
  readonly summary: string
  /** Paragraphs; they are wrapped where they are shown. */
  readonly description: readonly string[]
  readonly options: Options
  /** Command lines. */
  readonly examples: readonly string[]
  /** Whether the command continues after the reader of its output has ended, because the output is not all that it does. */
  readonly outlivesReader?: true
  /**
   * Runs it and returns the exit code. It imports what it needs, so that one command does not load the others.
   * `commands` is the table that this command is part of.
   */
  run(
    values: OptionValues<Options>,
    operands: readonly string[],
    commands: readonly Command[],
  ): number | Promise<number>
}

/** Declares a command: the types of `values` follow from `options`. Every command has `--help` without declaring it. */
export function defineCommand<const Options extends CommandOptions>(command: Command<Options>): Command {
  return command as unknown as Command
}
