import type { Config } from '../config.js'
import type { Settings } from './settings.js'
import type { Shop, Shops } from './shops.js'

/** What an operator lets a shop have at most. */
export type Ceilings = Required<NonNullable<Shop['ceilings']>>

/** How much a shop, a delivery, a caller and a number may call, and the shop's longest talk, by which a call is reckoned as long as it lives. */
export interface Caps extends Ceilings {
  readonly deliveryMinutesPerDay: number
  readonly callerCallsAtOnce: number
  readonly callerMinutesPerDay: number
  readonly numberCallsAtOnce: number
  readonly numberMinutesPerDay: number
  readonly longestTalkSeconds: number
}

export interface ShopCaps {
  /** What holds for a shop: its own settings as far as they are below its ceilings. Never rejects, like Settings.of. */
  of(shopId: string): Promise<Caps>
  ceilings(shopId: string): Ceilings
}

/** The names that a shop's settings and its ceilings have in common. */
export const capNames = ['callsAtOnce', 'callsPerHour', 'minutesPerDay'] as const

export function createShopCaps({ limits }: Pick<Config, 'limits'>, shops: Pick<Shops, 'find'>, settings: Pick<Settings, 'of'>): ShopCaps {
  const common: Ceilings = { callsAtOnce: limits.callsPerShop, callsPerHour: limits.callsPerShopHour, minutesPerDay: limits.minutesPerShopDay }
  const others = {
    deliveryMinutesPerDay: limits.minutesPerDeliveryDay, callerCallsAtOnce: limits.callsPerCaller, callerMinutesPerDay: limits.minutesPerCallerDay,
    numberCallsAtOnce: limits.callsPerNumber, numberMinutesPerDay: limits.minutesPerNumberDay
  }
  const ceilings = (shopId: string): Ceilings => ({ ...common, ...shops.find(shopId)?.ceilings })
  return {
    ceilings,
    async of(shopId) {
      const [own, highest] = [await settings.of(shopId), ceilings(shopId)]
      const caps = Object.fromEntries(capNames.map((name) => [name, Math.min(own[name] ?? Infinity, highest[name])])) as unknown as Ceilings
      return { ...caps, ...others, longestTalkSeconds: own.maxDurationSeconds }
    }
  }
}
