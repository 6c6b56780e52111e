// The Markdown that the pages of docs/ are written in, as HTML: headings, paragraphs, lists, tables, code, images and links.
import { anchorOf } from './api-reference.js'

/**
 * @param {string} text
 * @param {(target: string) => string} link makes the address of a link's target
 * @returns {string}
 */
export function toHtml(text, link) {
  const lines = text.split('\n')
  const html = []
  const taken = new Map()
  let at = 0
  while (at < lines.length) {
    const line = lines[at]
    const fence = /^( *)```(\w*)/.exec(line)
    const heading = /^(#{1,6}) (.+)$/.exec(line)
    if (line.trim() === '') at++
    else if (fence !== null) {
      const end = lines.findIndex((other, index) => index > at && other.trim() === '```')
      const code = lines
        .slice(at + 1, end < 0 ? undefined : end)
        .map((one) => one.slice(Math.min(fence[1].length, one.search(/\S|$/))))
      html.push(`<pre><code${fence[2] === '' ? '' : ` class="${fence[2]}"`}>${escaped(code.join('\n'))}</code></pre>`)
      at = end < 0 ? lines.length : end + 1
    } else if (heading !== null) {
      const anchor = anchorOf(heading[2])
      const count = taken.get(anchor) ?? 0
      taken.set(anchor, count + 1)
      const level = heading[1].length
      html.push(
        `<h${level} id="${count === 0 ? anchor : `${anchor}-${count}`}">${inline(heading[2], link)}</h${level}>`,
      )
      at++
    } else if (/^ *\|/.test(line) && /^ *\|[ :|-]+\|? *$/.test(lines[at + 1] ?? '')) {
      const end = endOf(lines, at, (other) => /^ *\|/.test(other))
      html.push(table(lines.slice(at, end), link))
      at = end
    } else if (isItem(line)) {
      const end = endOf(
        lines,
        at,
        (other, index) =>
          isItem(other) || /^ +\S/.test(other) || (other === '' && /^ +\S/.test(lines[index + 1] ?? '')),
      )
      html.push(list(lines.slice(at, end), link))
      at = end
    } else {
      const end = endOf(lines, at, (other) => other.trim() !== '' && !/^(#{1,6} |```|\|)/.test(other) && !isItem(other))
      html.push(`<p>${inline(lines.slice(at, end).join('\n'), link)}</p>`)
      at = end
    }
  }
  return html.join('\n')
}

function endOf(lines, start, belongs) {
  let end = start + 1
  while (end < lines.length && belongs(lines[end], end)) end++
  return end
}

const isItem = (line) => /^(- |\d+\. )/.test(line)

function list(lines, link) {
  const tag = lines[0].startsWith('- ') ? 'ul' : 'ol'
  const items = []
  for (const line of lines) {
    const item = /^(- |\d+\. )(.*)$/.exec(line)
    if (item !== null) items.push([item[2]])
    else items.at(-1).push(line.replace(/^ {1,3}/, ''))
  }
  const rendered = items.map((item) => {
    const isPlain = item.every((line) => line.trim() !== '' && !isItem(line.trimStart()) && !line.startsWith('```'))
    return `<li>${isPlain ? inline(item.join('\n'), link) : toHtml(item.join('\n'), link)}</li>`
  })
  return `<${tag}>\n${rendered.join('\n')}\n</${tag}>`
}

function table([head, , ...rows], link) {
  const cells = (line) =>
    line
      .trim()
      .replace(/^\||\|$/g, '')
      .split(/(?<!\\)\|/)
      .map((cell) => inline(cell.trim().replaceAll('\\|', '|'), link))
  const row = (line, tag) =>
    `<tr>${cells(line)
      .map((cell) => `<${tag}>${cell}</${tag}>`)
      .join('')}</tr>`
  const titles = cells(head).every((cell) => cell === '') ? '' : `<thead>${row(head, 'th')}</thead>`
  return `<table>${titles}<tbody>\n${rows.map((line) => row(line, 'td')).join('\n')}\n</tbody></table>`
}

/** Code is taken out first: nothing in it is markup. */
function inline(text, link) {
  const codes = []
  const marked = text.replaceAll(
    /(`+)([\s\S]*?[^`])\1(?!`)/g,
    (_, _ticks, code) => `\ue000${codes.push(code) - 1}\ue000`,
  )
  return escaped(marked)
    .replaceAll(/!\[([^\]]*)\]\(([^)\s]+)\)/g, (_, alt, target) => `<img alt="${alt}" src="${link(target)}">`)
    .replaceAll(/\[([^\]]+)\]\(([^)\s]+)\)/g, (_, label, target) => `<a href="${link(target)}">${label}</a>`)
    .replaceAll(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
    .replaceAll(/(^|[\s(])[_*]([^_*\s](?:[^_*]*[^_*\s])?)[_*](?=$|[\s.,;:)])/gm, '$1<em>$2</em>')
    .replaceAll(/\ue000(\d+)\ue000/g, (_, index) => `<code>${escaped(codes[index].trim())}</code>`)
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
