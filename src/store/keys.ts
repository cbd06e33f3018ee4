/**
 * Every key of the store. A name is `kind:{tag}` or `kind:{tag}:rest`; the tag in braces keeps all keys of
 * one pool, or of one shop, on one Redis Cluster slot, so that a script may touch them together.
 * No name holds a person's phone number: people appear as HMAC.
 */
export type PoolKey =
  /** No data of its own: the key by which a script is sent to its pool's slot. */
  | 'pool'
  /** d:{pool}:<id> → one delivery, packed (line/lua/includes/record.lua). */
  | 'd'
  /** b:{pool}:<phone tag> → hash, number → id of the delivery that holds it for this phone, live or in quarantine. */
  | 'b'
  /** load:{pool} and load:{pool}:<country> → sorted set of the numbers in service by live deliveries, then by last use. */
  | 'load'
  /** rest:{pool} → sorted set like load, of numbers that take no new deliveries. */
  | 'rest'
  /** held:{pool} → hash, number → deliveries that are live or in quarantine. */
  | 'held'
  /** num:{pool} → hash, number → country, of every number that was ever ours; neither in load nor in rest: retired. */
  | 'num'
  /** numv:{pool} → counter that grows with every change of the numbers. */
  | 'numv'
  /** due:{pool} → sorted set of times (ms); due:{pool}:<time> → list of delivery ids to look at then. */
  | 'due'
  /** code:{pool}:<shard> → hash, access code tag and number → id. */
  | 'code'
  /** ref:{pool}:<shard> → hash, reference tag → id. */
  | 'ref'
  /** calls:{pool}:<id> → sorted set, call id → end of its lease (ms). */
  | 'calls'
  /** epochs:{pool} → `<epoch>:<check of its tag key>=<until>` of each epoch, the time (ms) until which something under it is held; space between. */
  | 'epochs'
  /** try:{pool}:<whom> → hash, wrong access codes of a caller, on a number, in the pool. */
  | 'try'
  /** rate:{pool}:<what>:<window> → counter of a window of time. */
  | 'rate'
  /** shop:{pool}:<shop> → sorted set like calls, of all calls of a shop. */
  | 'shop'
  /** live:{pool}:c:<phone tag> and live:{pool}:n:<proxy number> → sorted set like calls, of all calls of a caller and of a number. */
  | 'live'
  /** ends:{pool}:<call id> → `<phone tag> <proxy number>`, by which a call is counted out of live. */
  | 'ends'
  /** told:{pool}:<shop>:<cap>:<state>:<window> → an alarm that was given in that window of time. */
  | 'told'
  /** acct:{pool}:<account> → hash, shop and sealed secret of a SIP account; gone when the account ends. */
  | 'acct'
  /** acctof:{pool}:<delivery id> → account of the delivery's courier. */
  | 'acctof'
  /** bound:{pool}:<account> → sealed address of the phone that is registered with the account. */
  | 'bound'
  /** nonce:{pool}:<account> → hash, nonce → highest count that was used with it. */
  | 'nonce'

/** @param pool id of a pool */
export function poolKey(kind: PoolKey, pool: string, rest?: string): string {
  return keyName(kind, pool, rest)
}

/** A key of another room: `kind:{tag}:rest`. @param tag what must stay on one slot, such as `shop.demo` */
export function keyName(kind: string, tag: string, rest?: string): string {
  return rest === undefined ? `${kind}:{${tag}}` : `${kind}:{${tag}}:${rest}`
}
