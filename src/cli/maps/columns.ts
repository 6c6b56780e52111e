import type { Fold } from '../../snapshot/fold.js'
import { type Kind, kindOf } from '../../snapshot/kind-of.js'
import type { VmaUsageField } from '../../vocabulary/vma-usage.js'
import type { Colour } from '../paint.js'
import type { Column } from '../table.js'
import type { ColumnName } from './column-names.js'
import { objectName } from './object-name.js'
import { isSummed } from './summed-columns.js'
import { usageField } from './usage-field.js'

/** A column of `maps`, and what stands in it. */
export interface MapsColumn extends Column {
  readonly name: ColumnName
  /** The fields of smaps that it adds up. */
  readonly fields: readonly VmaUsageField[]
  value(fold: Fold, size: (bytes: number) => string): string
  colour?(fold: Fold): Colour | undefined
}

const COLOURS: Readonly<Partial<Record<Kind, Colour>>> = {
  code: 'green',
  'shared file': 'cyan',
  'shared memory': 'cyan',
  heap: 'yellow',
  stack: 'yellow',
  device: 'magenta',
  file: 'blue',
  reserved: 'dim',
  kernel: 'dim',
}

/** The columns of those names. `strip` makes what stands in `pages`. */
export function columnsNamed(names: readonly ColumnName[], strip: (fold: Fold) => string): MapsColumn[] {
  return names.map((name) => columnNamed(name, strip))
}

function columnNamed(name: ColumnName, strip: (fold: Fold) => string): MapsColumn {
  const title = name.toUpperCase()
  switch (name) {
    case 'addresses':
      return {
        name,
        title,
        fields: [],
        value: ({ start, end }) => `${start.toString(16)}-${end.toString(16)}`,
      }
    case 'kind':
      return { name, title, fields: [], value: ({ named }) => kindOf(named), colour: colourOfKind }
    case 'perm':
      return { name, title, fields: [], value: ({ permissions }) => permissions, colour: colourOfPermissions }
    case 'flags':
      return { name, title, fields: [], value: ({ named }) => named.flags.join(' ') }
    case 'offset':
      return { name, title, align: 'right', fields: [], value: ({ named }) => named.offset.replace(/^0x0?/, '') }
    case 'device':
      return { name, title, fields: [], value: ({ named }) => (named.inode === '0' ? '' : named.device) }
    case 'inode':
      return { name, title, align: 'right', fields: [], value: ({ named }) => named.inode.replace(/^0$/, '') }
    case 'n':
      return {
        name,
        title,
        align: 'right',
        optional: true,
        fields: [],
        value: ({ sum }) => (sum.areas === 1 ? '' : String(sum.areas)),
      }
    case 'pages':
      return { name, title, fields: [], value: strip }
    case 'object':
      return { name, title, rest: true, fields: [], value: ({ named }) => objectName(named), colour: colourOfKind }
    case 'size':
    case 'rss':
    case 'pss':
    case 'dirty':
    case 'swap':
      return {
        name,
        title,
        align: 'right',
        optional: name === 'swap',
        fields: [],
        value: ({ sum }, size) => size(sum[name]),
      }
    default:
      return smapsColumn(name, title)
  }
}

function smapsColumn(name: ColumnName, title: string): MapsColumn {
  const field = usageField(name)
  // Of the others a sum says nothing: they are those of the area that gives the name.
  const adds = isSummed(name)
  const isCount = name === 'thp-eligible' || name === 'protection-key'
  return {
    name,
    title,
    align: 'right',
    optional: true,
    fields: adds ? [field] : [],
    value: ({ sum, named }, size) => {
      const number = adds ? sum.of(field) : (named.usage[field] ?? 0)
      return isCount ? String(number || '') : size(number)
    },
  }
}

function colourOfKind({ named }: Fold): Colour | undefined {
  return COLOURS[kindOf(named)]
}

function colourOfPermissions({ permissions }: Fold): Colour | undefined {
  const isWritable = permissions[1] === 'w'
  if (permissions[2] === 'x') return isWritable ? 'red' : 'green'
  if (permissions.startsWith('---')) return 'dim'
  return isWritable ? 'yellow' : undefined
}
