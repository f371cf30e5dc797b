import { chosenLanguage, describe, Feed, loadWords, make, post, put } from './common.js'
import { draw } from './icons.js'
import { fewOf, notes, offersOf, priceOf } from './rewards.js'

const part = (id) => document.getElementById(id)
const entryCount = 5
const digitsMax = 9
const rewardsMax = 8
const sureMs = 4000

let words = await loadWords(chosenLanguage())
let till = new URLSearchParams(location.search).get('till')
let view
let status
let entries = []
let digits = ''
/** The entry whose undo was pressed once. */
let sureEntry
/** The refund that was pressed once, with the key under which it is sent however often. */
let sureRefund

new Feed(till, {
  status(next) {
    if (status && status.version !== next.version) return location.reload()
    status = next
    words.currency = status.programme.currency
    render()
    loadEntries()
  },
  till(next) {
    view = next
    till = view.till
    render()
    loadEntries()
  },
  lost() {
    view = undefined
    render()
  },
})

part('language').addEventListener('click', async () => {
  const next = words.language === 'en' ? 'zh-Hant' : 'en'
  localStorage.setItem('language', next)
  words = await loadWords(next)
  words.currency = status?.programme.currency ?? words.currency
  makeKeys()
  render()
})

part('redeem').addEventListener('click', () => {
  post(`/v1/till/${encodeURIComponent(till)}/redeem`).then(tell)
})

makeKeys()
render()

/** Enough entries that five stay when starts and voids are left out. */
async function loadEntries() {
  try {
    const response = await fetch('/v1/entries?limit=25')
    if (!response.ok) return
    entries = (await response.json()).entries
    renderEntries()
  } catch {
    // The feed notices too and says so.
  }
}

function render() {
  const said = describe(view, status, words)
  part('screen').dataset.tone = said.tone
  part('screen').dataset.phase = view?.phase ?? 'lost'
  part('screen').dataset.number = view?.number ?? 0
  draw(part('icon'), said.drawing)
  part('language').textContent = words.say('language.other')
  put(part('title'), words.say('cashier.title', { till: till ?? '' }))
  part('big').textContent = view ? said.title : words.say('cashier.lost')
  const sentences = notes(view, words, status).map((note) => words.say(...note))
  if (view && said.text) sentences.unshift(words.say(...said.text))
  part('text').textContent = sentences.join(' · ')
  renderQueue()
  renderAlarms()
  renderRewards()
  renderEntries()
  part('amount').textContent = words.money(Number(digits))
}

function renderQueue() {
  const badge = part('queue')
  badge.hidden = !status
  if (!status) return
  const { pendingCount: count, oldestAgeSeconds: seconds } = status.queue
  badge.classList.toggle('waiting', count > 0)
  badge.textContent = count === 0 ? words.say('cashier.queue.empty')
    : seconds === null ? words.say('cashier.queue.some', { count: words.number(count) })
      : words.say('cashier.queue.oldest', { count: words.number(count), age: age(seconds) })
}

function age(seconds) {
  const [unit, size] = [['days', 86400], ['hours', 3600], ['minutes', 60], ['seconds', 1]]
    .find(([, size]) => seconds >= size) ?? ['seconds', 1]
  return words.say(`cashier.age.${unit}`, { n: Math.floor(seconds / size) })
}

function renderAlarms() {
  const alarms = (status?.advice ?? []).slice(0, 3).map((advice) => {
    const key = `advice.${advice.code}`
    return make('li', '', words.has(key) ? words.say(key) : advice.text)
  })
  if (status && alarms.length === 0) {
    alarms.push(make('li', 'none', words.say('cashier.alarms.none')))
  }
  part('alarms').replaceChildren(...alarms)
}

/** What the member can redeem; it takes the place of the entries while somebody can choose. */
function renderRewards() {
  const items = fewOf(offersOf(view, status), rewardsMax)
  part('rewards').hidden = items.length === 0
  part('entries-card').hidden = items.length > 0
  put(part('rewards-title'), words.say('cashier.rewards'))
  part('redeem').textContent = words.say('cashier.redeem')
  part('rewards-list').replaceChildren(...items.map((item) => {
    const place = make('li', item.wish ? 'chosen' : '')
    place.append(rewardButton(item))
    if (item.offer?.pointsMax != null) place.append(pointsButton(item))
    else if (item.wish && item.wish.count < item.offer?.countMax) place.append(moreButton(item))
    return place
  }))
}

function rewardButton(item) {
  const label = make('b', '', `${item.wish ? '✓ ' : ''}${words.local(item.title)}`)
  const button = plainButton('offer', '', () => choose(item.reward, { count: item.wish ? 0 : 1 }))
  button.dataset.reward = item.reward
  button.setAttribute('aria-pressed', String(Boolean(item.wish)))
  button.append(label, make('small', '', priceOf(item, words, status?.programme)))
  return button
}

/** Pays with as many points as were keyed. */
function pointsButton(item) {
  const button = plainButton('points', words.say('cashier.pay.keyed'), () => {
    if (digits === '') return
    choose(item.reward, { points: Number(digits) })
    digits = ''
  })
  button.dataset.pays = item.reward
  return button
}

function moreButton(item) {
  return plainButton('more', '+', () => choose(item.reward, { count: item.wish.count + 1 }))
}

function plainButton(className, label, act) {
  const button = make('button', className, label)
  button.type = 'button'
  button.addEventListener('click', act)
  return button
}

