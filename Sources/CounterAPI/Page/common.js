// What both pages share: words, amounts, the live events of a till.

import { describeChosen, describeRedeemed } from './rewards.js'
import { amountOf } from './why.js'

const tables = new Map()

/** The language: what the address says, what was chosen before, or Traditional Chinese. */
export function chosenLanguage() {
  const asked = new URLSearchParams(location.search).get('lang') ?? localStorage.getItem('language')
  return asked === 'en' ? 'en' : 'zh-Hant'
}

/** Loads a language's words, once. */
export async function loadWords(language) {
  if (!tables.has(language)) {
    const response = await fetch(`/assets/words.${language}.json`)
    tables.set(language, await response.json())
  }
  document.documentElement.lang = language
  return new Words(language, tables.get(language))
}

export class Words {
  constructor(language, table) {
    this.language = language
    this.table = table
    this.currency = 'TWD'
  }

  has(key) { return Object.hasOwn(this.table, key) }

  /** The text under a key, with its places filled. */
  say(key, values = {}) {
    return (this.table[key] ?? '').replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place)
  }

  /** The same as text and emphasised values, put into an element. */
  show(element, key, values = {}) {
    const parts = (this.table[key] ?? '').split(/\{(\w+)\}/)
    element.replaceChildren(...parts.map((part, index) =>
      index % 2 ? make('b', '', values[part] ?? '') : document.createTextNode(part)))
  }

  local(text) { return text?.[this.language] ?? text?.['zh-Hant'] ?? '' }

  /** An amount in the currency's minor unit; Taiwan's and Japan's tills know no smaller one. */
  money(amount) {
    const digits = ['TWD', 'JPY', 'KRW', 'VND'].includes(this.currency) ? 0 : 2
    return this.table['money.symbol'] + this.number(amount / 10 ** digits, digits)
  }

  number(value, digits = 0) {
    const places = { minimumFractionDigits: digits, maximumFractionDigits: digits }
    return new Intl.NumberFormat(this.language, places).format(value)
  }

  /** A date such as 2026-11-22, as people say it. */
  date(text) {
    const date = new Date(`${text}T00:00:00Z`)
    if (Number.isNaN(date.getTime())) return text
    const form = { dateStyle: 'long', timeZone: 'UTC' }
    return new Intl.DateTimeFormat(this.language, form).format(date)
  }

  /** The store's local time of day, whatever zone the browser thinks it is in. */
  time(at, utcOffsetMinutes) {
    const minutes = Math.floor(at / 60000) + utcOffsetMinutes
    const two = (number) => String(number).padStart(2, '0')
    return `${two(Math.floor(minutes / 60) % 24)}:${two(minutes % 60)}`
  }
}

/** A new element with a class and a text; texts are never read as markup. */
export function make(name, className = '', text = '') {
  const element = document.createElement(name)
  if (className) element.className = className
  element.textContent = text
  return element
}

/** Writes a text and hides the element while there is none. */
export function put(element, text) {
  element.textContent = text
  element.hidden = !text
}

/** How many units of an asset a view says were earned. */
export function earned(view, asset) {
  const postings = view.earned.filter((posting) => posting.asset === asset)
  return postings.reduce((sum, posting) => sum + posting.amount, 0)
}

/** The card a view is about: the one just stamped, or the first. */
export function cardInFocus(view) {
  const cards = view.member?.cards ?? []
  return cards.find((card) => earned(view, `stamps/${card.id}`) > 0) ?? cards[0]
}

/** Whether the award filled a card. */
export function isCardFilled(view, card) {
  if (!card) return false
  const before = card.stamps - earned(view, `stamps/${card.id}`)
  return Math.floor(card.stamps / card.size) > Math.floor(before / card.size)
}

/** What a view says in one glance: tone, drawing, sentence, and what to do. */
export function describe(view, status, words) {
  const plain = (tone, drawing, key, textKey = `${key}.text`, values = {}) =>
    ({ tone, drawing, title: words.say(`${key}.title`, values), text: [textKey, values] })
  switch (view?.phase) {
    case undefined: return plain('wait', 'again', 'lost')
    case 'idle':
      return isUnplugged(view, status) ? plain('wait', 'plug', 'unplugged')
        : plain('idle', 'scan', 'idle')
    case 'member-attached':
      return describeChosen(view, words, status) ?? plain('idle', 'scan', 'attached')
    case 'concealed': return plain('idle', 'scan', 'concealed')
    case 'waiting-for-left-half': return plain('wait', 'left', 'left-half')
    case 'waiting-for-member':
      if (view.amount === null) return plain('wait', 'wait', 'waiting')
      return plain('wait', 'wait', 'waiting', 'waiting.text.amount',
        { amount: words.money(view.amount) })
    case 'voided': return plain('wait', 'back', 'voided')
    case 'refunded': return describeRefund(view, words, status)
    case 'award':
      return describeRedeemed(view, words, status) ?? describeAward(view, words)
    case 'not-recorded': return describeFailure('not-recorded', 'alarm', view, words, status)
    default: return describeFailure('refused', 'cross', view, words, status)
  }
}

