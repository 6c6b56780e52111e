/** Whether text is coloured: on a terminal that has colours, unless NO_COLOR is set. */
export function isColourful(): boolean {
  return process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
}
