import type { CallJournal } from '../types.js'

/**
 * A journal that begins no new record while what is due is not deleted. The calls go on without one: people get
 * through, and nothing is written that might never go.
 * @param mayRecord asked for each call's shop
 */
export function gatedJournal(journal: CallJournal, mayRecord: (shopId: string) => boolean, onSkipped: (shopId: string) => void): CallJournal {
  return {
    async open(call) {
      if (mayRecord(call.shopId)) return journal.open(call)
      onSkipped(call.shopId)
    },
    answered: (call, at) => journal.answered(call, at),
    finish: (call, end) => journal.finish(call, end)
  }
}
