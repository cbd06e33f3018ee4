import { reportView } from '../record/retention/runs.js'
import type { Hold, RetentionClass, RetentionHealth, RetentionRun } from '../record/retention/types.js'
import type { ClassAnswer, HoldAnswer, RetentionAnswer, RunAnswer } from './retention-schemas.js'
import { formatTime } from './time.js'

/** A run as it was signed, with its signature. */
export function runView(run: RetentionRun): RunAnswer {
  const { classes, ...report } = reportView(run)
  return { ...report, classes: [...classes], signature: run.signature }
}

/** @param last the newest run: what is left and due next; undefined when the past is looked at */
export function retentionView(at: number, classes: readonly RetentionClass[], health: RetentionHealth, last: RetentionRun | undefined): RetentionAnswer {
  const { lastRunAt, ...rest } = health
  return { at: formatTime(at), classes: classes.map((one) => classView(one, last)), health: { ...rest, ...(lastRunAt === undefined ? {} : { lastRunAt: formatTime(lastRunAt) }) } }
}

function classView({ reviewedAt, ...one }: RetentionClass, last: RetentionRun | undefined): ClassAnswer {
  const { nextDue, oldestLeft } = last?.classes.find(({ name }) => name === one.name) ?? {}
  return {
    ...one,
    ...(reviewedAt === undefined ? {} : { reviewedAt: formatTime(reviewedAt) }),
    ...(nextDue === undefined ? {} : { nextDue: formatTime(nextDue) }),
    ...(oldestLeft === undefined ? {} : { oldestLeft: formatTime(oldestLeft) })
  }
}

export function holdView({ id, kind, scope, reason, authorId, createdAt, endsAt }: Hold): HoldAnswer {
  return {
    id, kind, reason, authorId, createdAt: formatTime(createdAt), endsAt: formatTime(endsAt),
    ...('deliveryId' in scope ? { deliveryId: scope.deliveryId } : { days: Object.keys(scope.pseudonyms).length })
  }
}
