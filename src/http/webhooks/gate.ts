import { newId } from '../../ids.js'
import { within } from '../../deadline.js'
import type { Sender } from './sender.js'
import type { WebhookTargets } from './targets.js'

/** A call that is about to connect two people. */
export interface GateQuestion {
  readonly shopId: string
  readonly deliveryId: string
  readonly callId: string
  /** Who calls: courier, customer or shop. */
  readonly caller: string
}

export type GateVerdict = 'allow' | 'deny' | 'announce'
export type Gate = (question: GateQuestion) => Promise<GateVerdict>

const verdicts: readonly string[] = ['allow', 'deny', 'announce']

/**
 * Asks a shop's own system before two people are connected. Without a gate everything is allowed; an answer that is late
 * or no answer is what the shop has said about failures. Never rejects and never lasts longer than the shop's limit.
 */
export function createGate(targets: WebhookTargets, sender: Sender, clock: () => number, failed: (question: GateQuestion) => void): Gate {
  return async (question) => {
    const { shopId, deliveryId, callId, caller } = question
    const target = await targets.of(shopId)
    if (!target?.gate) return 'allow'
    const { url, timeoutMs, onFailure } = target.gate
    const at = clock()
    const body = JSON.stringify({ type: 'call.gate', timestamp: new Date(at).toISOString(), data: { deliveryId, callId, caller } })
    try {
      const message = { id: `msg_${newId()}`, body, secrets: targets.secretsOf(target), at, timeoutMs }
      const { status, text } = await within(timeoutMs, sender.post(url, message))
      const { decision } = JSON.parse(text) as { decision?: unknown }
      if (status === 200 && typeof decision === 'string' && verdicts.includes(decision)) return decision as GateVerdict
    } catch {
      // The same as a wrong answer.
    }
    failed(question)
    return onFailure
  }
}
