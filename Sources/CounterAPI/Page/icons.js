// The drawings of both pages, 48 by 48: each is a list of lines, `fill` for solid shapes and `on`
// for lines upon them. A shape says the same as the color, for whoever does not see the color.

const drawings = {
  scan: [
    'M6 16V6h10M32 6h10v10M42 32v10H32M16 42H6V32',
    'M15 15h6v6h-6zM27 15h6v6h-6zM15 27h6v6h-6zM27 27h2v2M33 33v.1M33 27v.1M27 33v.1',
  ],
  stamp: [
    'fill M14 5h20a9 9 0 0 1 9 9v20a9 9 0 0 1-9 9H14a9 9 0 0 1-9-9V14a9 9 0 0 1 9-9z',
    'on M14 25l7 7 13-16',
  ],
  points: ['fill M24 4a20 20 0 1 1 0 40a20 20 0 1 1 0-40z', 'on M24 14v20M14 24h20'],
  gift: [
    'M8 22h32v20H8zM5 14h38v8H5zM24 14v28',
    'M24 14c-10 0-12-10-6-10 5 0 6 10 6 10s1-10 6-10c6 0 4 10-6 10z',
  ],
  wait: ['M24 4l20 20-20 20L4 24z', 'M24 15v10M24 32v.1'],
  left: [
    'M9 3h30v42l-5-4-5 4-5-4-5 4-5-4-5 4z',
    'fill M13 18h10v10H13z', 'M28 20h6v6h-6zM15 11h18M15 35h12',
  ],
  cross: ['fill M15 3h18l12 12v18L33 45H15L3 33V15z', 'on M16 16l16 16M32 16L16 32'],
  alarm: ['fill M24 4l22 39H2z', 'on M24 18v12M24 36v.1'],
  plug: ['M4 24h10M14 14v20h8c6 0 10-5 10-10s-4-10-10-10zM37 18h7M37 30h7'],
  again: ['M40 24a16 16 0 1 1-5-11.600M40 4v10H30'],
  back: ['M16 8L6 18l10 10M6 18h22a12 12 0 0 1 0 24H14'],
  check: ['M10 25l9 9 19-22'],
}
const namespace = 'http://www.w3.org/2000/svg'

/** Draws into an `svg` element. */
export function draw(svg, name) {
  svg.setAttribute('viewBox', '0 0 48 48')
  svg.dataset.drawing = name
  svg.replaceChildren(...drawings[name].map((line) => {
    const [, kind, path] = /^(fill |on )?(.*)$/.exec(line)
    const element = document.createElementNS(namespace, 'path')
    element.setAttribute('d', path)
    if (kind) element.setAttribute('class', kind.trim())
    return element
  }))
  return svg
}

/** A new drawing. */
export function icon(name) {
  const svg = document.createElementNS(namespace, 'svg')
  svg.setAttribute('class', 'icon')
  return draw(svg, name)
}
