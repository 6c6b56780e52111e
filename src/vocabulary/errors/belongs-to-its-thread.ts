/**
 * A handle has this function as a property, so that structured clone, which passes over private fields, rejects the handle where it would
 * copy an empty object. The `DataCloneError` shows the text of the function. It is never called.
 */
export function belongsToItsThread(): string {
  return 'a handle can not be sent to another thread: map the same file there, by its descriptor, or send sharedBytes'
}
