import {
  cardInFocus, chosenLanguage, describe, earned, Feed, isCardFilled, loadWords, make, post, put,
} from './common.js'
import { fewOf, nextSuggestion, notes, offersOf, priceOf } from './rewards.js'
import { reason } from './why.js'
import { draw, icon } from './icons.js'
import { play } from './sound.js'

const part = (id) => document.getElementById(id)
const screen = part('screen')
/** How each seal is turned, as a hand would; repeats after seven. */
const turns = [-5, 3, -2, 6, -4, 2, -3]
/** Width of the sentence's column, in units. */
const headlineWidth = 30
const whyLinesMax = 3
const whyLinesBesideOffersMax = 2
const chipsMax = 3
const offersMax = 4

draw(part('recorded-icon'), 'check')
let words = await loadWords(chosenLanguage())
let view
let status

new Feed(new URLSearchParams(location.search).get('till'), {
  status(next) {
    if (status && status.version !== next.version) return location.reload()
    status = next
    words.currency = status.programme.currency
    render(false)
  },
  till(next, isFresh) {
    view = next
    render(isFresh)
    if (isFresh) play(describe(view, status, words), view)
  },
  lost() {
    view = undefined
    render(false)
  },
})

part('language').addEventListener('click', async () => {
  const next = words.language === 'en' ? 'zh-Hant' : 'en'
  localStorage.setItem('language', next)
  words = await loadWords(next)
  words.currency = status?.programme.currency ?? words.currency
  render(false)
})

/** Draws everything that the view and the status say; the view is the whole picture. */
function render(isFresh) {
  const said = describe(view, status, words)
  screen.dataset.tone = said.tone
  screen.dataset.phase = view?.phase ?? 'lost'
  screen.toggleAttribute('data-fresh', isFresh)
  screen.dataset.number = view?.number ?? 0

  part('language').textContent = words.say('language.other')
  put(part('title'), words.local(status?.programme.title))
  put(part('store'), status?.store ?? '')
  draw(part('icon'), said.drawing)
  renderHeadline(said)
  renderCard(view ? cardInFocus(view) ?? emptyCard() : emptyCard())
  renderOffers()
  renderMember(isFresh)
  renderWhy()
  const isRecorded = view?.entry != null
  part('recorded').hidden = !isRecorded
  const time = isRecorded ? words.time(view.at, status?.programme.utcOffsetMinutes ?? 0) : ''
  put(part('recorded-text'), isRecorded ? words.say('recorded', { time }) : '')
}

function renderHeadline(said) {
  const big = part('big')
  big.textContent = said.title
  big.style.setProperty('--size', headlineSize(said.title))
  const text = part('text')
  text.hidden = !said.text
  text.classList.toggle('reward', said.tone === 'stamp')
  if (!said.text) return
  words.show(text, ...said.text)
  if (said.reason) text.prepend(make('b', 'reason', said.reason), document.createElement('br'))
}

/** The size, in units, at which a sentence fits beside the card in whole words. */
function headlineSize(sentence) {
  const letterWidth = (letter) => letter.codePointAt(0) > 0x2e80 ? 1.02 : .6
  const width = (text) => [...text].reduce((sum, letter) => sum + letterWidth(letter), 0)
  const longest = Math.max(...sentence.split(/(?<=[，；：！？])|[ \u200b]/).map(width))
  // Long sentences shrink so that their area stays that of two lines at full size.
  const byArea = Math.sqrt(2.2 * headlineWidth * 5.6 / width(sentence)) / 1.1
  return Math.max(2.4, Math.min(5.6, headlineWidth / longest, byArea))
}

/** The programme's first card without stamps, while nobody's card is shown. */
function emptyCard() {
  const card = status?.programme.cards[0]
  return card && { ...card, stamps: 0, stampsOnCard: 0, fullCount: 0 }
}

function renderCard(card) {
  const slots = part('slots')
  part('card').hidden = !status
  if (!card) {
    put(part('card-title'), words.say('points.label'))
    put(part('card-goal'), '')
    slots.className = 'wallet'
    const points = view?.member ? words.number(view.member.points) : '—'
    slots.replaceChildren(document.createTextNode(points))
    return
  }
  const reward = words.local(card.reward)
  put(part('card-title'), words.local(card.title))
  put(part('card-goal'), words.say('card.goal', { size: card.size, reward }))
  slots.className = card.size > 20 ? 'slots many' : 'slots'
  slots.style.setProperty('--rows', Math.ceil(card.size / (card.size > 20 ? 10 : 5)))
  const progress = { stamps: card.stampsOnCard, size: card.size }
  slots.setAttribute('aria-label', words.say('card.progress', progress))
  const fresh = view && !view.isRepeat ? earned(view, `stamps/${card.id}`) : 0
  const indexes = Array.from({ length: card.size }, (_, index) => index)
  slots.replaceChildren(...indexes.map((index) => slot(card, index, fresh)))
  renderChips(card)
}

