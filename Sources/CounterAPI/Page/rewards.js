// What a member can redeem at the till: what is offered, chosen, redeemed and dropped, in words.

import { amountOf } from './why.js'

/** Each offer with the wish for it; what is chosen and no longer offered comes first. */
export function offersOf(view, status) {
  const [offers, chosen] = [view?.offers ?? [], view?.chosen ?? []]
  const lost = chosen.filter((wish) => !offers.some((offer) => offer.reward === wish.reward))
  return [
    ...lost.map((wish) => ({ reward: wish.reward, title: titleOf(wish.reward, status), wish })),
    ...offers.map((offer) => {
      const wish = chosen.find((one) => one.reward === offer.reward)
      return { reward: offer.reward, title: offer.title, offer, wish }
    }),
  ]
}

/** As many of them as there is room for, in their order; what is chosen is always shown. */
export function fewOf(items, countMax) {
  const chosen = items.filter((item) => item.wish).length
  let others = Math.max(0, countMax - chosen)
  return items.filter((item) => item.wish || others-- > 0).slice(0, countMax)
}

/** What one costs, or what is chosen of it costs. */
export function priceOf({ offer, wish }, words, programme) {
  if (!offer) return ''
  if (offer.pointsMax !== null) {
    const units = wish?.points ?? offer.pointsMax
    const paid = amountOf(offer.cost.asset, units, words, programme)
    return words.say(wish ? 'offer.paying' : 'offer.pays', { paid })
  }
  const count = wish?.count ?? 1
  const price = offer.cost ? amountOf(offer.cost.asset, priceFor(offer, count), words, programme)
    : words.say('offer.free')
  return count > 1 ? words.say('offer.many', { count, price }) : price
}

/** The engine alone computes what is taken; for several units at one cost this is the most. */
function priceFor(offer, count) { return offer.cost.amount * count }

/** How many points to suggest: round numbers, and all that fits. */
export function suggestions(pointsMax) {
  let step = 1
  while (step * 10 < pointsMax && pointsMax >= 20) step *= 10
  const round = []
  for (let points = step; points < pointsMax && round.length < 10; points += step) {
    round.push(points)
  }
  return [...round, pointsMax]
}

/** The next suggestion below or above what is chosen; the same at the end. */
export function nextSuggestion({ offer, wish }, isMore) {
  const all = suggestions(offer.pointsMax)
  const now = wish.points ?? offer.pointsMax
  return (isMore ? all.find((points) => points > now) : all.findLast((points) => points < now)) ?? now
}

/** The name of a reward, from the programme in force. */
function titleOf(id, status) {
  return status?.programme.rewards?.find((one) => one.id === id)?.title
}

/** `a latte × 2 · 20 off` */
function list(wishes, words, status) {
  return wishes.map((wish) => {
    const title = words.local(titleOf(wish.reward, status)) || wish.reward
    return wish.count > 1 ? words.say('offer.several', { title, count: wish.count }) : title
  }).join(' · ')
}

/** What is chosen, and what happens next; nothing if nothing is. */
export function describeChosen(view, words, status) {
  const chosen = view.chosen ?? []
  if (chosen.length === 0) return undefined
  const needsBill = offersOf(view, status).some(({ offer, wish }) => wish && offer?.needsBill !== false)
  const key = needsBill ? 'chosen' : 'chosen.now'
  return {
    tone: 'points', drawing: 'gift', title: words.say(`${key}.title`),
    text: [`${key}.text`, { rewards: list(chosen, words, status) }],
  }
}

/** What was redeemed, and what is left to pay; nothing if nothing was. */
export function describeRedeemed(view, words, status) {
  const redeemed = view.redeemed ?? []
  if (redeemed.length === 0 || view.isRepeat) return undefined
  const key = view.due === null ? 'redeemed' : 'redeemed.due'
  const due = view.due === null ? '' : words.money(view.due)
  return {
    tone: 'points', drawing: 'gift', title: words.say(`${key}.title`, { due }),
    text: [`${key}.text`, { rewards: list(redeemed, words, status) }],
  }
}

/** A sentence for each reward that is not in the sale, and for what waits for the bill. */
export function notes(view, words, status) {
  const dropped = (view?.dropped ?? []).map(({ reward, reason }) => {
    const key = `dropped.${reason}`
    const title = words.local(titleOf(reward, status)) || reward
    return [words.has(key) ? key : 'dropped.other', { reward: title }]
  })
  const waits = view?.phase === 'award' ? view.chosen ?? [] : []
  if (waits.length > 0) dropped.push(['chosen.waits', { rewards: list(waits, words, status) }])
  return dropped
}
