import { spawnSync } from 'node:child_process'
import { until } from './until.js'

/** The reason to skip what requires a terminal, or `false`. */
export function skipWithoutTerminal(): string | false {
  return spawnSync('tmux', ['-V']).status === 0 ? false : 'needs tmux'
}

let terminals = 0

/** A real terminal: a window of tmux in which a command runs. */
export class Terminal {
  /** A server of its own for each: one that is left by its last session goes away while the next would begin. */
  readonly #server = `vmarea-${process.pid}-${++terminals}`

  constructor(command: string, { width = 80, height = 60 } = {}) {
    const { status, stderr } = this.#tmux(
      'new-session',
      '-d',
      '-s',
      'one',
      '-x',
      String(width),
      '-y',
      String(height),
      command,
    )
    if (status !== 0) throw new Error(`tmux: ${stderr}`)
  }

  /** Presses keys, as `tmux send-keys` names them. */
  press(...keys: string[]): void {
    this.#tmux('send-keys', '-t', 'one', ...keys)
  }

  resize(width: number, height: number): void {
    this.#tmux('resize-window', '-t', 'one', '-x', String(width), '-y', String(height))
  }

  /** What is shown now, with what has scrolled away. `options` go to `capture-pane`. */
  screen(...options: string[]): string {
    return this.#tmux('capture-pane', '-p', '-S', '-', '-t', 'one', ...options).stdout
  }

  /** Resolves to the screen once it satisfies a condition. */
  shows(what: string, condition: (screen: string) => boolean): Promise<string> {
    return until(
      () => `the terminal shows ${what}, and it shows\n${this.screen()}`,
      () => {
        const screen = this.screen()
        return condition(screen) && screen
      },
    )
  }

  close(): void {
    this.#tmux('kill-server')
  }

  #tmux(...args: string[]): { status: number | null; stdout: string; stderr: string } {
    return spawnSync('tmux', ['-L', this.#server, '-f', '/dev/null', ...args], { encoding: 'utf8' })
  }
}
