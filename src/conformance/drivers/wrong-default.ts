/** A module that is no driver: its default export is the function that should have been given to `defineDevice`. */
export default function setUp(): object {
  return { fault() {} }
}
