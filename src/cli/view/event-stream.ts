import type { ServerResponse } from 'node:http'
import type { LiveMessages } from '../../view/data/live-message.js'

/** What may wait in the socket of a browser that reads too slowly. Beyond it, changes are dropped. */
const MOST_WAITING = 4 * 2 ** 20

/** The stream of events to one browser. One that falls behind loses changes, and gets the whole state once it reads again. */
export class EventStream {
  readonly #response: ServerResponse
  readonly #catchUp: (stream: EventStream, dropped: number) => void
  #dropped = 0

  /** `catchUp` is called when a browser that had fallen behind reads again, and is to send it the state. */
  constructor(response: ServerResponse, catchUp: (stream: EventStream, dropped: number) => void) {
    this.#response = response
    this.#catchUp = catchUp
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' })
    response.flushHeaders()
    response.on('drain', () => this.#drained())
  }

  /** Sends an event, or drops it and counts it. */
  send<Name extends keyof LiveMessages>(name: Name, message: LiveMessages[Name]): void {
    this.sendText(textOf(name, message))
  }

  /** The same with the text of {@link textOf}, which is made once for all browsers. */
  sendText(text: string): void {
    if (this.#dropped > 0 || this.#response.writableLength > MOST_WAITING) this.#dropped++
    else this.#response.write(text)
  }

  #drained(): void {
    if (this.#dropped === 0) return
    const dropped = this.#dropped
    this.#dropped = 0
    this.#catchUp(this, dropped)
  }
}

/** An event as it goes over the stream. JSON has no line ends of its own. */
export function textOf<Name extends keyof LiveMessages>(name: Name, message: LiveMessages[Name]): string {
  return `event: ${name}\ndata: ${JSON.stringify(message)}\n\n`
}
