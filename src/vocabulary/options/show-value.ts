const LONGEST = 80

/** A value as a message shows it, so that its type is seen: `'4096'`, `4096n`, `an object with path, mode`. Never throws. */
export function showValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `'${value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value}'`
    case 'bigint':
      return `${value}n`
    case 'function':
      return 'a function'
    case 'object':
      return value === null ? 'null' : showObject(value)
    default:
      return Object.is(value, -0) ? '-0' : String(value)
  }
}

function showObject(value: object): string {
  try {
    if (Array.isArray(value)) return `an array of ${value.length}`
    const name: unknown = value.constructor?.name
    if (typeof name === 'string' && name !== '' && name !== 'Object') return `an object of class ${name}`
    const keys = Object.keys(value)
    return keys.length === 0 ? 'an object without members' : `an object with ${keys.slice(0, 5).join(', ')}`
  } catch {
    return 'an object that can not be read'
  }
}
