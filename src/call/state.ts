/**
 * The life of one call.
 *
 *   deciding ──► announcing ──────────────────────────► ended
 *      │ └► asking ─┘│                                    ▲
 *      ├──────┴► dialling ──► ringing ──► answering ──► talking
 *      │            └───────────────────────┘ │           │
 *      └──────────────────────────────────────┴───────────┘
 */
export type CallState = 'deciding' | 'asking' | 'announcing' | 'dialling' | 'ringing' | 'answering' | 'talking' | 'ended'

const edges: Readonly<Record<CallState, readonly CallState[]>> = {
  deciding: ['asking', 'announcing', 'dialling', 'ended'],
  asking: ['announcing', 'dialling', 'ended'],
  announcing: ['ended'],
  dialling: ['ringing', 'answering', 'ended'],
  ringing: ['answering', 'ended'],
  answering: ['talking', 'ended'],
  talking: ['ended'],
  ended: []
}

/** The next state. @throws Error on an edge that the drawing does not have: a bug of ours, not an event of life */
export function transition(from: CallState, to: CallState): CallState {
  if (!edges[from].includes(to)) throw new Error(`A call cannot go from ${from} to ${to}.`)
  return to
}