function choose(reward, choice) {
  post(`/v1/till/${encodeURIComponent(till)}/choose`, { reward, ...choice }).then(tell)
}

function renderEntries() {
  const voids = entries.filter((entry) => entry.type === 'void')
  const voided = new Set(voids.map((entry) => entry.voids))
  const awards = entries.filter((entry) => entry.type === 'award').slice(0, entryCount)
  put(part('entries-title'), words.say(awards.length ? 'cashier.entries' : 'cashier.entries.none'))
  part('entries').replaceChildren(...awards.map((entry) => line(entry, voided.has(entry.entry))))
}

function line(entry, isVoided) {
  const item = make('li', isVoided ? 'gone' : '')
  item.dataset.entry = entry.entry
  const what = entry.postings.map((posting) => {
    const key = posting.asset === 'points' ? 'cashier.points' : 'cashier.stamps'
    return words.say(key, { n: words.number(posting.amount) })
  }).join(' · ')
  item.append(
    make('span', '', words.time(entry.at, status?.programme.utcOffsetMinutes ?? 0)),
    make('span', '', entry.amount === null ? '' : words.money(entry.amount)),
    make('span', '', what),
    isVoided ? make('span', '', words.say('cashier.undone')) : takeBack(entry))
  return item
}

/** What was refunded of an entry, and the ways to take more or all of it back. */
function takeBack(entry) {
  const refunds = entries.filter((one) => one.type === 'refund' && one.key === entry.key)
  const amount = refunds.reduce((sum, refund) => sum + refund.amount, 0)
  const cell = make('span', 'back')
  if (amount > 0) {
    const text = words.say('cashier.refunded', { amount: words.money(amount) })
    cell.append(make('span', 'refunded', text))
  }
  cell.append(undoButton(entry))
  if (entry.amount > amount) cell.append(refundButton(entry))
  return cell
}

/** Asks once more before it refunds the amount on the keys. */
function refundButton(entry) {
  const isSure = sureRefund?.entry === entry.entry
  const label = isSure ? words.say('cashier.refund.sure', { amount: words.money(sureRefund.amount) })
    : words.say('cashier.refund')
  const button = make('button', isSure ? 'refund sure' : 'refund', label)
  button.type = 'button'
  button.addEventListener('click', async () => {
    if (sureRefund?.entry !== entry.entry) {
      const amount = Number(digits)
      part('message').textContent = amount > 0 ? '' : words.say('cashier.refund.key')
      if (amount === 0) return
      const unique = `${Date.now()}-${Math.random().toString(36).slice(2)}`
      const refund = { entry: entry.entry, amount, key: `cashier/${till}/${unique}` }
      sureRefund = refund
      setTimeout(() => forgetRefund(refund), sureMs)
      return renderEntries()
    }
    const { key, amount } = sureRefund
    const path = `/v1/sales/${encodeURIComponent(entry.key)}/refund`
    const reply = await post(path, { refund: key, amount, till })
    tell(reply)
    if (!reply.isDone) return
    sureRefund = undefined
    digits = ''
    part('amount').textContent = words.money(0)
    loadEntries()
  })
  return button
}

function forgetRefund(refund) {
  if (sureRefund !== refund) return
  sureRefund = undefined
  renderEntries()
}

/** Asks once more before it takes back, without a dialog. */
function undoButton(entry) {
  const isSure = sureEntry === entry.entry
  const label = words.say(isSure ? 'cashier.undo.sure' : 'cashier.undo')
  const button = make('button', isSure ? 'sure' : '', label)
  button.type = 'button'
  button.addEventListener('click', async () => {
    if (sureEntry !== entry.entry) {
      sureEntry = entry.entry
      setTimeout(() => forget(entry), sureMs)
      return renderEntries()
    }
    sureEntry = undefined
    tell(await post(`/v1/sales/${encodeURIComponent(entry.key)}/void`))
    loadEntries()
  })
  return button
}

function forget(entry) {
  if (sureEntry !== entry.entry) return
  sureEntry = undefined
  renderEntries()
}

/** Says what became of a call, if it failed; a success shows by itself. */
function tell({ isDone, answer }) {
  const code = isDone ? answer.reason : undefined
  const reason = code ? words.say(`refused.${code}`) : answer.title
  part('message').textContent = isDone && !code ? '' : words.say('cashier.failed', { reason })
}

function makeKeys() {
  const keys = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '00', '0', '⌫'].map((label) =>
    key('', label, () => { digits = label === '⌫' ? digits.slice(0, -1) : typed(label) }))
  keys.push(
    key('word cancel', words.say('cashier.cancel'), () => {
      digits = ''
      post(`/v1/till/${encodeURIComponent(till)}/cancel`).then(tell)
    }),
    key('word ok', words.say('cashier.key.ok'), () => {
      if (digits === '') return
      post(`/v1/till/${encodeURIComponent(till)}/amount`, { amount: Number(digits) }).then(tell)
      digits = ''
    }))
  part('keys').replaceChildren(part('amount'), ...keys)
}

function typed(label) {
  const next = (digits + label).replace(/^0+/, '')
  return next.length > digitsMax ? digits : next
}

function key(className, label, act) {
  const button = make('button', className, label)
  button.type = 'button'
  button.addEventListener('click', () => {
    act()
    part('amount').textContent = words.money(Number(digits))
  })
  return button
}
