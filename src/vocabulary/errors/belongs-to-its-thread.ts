/**
 * A handle has this function as a property, so that structured clone, which passes over private fields, rejects the handle where it would
 * copy an empty object. The `DataCloneError` shows the text of the function, of which the engine leaves out what is beyond about a hundred
 * characters. It is never called.
 */
export function belongsToItsThread(): string {
  return 'open it in the other thread, or send a descriptor or sharedBytes'
}
