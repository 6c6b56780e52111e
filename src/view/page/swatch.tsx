import type { HTMLAttributes } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { Kind } from '../../snapshot/kind-of.js'
import type { PageClass } from '../data/page-classes.js'
import { CLASS_PAINT, KIND_PAINT } from '../data/paint.js'

interface SwatchProps extends HTMLAttributes<HTMLSpanElement> {
  readonly kind?: Kind
  readonly page?: PageClass
}

/** A patch of the colour and texture of a kind of area or a class of page. Its looks come from the sheet, by what it is for. */
export function Swatch({ kind, page, ...rest }: SwatchProps) {
  const ref = useRef<HTMLSpanElement>(null)
  const { light, dark, texture } = kind !== undefined ? KIND_PAINT[kind] : CLASS_PAINT[page ?? 'unknown']
  useEffect(() => {
    ref.current?.style.setProperty('--light', light)
    ref.current?.style.setProperty('--dark', dark)
  }, [light, dark])
  return <span ref={ref} data-swatch={texture} aria-hidden="true" {...rest} />
}
