import type { Kind } from '../../snapshot/kind-of.js'
import type { PageClass } from './page-classes.js'

/** How a kind or a class is drawn: a colour for each scheme, and a texture for eyes that see the colours alike. */
export interface Paint {
  readonly light: string
  readonly dark: string
  readonly texture: 'plain' | 'lines' | 'back' | 'dots' | 'cross' | 'rows' | 'columns' | 'grid'
}

/** After Okabe and Ito, whose colours differ in lightness as well. */
export const KIND_PAINT: Readonly<Record<Kind, Paint>> = {
  code: { light: '#0072b2', dark: '#3d9bd6', texture: 'columns' },
  file: { light: '#5fb4e5', dark: '#7cc6ef', texture: 'lines' },
  'shared file': { light: '#5fb4e5', dark: '#7cc6ef', texture: 'back' },
  'shared memory': { light: '#cc79a7', dark: '#dd97be', texture: 'cross' },
  heap: { light: '#d55e00', dark: '#f07d2a', texture: 'dots' },
  stack: { light: '#009e73', dark: '#2cc298', texture: 'rows' },
  anonymous: { light: '#e69f00', dark: '#f0b429', texture: 'plain' },
  reserved: { light: '#b9bcc4', dark: '#5c616c', texture: 'grid' },
  device: { light: '#5b2a86', dark: '#8a5fb0', texture: 'cross' },
  kernel: { light: '#6b7280', dark: '#7b828f', texture: 'plain' },
}

export const CLASS_PAINT: Readonly<Record<PageClass, Paint>> = {
  absent: { light: '#eceef2', dark: '#23262d', texture: 'plain' },
  present: { light: '#e69f00', dark: '#f0b429', texture: 'plain' },
  file: { light: '#5fb4e5', dark: '#7cc6ef', texture: 'lines' },
  zero: { light: '#b7d7c9', dark: '#4d7565', texture: 'dots' },
  huge: { light: '#0072b2', dark: '#3d9bd6', texture: 'cross' },
  swapped: { light: '#cc79a7', dark: '#dd97be', texture: 'back' },
  guard: { light: '#b3261e', dark: '#ff7a6e', texture: 'grid' },
  'write-protected': { light: '#7a5195', dark: '#a882c1', texture: 'rows' },
  unknown: { light: '#ffffff', dark: '#0f1115', texture: 'back' },
}
