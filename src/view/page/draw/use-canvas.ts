import type { RefObject } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { onSchemeChange } from './palette.js'

export type Draw = (context: CanvasRenderingContext2D, width: number, height: number) => void

/** A canvas that is as large as its element, in the screen's own pixels. */
export interface DrawnCanvas {
  readonly ref: RefObject<HTMLCanvasElement | null>
  /** Draws in the next frame. */
  readonly redraw: () => void
}

/** Draws a canvas after each time that the component was drawn, when its size changes, and when the scheme does. */
export function useCanvas(draw: Draw): DrawnCanvas {
  const ref = useRef<HTMLCanvasElement>(null)
  const latest = useRef(draw)
  latest.current = draw
  const planned = useRef(0)
  const size = useRef({ width: 0, height: 0 })
  const redraw = useRef(() => {
    if (planned.current !== 0) return
    planned.current = requestAnimationFrame(() => {
      planned.current = 0
      const canvas = ref.current
      const context = canvas?.getContext('2d')
      const { width, height } = size.current
      if (canvas === null || context === null || context === undefined || width === 0 || height === 0) return
      const ratio = devicePixelRatio
      const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)]
      if (canvas.width !== across || canvas.height !== down) {
        canvas.width = across
        canvas.height = down
      }
      context.setTransform(ratio, 0, 0, ratio, 0, 0)
      context.clearRect(0, 0, width, height)
      latest.current(context, width, height)
    })
  }).current
  useEffect(() => {
    const canvas = ref.current!
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect
      size.current = { width, height }
      redraw()
    })
    observer.observe(canvas)
    const forget = onSchemeChange(redraw)
    return () => {
      observer.disconnect()
      forget()
      cancelAnimationFrame(planned.current)
      planned.current = 0
    }
  }, [redraw])
  useEffect(redraw)
  return { ref, redraw }
}