function slot(card, index, freshCount) {
  if (index < card.stampsOnCard) {
    const glyph = [...status.programme.title['zh-Hant']][0] ?? '章'
    const seal = make('div', index >= card.stampsOnCard - freshCount ? 'seal new' : 'seal', glyph)
    seal.style.setProperty('--turn', `${turns[index % turns.length]}deg`)
    return seal
  }
  if (index < card.size - 1) return make('div', 'slot', String(index + 1))
  const gift = make('div', 'gift')
  gift.append(icon('gift'))
  return gift
}

/** Full cards that wait for their reward, then the member's other cards. */
function renderChips(shown) {
  const cards = view?.member?.cards ?? []
  const ready = cards.filter((card) => card.fullCount > 0).map((card) => {
    const values = { count: card.fullCount, reward: words.local(card.reward) }
    return make('li', 'ready', words.say('card.ready', values))
  })
  const others = cards.filter((card) => card.id !== shown.id).map((card) =>
    make('li', '', `${words.local(card.title)} ${card.stampsOnCard}/${card.size}`))
  part('chips').replaceChildren(...[...ready, ...others].slice(0, chipsMax))
}

function hasOffers() { return offersOf(view, status).length > 0 }

/** What the member can redeem now: a tap chooses, a second tap drops. */
function renderOffers() {
  const items = fewOf(offersOf(view, status), offersMax)
  screen.toggleAttribute('data-offers', items.length > 0)
  part('offers').hidden = items.length === 0
  part('offers').replaceChildren(...items.map((item) => {
    const place = make('li', item.wish ? 'chosen' : '')
    place.append(offerButton(item))
    if (item.wish && item.offer?.pointsMax > 1) {
      place.append(stepButton(item, '−', false), stepButton(item, '+', true))
    }
    return place
  }))
}

function offerButton(item) {
  const button = make('button', 'offer')
  button.type = 'button'
  button.dataset.reward = item.reward
  button.setAttribute('aria-pressed', String(Boolean(item.wish)))
  const price = priceOf(item, words, status?.programme)
  button.append(icon(item.wish ? 'check' : 'gift'))
  button.append(make('b', '', words.local(item.title)), make('small', '', price))
  button.addEventListener('click', () => choose(item.reward, { count: item.wish ? 0 : 1 }))
  return button
}

function stepButton(item, label, isMore) {
  const button = make('button', 'step', label)
  button.type = 'button'
  button.setAttribute('aria-label', words.say(isMore ? 'offer.more' : 'offer.less'))
  button.addEventListener('click', () => {
    choose(item.reward, { points: nextSuggestion(item, isMore) })
  })
  return button
}

/** The answer comes as the till's next view, on every page of the till. */
function choose(reward, choice) {
  post(`/v1/till/${encodeURIComponent(view.till)}/choose`, { reward, ...choice })
}

function renderMember(isFresh) {
  const member = view?.member
  put(part('hello'), !member ? ''
    : member.name ? words.say('hello.name', { name: member.name }) : words.say('hello.member'))
  renderPoints(member, isFresh)
  const card = view && cardInFocus(view)
  const missing = card ? card.size - card.stampsOnCard : 0
  const isOpen = ['award', 'member-attached'].includes(view?.phase) && !view.isRepeat
  const hasMore = hasOffers() || notes(view, words, status).length > 0
  const isShown = isOpen && missing > 0 && !hasMore && !view.redeemed?.length
  part('next').hidden = !isShown
  if (!isShown) return
  words.show(part('next-text'), 'card.next', { missing, reward: words.local(card.reward) })
  part('next-bar').style.transform = `scaleX(${card.stampsOnCard / card.size})`
}

function renderPoints(member, isFresh) {
  const line = part('points')
  const points = view ? earned(view, 'points') : 0
  line.hidden = !member || (member.points === 0 && points === 0)
  if (line.hidden) return
  line.classList.toggle('long', member.points > 9999999)
  words.show(line, 'points.total', { points: words.number(member.points) })
  const total = line.querySelector('b')
  if (points > 0 && !view.isRepeat) line.prepend(make('b', 'plus', `+${words.number(points)}`))
  line.prepend(document.createTextNode(`${words.say('points.label')} `))
  if (isFresh && points > 0) countUp(total, member.points - points, member.points, view.number)
}

/** Counts up once the seal has been pressed, so that one thing moves at a time. */
function countUp(element, from, to, number) {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return
  const [pauseMs, lengthMs] = [240, 240]
  const startedAt = performance.now()
  const step = (now) => {
    if (view?.number !== number) return
    const share = Math.min(1, Math.max(0, (now - startedAt - pauseMs) / lengthMs))
    element.textContent = words.number(Math.round(from + (to - from) * share))
    if (share < 1) requestAnimationFrame(step)
  }
  requestAnimationFrame(step)
}

function renderWhy() {
  const steps = view?.phase === 'award' && !isFull() ? view.derivation : []
  const why = steps.map((step) => reason(step, words, status?.programme))
  const room = hasOffers() ? whyLinesBesideOffersMax : whyLinesMax
  const lines = [...notes(view, words, status), ...why].slice(0, room).map((sentence) => {
    const line = make('li')
    words.show(line, ...sentence)
    return line
  })
  part('why').hidden = lines.length === 0
  part('why').replaceChildren(...lines)
}

function isFull() {
  return !view.isRepeat && isCardFilled(view, cardInFocus(view))
}
