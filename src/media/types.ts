/** The two legs of a call: A called, B is called. */
export type Side = 'a' | 'b'

/** Languages that people are spoken to in (ISO 639-1). */
export const languages = ['en', 'et', 'ru'] as const
export type Language = typeof languages[number]

/** What is spoken; the texts are in sounds/texts.yaml. */
export const spokenPrompts = [
  'over', 'unavailable', 'busy', 'ask-code', 'ask-role', 'wrong-code', 'connecting', 'one-minute', 'recorded', 'accept', 'hint', 'support', 'goodbye',
  'proof-ask', 'proof-code', 'proof-again',
  'digit-zero', 'digit-one', 'digit-two', 'digit-three', 'digit-four', 'digit-five', 'digit-six', 'digit-seven', 'digit-eight', 'digit-nine'
] as const

/** Names of what can be played; the engine finds the sound. */
export type Prompt = typeof spokenPrompts[number] | 'ringback'

export interface PlayOptions {
  /** Repeats until stopped. */
  readonly loop?: boolean | undefined
  /** English when absent, and where this language has no such sound. */
  readonly language?: Language | undefined
  /** The shop whose own recording is preferred. */
  readonly shop?: string | undefined
}

export interface Playback {
  /** Resolves when the prompt has been played to the end, was stopped, or the session closed; never rejects. */
  readonly done: Promise<void>
  stop(): void
}

/** Listening and speaking in the middle of a call. */
export interface VoiceControl {
  /**
   * Calls `listener` once for every key that a side presses as telephone event (RFC 4733 §2.3): `0`-`9`, `*`,
   * `#`, `A`-`D`. Works from the side's answer on, before and after `connect`. @returns what stops it
   */
  onDigit(side: Side, listener: (digit: string) => void): () => void
  /** Whether the sides hear each other from `connect` on, voice and keys. They do until told otherwise. */
  allowTalk(allowed: boolean): void
}

/**
 * The media of one call: two sides, a relay between them, and a voice towards either.
 * Every method rejects with MaskError only (`media_rejected` for an SDP that cannot be served,
 * `media_unavailable` for an engine that cannot serve it now). SDP in and out is text (RFC 8866);
 * whatever comes out was written by the engine and holds nothing of the other side but codecs.
 */
export interface MediaSession {
  /**
   * The offer for A of a session that was opened without one: G.711 and telephone events, which every phone
   * has. Once B has answered, B's law comes first.
   */
  offerForA(): Promise<string>
  /** Takes A's answer to it. From here on A hears what is played to it; before or after `connect`. */
  acceptFromA(answer: string): Promise<void>
  /** Resolves when no media came from either side for the engine's limit; never rejects. */
  readonly silent: Promise<void>
  /** The engine that has it; undefined as long as that is not clear. */
  readonly engine?: MediaEngine['name'] | undefined
  /**
   * Answers A before there is a B, so that A can hear a prompt or ringing. May be called once, before
   * or instead of `answer`; resolves to undefined when this offer cannot be answered early without
   * narrowing what A and B may agree on later, or there is none (then a plain 180 lets A's own phone ring).
   */
  answerEarly(): Promise<string | undefined>
  /** Answers A's offer for good with a voice only (no B): for announcements. */
  answerAlone(): Promise<string>
  /** The offer for B: what A can do, or what every phone can as long as A has said nothing. */
  offerForB(): Promise<string>
  /** Takes B's answer and resolves to the answer for A, or to our offer where A made none; the relay runs from here on. */
  connect(answerOfB: string): Promise<string>
  /** A new offer of one side within the dialog (re-INVITE, UPDATE); resolves to our answer to that side. */
  renegotiate(side: Side, offer: string): Promise<string>
  /** The last description we gave to a side, for a re-INVITE without offer. */
  localDescription(side: Side): string
  /**
   * Plays to a side; what was playing to it stops. A prompt without a sound is over before it begins.
   * An engine that knows one language only plays that.
   */
  play(side: Side, prompt: Prompt, options?: PlayOptions): Playback
  /** What an engine with the ability voice can do beyond playing; absent where it can only relay. */
  readonly voice?: VoiceControl | undefined
  /**
   * Hands what the sides say to each other to this process, mixed: G.711 µ-law, mono, 8000 Hz, 160 bytes
   * every 20 ms, silence where nobody speaks; no prompt and no key. Absent where the engine cannot do so, or where
   * the sides speak something other than G.711. @returns what stops it
   */
  readonly record?: ((listener: (sound: Buffer) => void) => () => void) | undefined
  /** Frees ports, sockets and timers. Idempotent; never rejects. */
  close(): Promise<void>
}

/** What is known of a call when its media are opened; an engine that can do all has no use for it. */
export interface MediaNeeds {
  /** Something will be said to B, or keys of either side heard, in a call that is to be connected. */
  readonly voice?: boolean
  /** The talk will be recorded: it has to pass through this process in a form that it understands. */
  readonly record?: boolean
}

export interface MediaStats {
  readonly sessions: number
  readonly portsInUse: number
}

export interface Abilities {
  /** Anchors the talk; neither side learns the other's address. */
  readonly relay: boolean
  /** Plays, hears keys. */
  readonly voice: boolean
  /** Hands the talk to this process. */
  readonly record: boolean
}

/** One engine that anchors the talk of calls. */
export interface MediaEngine {
  readonly name: 'embedded' | 'freeswitch' | 'rtpengine'
  readonly abilities: Abilities
  /**
   * Opens the media of a call from A's offer; undefined: the session makes the first offer itself, see
   * `offerForA`. `callId` is ours and random.
   */
  open(callId: string, offerOfA: string | undefined, needs?: MediaNeeds): Promise<MediaSession>
  stats(): MediaStats
  /** Resolves when the engine answers, rejects with media_unavailable otherwise. */
  ping(): Promise<void>
  close(): Promise<void>
}
