/** Where packets come from and go to. */
export interface Address {
  readonly address: string
  readonly port: number
}

/**
 * Decides whose packets belong to a side, so that nobody else can listen in or speak (the "RTP bleed"
 * attack). After a description the first plausible source is taken, as phones behind NAT send from elsewhere
 * than they say; then it is locked until the next description. One that is nearer to what was described may
 * always take over, and one that is farther away never: who was there first by luck or spray does not keep the place.
 */
export class SourceLatch {
  private described: Address | undefined
  private locked: Address | undefined
  private open = false

  /** A new description. Media still goes to the known source until another one shows. */
  expect(described: Address | undefined): void {
    if (described !== undefined && !same(described, this.described)) this.locked = undefined
    this.described = described ?? this.described
    this.open = true
  }

  accept(source: Address): boolean {
    if (!this.open && same(source, this.locked)) return true
    const [near, held] = [this.nearness(source), this.nearness(this.locked)]
    if (this.open ? near < held : near <= held) return false
    this.locked = { address: source.address, port: source.port }
    this.open = false
    return true
  }

  /** Whether this is one of the two addresses of this side, without taking a new one. */
  knows(source: Address): boolean {
    return same(source, this.locked) || same(source, this.described)
  }

  /** 2: what was described; 1: its host, another port, as a NAT makes them; 0: anywhere else. */
  private nearness(source: Address | undefined): number {
    if (source === undefined || source.address !== this.described?.address) return 0
    return source.port === this.described.port ? 2 : 1
  }

  /** Where to send: where media came from, else where the description says (symmetric RTP, RFC 4961). */
  get target(): Address | undefined {
    return this.locked ?? this.described
  }

  /** The host that media really comes from, once it is known. */
  get lockedHost(): string | undefined {
    return this.locked?.address
  }
}

function same(a: Address, b: Address | undefined): boolean {
  return a.address === b?.address && a.port === b.port
}
