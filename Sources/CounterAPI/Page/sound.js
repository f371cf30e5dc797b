// What a customer hears: one tune for each tone. Silent where a browser lets no page make a sound.

/** Frequency in Hz, start and length in s, and the wave's shape. */
const tunes = {
  award: [[880, 0, .09, 'sine'], [1319, .1, .18, 'sine']],
  full: [[784, 0, .09, 'sine'], [988, .1, .09, 'sine'], [1319, .2, .28, 'sine']],
  wait: [[660, 0, .1, 'sine']],
  refuse: [[196, 0, .16, 'square'], [147, .2, .26, 'square']],
}
/** What asks the customer for something, or only says what was said before. */
const waits = ['waiting-for-member', 'waiting-for-left-half', 'award', 'member-attached']
const volume = .12
let context

/** Plays what a view sounds like. */
export function play(said, view) {
  const tune = tuneOf(said, view)
  if (!tune) return
  try {
    context ??= new AudioContext()
    context.resume().catch(() => {})
    for (const note of tunes[tune]) sound(...note)
  } catch {
    // No sound: the screen says the same in color, shape and words.
  }
}

function tuneOf(said, view) {
  if (view.phase === 'award' && !view.isRepeat) return said.drawing === 'gift' ? 'full' : 'award'
  if (said.tone === 'refuse') return 'refuse'
  return waits.includes(view.phase) ? 'wait' : undefined
}

function sound(hertz, start, length, shape) {
  const at = context.currentTime + start
  const wave = context.createOscillator()
  const gain = context.createGain()
  wave.type = shape
  wave.frequency.value = hertz
  gain.gain.setValueAtTime(volume, at)
  gain.gain.exponentialRampToValueAtTime(.001, at + length)
  wave.connect(gain).connect(context.destination)
  wave.start(at)
  wave.stop(at + length)
}
