/** What the server puts into the page with this number. */
export function fill(number: number): number {
  return (number % 251) + 1
}