/** Whether the till has scanners and none of them is plugged in. */
function isUnplugged(view, status) {
  const scanners = status?.scanners.filter((scanner) => scanner.till === view.till) ?? []
  return scanners.length > 0 && scanners.every((scanner) => !scanner.isAttached)
}

function describeAward(view, words) {
  const card = cardInFocus(view)
  const stamps = card ? earned(view, `stamps/${card.id}`) : 0
  const points = earned(view, 'points')
  if (view.isRepeat) {
    const title = words.say('repeat.title')
    return { tone: 'points', drawing: 'again', title, text: ['repeat.text', {}] }
  }
  if (stamps > 0 && isCardFilled(view, card)) {
    const reward = words.local(card.reward)
    const title = words.say('award.title.full')
    return { tone: 'stamp', drawing: 'gift', title, text: ['award.text.full', {}], reason: reward }
  }
  if (stamps > 0) {
    const title = words.say('award.title.stamps', { stamps: card.stampsOnCard })
    return { tone: 'stamp', drawing: 'stamp', title }
  }
  const title = points > 0 ? words.say('award.title.points', { points: words.number(points) })
    : words.say('award.title.nothing')
  return { tone: 'points', drawing: 'points', title }
}

/** What a refund took back and gave back, in one sentence. */
function describeRefund(view, words, status) {
  const moved = (sign) => view.earned.filter((posting) => posting.amount * sign > 0)
    .map((posting) => amountOf(posting.asset, posting.amount * sign, words, status?.programme))
    .join(' · ')
  const [taken, given] = [moved(-1), moved(1)]
  const key = taken && given ? 'both' : taken ? 'taken' : given ? 'given' : 'none'
  const title = words.say('refunded.title', { amount: words.money(view.amount ?? 0) })
  return { tone: 'wait', drawing: 'back', title, text: [`refunded.text.${key}`, { taken, given }] }
}

function describeFailure(kind, drawing, view, words, status) {
  const key = failureKey(kind, view, words)
  const values = {}
  for (const [name, value] of Object.entries(view.detail)) {
    values[name] = ['max', 'least', 'left'].includes(name) ? words.money(Number(value))
      : ['from', 'through'].includes(name) ? words.date(value)
      : name === 'reward' ? rewardTitle(value, words, status)
      : view.detail.asset && ['needed', 'held'].includes(name)
        ? amountOf(view.detail.asset, Number(value), words, status?.programme) : value
  }
  const sentence = words.say(key, values)
  const text = [`${key}.todo`, values]
  return kind === 'not-recorded'
    ? { tone: 'refuse', drawing, title: words.say('not-recorded.title'), text, reason: sentence }
    : { tone: 'refuse', drawing, title: sentence, text }
}

function rewardTitle(id, words, status) {
  return words.local(status?.programme.rewards?.find((one) => one.id === id)?.title) || id
}

/** The words' key of a code; one that no table knows gets the general words. */
function failureKey(kind, view, words) {
  const key = `${kind}.${view.code}`
  const variants = Object.entries(view.detail)
    .flatMap(([name, value]) => [`${key}.${value}`, `${key}.${name}`])
  const variant = variants.find((name) => words.has(name))
  return variant ?? (words.has(key) ? key : `${kind}.other`)
}

/** Follows a till's events, and connects again by itself. */
export class Feed {
  constructor(till, handlers) {
    this.till = till
    this.handlers = handlers
    this.pauseMs = 1000
    // A page that a browser keeps for its back button would keep one of the six connections too.
    addEventListener('pagehide', () => this.source.close())
    addEventListener('pageshow', (event) => { if (event.persisted) this.connect() })
    this.connect()
  }

  connect() {
    const query = this.till ? `?till=${encodeURIComponent(this.till)}` : ''
    const source = new EventSource(`/v1/events${query}`)
    this.source = source
    let isFirst = true
    let lastNumber = 0
    source.onopen = () => {
      isFirst = true
      lastNumber = 0
      this.pauseMs = 1000
    }
    source.addEventListener('status', (event) => this.handlers.status(JSON.parse(event.data)))
    source.addEventListener('till', (event) => {
      const view = JSON.parse(event.data)
      if (view.number <= lastNumber) return
      lastNumber = view.number
      this.handlers.till(view, !isFirst)
      isFirst = false
    })
    source.onerror = () => {
      this.handlers.lost()
      // A browser tries again by itself unless it got an answer that was no stream.
      if (source.readyState !== EventSource.CLOSED) return
      setTimeout(() => this.connect(), this.pauseMs)
      this.pauseMs = Math.min(this.pauseMs * 2, 10000)
    }
  }
}

/** Calls the agent; gives its answer, or the problem it names. */
export async function post(path, body = {}) {
  try {
    const response = await fetch(path, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
    })
    return { isDone: response.ok, answer: await response.json() }
  } catch {
    return { isDone: false, answer: { title: '' } }
  }
}
