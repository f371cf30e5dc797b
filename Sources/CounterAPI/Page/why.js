// Says how a decision came about; stampctl fills the same words by the same rules.

/** Which numbers of a step are money. */
const money = {
  'amount-earned': ['amount', 'per'], 'amount-too-small': ['amount', 'per'],
  'rate-earned': ['amount'], 'lines-ignored': ['amount'], redeemed: ['value'],
  'paid-with': ['value'], 'taken-back': ['refunded', 'whole'], 'given-back': ['refunded', 'whole'],
}

/** A step as a key of the words and what fills its places. */
export function reason(step, words, programme) {
  return [`why.${variant(step)}`, values(step, words, programme)]
}

/** The kind; one with several sentences has a variant for each. */
function variant(step) {
  switch (step.step) {
    case 'visit-guarded': return `${step.step}.${step.guard === 'day' ? 'day' : 'hours'}`
    case 'redeemed':
      return `${step.step}.${step.cost === 0 ? 'free' : step.value === 0 ? 'handed' : 'off'}`
    case 'taken-back':
    case 'given-back': return `${step.step}.${step.whole === step.refunded ? 'all' : 'part'}`
    default: return step.step
  }
}

function values(step, words, programme) {
  const filled = {}
  for (const [name, value] of Object.entries(step)) {
    filled[name] = typeof value !== 'number' ? value
      : (money[step.step] ?? []).includes(name) ? words.money(value) : words.number(value)
  }
  filled.hours = filled.guard
  const title = (list, id) => words.local(programme?.[list]?.find((one) => one.id === id)?.title) || id
  if (step.card) filled.card = title('cards', step.card)
  if (step.reward) filled.reward = title('rewards', step.reward)
  if (step.tier) filled.tier = title('tiers', step.tier)
  if (step.of) filled.of = assetName(step.of, words, programme)
  if (step.over) filled.factor = step.over === 1 ? `${step.times}` : `${step.times}/${step.over}`
  if (step.fromDay) filled.date = new Date(step.fromDay * 86400000).toISOString().slice(0, 10)
  const asset = step.asset ?? (step.card ? `stamps/${step.card}` : step.of)
  if (!asset) return filled
  filled.asset = assetName(asset, words, programme)
  const places = { points: 'given', give: 'giving', cost: 'costs', to: 'limited' }
  for (const [name, place] of Object.entries(places)) {
    if (name in step) filled[place] = amountOf(asset, step[name], words, programme)
  }
  return filled
}

/** An amount of an asset, such as `6 points`. */
export function amountOf(asset, amount, words, programme) {
  const isNamed = asset.includes('/') && !asset.startsWith('value/')
  const key = `asset.${isNamed ? asset.split('/')[0] : asset}`
  const n = asset.startsWith('value/') ? words.money(amount) : words.number(amount)
  const isOne = amount === 1 && words.has(`${key}.one`)
  return words.say(isOne ? `${key}.one` : key, { n, name: assetName(asset, words, programme) })
}

/** What customers call an asset: a card's title, or that of the reward that a voucher is for. */
function assetName(asset, words, programme) {
  const [kind, id] = asset.split('/')
  if (!id || kind === 'value') return words.say(`asset.name.${asset}`)
  const card = kind === 'stamps' && programme?.cards.find((one) => one.id === id)
  const reward = programme?.rewards?.find((one) => one.costs === asset)
  return words.local((card || reward)?.title) || id
}
